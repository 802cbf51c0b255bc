//! Changing the configuration of the swarm.

use std::{fmt, sync::Arc};

use super::Swarm;
use crate::{
    Result,
    generated::Api,
    models::SwarmSpec,
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

/// Changes the configuration of the swarm.
type Change = Arc<dyn Fn(&mut SwarmSpec) + Send + Sync>;

impl Swarm {
    /// Changes the configuration of the swarm, as `docker swarm update` does.
    ///
    /// Inspects the swarm, calls `change` with its configuration, and sends the result. If the swarm has changed in the
    /// meantime, it does so again, at most five times in total; so `change` can be called several times.
    ///
    /// To replace only tokens or keys, pass a function that changes nothing:
    /// `update(|_| {}).rotate_worker_token(true)`.
    ///
    /// Calls `GET /swarm` and `POST /swarm/update`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager (503), if the configuration is not valid (400), or if the swarm has
    /// changed during each attempt (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.swarm().update(|spec| spec.encryption_config.auto_lock_managers = true).await?;
    ///
    /// // Replaces the certificate authority, as `docker swarm ca --rotate` does.
    /// docker.swarm().update(|spec| spec.ca_config.force_rotate += 1).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmUpdate")]
    #[doc(alias = "UpdateSwarm")]
    #[doc(alias = "ca")]
    pub fn update(&self, change: impl Fn(&mut SwarmSpec) + Send + Sync + 'static) -> UpdateSwarm {
        let (change, rotate, settings) = (Arc::new(change), Rotate::default(), Settings::default());
        UpdateSwarm { swarm: self.clone(), change, rotate, settings }
    }

    /// Replaces the configuration of the swarm, if its version (`version.index`) is still `version`.
    ///
    /// [`update`](Self::update) reads the version and the configuration itself.
    ///
    /// Calls `POST /swarm/update`, since API 1.24; below API 1.39 also `GET /swarm`, because unchanged fields are sent even if the
    /// version lacks them.
    ///
    /// # Errors
    ///
    /// Fails as [`update`](Self::update) does, and if the swarm has another version (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut swarm = docker.swarm().inspect().await?;
    /// swarm.spec.orchestration.task_history_retention_limit = Some(10);
    /// docker.swarm().replace(swarm.version.index, swarm.spec).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: SwarmSpec) -> ReplaceSwarmSpec {
        let (spec, rotate, settings) = (Box::new(spec), Rotate::default(), Settings::default());
        ReplaceSwarmSpec { swarm: self.clone(), version, spec, rotate, settings }
    }
}

/// The tokens and keys that an update replaces.
#[derive(Clone, Copy, Debug, Default)]
struct Rotate {
    worker_token: Option<bool>,
    manager_token: Option<bool>,
    manager_unlock_key: Option<bool>,
}

/// A request to change the configuration of the swarm. Returned by [`Swarm::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateSwarm {
    swarm: Swarm,
    change: Change,
    rotate: Rotate,
    settings: Settings,
}

request!(UpdateSwarm => (), "swarm_update");

impl UpdateSwarm {
    /// Sets whether to replace the join token of workers. Nodes that have joined are not affected. Defaults to `false`.
    pub fn rotate_worker_token(mut self, rotate: bool) -> Self {
        self.rotate.worker_token = Some(rotate);
        self
    }

    /// Sets whether to replace the join token of managers. Nodes that have joined are not affected. Defaults to `false`.
    pub fn rotate_manager_token(mut self, rotate: bool) -> Self {
        self.rotate.manager_token = Some(rotate);
        self
    }

    /// Sets whether to replace the [unlock key](Swarm::unlock_key) of managers. Defaults to `false`. Requires API 1.25.
    pub fn rotate_manager_unlock_key(mut self, rotate: bool) -> Self {
        self.rotate.manager_unlock_key = Some(rotate);
        self
    }

    async fn call(self) -> Result<()> {
        let Self { swarm, change, rotate, settings } = self;
        let mut attempt = 1;
        loop {
            let seen = swarm.inspect_for("swarm_update", &settings).await?;
            let mut spec = seen.spec.clone();
            change(&mut spec);
            let api = swarm.docker.api("swarm_update", &settings).await?.changing(&seen.spec)?;
            match send(&api, seen.version.index, &spec, rotate).await {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                outcome => return outcome,
            }
        }
    }
}

impl fmt::Debug for UpdateSwarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateSwarm")
            .field("swarm", &self.swarm)
            .field("rotate", &self.rotate)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A request to replace the configuration of the swarm. Returned by [`Swarm::replace`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceSwarmSpec {
    swarm: Swarm,
    version: u64,
    spec: Box<SwarmSpec>,
    rotate: Rotate,
    settings: Settings,
}

request!(ReplaceSwarmSpec => (), "swarm_update");

impl ReplaceSwarmSpec {
    /// Sets whether to replace the join token of workers. Nodes that have joined are not affected. Defaults to `false`.
    pub fn rotate_worker_token(mut self, rotate: bool) -> Self {
        self.rotate.worker_token = Some(rotate);
        self
    }

    /// Sets whether to replace the join token of managers. Nodes that have joined are not affected. Defaults to `false`.
    pub fn rotate_manager_token(mut self, rotate: bool) -> Self {
        self.rotate.manager_token = Some(rotate);
        self
    }

    /// Sets whether to replace the [unlock key](Swarm::unlock_key) of managers. Defaults to `false`. Requires API 1.25.
    pub fn rotate_manager_unlock_key(mut self, rotate: bool) -> Self {
        self.rotate.manager_unlock_key = Some(rotate);
        self
    }

    async fn call(self) -> Result<()> {
        let Self { swarm, version, spec, rotate, settings } = self;
        let mut api = swarm.docker.api("swarm_update", &settings).await?;
        if api.checks_unchanged_fields() {
            let current = swarm.inspect_for("swarm_update", &settings).await?;
            api = api.changing(&current.spec)?;
        }
        send(&api, version, &spec, rotate).await
    }
}

/// Sends the configuration, for the version that it is based on.
async fn send(api: &Api<'_>, version: u64, spec: &SwarmSpec, rotate: Rotate) -> Result<()> {
    let Rotate { worker_token, manager_token, manager_unlock_key } = rotate;
    api.done(api.swarm_update(manager_token, manager_unlock_key, worker_token, version, spec).await)
}

#[cfg(test)]
mod tests {
    use crate::{
        DockerClient,
        models::{CaConfig, SwarmSpec},
    };

    #[test]
    fn debug_of_swarm_updates_redacts_secrets() {
        let swarm = DockerClient::connect("tcp://127.0.0.1:1").unwrap().swarm();
        let ca_config = CaConfig { signing_ca_key: "hunter2".into(), ..Default::default() };
        let replace = swarm.replace(7, SwarmSpec { ca_config, ..Default::default() }).rotate_worker_token(true);
        let debug = format!("{replace:?}");
        assert!(debug.contains("worker_token: Some(true)") && !debug.contains("hunter2"), "{debug}");
        let update = swarm.update(|_| {}).rotate_manager_unlock_key(true);
        assert!(format!("{update:?}").contains("manager_unlock_key: Some(true)"), "{update:?}");
    }
}
