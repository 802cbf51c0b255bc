//! The operation that failed, as a verb and an object for messages.

use std::{fmt, sync::Arc};

/// The operation that failed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A call by its name: the id of an operation, or a name in [`COMBINED`].
    Call(&'static str),
    /// A request by method and path.
    Raw(Arc<str>),
}

/// Calls that are named differently from the operation that they send: name, operation id, action.
const COMBINED: [(&str, &str, &str); 15] = [
    ("build_history_list", "buildkit_grpc", "list the build history"),
    ("build_history_pin", "buildkit_grpc", "update build record"),
    ("build_history_remove", "buildkit_grpc", "remove build record"),
    ("build_history_watch", "buildkit_grpc", "watch the build history"),
    ("buildkit_disk_usage", "buildkit_grpc", "get the disk usage of the build cache"),
    ("buildkit_prune", "buildkit_grpc", "prune the build cache"),
    ("container_run", "container_wait", "run container"),
    ("container_port", "container_inspect", "look up ports of container"),
    ("container_wait_until_healthy", "container_inspect", "wait for the health check of container"),
    ("container_wait_until_listening", "container_inspect", "wait for a listening port of container"),
    ("container_wait_until_logged", "container_logs", "wait for output of container"),
    ("image_import", "image_create", "import image"),
    ("service_rollback", "service_update", "roll back service"),
    ("service_scale", "service_update", "scale service"),
    ("service_wait_until_converged", "service_inspect", "wait for the tasks of service"),
];

/// The verb of each operation, which the name of the object follows.
const ACTIONS: &[(&str, &str)] = &[
    ("build_cancel", "cancel build"),
    ("build_prune", "prune the build cache"),
    ("buildkit_grpc", "connect to BuildKit"),
    ("buildkit_session", "open BuildKit session"),
    ("config_create", "create config"),
    ("config_delete", "remove config"),
    ("config_inspect", "inspect config"),
    ("config_list", "list configs"),
    ("config_update", "update config"),
    ("container_archive_head", "inspect a path in container"),
    ("container_attach", "attach to container"),
    ("container_attach_websocket", "attach over a WebSocket to container"),
    ("container_changes", "list changed files of container"),
    ("container_checkpoint_create", "create a checkpoint of container"),
    ("container_checkpoint_delete", "remove a checkpoint of container"),
    ("container_checkpoint_list", "list checkpoints of container"),
    ("container_copy", "copy files from container"),
    ("container_create", "create container"),
    ("container_delete", "remove container"),
    ("container_exec", "create command in container"),
    ("container_export", "export container"),
    ("container_get_archive", "copy files from container"),
    ("container_inspect", "inspect container"),
    ("container_kill", "kill container"),
    ("container_list", "list containers"),
    ("container_logs", "read logs of container"),
    ("container_pause", "pause container"),
    ("container_prune", "prune containers"),
    ("container_put_archive", "copy files to container"),
    ("container_rename", "rename container"),
    ("container_resize", "resize the TTY of container"),
    ("container_restart", "restart container"),
    ("container_start", "start container"),
    ("container_stats", "read stats of container"),
    ("container_stop", "stop container"),
    ("container_top", "list processes of container"),
    ("container_unpause", "unpause container"),
    ("container_update", "update container"),
    ("container_wait", "wait for container"),
    ("distribution_inspect", "inspect the registry entry of image"),
    ("exec_create", "create command"),
    ("exec_inspect", "inspect command"),
    ("exec_resize", "resize the TTY of command"),
    ("exec_start", "run command"),
    ("image_attestations", "list attestations of image"),
    ("image_build", "build image"),
    ("image_commit", "create an image from container"),
    ("image_create", "pull image"),
    ("image_delete", "remove image"),
    ("image_get", "save image"),
    ("image_get_all", "save images"),
    ("image_history", "list the history of image"),
    ("image_inspect", "inspect image"),
    ("image_list", "list images"),
    ("image_load", "load images"),
    ("image_prune", "prune images"),
    ("image_push", "push image"),
    ("image_search", "search for images"),
    ("image_tag", "tag image"),
    ("network_connect", "connect a container to network"),
    ("network_create", "create network"),
    ("network_delete", "remove network"),
    ("network_disconnect", "disconnect a container from network"),
    ("network_inspect", "inspect network"),
    ("network_list", "list networks"),
    ("network_prune", "prune networks"),
    ("node_delete", "remove node"),
    ("node_inspect", "inspect node"),
    ("node_list", "list nodes"),
    ("node_update", "update node"),
    ("plugin_create", "create plugin"),
    ("plugin_delete", "remove plugin"),
    ("plugin_disable", "disable plugin"),
    ("plugin_enable", "enable plugin"),
    ("plugin_inspect", "inspect plugin"),
    ("plugin_list", "list plugins"),
    ("plugin_privileges", "list the privileges of plugin"),
    ("plugin_pull", "pull plugin"),
    ("plugin_push", "push plugin"),
    ("plugin_set", "set settings of plugin"),
    ("plugin_upgrade", "upgrade plugin"),
    ("secret_create", "create secret"),
    ("secret_delete", "remove secret"),
    ("secret_inspect", "inspect secret"),
    ("secret_list", "list secrets"),
    ("secret_update", "update secret"),
    ("service_create", "create service"),
    ("service_delete", "remove service"),
    ("service_inspect", "inspect service"),
    ("service_list", "list services"),
    ("service_logs", "read logs of service"),
    ("service_update", "update service"),
    ("swarm_init", "initialize the swarm"),
    ("swarm_inspect", "inspect the swarm"),
    ("swarm_join", "join the swarm"),
    ("swarm_leave", "leave the swarm"),
    ("swarm_unlock", "unlock the swarm"),
    ("swarm_unlock_key", "get the unlock key of the swarm"),
    ("swarm_update", "update the swarm"),
    ("system_auth", "check credentials"),
    ("system_data_usage", "get disk usage"),
    ("system_events", "read events"),
    ("system_info", "get engine information"),
    ("system_ping", "ping the engine"),
    ("system_ping_head", "ping the engine"),
    ("system_version", "get the engine version"),
    ("task_inspect", "inspect task"),
    ("task_list", "list tasks"),
    ("task_logs", "read logs of task"),
    ("volume_create", "create volume"),
    ("volume_delete", "remove volume"),
    ("volume_inspect", "inspect volume"),
    ("volume_list", "list volumes"),
    ("volume_prune", "prune volumes"),
    ("volume_update", "update volume"),
];

impl Operation {
    /// The id of the operation in the OpenAPI document.
    pub(super) fn id(&self) -> Option<&'static str> {
        match self {
            Self::Call(name) => Some(combined(name).map_or(name, |(_, id, _)| id)),
            Self::Raw(_) => None,
        }
    }
}

fn combined(name: &str) -> Option<(&'static str, &'static str, &'static str)> {
    COMBINED.into_iter().find(|(known, ..)| *known == name)
}

fn action(name: &str) -> Option<&'static str> {
    let documented = ACTIONS.iter().find(|(known, _)| *known == name).map(|(_, action)| *action);
    documented.or_else(|| combined(name).map(|(.., action)| action))
}

impl From<&'static str> for Operation {
    fn from(name: &'static str) -> Self {
        Self::Call(name)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(name) => write!(f, "failed to {}", action(name).unwrap_or(name)),
            Self::Raw(line) => write!(f, "{line} failed"),
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(name) => name.fmt(f),
            Self::Raw(line) => line.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_an_action() {
        let lines = include_str!("../../spec/operations.txt").lines().skip(1);
        for id in lines.filter_map(|line| line.split_whitespace().next()) {
            assert!(action(id).is_some(), "{id}");
        }
        for (name, id, _) in COMBINED {
            assert!(action(id).is_some() && action(name).is_some(), "{name}");
            assert_eq!(Operation::from(name).id(), Some(id));
        }
    }
}
