//! The Debian mirror of this machine, from its apt configuration.

use std::{env, fs, path::PathBuf};

use anyhow::{Context as _, Result};

/// Environment variable with the URL of a mirror, which takes precedence.
const SETTING: &str = "DOCKERCLIENT_TEST_DEBIAN_MIRROR";

/// Suites of Debian's archive, without those of security updates.
const SUITES: [&str; 9] =
    ["stable", "testing", "unstable", "sid", "bullseye", "bookworm", "trixie", "forky", "oldstable"];

/// A source of packages: one line of `sources.list`, or one paragraph of a file in the newer format.
#[derive(Debug, Default)]
struct Source<'a> {
    uris: Vec<&'a str>,
    suites: Vec<&'a str>,
    components: Vec<&'a str>,
    is_disabled: bool,
}

/// The URL of a Debian mirror: that of the environment, or the one that apt uses on this machine.
pub(super) fn url() -> Result<String> {
    if let Ok(url) = env::var(SETTING) {
        return Ok(url);
    }
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = folder.chain(["/etc/apt/sources.list".into()]).collect();
    files.sort();
    let texts = files.iter().filter_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "list" => Some((text, false)),
            "sources" => Some((text, true)),
            _ => None,
        }
    });
    let texts: Vec<_> = texts.collect();
    let sources = texts.iter().flat_map(|(text, is_deb822)| if *is_deb822 { deb822(text) } else { lines(text) });
    choose(sources).map(str::to_owned).with_context(|| {
        format!("apt is not configured with a Debian mirror in /etc/apt/sources.list*; set {SETTING} to the URL of one")
    })
}

/// The mirror of the first source that may be Debian's archive. A URL that ends in `/debian` is preferred, because other
/// archives have suites of the same names.
fn choose<'a>(sources: impl Iterator<Item = Source<'a>>) -> Option<&'a str> {
    let is_debian = |source: &Source<'_>| {
        !source.is_disabled
            && source.components.contains(&"main")
            && source.suites.iter().any(|suite| SUITES.contains(suite))
    };
    let urls: Vec<&str> = sources.filter(is_debian).flat_map(|source| source.uris).collect();
    let usual = urls.iter().find(|url| url.trim_end_matches('/').ends_with("/debian"));
    usual.or(urls.first()).copied()
}

/// Parses the format with one source per line: `deb [options] URI suite components`.
fn lines(text: &str) -> Vec<Source<'_>> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("deb "));
    lines
        .map(|line| {
            let line = line.trim_start();
            let rest = line.strip_prefix('[').and_then(|line| line.split_once(']')).map_or(line, |(_, rest)| rest);
            let mut words = rest.split('#').next().unwrap_or_default().split_whitespace();
            Source {
                uris: words.next().into_iter().collect(),
                suites: words.next().into_iter().collect(),
                components: words.collect(),
                is_disabled: false,
            }
        })
        .collect()
}

/// Parses the format with one source per paragraph, in fields whose values may continue on indented lines.
fn deb822(text: &str) -> Vec<Source<'_>> {
    let mut sources = vec![Source::default()];
    let mut field = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.trim().is_empty() {
            sources.push(Source::default());
            continue;
        }
        let value = match line.split_once(':').filter(|_| !line.starts_with([' ', '\t'])) {
            Some((name, value)) => {
                field = name.to_ascii_lowercase();
                value
            }
            None => line,
        };
        let Some(source) = sources.last_mut() else { continue };
        let mut words = value.split_whitespace();
        match &*field {
            "uris" => source.uris.extend(words),
            "suites" => source.suites.extend(words),
            "components" => source.components.extend(words),
            "types" => source.is_disabled |= !words.any(|word| word == "deb"),
            "enabled" => source.is_disabled |= words.any(|word| ["no", "false", "0"].contains(&word)),
            _ => {}
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_of_lines() {
        let find = |text| choose(lines(text).into_iter());
        let text = "#deb http://a/debian sid main\ndeb-src http://b/debian trixie main\n\
                    deb [signed-by=/k.gpg] https://c/debian/ bookworm main # the archive\n";
        assert_eq!(find(text), Some("https://c/debian/"));
        assert_eq!(find("deb http://a/debian-security bookworm-security main\n"), None);
        assert_eq!(find("deb http://a/ubuntu noble main\ndeb http://b/debian bookworm stable\n"), None);
        assert_eq!(
            find("deb http://a/other bookworm main\ndeb http://b/debian bookworm main\n"),
            Some("http://b/debian")
        );
        assert_eq!(find("deb http://proxy/archive bookworm main\n"), Some("http://proxy/archive"));
    }

    #[test]
    fn mirror_of_deb822() {
        let find = |text| choose(deb822(text).into_iter());
        let text = "Types: deb\n# URIs: http://a/debian\nURIs:\n http://b/debian\nSuites: trixie trixie-updates\n\
                    Components: main\nEnabled: yes\n\nTypes: deb\nURIs: http://c/debian\nSuites: sid\nComponents: main\n";
        assert_eq!(find(text), Some("http://b/debian"));
        let disabled = text.replace("Enabled: yes", "Enabled: no");
        assert_eq!(find(&disabled), Some("http://c/debian"));
        assert_eq!(find(&text.replace("Types: deb\n", "Types: deb-src\n")), None);
    }
}
