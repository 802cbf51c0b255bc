//! `RUN` instructions, each in its own container.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    builder::Builder,
    secrets::SecretMount,
    stages::{Build, Failure, StepResult},
};
use crate::{
    argv::words,
    server::Server,
    simulate::{dockerfile::Instruction, lifecycle},
    state::ids,
};

/// A `RUN` instruction in progress. Dropping it before its command has ended cancels the build: the command is killed,
/// and its container is removed.
pub(super) struct Running {
    server: Arc<Server>,
    pub(super) container: String,
    created_by: String,
    pub(super) secrets: Vec<SecretMount>,
    has_ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.server.state.update(|state| {
                state.container_exited(&self.container, 137);
                state.remove_container(&self.container, true);
            });
        }
    }
}

impl<B: Builder> Build<B> {
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
        let secrets = step.flags.iter().filter_map(|flag| SecretMount::parse(flag)).collect();
        let server = Arc::clone(&self.server);
        self.running = Some(Running { server, container, created_by, secrets, has_ended: false });
        Ok(())
    }

    pub(super) async fn finish_run(&mut self, mut running: Running) -> StepResult {
        let code = self.run_command(&running).await;
        running.has_ended = true;
        let (container, code) = (&running.container, code?);
        if code != 0 {
            let command =
                self.server.state.read(|state| state.container(container).map(|found| found.argv.join(" ")))?;
            return Err(Failure::Exit { command, code });
        }
        self.commit(container, &running.created_by);
        Ok(())
    }

    /// Runs the command, and returns its exit code.
    async fn run_command(&mut self, running: &Running) -> Result<i64, Failure> {
        let (server, container) = (Arc::clone(&self.server), &running.container);
        let replaced = self.mount_secrets(running).await?;
        lifecycle::run(&server, container).await?;
        let mut reported = 0;
        let code = loop {
            let more = server.state.wait_until(|state| match state.runs.get(container) {
                // There are fewer chunks if a client has restarted the container.
                Some(run) if run.running && run.chunks.len() <= reported => None,
                Some(run) => {
                    let chunks = run.chunks.get(reported..).unwrap_or_default().to_vec();
                    Some((chunks, (!run.running).then_some(run.code)))
                }
                None => Some((Vec::new(), Some(137))),
            });
            let (chunks, code) = more.await;
            reported += chunks.len();
            chunks.iter().for_each(|(source, bytes)| self.builder.output(*source, bytes));
            if let Some(code) = code {
                break code;
            }
        };
        self.unmount_secrets(running, replaced);
        Ok(code)
    }
}
