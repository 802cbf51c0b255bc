//! Runs the fake engine in a separate process.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::{root, shell};

/// A fake engine in a separate process.
pub(crate) struct FakeEngine {
    pub(crate) address: String,
    process: Child,
}

impl FakeEngine {
    /// Starts the testkit's example `serve` with `arguments`, and reads its address.
    pub(crate) fn serve(arguments: &[&str]) -> Result<Self> {
        let mut command = shell::command("cargo");
        command.current_dir(root()).args(["run", "--quiet", "--package", "dockerclient-testkit", "--example", "serve"]);
        command.arg("--").args(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().context("no stdout")?).read_line(&mut address)?;
        ensure!(!address.is_empty(), "the fake engine did not start");
        Ok(Self { address: address.trim().to_owned(), process })
    }

    /// Ends the input of the process, and waits until it exits.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        ensure!(self.process.wait()?.success(), "the fake engine reported unmet expectations or invalid requests");
        Ok(())
    }
}
