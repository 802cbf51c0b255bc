//! `fixture <socket>`: runs the fixture server until it is killed.

use std::{env, path::Path};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let socket = env::args().nth(1).context("usage: fixture <socket>")?;
    dockerclient_benches::fixture::serve(Path::new(&socket))
}
