//! Privileges and namespaces of a container.

use super::ContainerBuilder;
use crate::models::{CgroupnsMode, Isolation};

impl<V> ContainerBuilder<V> {
    /// Sets whether the container has all capabilities and devices of the host. Defaults to `false`.
    pub fn privileged(mut self, privileged: bool) -> Self {
        self.host().privileged = privileged;
        self
    }

    /// Adds a Linux capability, for example `NET_ADMIN`.
    pub fn cap_add(mut self, capability: impl Into<String>) -> Self {
        self.host().cap_add.push(capability.into());
        self
    }

    /// Drops a Linux capability, or `ALL`.
    pub fn cap_drop(mut self, capability: impl Into<String>) -> Self {
        self.host().cap_drop.push(capability.into());
        self
    }

    /// Adds a security option, for example `no-new-privileges` or `label=disable`.
    ///
    /// A seccomp profile is the JSON document itself (`seccomp={…}`), not the path of a file. Requires API 1.16.
    pub fn security_opt(mut self, option: impl Into<String>) -> Self {
        self.host().security_opt.push(option.into());
        self
    }

    /// Sets whether the root filesystem is read-only. Defaults to `false`. Requires API 1.17.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.host().readonly_rootfs = read_only;
        self
    }

    /// Sets a kernel parameter of the container's namespaces, for example `net.ipv4.ip_forward`. Requires API 1.24.
    pub fn sysctl(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.host().sysctls.insert(name.into(), value.into());
        self
    }

    /// Sets the IPC namespace: `private`, `shareable`, `host`, `none` or `container:web`. Requires API 1.16.
    pub fn ipc(mut self, mode: impl Into<String>) -> Self {
        self.host().ipc_mode = mode.into();
        self
    }

    /// Sets the PID namespace: `host` or `container:web`. Requires API 1.17.
    pub fn pid(mut self, mode: impl Into<String>) -> Self {
        self.host().pid_mode = mode.into();
        self
    }

    /// Sets the UTS namespace, which has the hostname: `host`. Requires API 1.19.
    pub fn uts(mut self, mode: impl Into<String>) -> Self {
        self.host().uts_mode = mode.into();
        self
    }

    /// Sets the user namespace: `host`. Requires API 1.23.
    pub fn userns(mut self, mode: impl Into<String>) -> Self {
        self.host().userns_mode = mode.into();
        self
    }

    /// Sets the cgroup namespace: `private` or `host`. Requires API 1.41.
    pub fn cgroupns(mut self, mode: impl Into<CgroupnsMode>) -> Self {
        self.host().cgroupns_mode = Some(mode.into());
        self
    }

    /// Sets the isolation of containers on Windows: `default`, `process` or `hyperv`. Requires API 1.22.
    pub fn isolation(mut self, isolation: impl Into<Isolation>) -> Self {
        self.host().isolation = Some(isolation.into());
        self
    }
}
