//! Changing the limits of a container.

use super::{Container, RestartPolicy, create::nano_cpus};
use crate::{
    Error, Result,
    models::ContainerUpdate,
    request::{Settings, request},
    size::Size,
};

impl Container {
    /// Changes the resource limits and the restart policy of the container, as `docker update` does, and returns the
    /// warnings of the engine.
    ///
    /// Other settings are not changed. Calls `POST /containers/{id}/update`, since API 1.22.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if a limit is not valid (400 or 500, or before anything is sent).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").update().memory("512m").memory_swap("1g").cpus(1.5).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerUpdate")]
    pub fn update(&self) -> UpdateContainer {
        UpdateContainer { container: self.clone(), body: Box::default(), invalid: None, settings: Settings::default() }
    }
}

/// A request to change the limits of a container. Returned by [`Container::update`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateContainer {
    container: Container,
    body: Box<ContainerUpdate>,
    /// The error of the first invalid setting.
    invalid: Option<Error>,
    settings: Settings,
}

request!(UpdateContainer => Vec<String>, "container_update", container.id);

impl UpdateContainer {
    /// Sets the memory limit; strings are parsed as by the Docker CLI: `"512m"`.
    pub fn memory(self, limit: impl Into<Size>) -> Self {
        self.try_set(limit.into().to_bytes(), |body, bytes| body.memory = bytes)
    }

    /// Sets the limit of memory and swap together; [`Size::UNLIMITED`] or `"-1"` is unlimited swap.
    pub fn memory_swap(self, limit: impl Into<Size>) -> Self {
        self.try_set(limit.into().to_bytes_or_unlimited(), |body, bytes| body.memory_swap = bytes)
    }

    /// Sets the soft memory limit, which is enforced when the host is short of memory.
    pub fn memory_reservation(self, size: impl Into<Size>) -> Self {
        self.try_set(size.into().to_bytes(), |body, bytes| body.memory_reservation = bytes)
    }

    /// Sets the CPU limit, as a number of CPUs: 1.5 is one CPU and a half. Requires API 1.29.
    #[doc(alias = "nano_cpus")]
    pub fn cpus(self, cpus: f64) -> Self {
        self.try_set(nano_cpus(cpus), |body, nanos| body.nano_cpus = nanos)
    }

    /// Sets the CPU shares of the container: its relative weight when CPU time is scarce. Containers start with 1024.
    pub fn cpu_shares(mut self, shares: u32) -> Self {
        self.body.cpu_shares = shares.into();
        self
    }

    /// Sets the CPUs that the container may run on, for example `0-2,4`.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.body.cpuset_cpus = cpus.into();
        self
    }

    /// Limits the number of processes and threads; -1 is no limit. Requires API 1.40.
    pub fn pids_limit(mut self, limit: i64) -> Self {
        self.body.pids_limit = Some(limit);
        self
    }

    /// Sets the relative weight of the block I/O of the container, 10 to 1000.
    pub fn blkio_weight(mut self, weight: u16) -> Self {
        self.body.blkio_weight = weight;
        self
    }

    /// Sets the restart policy, for example `"on-failure:3"`. Requires API 1.23.
    pub fn restart(self, policy: impl Into<RestartPolicy>) -> Self {
        self.try_set(policy.into().to_model(), |body, policy| body.restart_policy = Some(policy))
    }

    /// Replaces the whole body of the request, for fields that have no setter here.
    pub fn config(mut self, config: ContainerUpdate) -> Self {
        *self.body = config;
        self
    }

    /// Sets a value that may be invalid.
    fn try_set<T>(mut self, value: Result<T>, set: impl FnOnce(&mut ContainerUpdate, T)) -> Self {
        match value {
            Ok(value) => set(&mut self.body, value),
            Err(error) => _ = self.invalid.get_or_insert(error),
        }
        self
    }

    async fn call(self) -> Result<Vec<String>> {
        if let Some(error) = self.invalid {
            return Err(error.during("container_update"));
        }
        let (api, id) = self.container.api("container_update", &self.settings).await?;
        Ok(api.document(api.container_update(id, &self.body).await)?.warnings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DockerClient;

    #[test]
    fn update_takes_sizes_and_policies_as_strings() {
        let update = DockerClient::connect("tcp://127.0.0.1:1").unwrap().container("web").update();
        let update = update.memory("512m").memory_swap(Size::UNLIMITED).cpus(1.5).restart("on-failure:3");
        let body = update.body;
        assert_eq!((body.memory, body.memory_swap, body.nano_cpus), (512 << 20, -1, 1_500_000_000));
        let policy = body.restart_policy.map(RestartPolicy::from);
        assert_eq!(policy, Some(RestartPolicy::OnFailure(Some(3))));
    }

    #[tokio::test]
    async fn update_fails_with_the_first_invalid_setting() {
        let update = DockerClient::connect("tcp://127.0.0.1:1").unwrap().container("web").update();
        let error = update.memory("much").cpus(-1.0).await.unwrap_err();
        assert!(error.is_bad_request() && error.to_string().contains("much"), "{error}");
        assert_eq!(error.operation(), Some("container_update"));
    }
}
