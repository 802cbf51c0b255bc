//! Runs a command in a container, shows its output, and ends with its exit code:
//! `cargo run --example exec -- web ls /etc`.

use std::{
    env,
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use dockerclient::{DockerClient, exec::ExecOptions};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().ok_or("name a container and a command")?;
    let container = DockerClient::from_env()?.container(name);

    let outcome = container.exec(&ExecOptions::new(arguments)).await?;
    io::stdout().write_all(&outcome.output.stdout)?;
    io::stderr().write_all(&outcome.output.stderr)?;
    let code = outcome.code.ok_or("at API 1.15, no engine tells the exit code")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
