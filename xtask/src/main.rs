//! The project's own tasks; `cargo xtask` lists them.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};

mod api;
mod bench;
mod demo;
mod double;
mod engine;
mod first;
mod fuzz;
mod live;
mod miri;
mod package;
mod python;
mod regen;
mod shell;
mod supply;
mod test;
#[cfg(test)]
mod tidy;

const USAGE: &str = "\
cargo xtask <task>

  test             check everything, and run the live suite on a private engine
  live <engine>    of that, what needs an engine, on docker, trixie or podman
  demo             run the quickstart on the engine there is, on a private one, or on a double
  first            make an empty crate of the README's first example, and run it on a double
  engine up        start the private engine of this checkout
  engine down      stop it, and remove all it had
  engine status    tell whether it runs, and where
  engine … trixie  the same with Debian 13's Docker
  engine … podman  the same with Podman
  fuzz [seconds]   fuzz each target for so long
  miri             run the decoders' tests in an interpreter that watches memory; needs a nightly Rust with Miri
  supply           check each feature alone, licences, and the oldest versions and the oldest Rust that are allowed
  soak [minutes]   let many tasks use the private engine, which is killed and stopped under them
  bench            measure calls and streams, beside bollard and a floor
                   [--quick | --divide N] [--rounds N] [--save FILE] [--compare FILE] [item…]
  bench --build    measure a user's first build, beside bollard's
  python           let docker-py drive the double of an engine
  api              list the public items of both crates in api.txt and testkit/api.txt
  api --check      fail if the lists are not current
  package          build both crates from their packages
  regen            compose spec/docker.json and spec/operations.txt from spec/v*.yaml
  regen --check    fail if they are not current
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["test"] => test::run(),
        ["live", kind] => live::run_on(kind.parse()?),
        ["demo"] => demo::run(),
        ["first"] => first::run(),
        ["api"] => api::run(regen::Mode::Write),
        ["api", "--check"] => api::run(regen::Mode::Check),
        ["package"] => package::run(),
        ["bench", options @ ..] => bench::run(options),
        ["engine", what] => engine::run(what, engine::Kind::Docker),
        ["engine", what, kind] => engine::run(what, kind.parse()?),
        ["fuzz"] => fuzz::run(60),
        ["fuzz", seconds] => fuzz::run(seconds.parse()?),
        ["soak"] => live::soak(5),
        ["soak", minutes] => live::soak(minutes.parse()?),
        ["miri"] => miri::run(),
        ["supply"] => supply::run(),
        ["python"] => python::run(),
        ["regen"] => regen::run(regen::Mode::Write),
        ["regen", "--check"] => regen::run(regen::Mode::Check),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("there is no such task\n\n{USAGE}"),
    }
}

/// The root of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
