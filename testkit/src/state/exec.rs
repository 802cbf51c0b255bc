//! A command in a container.

use serde_json::{Value, json};

use super::{World, event::attributes};
use crate::{
    program::Argv,
    refusal::{Refusal, Result},
};

#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) id: String,
    pub(crate) container: String,
    pub(crate) argv: Argv,
    pub(crate) config: Value,
    pub(crate) started: bool,
}

impl Exec {
    pub(crate) fn wants(&self, flag: &str) -> bool {
        self.config[flag] == true
    }

    fn words(&self) -> String {
        self.argv.join(" ")
    }
}

impl World {
    pub(crate) fn add_exec(&mut self, container: &str, argv: Argv, config: Value) -> String {
        let exec = Exec { id: self.new_id(), container: container.to_owned(), argv, config, started: false };
        let id = exec.id.clone();
        let happened = format!("exec_create: {}", exec.words());
        self.container_event(container, &happened, attributes([("execID", &id)]));
        self.runs.insert(id.clone(), super::Run::new(exec.wants("Tty")));
        self.execs.push(exec);
        id
    }

    pub(crate) fn exec(&self, id: &str) -> Result<&Exec> {
        let found = self.execs.iter().find(|exec| exec.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("No such exec instance: {id}")))
    }

    pub(crate) fn exec_starts(&mut self, id: &str) {
        if let Some(exec) = self.execs.iter_mut().find(|exec| exec.id == id) {
            exec.started = true;
            let (container, happened) = (exec.container.clone(), format!("exec_start: {}", exec.words()));
            self.container_event(&container, &happened, attributes([("execID", &id.to_owned())]));
        }
    }

    pub(crate) fn exec_ends(&mut self, id: &str, code: i64) {
        let Some(run) = self.runs.get_mut(id) else { return };
        if !run.running {
            return;
        }
        run.end(code);
        if let Some(container) = self.execs.iter().find(|exec| exec.id == id).map(|exec| exec.container.clone()) {
            let told = attributes([("execID", &id.to_owned()), ("exitCode", &code.to_string())]);
            self.container_event(&container, "exec_die", told);
        }
    }

    pub(crate) fn exec_document(&self, exec: &Exec) -> Value {
        let run = &self.runs[&exec.id];
        let ended = exec.started && !run.running;
        let code = match self.age {
            crate::age::Age::Old => json!(run.code),
            crate::age::Age::Modern if ended => json!(run.code),
            crate::age::Age::Modern => Value::Null,
        };
        let (entrypoint, arguments) = (exec.argv.first(), exec.argv.get(1..).unwrap_or_default());
        let mut document = json!({
            "ID": exec.id, "Running": run.running, "ExitCode": code, "CanRemove": false, "ContainerID": exec.container,
            "OpenStdin": exec.wants("AttachStdin"), "OpenStdout": exec.wants("AttachStdout"),
            "OpenStderr": exec.wants("AttachStderr"), "Pid": if exec.started && run.code != 126 { 4243 } else { 0 }, "DetachKeys": "",
            "ProcessConfig": { "tty": exec.wants("Tty"), "entrypoint": entrypoint, "arguments": arguments, "privileged": false },
        });
        if self.age == crate::age::Age::Old {
            let container = self.container(&exec.container).map(|container| self.inspected(container));
            let mut container = container.unwrap_or_default();
            container["ID"] = container["Id"].take();
            document["Container"] = container;
        }
        document
    }
}
