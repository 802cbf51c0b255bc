//! The differences between the classic builder and BuildKit: their messages, and secrets.

use std::future::ready;

use serde_json::{Value, json};

use super::{
    secrets::SecretMount,
    stages::{Failure, StepResult},
};
use crate::{release::Release, simulate::dockerfile::Instruction, state::ids};

/// A builder, which receives the progress of a build.
pub(in crate::simulate) trait Builder: Send {
    /// A step begins. `resolved` is the instruction after the substitution of variables.
    fn begin(&mut self, step: &Instruction, resolved: &Instruction, number: usize, total: usize);

    /// Whether the cache is not used in the current stage.
    fn ignores_cache(&self) -> bool;

    /// The result of the step is cached.
    fn cached(&mut self);

    /// A command has written to stdout (1) or stderr (2).
    fn output(&mut self, source: u8, bytes: &[u8]);

    /// The base image of a stage was pulled, with these messages.
    fn pulled(&mut self, messages: Vec<Value>);

    /// A stage is complete, and has this image.
    fn stage_built(&mut self, image: &str);

    /// Sends text that only the classic builder sends.
    fn print(&mut self, text: &str);

    /// The content of a secret; `None` if there is no such secret and the command can do without.
    fn secret(&mut self, mount: &SecretMount) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send;
}

/// The classic builder, which sends JSON messages.
#[derive(Debug)]
pub(super) struct Classic {
    release: Release,
    is_quiet: bool,
    reports_image_ids: bool,
    /// Messages that have not been sent yet.
    messages: Vec<Value>,
}

impl Classic {
    /// Creates a builder that sends only the id of the image if `is_quiet` is set.
    pub(super) fn new(release: Release, is_quiet: bool, reports_image_ids: bool) -> Self {
        Self { release, is_quiet, reports_image_ids, messages: Vec::new() }
    }

    /// The messages of a step with this result.
    pub(super) fn step_messages(&mut self, result: &StepResult) -> Vec<Value> {
        let mut messages = std::mem::take(&mut self.messages);
        if self.is_quiet {
            messages.clear();
        }
        if let Err(failure) = result {
            let message = failure.to_string();
            let mut detail = json!({ "message": message });
            if let Failure::Exit { code, .. } = failure {
                detail["code"] = json!(code);
            }
            messages.push(json!({ "errorDetail": detail, "error": message }));
        }
        messages
    }

    /// The last messages of a build of this image.
    pub(super) fn last_messages(&mut self, image: &str, tags: &[String]) -> Vec<Value> {
        if self.is_quiet {
            self.print(&format!("{image}\n"));
            return std::mem::take(&mut self.messages);
        }
        self.stage_built(image);
        self.print(&format!("Successfully built {}\n", ids::short(image)));
        if self.release == Release::V20_10 {
            tags.iter().for_each(|tag| self.print(&format!("Successfully tagged {tag}\n")));
        }
        std::mem::take(&mut self.messages)
    }
}

impl Builder for Classic {
    fn begin(&mut self, step: &Instruction, _resolved: &Instruction, number: usize, total: usize) {
        match self.release {
            Release::V20_10 => {
                self.print(&format!("Step {number}/{total} : {}", step.text));
                self.print("\n");
            }
            Release::V1_6 => self.print(&format!("Step {} : {}\n", number - 1, step.text)),
        }
    }

    fn ignores_cache(&self) -> bool {
        false
    }

    fn cached(&mut self) {
        self.print(" ---> Using cache\n");
    }

    fn output(&mut self, source: u8, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        // Output to stderr is red.
        self.print(&if source == 2 { format!("\u{1b}[91m{text}\u{1b}[0m") } else { text.into_owned() });
    }

    fn pulled(&mut self, messages: Vec<Value>) {
        self.messages.extend(messages);
    }

    fn stage_built(&mut self, image: &str) {
        if self.reports_image_ids {
            self.messages.push(json!({ "aux": { "ID": image } }));
        }
    }

    fn print(&mut self, text: &str) {
        self.messages.push(json!({ "stream": text }));
    }

    fn secret(&mut self, _mount: &SecretMount) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send {
        ready(Ok(None))
    }
}
