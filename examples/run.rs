//! Runs a program in a new container, prints its output, and exits with its exit code:
//! `cargo run --example run -- busybox echo hello`.
//!
//! Pulls the image if the engine does not have it.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use dockerclient::DockerClient;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let image = arguments.next().ok_or("expected an image and, optionally, a command")?;
    let docker = DockerClient::from_env()?;

    let output = docker.run(image).args(arguments).output().await?;
    io::stdout().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    Ok(ExitCode::from(u8::try_from(output.status.code().unwrap_or(1))?))
}
