//! Programs of other projects that checks use.

use anyhow::Result;

use crate::{root, shell};

/// The installed program `name`, or one in `target/tools`, which is built from its crate if it is missing.
pub(crate) fn find(name: &str, version: &str) -> Result<String> {
    if shell::exists(name) {
        return Ok(name.to_owned());
    }
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(name);
    if !program.exists() {
        let mut install = shell::command("cargo");
        let version = format!("--version={version}");
        shell::run(install.args(["install", "--locked", name, &version, "--root"]).arg(&tools))?;
    }
    Ok(program.display().to_string())
}
