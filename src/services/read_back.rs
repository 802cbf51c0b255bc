//! Configurations of services that are read and sent back.

use std::mem;

use crate::{
    ApiVersion,
    models::{Isolation, NetworkAttachmentConfig, PublishMode, ServiceSpec, TaskRuntime, UpdateOrder},
};

/// Since this version, tasks have networks, and ports have a publish mode.
const TASK_NETWORKS: ApiVersion = ApiVersion::new(1, 25);

/// Since this version, updates have an order.
const UPDATE_ORDER: ApiVersion = ApiVersion::new(1, 29);

/// Since this version, services have the field `Isolation`.
const ISOLATION: ApiVersion = ApiVersion::new(1, 35);

/// Since this version, tasks have the field `Runtime`.
const RUNTIME: ApiVersion = ApiVersion::new(1, 30);

/// Since this version, services have no networks, only their tasks.
const NO_SERVICE_NETWORKS: ApiVersion = ApiVersion::new(1, 44);

/// Moves the networks of the service, the deprecated field, to its tasks, and returns a copy. Engines ignore the deprecated
/// field if the tasks have networks, so that a network added to the tasks would replace them.
pub(super) fn move_networks_to_tasks(spec: &mut ServiceSpec, version: ApiVersion) -> Vec<NetworkAttachmentConfig> {
    if version < TASK_NETWORKS || !spec.task_template.networks.is_empty() {
        return Vec::new();
    }
    spec.task_template.networks = mem::take(&mut spec.networks);
    spec.task_template.networks.clone()
}

/// Moves the networks back if they are unchanged, as engines would replace all tasks because of the move.
pub(super) fn move_networks_back(spec: &mut ServiceSpec, moved: &[NetworkAttachmentConfig], version: ApiVersion) {
    if version < NO_SERVICE_NETWORKS && spec.task_template.networks == moved {
        spec.networks.append(&mut spec.task_template.networks);
    }
}

/// Removes fields that the version lacks if they have their default. Engines return them at every version.
pub(super) fn remove_newer_defaults(spec: &mut ServiceSpec, version: ApiVersion) {
    let task = &mut spec.task_template;
    if version < RUNTIME && task.runtime == Some(TaskRuntime::Container) {
        task.runtime = None;
    }
    if let Some(container) = &mut task.container_spec
        && version < ISOLATION
        && container.isolation == Some(Isolation::Default)
    {
        container.isolation = None;
    }
    let ports = spec.endpoint_spec.iter_mut().flat_map(|endpoint| &mut endpoint.ports);
    for port in ports.filter(|_| version < TASK_NETWORKS) {
        port.publish_mode = port.publish_mode.take().filter(|mode| *mode != PublishMode::Ingress);
    }
    let updates = [&mut spec.update_config, &mut spec.rollback_config].into_iter().flatten();
    for update in updates.filter(|_| version < UPDATE_ORDER) {
        update.order = update.order.take().filter(|order| *order != UpdateOrder::StopFirst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ContainerSpec, EndpointSpec, PortConfig, TaskSpec, UpdateConfig};

    fn spec(isolation: Isolation) -> ServiceSpec {
        let container = ContainerSpec { isolation: Some(isolation), ..Default::default() };
        let runtime = Some(TaskRuntime::Container);
        let task_template = TaskSpec { container_spec: Some(container), runtime, ..Default::default() };
        ServiceSpec { task_template, ..Default::default() }
    }

    fn networks(names: &[&str]) -> Vec<NetworkAttachmentConfig> {
        let network = |name: &&str| NetworkAttachmentConfig { target: (*name).to_owned(), ..Default::default() };
        names.iter().map(network).collect()
    }

    #[test]
    fn deprecated_networks_are_kept_if_unchanged_or_extended() {
        let old = ServiceSpec { networks: networks(&["a"]), ..Default::default() };
        for (minor, change, of_service, of_tasks) in [
            (24, false, ["a"].as_slice(), [].as_slice()),
            (41, false, &["a"], &[]),
            (41, true, &[], &["a", "b"]),
            (44, false, &[], &["a"]),
            (44, true, &[], &["a", "b"]),
        ] {
            let (mut spec, version) = (old.clone(), ApiVersion::new(1, minor));
            let moved = move_networks_to_tasks(&mut spec, version);
            if change {
                spec.task_template.networks.extend(networks(&["b"]));
            }
            move_networks_back(&mut spec, &moved, version);
            assert_eq!(
                (spec.networks, spec.task_template.networks),
                (networks(of_service), networks(of_tasks)),
                "{minor}"
            );
        }
    }

    #[test]
    fn newer_defaults_of_ports_and_updates_are_removed() {
        let port = |publish_mode| PortConfig { publish_mode, ..Default::default() };
        let ports = vec![port(Some(PublishMode::Ingress)), port(Some(PublishMode::Host))];
        let update = |order| Some(UpdateConfig { order: Some(order), ..Default::default() });
        let mut spec = ServiceSpec {
            endpoint_spec: Some(EndpointSpec { ports, ..Default::default() }),
            update_config: update(UpdateOrder::StopFirst),
            rollback_config: update(UpdateOrder::StartFirst),
            ..Default::default()
        };
        remove_newer_defaults(&mut spec, ApiVersion::new(1, 24));
        let ports = spec.endpoint_spec.unwrap().ports;
        assert_eq!(ports, [port(None), port(Some(PublishMode::Host))]);
        assert_eq!(spec.update_config.unwrap().order, None);
        assert_eq!(spec.rollback_config.unwrap().order, Some(UpdateOrder::StartFirst));
    }

    #[test]
    fn newer_fields_are_removed_if_they_have_their_default() {
        let mut old = spec(Isolation::Default);
        remove_newer_defaults(&mut old, ApiVersion::new(1, 24));
        assert!(old.task_template.runtime.is_none() && old.container_mut().isolation.is_none());
        let mut set = spec(Isolation::Hyperv);
        remove_newer_defaults(&mut set, ApiVersion::new(1, 34));
        assert_eq!(set, spec(Isolation::Hyperv), "set by the user: rejected by the version check");
        let mut new = spec(Isolation::Default);
        remove_newer_defaults(&mut new, ApiVersion::new(1, 41));
        assert_eq!(new, spec(Isolation::Default));
    }
}
