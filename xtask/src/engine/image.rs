//! The test image: busybox, made from the machine's static binary.

use std::{fs, os::unix, path::Path};

use anyhow::{Context, Result, ensure};

use super::http;
use crate::shell;

/// Imports `busybox:latest`, whose command is `sh`.
pub(super) fn import(socket: &Path, scratch: &Path) -> Result<()> {
    let tree = scratch.join("busybox");
    for folder in ["bin", "etc", "tmp"] {
        fs::create_dir_all(tree.join(folder))?;
    }
    fs::write(tree.join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")?;
    fs::write(tree.join("etc/group"), "root:x:0:\n")?;
    let busybox = shell::path_of("busybox").context("busybox is not installed")?;
    fs::copy(busybox, tree.join("bin/busybox"))?;
    let applets = shell::output(shell::command("busybox").arg("--list"))?;
    for applet in applets.lines().filter(|&applet| applet != "busybox") {
        unix::fs::symlink("busybox", tree.join("bin").join(applet))?;
    }

    let archive = scratch.join("busybox.tar");
    // Without "./" before the names, which Docker before 1.7 does not accept.
    shell::run(shell::command("tar").arg("-C").arg(&tree).arg("-cf").arg(&archive).args(["bin", "etc", "tmp"]))?;
    let path = "/images/create?fromSrc=-&repo=busybox&tag=latest&changes=CMD%20%5B%22sh%22%5D";
    let response = http::post(socket, path, &fs::read(archive)?)?;
    ensure!(!response.contains("\"error\""), "failed to import the test image: {response}");
    Ok(())
}
