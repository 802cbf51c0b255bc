//! Commands that a build runs, each in a container of its own.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::stages::{Build, Done, Failure};
use crate::{
    image::words,
    simulate::{dockerfile::Instruction, lifecycle},
    state::ids,
};

/// A command that runs.
pub(super) struct Running {
    pub(super) container: String,
    created_by: String,
}

impl Build {
    pub(super) fn begin_run(&mut self, step: &Instruction) -> Done {
        let command = step.command(&self.config);
        let arguments: Vec<String> = self.arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let given = match arguments.len() {
            0 => String::new(),
            number => format!("|{number} {} ", arguments.join(" ")),
        };
        let created_by = format!("{given}{}", command.join(" "));
        if self.is_cached(&created_by) {
            return Ok(());
        }
        let mut config = self.config.clone();
        config["Env"] = json!([words(&config["Env"]), arguments].concat());
        config["Entrypoint"] = Value::Null;
        let container = self.add_container(config, &command)?;
        self.shared.state.change(|world| world.container_event(&container, "attach", BTreeMap::new()));
        self.tell(&format!(" ---> Running in {}\n", ids::short(&container)));
        self.running = Some(Running { container, created_by });
        Ok(())
    }

    pub(super) async fn finish_run(&mut self, Running { container, created_by }: Running) -> Done {
        let shared = Arc::clone(&self.shared);
        lifecycle::run(&shared, &container).await?;
        let ended = shared.state.until(|world| match world.runs.get(&container) {
            Some(run) if run.running => None,
            Some(run) => Some((run.code, run.pieces.clone())),
            None => Some((137, Vec::new())),
        });
        let (code, pieces) = ended.await;
        for (source, bytes) in pieces {
            let text = String::from_utf8_lossy(&bytes);
            // What goes wrong is red.
            self.tell(&if source == 2 { format!("\u{1b}[91m{text}\u{1b}[0m") } else { text.into_owned() });
        }
        if code != 0 {
            let command = shared.state.look(|world| world.container(&container).map(|found| found.argv.join(" ")))?;
            let message = format!("The command '{command}' returned a non-zero code: {code}");
            return Err(Failure { message, code: Some(code) });
        }
        self.commit(&container, &created_by);
        Ok(())
    }
}
