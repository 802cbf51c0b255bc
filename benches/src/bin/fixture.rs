//! `fixture <socket>`: the engine, until it is killed.

use std::{env, path::Path};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let socket = env::args().nth(1).context("which socket?")?;
    dockerclient_benches::fixture::serve(Path::new(&socket))
}
