//! Configuration of a Docker daemon that is independent of the machine's.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

/// Writes the daemon's configuration file, for settings without a command line option. `containerd_store` selects
/// the containerd image store.
pub(super) fn configure(own: &Path, containerd_store: bool) -> Result<()> {
    let mut config = serde_json::json!({
        "deprecated-key-path": own.join("key.json"),
        "default-address-pools": [{ "base": "172.30.0.0/16", "size": 24 }],
    });
    if containerd_store {
        config["features"] = serde_json::json!({ "containerd-snapshotter": true });
    }
    Ok(fs::write(own.join("daemon.json"), config.to_string())?)
}

/// Adds the arguments of a daemon that listens on `address`. `name` is unique to the engine.
pub(super) fn serve(command: &mut Command, own: &Path, name: &str, bridge: &str, address: &str) {
    command
        .arg("--data-root")
        .arg(own.join("data"))
        .arg("--exec-root")
        .arg(own.join("exec"))
        .arg("--pidfile")
        .arg(own.join("docker.pid"))
        .arg("--config-file")
        .arg(own.join("daemon.json"))
        .args(["--host", address, "--bridge", bridge])
        .args(["--containerd-namespace", name])
        .args(["--containerd-plugins-namespace", &format!("{name}-plugins")])
        .args(["--iptables=false", "--ip6tables=false"]);
}

/// Adds the arguments of a daemon that also listens on `address` with TLS.
pub(super) fn serve_tls(command: &mut Command, certificates: &Path, address: &str) {
    command
        .args(["--host", address, "--tlsverify"])
        .arg("--tlscacert")
        .arg(certificates.join("ca.pem"))
        .arg("--tlscert")
        .arg(certificates.join("server-cert.pem"))
        .arg("--tlskey")
        .arg(certificates.join("server-key.pem"));
}
