//! Engines of other Debian releases on any Debian or Ubuntu: unpacked into a separate root directory, because they need their
//! own libc.
//!
//! The engine runs in a separate mount namespace with that directory as its root, so its mounts are removed with its last
//! process.

use std::{
    fs,
    os::unix,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::mirror;
use crate::{root, shell};

/// Programs that are needed to download and run it.
pub(super) const PROGRAMS: [&str; 3] = ["apt-get", "dpkg-deb", "unshare"];

/// The keys that sign packages of all releases.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A key that is missing if the package of these keys is older than Debian 13.
const NEWEST_KEY: &str = "/usr/share/keyrings/debian-archive-trixie-stable.gpg";

/// Packages of a minimal root directory.
const COMMON: [&str; 4] = ["procps", "iproute2", "libc6", "base-files"];

/// Programs that busybox replaces if no package has them.
const APPLETS: [&str; 4] = ["sh", "mkdir", "mount", "umount"];

/// Programs whose links are made when Debian's package is installed, not when it is unpacked.
const IPTABLES: [&str; 2] = ["iptables", "ip6tables"];

/// A root directory with an engine of a Debian release, and the programs that the engine runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    /// Its directory, in `target`.
    folder: &'static str,
    suite: &'static str,
    packages: &'static [&'static str],
}

/// Debian 13's Docker.
pub(super) const TRIXIE: Root =
    Root { folder: "trixie", suite: "trixie", packages: &["docker.io", "iptables", "tini"] };

/// The Docker of Debian's unstable release.
pub(super) const SID: Root = Root { folder: "sid", suite: "sid", packages: &["docker.io", "iptables", "tini"] };

/// Debian 13's Podman.
pub(super) const TRIXIE_PODMAN: Root = Root {
    folder: "trixie-podman",
    suite: "trixie",
    packages: &["podman", "conmon", "runc", "netavark", "golang-github-containers-common", "iptables", "nftables"],
};

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

/// Fails if the keys that sign packages are not installed, or too old.
pub(super) fn check_keyring() -> Result<()> {
    for key in [KEYRING, NEWEST_KEY] {
        ensure!(Path::new(key).is_file(), "Debian's key {key} is missing; install a newer debian-archive-keyring");
    }
    Ok(())
}

impl Root {
    /// Downloads and unpacks the packages, unless that was done before.
    pub(super) fn prepare(self) -> Result<()> {
        if self.directory().is_dir() {
            return Ok(());
        }
        let unfinished = root().join("target").join(format!("{}.new", self.folder));
        let _ = fs::remove_dir_all(&unfinished);
        let packages = self.download(&unfinished.join("apt"))?;
        let tree = unfinished.join("root");
        fs::create_dir_all(&tree)?;
        for package in packages {
            shell::run(shell::command("dpkg-deb").arg("--extract").arg(package).arg(&tree))?;
        }
        let programs = tree.join("usr/bin");
        let busybox = shell::path_of("busybox").context("busybox is not installed")?;
        fs::copy(busybox, programs.join("busybox"))?;
        for applet in APPLETS.map(|applet| programs.join(applet)).iter().filter(|applet| !applet.exists()) {
            unix::fs::symlink("busybox", applet)?;
        }
        for tool in IPTABLES.map(|tool| tree.join("usr/sbin").join(tool)).iter().filter(|tool| !tool.exists()) {
            unix::fs::symlink("xtables-nft-multi", tool)?;
        }
        for file in ["resolv.conf", "hosts", "passwd", "group"] {
            let _ = fs::copy(Path::new("/etc").join(file), tree.join("etc").join(file));
        }
        fs::rename(tree, self.directory())?;
        Ok(fs::remove_dir_all(unfinished)?)
    }

    /// Adds the arguments of `unshare` that run `program` of the release, with `own` at the same path as outside.
    pub(super) fn enter(self, command: &mut Command, own: &Path, program: &str) {
        command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(self.directory()).arg(own).arg(program);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    }

    fn directory(self) -> PathBuf {
        root().join("target").join(self.folder)
    }

    /// Downloads the packages to `scratch`, without using or changing the machine's packages, lists and settings.
    fn download(self, scratch: &Path) -> Result<Vec<PathBuf>> {
        for folder in ["lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"] {
            fs::create_dir_all(scratch.join(folder))?;
        }
        fs::write(scratch.join("status"), "")?;
        let source = format!("deb [signed-by={KEYRING}] {} {} main\n", mirror::url()?, self.suite);
        fs::write(scratch.join("etc/sources.list"), source)?;
        let places = [
            ("Dir::Etc", "etc"),
            ("Dir::Etc::sourcelist", "etc/sources.list"),
            ("Dir::State", ""),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
        ];
        let settings = [
            "Dir::Etc::sourceparts=-",
            "APT::Sandbox::User=root",
            "APT::Update::Post-Invoke-Success=",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
            "Acquire::Retries=3",
        ];
        let options: Vec<String> = places
            .iter()
            .map(|(option, place)| format!("--option={option}={}", scratch.join(place).display()))
            .chain(settings.map(|setting| format!("-o{setting}")))
            .collect();
        let apt = |arguments: &[&str]| {
            shell::run(shell::command("apt-get").args(&options).args(arguments))
                .with_context(|| format!("failed to download packages of Debian {}", self.suite))
        };
        apt(&["update", "-q"])?;
        let install = ["install", "-qy", "--download-only", "--no-install-recommends"];
        apt(&[&install, self.packages, &COMMON].concat())?;
        let files = fs::read_dir(scratch.join("cache/archives"))?.map(|entry| Ok(entry?.path()));
        let files = files.filter(|file| file.as_ref().is_ok_and(|file| file.extension().is_some_and(|it| it == "deb")));
        files.collect()
    }
}
