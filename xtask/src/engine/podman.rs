//! Podman's service, which shares nothing with the machine's own Podman.
//!
//! It runs in a mount namespace of its own, where the folders that no option moves are others, and in a network
//! namespace of its own, since it writes to the firewall.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::registry::Registry;

/// What has to be installed to run it.
pub(super) const PROGRAMS: [&str; 4] = ["podman", "conmon", "unshare", "nsenter"];

/// Puts folders under the first argument over the machine's, and runs the rest.
const ENTER: &str = r#"
set -eu
own=$1
shift
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
for folder in cni containers; do
    mkdir -p "/var/lib/$folder" "$own/$folder"
    mount --bind "$own/$folder" "/var/lib/$folder"
done
exec "$@"
"#;

/// Writes what it is told by files.
pub(super) fn configure(own: &Path, registries: &[Registry]) -> Result<()> {
    // By default it asks for more than some machines may give.
    let containers = "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n";
    fs::write(own.join("containers.conf"), containers)?;
    let addresses = registries.iter().filter_map(Registry::address);
    let text: String = addresses.map(|it| format!("[[registry]]\nlocation = \"{it}\"\ninsecure = true\n")).collect();
    Ok(fs::write(own.join("registries.conf"), text)?)
}

/// The arguments of a command that runs the service behind `address`.
pub(super) fn serve(command: &mut Command, own: &Path, address: &str) {
    command
        .env("CONTAINERS_CONF", own.join("containers.conf"))
        .env("CONTAINERS_REGISTRIES_CONF", own.join("registries.conf"))
        .args(["--mount", "sh", "-c", ENTER, "sh"])
        .arg(own)
        .args(["podman", "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "overlay"])
        .arg("--root")
        .arg(own.join("data"))
        .arg("--runroot")
        .arg(own.join("run"))
        .args(["system", "service", "--time", "0", address]);
}
