//! Debian 13's Docker on any Debian or Ubuntu: unpacked into a separate root directory, because it needs its own libc.
//!
//! The engine runs in a separate mount namespace with that directory as its root, so its mounts are removed with its last
//! process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{root, shell};

/// Programs that are needed to download and run it.
pub(super) const PROGRAMS: [&str; 3] = ["apt-get", "dpkg-deb", "unshare"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-trixie-stable.gpg";

/// Docker, the programs that it runs, and the packages of a minimal root directory.
const PACKAGES: [&str; 7] = ["docker.io", "iptables", "procps", "iproute2", "libc6", "base-files", "tini"];

/// Makes the first argument the root directory, with `/proc`, `/sys`, `/dev`, `/tmp` and the second argument at the same paths
/// as outside, and runs the other arguments. Inside, busybox is the only shell and `umount`.
const ENTER: &str = r#"
set -eu
root=$1 own=$2
shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
for shared in /proc /sys /dev /tmp "$own"; do
    mkdir -p "$root$shared"
    mount --rbind "$shared" "$root$shared"
done
mkdir -p "$root/outside"
cd "$root"
pivot_root . outside
exec /usr/bin/busybox sh -c 'busybox umount -l /outside; exec "$@"' sh "$@"
"#;

/// Fails if the key that signs packages of Debian 13 is not installed.
pub(super) fn check_keyring() -> Result<()> {
    ensure!(
        Path::new(KEYRING).is_file(),
        "Debian 13's key {KEYRING} is missing; install the package debian-archive-keyring"
    );
    Ok(())
}

/// Downloads and unpacks the packages, unless that was done before.
pub(super) fn prepare() -> Result<()> {
    if directory().is_dir() {
        return Ok(());
    }
    let unfinished = root().join("target/trixie.new");
    let _ = fs::remove_dir_all(&unfinished);
    let packages = download(&unfinished.join("apt"))?;
    let tree = unfinished.join("root");
    fs::create_dir_all(&tree)?;
    for package in packages {
        shell::run(shell::command("dpkg-deb").arg("--extract").arg(package).arg(&tree))?;
    }
    let busybox = shell::path_of("busybox").context("busybox is not installed")?;
    fs::copy(busybox, tree.join("usr/bin/busybox"))?;
    for file in ["resolv.conf", "hosts", "passwd", "group"] {
        let _ = fs::copy(Path::new("/etc").join(file), tree.join("etc").join(file));
    }
    fs::rename(tree, directory())?;
    Ok(fs::remove_dir_all(unfinished)?)
}

/// Adds the arguments of `unshare` that run `program` of Debian 13, with `own` at the same path as outside.
pub(super) fn enter(command: &mut Command, own: &Path, program: &str) {
    command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(directory()).arg(own).arg(program);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
}

fn directory() -> PathBuf {
    root().join("target/trixie")
}

/// Downloads the packages to `scratch`, without using or changing the machine's packages, lists and settings.
fn download(scratch: &Path) -> Result<Vec<PathBuf>> {
    for folder in ["lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"] {
        fs::create_dir_all(scratch.join(folder))?;
    }
    fs::write(scratch.join("status"), "")?;
    let source = format!("deb [signed-by={KEYRING}] {} trixie main\n", mirror());
    fs::write(scratch.join("etc/sources.list"), source)?;
    let places = [
        ("Dir::Etc", "etc"),
        ("Dir::Etc::sourcelist", "etc/sources.list"),
        ("Dir::State", ""),
        ("Dir::State::lists", "lists"),
        ("Dir::State::status", "status"),
        ("Dir::Cache", "cache"),
    ];
    let options: Vec<String> = places
        .iter()
        .map(|(option, place)| format!("--option={option}={}", scratch.join(place).display()))
        .chain(["Dir::Etc::sourceparts=-", "APT::Sandbox::User=root", "Acquire::Retries=3"].map(|it| format!("-o{it}")))
        .collect();
    let apt = |arguments: &[&str]| {
        shell::run(shell::command("apt-get").args(&options).args(arguments))
            .context("failed to download Debian 13's packages")
    };
    apt(&["update", "-q"])?;
    apt(&[&["install", "-qy", "--download-only", "--no-install-recommends"][..], &PACKAGES].concat())?;
    let files = fs::read_dir(scratch.join("cache/archives"))?.map(|entry| Ok(entry?.path()));
    let files = files.filter(|file| file.as_ref().is_ok_and(|file| file.extension().is_some_and(|it| it == "deb")));
    files.collect()
}

/// The Debian mirror that this machine uses, or the default one.
fn mirror() -> String {
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let texts = folder.chain(["/etc/apt/sources.list".into()]).filter_map(|file| fs::read_to_string(file).ok());
    find_mirror(&texts.collect::<String>()).unwrap_or("http://deb.debian.org/debian").to_owned()
}

/// The first URL of the Debian archive (not of its security updates) in the text of source lists, in either format.
fn find_mirror(sources: &str) -> Option<&str> {
    let lines = sources.lines().filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let mut words = lines.flat_map(str::split_whitespace);
    words.find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_mirror_in_both_formats() {
        let modern = "Types: deb\n# URIs: http://a/debian\nURIs: http://b/debian-security http://c/debian\n";
        assert_eq!(find_mirror(modern), Some("http://c/debian"));
        let old = "#deb http://a/debian x main\ndeb [signed-by=/k.gpg] https://b/debian/ bookworm main\n";
        assert_eq!(find_mirror(old), Some("https://b/debian/"));
        assert_eq!(find_mirror("deb http://archive.ubuntu.com/ubuntu noble main\n"), None);
    }
}
