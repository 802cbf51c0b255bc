//! A double of an engine for other processes.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, ensure};

use crate::{root, shell};

/// A double of an engine, in a process of its own.
pub(crate) struct Double {
    pub(crate) address: String,
    process: Child,
}

impl Double {
    /// Serves a double as `words` say.
    pub(crate) fn serve(words: &[&str]) -> Result<Self> {
        let mut command = shell::command("cargo");
        command.current_dir(root()).args(["run", "--quiet", "--package", "dockerclient-testkit", "--example", "serve"]);
        command.arg("--").args(words);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(process.stdout.take().context("it has an output")?).read_line(&mut address)?;
        ensure!(!address.is_empty(), "the double did not come up");
        Ok(Self { address: address.trim().to_owned(), process })
    }

    /// It serves until its input ends.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        ensure!(self.process.wait()?.success(), "the double is not content");
        Ok(())
    }
}
