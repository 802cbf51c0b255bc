//! The networks of a service, of which a deprecated field may have some.

use std::mem;

use crate::{
    ApiVersion,
    models::{NetworkAttachmentConfig, ServiceSpec},
};

/// Since this version, tasks have networks.
const TASK_NETWORKS: ApiVersion = ApiVersion::new(1, 25);

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

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(names: &[&str]) -> Vec<NetworkAttachmentConfig> {
        let network = |name: &&str| NetworkAttachmentConfig { target: (*name).to_owned(), ..Default::default() };
        names.iter().map(network).collect()
    }

    #[test]
    fn deprecated_networks_are_kept_or_extended() {
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
}
