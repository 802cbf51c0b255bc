//! Development tasks: `cargo xtask` lists them. They need Linux.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};

mod api;
mod bench;
mod beside;
mod demo;
mod deps;
mod docker_py;
mod docs_rs;
mod engine;
mod exceptions;
mod fake_engine;
mod fuzz;
mod libtest;
mod live;
mod macos;
mod miri;
mod package;
mod packages;
mod published;
mod python;
mod readme_example;
mod regen;
mod semver;
mod shell;
mod spelling;
mod targets;
mod test;
#[cfg(test)]
mod tidy;
mod tools;
mod windows;

const USAGE: &str = "\
cargo xtask <task>

  test             run all checks and tests, including the suites that need an engine, on private engines (as root)
  live <engine>    run only the suites that need an engine, on docker, trixie, sid, podman, podman5, swarm,
                   swarm-trixie or swarm-nodes; on containerd, run only the tests of builds with BuildKit
  demo             run the quickstart example on a local engine, a private engine or the fake engine
  readme-example   build the README's first example in an empty crate, and run it on a fake engine without images
  engine up        start the private engine of this checkout
  engine down      stop the private engine, and remove its processes, mounts and network
  engine status    print whether the private engine runs, and its address
  engine … trixie  the same with Debian 13's Docker
  engine … containerd
                   the same with Debian 13's Docker and the containerd image store
  engine … sid     the same with Debian sid's Docker
  engine … podman  the same with Podman
  engine … podman5 the same with Debian 13's Podman
  engine … swarm   the same with Docker in a network namespace, for swarm mode
  engine … swarm-trixie
                   the same with Debian 13's Docker
  engine … swarm-nodes
                   the same with three engines in connected network namespaces, for a swarm of several nodes
  fuzz [seconds]   run each fuzz target, for 60 seconds by default
  miri             run the tests of the decoders in Miri; needs a nightly Rust with Miri
  deps             check each feature alone, licenses, and the oldest dependency versions and Rust that are allowed
  windows          build the tests for Windows and run them with Wine, without an engine and on the private engine
                   [--without-engine]
  windows <program> [argument…]
                   run one test program with Wine, for example fake_engine
  macos            check both crates and their tests for macOS
  soak [minutes]   run many tasks on the private engine while it is stopped and killed, for 5 minutes by default
  bench            measure calls and streams, compared with bollard and a baseline
                   [--quick | --divide N] [--rounds N] [--save FILE] [--compare FILE] [item…]
  bench --instructions [--write]
                   count instructions, with valgrind, and allocations; fail if there are more than in
                   benches/instructions.txt, or write that file; without items, `bench` does the same
  bench --build    measure a cold build, compared with bollard's
  bench --collectors
                   measure the collection of logs of 60 containers, compared with the loop of a log shipper
  docs-rs          build the documentation as docs.rs does; needs a nightly Rust
  docker-py        run docker-py against the fake engine
  spelling         check spelling with typos
  api              write lists of the public items of both crates to api/
  api --check      fail if the lists are not current
  package          build both crates from their packages
  semver           compare the public API with the last release
  published <dir>  write spec/published.txt, a digest of Docker's published API documents in a directory
  published response <version> <operation> <file>
                   check the fields of a scripted response, e.g. of 'GET /system/df' at 1.52, by this digest
  regen            compose spec/docker.json and spec/operations.txt from spec/v*.yaml
  regen --check    fail if these files are not current
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
        ["readme-example"] => readme_example::run(),
        ["api"] => api::run(regen::Mode::Write),
        ["api", "--check"] => api::run(regen::Mode::Check),
        ["package"] => package::run(),
        ["bench", options @ ..] => bench::run(options),
        ["engine", action] => engine::run(action, engine::Kind::Docker),
        ["engine", action, kind] => engine::run(action, kind.parse()?),
        ["engine", action, kind, "--node", number] => engine::run_on_node(action, kind.parse()?, number.parse()?),
        ["fuzz"] => fuzz::run(60),
        ["fuzz", seconds] => fuzz::run(seconds.parse()?),
        ["windows"] => windows::run(),
        ["windows", "--without-engine"] => windows::run_without_engine(),
        ["windows", program, arguments @ ..] => windows::run_one(program, arguments),
        ["macos"] => macos::run(),
        ["soak"] => live::soak(5),
        ["soak", minutes] => live::soak(minutes.parse()?),
        ["miri"] => miri::run(),
        ["deps"] => deps::run(),
        ["docs-rs"] => docs_rs::run(),
        ["semver"] => semver::run(),
        ["docker-py"] => docker_py::run(),
        ["spelling"] => spelling::run(),
        ["published", "response", version, operation, file] => {
            published::check_response(version, operation, Path::new(file))
        }
        ["published", directory] => published::write(Path::new(directory)),
        ["regen"] => regen::run(regen::Mode::Write),
        ["regen", "--check"] => regen::run(regen::Mode::Check),
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown task\n\n{USAGE}"),
    }
}

/// The target directory of the checks that run in parallel with the engine suites ([`beside`]).
fn checks() -> PathBuf {
    root().join("target/checks")
}

/// The root directory of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
