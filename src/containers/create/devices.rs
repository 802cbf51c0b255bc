//! Devices of the host in a container.

use super::{ContainerBuilder, Gpus};
use crate::models::{DeviceMapping, DeviceRequest};

impl<V> ContainerBuilder<V> {
    /// Adds a device of the host, at a path in the container, with permissions out of `r` (read), `w` (write) and `m`
    /// (create nodes): `"rwm"`.
    pub fn device(
        mut self,
        host: impl Into<String>,
        container: impl Into<String>,
        permissions: impl Into<String>,
    ) -> Self {
        self.host().devices.push(DeviceMapping {
            path_on_host: host.into(),
            path_in_container: container.into(),
            cgroup_permissions: permissions.into(),
        });
        self
    }

    /// Adds a rule for devices, for example `c 42:* rmw`. Requires API 1.28.
    pub fn device_cgroup_rule(mut self, rule: impl Into<String>) -> Self {
        self.host().device_cgroup_rules.push(rule.into());
        self
    }

    /// Adds GPUs, as `docker run --gpus` does: `"all"`, a number, or [`Gpus::devices`]. Requires API 1.40.
    pub fn gpus(self, gpus: impl Into<Gpus>) -> Self {
        let request = gpus.into().to_request();
        self.try_set(request, |this, request| this.host().device_requests.push(request))
    }

    /// Adds devices that a driver chooses. Requires API 1.40.
    pub fn device_request(mut self, request: DeviceRequest) -> Self {
        self.host().device_requests.push(request);
        self
    }
}
