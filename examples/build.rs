//! Builds an image from a directory, or exports files of a build, and shows the progress:
//! `cargo run --features buildkit,progress --example build -- DIRECTORY [OPTION VALUE]…`.
//!
//! Options: `--tag name`, `--target stage`, `--build-arg name=value`, `--secret id=file`, `--ssh socket`, `--output directory`,
//! and `--builder auto` or `classic`; the default is BuildKit.

use std::{env, error::Error};

use dockerclient::{
    DockerClient,
    images::{BuildImage, BuildOutput, BuilderVersion, Context, Screen},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".into());
    let docker = DockerClient::from_env()?;

    let mut build = docker.images().build(Context::directory(directory)).build_kit(true);
    let mut output = None;
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} has no value"))?;
        match &*option {
            "--output" => output = Some(BuildOutput::directory(value)),
            _ => build = set(build, &option, &value)?,
        }
    }

    match output {
        Some(output) => {
            let exported = build.output(output).progress().await?.show(Screen::stderr()).await?;
            exported.attributes.iter().for_each(|(name, value)| println!("{name}: {value}"));
        }
        None => {
            let image = build.progress().await?.show(Screen::stderr()).await?;
            println!("{}", image.name());
        }
    }
    Ok(())
}

/// Sets an option of the build.
fn set(build: BuildImage, option: &str, value: &str) -> Result<BuildImage, String> {
    let pair = || value.split_once('=').ok_or_else(|| format!("{option} {value} has no \"=\""));
    Ok(match option {
        "--tag" => build.tag(value),
        "--target" => build.target(value),
        "--build-arg" => {
            let (name, value) = pair()?;
            build.build_arg(name, value)
        }
        "--secret" => {
            let (id, path) = pair()?;
            build.secret_file(id, path)
        }
        "--ssh" => build.ssh_agent("default", value),
        "--builder" if value == "auto" => build.builder(BuilderVersion::Auto),
        "--builder" if value == "classic" => build.builder(BuilderVersion::Classic),
        _ => return Err(format!("unknown option {option} {value}")),
    })
}
