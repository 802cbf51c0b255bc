//! What a Docker daemon is told, so that it shares nothing with the machine's own.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::bridge::Bridge;

/// Writes what it is told by a file.
pub(super) fn configure(own: &Path) -> Result<()> {
    let config = serde_json::json!({
        "deprecated-key-path": own.join("key.json"),
        "default-address-pools": [{ "base": "172.30.0.0/16", "size": 24 }],
    });
    Ok(fs::write(own.join("daemon.json"), config.to_string())?)
}

/// Adds the arguments of a daemon that listens at `address` and, with TLS, at `tls_address`.
pub(super) fn serve(command: &mut Command, own: &Path, bridge: &Bridge, address: &str, tls_address: &str) {
    let certificates = own.join("tls");
    command
        .arg("--data-root")
        .arg(own.join("data"))
        .arg("--exec-root")
        .arg(own.join("exec"))
        .arg("--pidfile")
        .arg(own.join("docker.pid"))
        .arg("--config-file")
        .arg(own.join("daemon.json"))
        .args(["--host", address, "--bridge", bridge.name()])
        .args(["--host", tls_address, "--tlsverify"])
        .arg("--tlscacert")
        .arg(certificates.join("ca.pem"))
        .arg("--tlscert")
        .arg(certificates.join("server-cert.pem"))
        .arg("--tlskey")
        .arg(certificates.join("server-key.pem"))
        .args(["--containerd-namespace", bridge.name()])
        .args(["--containerd-plugins-namespace", &format!("{}-plugins", bridge.name())])
        .args(["--iptables=false", "--ip6tables=false"]);
}
