//! Parsing of image references.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// Registry of names without a registry.
const DEFAULT_REGISTRY: &str = "docker.io";

/// Maximum length of the path of a repository in its registry.
const MAX_PATH_LENGTH: usize = 255;

/// A parsed image name, for example `registry.example:5000/acme/web:1.0`, `busybox` or `acme/web@sha256:…`.
///
/// # Examples
///
/// ```
/// use dockerclient::images::Reference;
///
/// let web: Reference = "registry.example:5000/acme/web:1.0".parse()?;
/// assert_eq!((web.registry(), web.path(), web.tag()), ("registry.example:5000", "acme/web", Some("1.0")));
///
/// let busybox: Reference = "busybox".parse()?;
/// assert_eq!((busybox.registry(), busybox.path(), busybox.tag()), ("docker.io", "library/busybox", None));
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
    /// Registry and repository, as written.
    name: String,
}

impl Reference {
    /// Returns the registry, a host or `host:port`; `docker.io` if the name has none.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the path of the repository in the registry. Official images of Docker Hub are in `library/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the tag, if the name has one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, for example `sha256:…`, if the name has one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Returns the name as written, without tag and digest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = |why: &str| Error::invalid_input(format!("invalid image reference {text:?}: {why}"));
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest)),
            Some(_) => return Err(invalid("expected a digest after @, for example sha256:…")),
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((_, tag)) if tag.contains('/') => (rest, None),
            Some((name, tag)) if is_tag(tag) => (name, Some(tag)),
            Some(_) => return Err(invalid("the tag must be at most 128 letters, digits, `_`, `.` and `-`")),
            None => (rest, None),
        };
        let (registry, path) = split(name);
        let is_official = registry == DEFAULT_REGISTRY && !path.contains('/');
        let path = if is_official { format!("library/{path}") } else { path.to_owned() };
        if is_id(text) {
            return Err(invalid("64 hexadecimal digits are an image id, not a name"));
        }
        if !is_registry(registry) {
            return Err(invalid("the registry must be a host, or a host and a port"));
        }
        if path.len() > MAX_PATH_LENGTH || !path.split('/').all(is_component) {
            return Err(invalid("the repository name must be lowercase letters and digits with single separators"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            path,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
            name: name.to_owned(),
        })
    }
}

/// Writes the name as it was parsed.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The name as it was parsed, for methods that take the name of an image.
impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

/// The name as it was parsed, for methods that take the name of an image.
impl From<&Reference> for String {
    fn from(reference: &Reference) -> Self {
        reference.to_string()
    }
}

/// Splits a name to assign to an image into repository and tag.
pub(crate) fn repository_and_tag(name: &str) -> Result<(String, Option<String>)> {
    let Reference { name: repository, tag, digest, .. } = name.parse()?;
    match digest {
        Some(_) => Err(Error::invalid_input(format!("invalid image name {name:?}: a new name must not have a digest"))),
        None => Ok((repository, tag)),
    }
}

/// Splits a name into its registry, or the default registry, and the rest.
pub(super) fn split(name: &str) -> (&str, &str) {
    let is_host = |first: &str| {
        // Repositories are lowercase, so a name with uppercase letters is a host.
        first == "localhost" || first.contains(['.', ':']) || first.contains(char::is_uppercase)
    };
    match name.split_once('/') {
        Some(("index.docker.io", path)) => (DEFAULT_REGISTRY, path),
        Some((first, path)) if is_host(first) => (first, path),
        _ => (DEFAULT_REGISTRY, name),
    }
}

/// Whether engines interpret the name as the id of an image.
fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_host = |host: &str| {
        let label = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
        };
        match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => host.split('.').all(label),
        }
    };
    is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'))
}

/// Whether `text` consists of lowercase letters and digits, separated by one `.`, one or two `_`, or any number of `-`.
fn is_component(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = text.split(|char: char| char.is_ascii_lowercase() || char.is_ascii_digit());
    let ends_in_words = text.bytes().next().is_some_and(is_word) && text.bytes().next_back().is_some_and(is_word);
    let is_separator = |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    ends_in_words && separators.into_iter().all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['+', '.', '_', '-']).all(is_name) && hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:37f8d9354bb628ff1a054c73c5f36064be6a3f5227e08baf418361c7ea91a7d0";

    #[track_caller]
    fn check(text: &str, registry: &str, path: &str, tag: Option<&str>, digest: Option<&str>) {
        let reference: Reference = text.parse().unwrap();
        let parts = (reference.registry(), reference.path(), reference.tag(), reference.digest());
        assert_eq!(parts, (registry, path, tag, digest), "{text}");
        assert_eq!(reference.to_string(), text);
    }

    #[test]
    fn reference_parse() {
        check("busybox", "docker.io", "library/busybox", None, None);
        check("busybox:1.36", "docker.io", "library/busybox", Some("1.36"), None);
        check("acme/web", "docker.io", "acme/web", None, None);
        check("docker.io/busybox", "docker.io", "library/busybox", None, None);
        check("index.docker.io/acme/web:1", "docker.io", "acme/web", Some("1"), None);
        check("localhost/web", "localhost", "web", None, None);
        check("127.0.0.1:5000/web", "127.0.0.1:5000", "web", None, None);
        check("registry.example:5000/a/b/c:v1_2.3-4", "registry.example:5000", "a/b/c", Some("v1_2.3-4"), None);
        check("[::1]:5000/web:1", "[::1]:5000", "web", Some("1"), None);
        check("index.docker.io/busybox", "docker.io", "library/busybox", None, None);
        check("docker.io/library/busybox", "docker.io", "library/busybox", None, None);
        check("library/busybox", "docker.io", "library/busybox", None, None);
        check("localhost:5000", "docker.io", "library/localhost", Some("5000"), None);
        check("LAN/web", "LAN", "web", None, None);
        check(&format!("registry.example/{}", "a".repeat(255)), "registry.example", &"a".repeat(255), None, None);
        check("a-b/c__d.e---f", "docker.io", "a-b/c__d.e---f", None, None);
        let with_digest = format!("acme/web@{DIGEST}");
        check(&with_digest, "docker.io", "acme/web", None, Some(DIGEST));
        let with_both = format!("ghcr.io/acme/web:1@{DIGEST}");
        check(&with_both, "ghcr.io", "acme/web", Some("1"), Some(DIGEST));
    }

    #[test]
    fn reference_into_string() {
        let web: Reference = "ghcr.io/acme/web:1".parse().unwrap();
        assert_eq!(String::from(&web), "ghcr.io/acme/web:1");
        assert_eq!(String::from(web), "ghcr.io/acme/web:1");
    }

    #[test]
    fn reference_repository_and_tag() {
        let split = |name: &str| repository_and_tag(name).unwrap();
        assert_eq!(split("host:5000/web"), ("host:5000/web".into(), None));
        assert_eq!(split("acme/web:1"), ("acme/web".into(), Some("1".into())));
        for name in ["", "Web", "web:", &format!("web@{DIGEST}"), &format!("web:1@{DIGEST}")] {
            assert!(repository_and_tag(name).unwrap_err().is_bad_request(), "{name}");
        }
    }

    #[test]
    fn reference_parse_rejects_invalid_names() {
        let long = "a".repeat(256);
        for text in [
            "",
            ":1",
            "web:",
            "web:-1",
            "Web",
            "acme/Web",
            "acme//web",
            "/web",
            "web/",
            "a b",
            "a..b",
            "a___b",
            "-a",
            "a-",
            "web@sha256",
            "web@sha256:12",
            "web@:1234",
            "web@256:37f8d9354bb628ff1a054c73c5f36064",
            "web@sha256:37f8d9354bb628ff1a054c73c5f36064@sha256:37f8d9354bb628ff1a054c73c5f36064",
            "37f8d9354bb628ff1a054c73c5f36064be6a3f5227e08baf418361c7ea91a7d0",
            "host.example:/web",
            "[::g]/web",
            "https://host.example/web",
            "host.example:port/web",
            "host.example:99999/web",
            "-h.example/web",
            "ünïcode",
            "../web",
            "web:a/b:c d",
            &long,
        ] {
            assert!(text.parse::<Reference>().unwrap_err().is_bad_request(), "{text:?}");
        }
    }
}
