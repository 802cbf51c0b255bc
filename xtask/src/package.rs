//! `cargo xtask package`: builds both crates from their packages, without the files of the repository.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::{checks, root, shell};

/// Files that every package must contain, besides its sources.
const DOCUMENTS: [&str; 3] = ["Cargo.toml", "LICENSE", "README.md"];

/// A workspace of the unpacked packages, in which the testkit uses the packaged library.
///
/// Cargo's own verification is not used, because it reuses the unpacked files of an older package of the same version.
const WORKSPACE: &str = r#"
[workspace]
members = ["dockerclient", "dockerclient-testkit"]
resolver = "3"

[patch.crates-io]
dockerclient = { path = "dockerclient" }
"#;

pub(crate) fn run() -> Result<()> {
    let packed = root().join("target/packed");
    if packed.exists() {
        fs::remove_dir_all(&packed)?;
    }
    let mut pack = shell::command("cargo");
    pack.current_dir(root()).args(["package", "--quiet", "--allow-dirty", "--no-verify"]);
    pack.args(["--package", "dockerclient", "--package", "dockerclient-testkit", "--target-dir"]).arg(&packed);
    shell::run(&mut pack)?;
    for entry in fs::read_dir(packed.join("package"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "crate") {
            unpack(&path, &packed)?;
        }
    }
    fs::write(packed.join("Cargo.toml"), WORKSPACE)?;
    fs::copy(root().join("Cargo.lock"), packed.join("Cargo.lock"))?;
    let mut check = shell::command("cargo");
    check.current_dir(&packed).args(["check", "--quiet", "--workspace", "--all-features", "--target-dir"]);
    ensure!(check.arg(checks()).status()?.success(), "the packages do not build");
    Ok(())
}

/// Unpacks a package `name-1.2.3.crate` as the directory `name`.
fn unpack(package: &Path, packed: &Path) -> Result<()> {
    let file = package.file_stem().context("the package has no name")?.to_string_lossy().into_owned();
    let (name, _) = file.rsplit_once('-').context("the name of the package has no version")?;
    shell::run(shell::command("tar").arg("-xzmf").arg(package).arg("-C").arg(packed))?;
    fs::rename(packed.join(&file), packed.join(name))?;
    for document in DOCUMENTS {
        ensure!(packed.join(name).join(document).is_file(), "the package of {name} lacks {document}");
    }
    Ok(())
}
