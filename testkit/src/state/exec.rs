//! Exec instances: commands in running containers.

use serde_json::{Value, json};

use super::{State, event::attributes};
use crate::{
    api_error::{ApiError, Result},
    argv::Argv,
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
    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        self.config[flag] == true
    }

    fn command(&self) -> String {
        self.argv.join(" ")
    }
}

impl State {
    pub(crate) fn add_exec(&mut self, container: &str, argv: Argv, config: Value) -> String {
        let exec = Exec { id: self.new_id(), container: container.to_owned(), argv, config, started: false };
        let id = exec.id.clone();
        let action = format!("exec_create: {}", exec.command());
        self.container_event(container, &action, attributes([("execID", &id)]));
        self.runs.insert(id.clone(), super::Run::new(exec.has_flag("Tty")));
        self.execs.push(exec);
        id
    }

    pub(crate) fn exec(&self, id: &str) -> Result<&Exec> {
        let found = self.execs.iter().find(|exec| exec.id == id);
        found.ok_or_else(|| ApiError::not_found(format!("No such exec instance: {id}")))
    }

    pub(crate) fn exec_started(&mut self, id: &str) {
        if let Some(exec) = self.execs.iter_mut().find(|exec| exec.id == id) {
            exec.started = true;
            let (container, action) = (exec.container.clone(), format!("exec_start: {}", exec.command()));
            self.container_event(&container, &action, attributes([("execID", &id.to_owned())]));
        }
    }

    pub(crate) fn exec_exited(&mut self, id: &str, code: i64) {
        let Some(run) = self.runs.get_mut(id) else { return };
        if !run.running {
            return;
        }
        run.end(code);
        if let Some(container) = self.execs.iter().find(|exec| exec.id == id).map(|exec| exec.container.clone()) {
            let attributes = attributes([("execID", &id.to_owned()), ("exitCode", &code.to_string())]);
            self.container_event(&container, "exec_die", attributes);
        }
    }

    pub(crate) fn exec_json(&self, exec: &Exec) -> Value {
        let run = &self.runs[&exec.id];
        let ended = exec.started && !run.running;
        let code = match self.release {
            crate::release::Release::V1_6 => json!(run.code),
            crate::release::Release::V20_10 if ended => json!(run.code),
            crate::release::Release::V20_10 => Value::Null,
        };
        let (entrypoint, arguments) = (exec.argv.first(), exec.argv.get(1..).unwrap_or_default());
        let mut document = json!({
            "ID": exec.id, "Running": run.running, "ExitCode": code, "CanRemove": false, "ContainerID": exec.container,
            "OpenStdin": exec.has_flag("AttachStdin"), "OpenStdout": exec.has_flag("AttachStdout"),
            "OpenStderr": exec.has_flag("AttachStderr"), "Pid": if exec.started && run.code != 126 { 4243 } else { 0 }, "DetachKeys": "",
            "ProcessConfig": { "tty": exec.has_flag("Tty"), "entrypoint": entrypoint, "arguments": arguments, "privileged": false },
        });
        if self.release == crate::release::Release::V1_6 {
            let container = self.container(&exec.container).map(|container| self.inspect_json(container));
            let mut container = container.unwrap_or_default();
            container["ID"] = container["Id"].take();
            document["Container"] = container;
        }
        document
    }
}
