//! `RUN` instructions, each in its own container.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::stages::{Build, Failure, StepResult};
use crate::{
    argv::words,
    simulate::{dockerfile::Instruction, lifecycle},
    state::ids,
};

/// A `RUN` instruction in progress.
pub(super) struct Running {
    pub(super) container: String,
    created_by: String,
}

impl Build {
    pub(super) fn begin_run(&mut self, step: &Instruction) -> StepResult {
        let command = step.command(&self.config);
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let given = match arguments.len() {
            0 => String::new(),
            number => format!("|{number} {} ", arguments.join(" ")),
        };
        let created_by = format!("{given}{}", command.join(" "));
        if self.use_cached(&created_by) {
            return Ok(());
        }
        let mut config = self.config.clone();
        config["Env"] = json!([words(&config["Env"]), arguments].concat());
        config["Entrypoint"] = Value::Null;
        let container = self.add_container(config, &command)?;
        self.server.state.update(|state| state.container_event(&container, "attach", BTreeMap::new()));
        self.print(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.running = Some(Running { container, created_by });
        Ok(())
    }

    pub(super) async fn finish_run(&mut self, Running { container, created_by }: Running) -> StepResult {
        let server = Arc::clone(&self.server);
        lifecycle::run(&server, &container).await?;
        let ended = server.state.wait_until(|state| match state.runs.get(&container) {
            Some(run) if run.running => None,
            Some(run) => Some((run.code, run.chunks.clone())),
            None => Some((137, Vec::new())),
        });
        let (code, chunks) = ended.await;
        for (source, bytes) in chunks {
            let text = String::from_utf8_lossy(&bytes);
            // Output to stderr is red.
            self.print(&if source == 2 { format!("\u{1b}[91m{text}\u{1b}[0m") } else { text.into_owned() });
        }
        if code != 0 {
            let command = server.state.read(|state| state.container(&container).map(|found| found.argv.join(" ")))?;
            let message = format!("The command '{command}' returned a non-zero code: {code}");
            return Err(Failure { message, code: Some(code) });
        }
        self.commit(&container, &created_by);
        Ok(())
    }
}
