//! Runs a command in a running container, prints its output, and exits with its exit code:
//! `cargo run --example exec -- web ls /etc`.

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
    let (Some(container), Some(program)) = (arguments.next(), arguments.next()) else {
        return Err("expected a container and a command".into());
    };
    let container = DockerClient::from_env()?.container(container);

    let output = container.command(program).args(arguments).output().await?;
    io::stdout().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    let code = output.status.code().ok_or("engines do not report exit codes of commands at API 1.15")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
