//! Debian 13's Docker, on whatever Debian this is: unpacked into a root directory of its own, as it needs its own libc.
//!
//! The engine runs in a mount namespace of its own, where that directory is the root; so what it mounts is gone with
//! its last process. The network is the machine's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{root, shell};

/// What has to be installed to get it and to run it.
pub(super) const PROGRAMS: [&str; 3] = ["apt-get", "dpkg-deb", "unshare"];

const KEYRING: &str = "/usr/share/keyrings/debian-archive-trixie-stable.gpg";

/// Docker, what it runs, and what makes a root directory of a directory.
const PACKAGES: [&str; 7] = ["docker.io", "iptables", "procps", "iproute2", "libc6", "base-files", "tini"];

/// Makes the first argument the root, with the machine's devices, the second argument and /tmp where they are outside,
/// and runs the rest. There is no shell on the inside, and no `umount`, but busybox.
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

/// Fails unless packages of Debian 13 can be told from others here.
pub(super) fn can_be_had() -> Result<()> {
    ensure!(
        Path::new(KEYRING).is_file(),
        "Debian 13's key, {KEYRING}, is not there; its package is debian-archive-keyring"
    );
    Ok(())
}

/// Downloads and unpacks it, unless that was done before.
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

/// A command that runs `program` of Debian 13, which finds `own` where it is outside.
pub(super) fn command(program: &str, own: &Path) -> Command {
    let mut command = shell::command("unshare");
    command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(directory()).arg(own).arg(program);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

fn directory() -> PathBuf {
    root().join("target/trixie")
}

/// The packages, in `scratch`. The machine's own packages, lists and settings are neither looked at nor changed.
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
        shell::run(shell::command("apt-get").args(&options).args(arguments)).context("Debian 13's packages")
    };
    apt(&["update", "-q"])?;
    apt(&[&["install", "-qy", "--download-only", "--no-install-recommends"][..], &PACKAGES].concat())?;
    let files = fs::read_dir(scratch.join("cache/archives"))?.map(|entry| Ok(entry?.path()));
    let files = files.filter(|file| file.as_ref().is_ok_and(|file| file.extension().is_some_and(|it| it == "deb")));
    files.collect()
}

/// Where this machine gets Debian's packages from.
fn mirror() -> String {
    let folder = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let texts = folder.chain(["/etc/apt/sources.list".into()]).filter_map(|file| fs::read_to_string(file).ok());
    find_mirror(&texts.collect::<String>()).unwrap_or("http://deb.debian.org/debian").to_owned()
}

/// The first address of Debian itself (and not of its security updates) that lists of sources name, in either form.
fn find_mirror(sources: &str) -> Option<&str> {
    let lines = sources.lines().filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let mut words = lines.flat_map(str::split_whitespace);
    words.find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_debian_itself_in_either_form() {
        let modern = "Types: deb\n# URIs: http://a/debian\nURIs: http://b/debian-security http://c/debian\n";
        assert_eq!(find_mirror(modern), Some("http://c/debian"));
        let old = "#deb http://a/debian x main\ndeb [signed-by=/k.gpg] https://b/debian/ bookworm main\n";
        assert_eq!(find_mirror(old), Some("https://b/debian/"));
        assert_eq!(find_mirror("deb http://archive.ubuntu.com/ubuntu noble main\n"), None);
    }
}
