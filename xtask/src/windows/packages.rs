//! Installs the Debian packages and the standard library that the tests need.

use anyhow::{Result, ensure};

use super::{COMPILER, TARGET, wine};
use crate::{packages, shell, targets};

/// Packages of Debian and Ubuntu: Wine without its graphical programs, and a C compiler.
const PACKAGES: [&str; 2] = ["wine64", "gcc-mingw-w64-x86-64-win32"];

/// Installs what is missing. Fails if this machine cannot run the tests; the error names what is missing.
pub(super) fn prepare() -> Result<()> {
    let missing = || {
        let wine = ["wine64", "wineserver"].into_iter().find(|program| wine::path_of(program).is_none());
        wine.or_else(|| Some(COMPILER).filter(|compiler| !shell::exists(compiler)))
    };
    if let Some(program) = missing() {
        packages::install(program, &PACKAGES)?;
        ensure!(missing().is_none(), "{} are installed, without {program}", PACKAGES.join(" "));
    }
    targets::add(TARGET)
}
