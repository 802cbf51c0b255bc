//! `cargo xtask windows`: builds the tests for Windows, and runs them with Wine.
//!
//! Tests that need an engine run on the private engine, through a [relay] on the loopback interface and another one, from a
//! named pipe, in `tests/windows`.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::{
    engine::{Engine, Kind},
    exceptions::Exceptions,
    libtest,
};

mod packages;
mod programs;
mod relay;
mod wine;

use self::{programs::Program, relay::Relay, wine::Wine};

/// The target that Debian's compiler can link for.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The linker for the target, which is a C compiler.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// Tests that fail with Wine, with reasons, one per line. Each line begins with the name of the test program.
const EXCEPTIONS: &str = "tests/windows.txt";

/// The test program that needs an engine.
const DRIVER: &str = "windows";

pub(crate) fn run() -> Result<()> {
    run_without_engine()?;
    println!("\n{}", on_engine()?);
    Ok(())
}

/// Runs one test program with `arguments`, and prints its output.
pub(crate) fn run_one(name: &str, arguments: &[&str]) -> Result<()> {
    packages::prepare()?;
    let (wine, programs) = start()?;
    let program = programs.iter().find(|program| program.name == name);
    let program = program.with_context(|| format!("no test program {name:?}"))?;
    if name == DRIVER {
        println!("{}", with_engine(&wine, program, arguments)?);
        return Ok(());
    }
    let (succeeded, output) = wine.run(name, program.command(&wine).args(arguments))?;
    println!("{output}");
    ensure!(succeeded, "{name} failed");
    Ok(())
}

/// Runs the tests that need an engine, and returns a summary. If this machine cannot run them, the summary has the reason; in
/// CI, that is an error.
pub(crate) fn on_engine() -> Result<String> {
    if let Err(missing) = packages::prepare() {
        return unavailable("THE WINDOWS TESTS DID NOT RUN", &missing);
    }
    let (wine, programs) = start()?;
    let driver = programs.iter().find(|program| program.name == DRIVER).context("no test program for the engine")?;
    Ok(format!("{TARGET} with Wine: {}", with_engine(&wine, driver, &[])?))
}

/// Runs the tests that need no engine, and prints a summary.
pub(crate) fn run_without_engine() -> Result<()> {
    let summary = match packages::prepare() {
        Ok(()) => {
            let (wine, programs) = start()?;
            format!("{TARGET} with Wine: {}", without_engine(&wine, &programs)?)
        }
        Err(missing) => unavailable("THE WINDOWS TESTS DID NOT RUN", &missing)?,
    };
    println!("\n{summary}");
    Ok(())
}

/// Builds the test programs, and starts Wine.
fn start() -> Result<(Wine, Vec<Program>)> {
    println!("== building the tests for {TARGET}");
    let programs = programs::build()?;
    Ok((Wine::start()?, programs))
}

/// The summary of tests that cannot run. In CI, that is an error.
fn unavailable(what: &str, missing: &anyhow::Error) -> Result<String> {
    let message = format!("{what}: {missing:#}");
    ensure!(env::var_os("CI").is_none(), message);
    Ok(message)
}

/// Runs the tests that are not excepted, which must pass, and those that are, which must fail.
fn without_engine(wine: &Wine, programs: &[Program]) -> Result<String> {
    let mut exceptions = Exceptions::read(EXCEPTIONS)?;
    let (mut passed, mut excepted, mut failures) = (0, 0, Vec::new());
    for program in programs {
        let own = exceptions.take(&program.name);
        match run_program(wine, program, &own) {
            Ok(ran) => {
                println!("{}: {ran} passed, {} excepted", program.name, own.len());
                passed += ran;
                excepted += own.len();
            }
            // A complete list of failures is worth the time: building takes longer.
            Err(error) => {
                println!("{}: {error:#}", program.name);
                failures.push(&*program.name);
            }
        }
    }
    ensure!(exceptions.len() == 0, "{EXCEPTIONS}: unknown test programs: {exceptions:?}");
    ensure!(failures.is_empty(), "tests failed: {}", failures.join(", "));
    Ok(format!("{passed} tests without an engine ({excepted} excepted, see {EXCEPTIONS})"))
}

/// Runs the tests of one program, and returns the number of tests that passed.
fn run_program(wine: &Wine, program: &Program, exceptions: &Exceptions) -> Result<usize> {
    if exceptions.len() == 0 {
        return passed(&wine.output(&program.name, &mut program.command(wine))?);
    }
    let list = wine.output(&program.name, program.command(wine).arg("--list"))?;
    exceptions.check_names(&libtest::listed(&list))?;
    let passed = passed(&wine.output(&program.name, program.command(wine).args(exceptions.skip()))?)?;
    let expected = exceptions.run();
    if !expected.is_empty() {
        let (_, output) = wine.run(&program.name, program.command(wine).arg("--exact").args(expected))?;
        exceptions.check_failures(&output)?;
    }
    Ok(passed)
}

/// Runs the tests that need an engine, with further `arguments`, and returns a summary. Stops the engine afterwards, unless
/// it was up before.
fn with_engine(wine: &Wine, driver: &Program, arguments: &[&str]) -> Result<String> {
    let kind = Kind::Docker;
    if let Err(missing) = kind.prepare() {
        return unavailable("THOSE WITH AN ENGINE DID NOT RUN", &missing);
    }
    println!("== tests on {kind}");
    let engine = Engine::new(kind);
    let was_up = engine.is_up();
    let outcome = engine.up().and_then(|()| drive(wine, driver, &engine, arguments));
    if !was_up {
        engine.down()?;
    }
    outcome
}

fn drive(wine: &Wine, driver: &Program, engine: &Engine, arguments: &[&str]) -> Result<String> {
    let address = engine.address();
    let socket = address.strip_prefix("unix://").context("the engine listens on a Unix socket")?;
    let relay = Relay::start(PathBuf::from(socket))?;
    let mut command = driver.command(wine);
    command.arg("--ignored").args(arguments).envs(engine.environment()).envs(relay.environment());
    let passed = passed(&wine.output(DRIVER, &mut command)?)?;
    ensure!(passed > 0, "the test program has no tests");
    println!("{passed} passed");
    Ok(format!("{passed} tests on Docker {} through a named pipe", engine.version()?))
}

/// The number of tests that passed, of a program that succeeded.
fn passed(output: &str) -> Result<usize> {
    libtest::passed(output).context("the program printed no test result")
}
