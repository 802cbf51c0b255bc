//! Rights and limits of the containers of a service.

use super::CreateService;
use crate::models::{CredentialSpec, Isolation, Ulimit};

impl CreateService {
    /// Sets whether the root filesystem of the containers is read-only. Defaults to `false`. Requires API 1.28.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.container().read_only = read_only;
        self
    }

    /// Adds a capability to the containers, for example `CAP_NET_ADMIN`. Requires API 1.41.
    pub fn cap_add(mut self, capability: impl Into<String>) -> Self {
        self.container().capability_add.push(capability.into());
        self
    }

    /// Removes a capability from the containers, or `ALL`. Requires API 1.41.
    pub fn cap_drop(mut self, capability: impl Into<String>) -> Self {
        self.container().capability_drop.push(capability.into());
        self
    }

    /// Sets a kernel parameter of the namespaces of the containers, for example `net.core.somaxconn`. Requires API 1.40.
    pub fn sysctl(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.container().sysctls.insert(name.into(), value.into());
        self
    }

    /// Sets a limit of processes, for example `nofile`: the soft limit, and the hard one. -1 is no limit. Requires API 1.41.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        self.container().ulimits.push(Ulimit { name: name.into(), soft, hard });
        self
    }

    /// Sets the OOM score adjustment, from -1000 to 1000: the higher, the more likely the kernel kills a container if its
    /// node is out of memory. Requires API 1.46.
    pub fn oom_score_adj(mut self, score: i32) -> Self {
        self.container().oom_score_adj = score.into();
        self
    }

    /// Sets the isolation of containers on Windows: `default`, `process` or `hyperv`. Requires API 1.35.
    pub fn isolation(mut self, isolation: impl Into<Isolation>) -> Self {
        self.container().isolation = Some(isolation.into());
        self
    }

    /// Sets the credential spec of a managed service account on Windows: a file, a value of the registry, or a config.
    /// Requires API 1.29; a config, by its id, API 1.40.
    pub fn credential_spec(mut self, credential_spec: CredentialSpec) -> Self {
        self.container().privileges.get_or_insert_default().credential_spec = Some(credential_spec);
        self
    }
}
