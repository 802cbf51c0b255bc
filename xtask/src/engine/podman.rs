//! Podman's service, independent of the machine's Podman.
//!
//! It runs in a separate mount namespace, to replace directories that have no option, and in a separate network namespace,
//! because it changes the firewall.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::registry::Registry;

/// Programs that it needs.
pub(super) const PROGRAMS: [&str; 5] = ["podman", "conmon", "runc", "unshare", "nsenter"];

/// Mounts directories in the first argument over those of the machine, and runs the other arguments.
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

/// Writes its configuration files.
pub(super) fn configure(own: &Path, registries: &[Registry]) -> Result<()> {
    // The default ulimits exceed those of some machines. The default event log is in /run, which is empty after each start
    // here, unlike that of a machine. The default runtime, crun, does not support machines with both versions of cgroups.
    let events = own.join("events.log");
    let containers = format!(
        "[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n\
         [engine]\nruntime = \"runc\"\nevents_logfile_path = \"{}\"\n",
        events.display()
    );
    fs::write(own.join("containers.conf"), containers)?;
    let addresses = registries.iter().filter_map(Registry::address);
    let text: String = addresses.map(|it| format!("[[registry]]\nlocation = \"{it}\"\ninsecure = true\n")).collect();
    Ok(fs::write(own.join("registries.conf"), text)?)
}

/// Adds the arguments of a shell, in its own mount namespace, that runs the service at `address`.
pub(super) fn serve(command: &mut Command, own: &Path, address: &str) {
    command
        .env("CONTAINERS_CONF", own.join("containers.conf"))
        .env("CONTAINERS_REGISTRIES_CONF", own.join("registries.conf"))
        .args(["-c", ENTER, "sh"])
        .arg(own)
        .args(["podman", "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver", "overlay"])
        .arg("--root")
        .arg(own.join("data"))
        .arg("--runroot")
        .arg(own.join("run"))
        .args(["system", "service", "--time", "0", address]);
}
