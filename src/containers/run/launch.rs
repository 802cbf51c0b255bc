//! The steps from an image to a running container.

use futures_core::future::BoxFuture;
use futures_util::TryStreamExt as _;
use sync_wrapper::SyncWrapper;

use super::{
    PullPolicy, RunContainer,
    guard::{self, Cleanup, Creation, Guard},
};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    containers::{CreatedContainer, ExitStatus},
    error::Kind,
    generated::Client,
    images::Reference,
    models::{HostConfig, WaitResult},
    request::Settings,
    session::Session,
    stream::{Decoded, DocumentDecoder},
    validate,
};

/// Since this version, engines respond immediately to a wait request, and can wait for a container that is not
/// started yet.
const EARLY_WAIT: ApiVersion = ApiVersion::new(1, 30);

/// A container that runs.
pub(super) struct Launched {
    pub(super) created: CreatedContainer,
    pub(super) session: Option<Session>,
    pub(super) exit: Exit,
    pub(super) guard: Guard,
}

/// The exit of a container, and its removal.
pub(super) struct Exit {
    waiting: SyncWrapper<BoxFuture<'static, Result<ExitStatus>>>,
    container: Exiting,
}

/// A container whose exit is awaited.
#[derive(Clone)]
struct Exiting {
    docker: DockerClient,
    settings: Settings,
    id: String,
    removal: Option<Removal>,
}

/// The side that removes a container that has exited.
#[derive(Clone, Copy)]
enum Removal {
    Engine,
    Client,
}

impl Exit {
    fn new(container: Exiting, waiting: impl Future<Output = Result<ExitStatus>> + Send + 'static) -> Self {
        Self { waiting: SyncWrapper::new(Box::pin(waiting)), container }
    }

    /// Waits. Cancel safe. After a failure, it can be called again; after the exit, it must not be called.
    pub(super) async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.waiting.get_mut().as_mut().await;
        if status.is_err() {
            *self = self.container.clone().late_exit();
        }
        status
    }
}

impl Exiting {
    /// The exit of a container that is not started yet. Resolves once the engine waits.
    async fn early_exit(self) -> Result<Exit> {
        let waiting = wait(&self.docker, &self.settings, &self.id, Some("next-exit")).await?;
        let container = self.clone();
        Ok(Exit::new(container, async move { self.exited(waiting).await }))
    }

    /// The exit of a container that was started.
    fn late_exit(self) -> Exit {
        let container = self.clone();
        Exit::new(container, async move {
            let waiting = wait(&self.docker, &self.settings, &self.id, None).await?;
            self.exited(waiting).await
        })
    }

    async fn exited(self, waiting: Waiting) -> Result<ExitStatus> {
        let Self { docker, settings, id, removal } = self;
        let status = exit_status(waiting).await?;
        match removal {
            Some(Removal::Engine) => removed(&docker, &settings, &id).await?,
            Some(Removal::Client) => guard::remove(&docker, &settings, &id, false).await?,
            None => {}
        }
        Ok(status)
    }
}

impl RunContainer {
    /// Runs the container, attached to its output and, if that is open, its input, or not attached.
    pub(super) async fn launch(mut self, attach: bool) -> Result<Launched> {
        self.check().map_err(|error| error.during("container_create"))?;
        let version = self.docker.api("container_create", &self.settings).await?.version();
        let removes = self.verb.remove.unwrap_or(true);
        // Below that version, the container could be removed before its exit code is requested.
        self.body.host_config.get_or_insert_default().auto_remove = removes && version >= EARLY_WAIT;
        if attach {
            (self.body.config.attach_stdout, self.body.config.attach_stderr) = (true, true);
        }
        let (created, mut guard) = self.created().await?;
        let id = created.id();
        let removal = if version >= EARLY_WAIT { Removal::Engine } else { Removal::Client };
        let (docker, settings) = (self.docker.clone(), self.settings.clone());
        let exiting = Exiting { docker, settings, id: id.to_owned(), removal: removes.then_some(removal) };
        let steps = async {
            let session = if attach { Some(self.attached(id).await?) } else { None };
            let exit = if version >= EARLY_WAIT { exiting.early_exit().await? } else { exiting.late_exit() };
            start(&self.docker, &self.settings, id).await?;
            Ok((session, exit))
        };
        let (session, exit) = match steps.await {
            Ok(launched) => launched,
            Err(error) => {
                guard.clean_up().await;
                return Err(error);
            }
        };
        guard.cleanup = match (self.verb.kill_on_drop, removes) {
            (false, true) if version < EARLY_WAIT => Cleanup::RemoveUnlessRunning,
            (false, _) => Cleanup::Leave,
            (true, true) => Cleanup::Remove,
            (true, false) => Cleanup::Kill,
        };
        Ok(Launched { created, session, exit, guard })
    }

    /// Runs the container, and leaves it to the engine.
    pub(super) async fn launch_detached(mut self) -> Result<CreatedContainer> {
        if self.verb.remove == Some(true) {
            self.body.host_config.get_or_insert_default().auto_remove = true;
        }
        // The input of a detached container does not end with a session.
        (self.body.config.attach_stdin, self.body.config.stdin_once) = (false, false);
        let (created, mut guard) = self.created().await?;
        match start(&self.docker, &self.settings, created.id()).await {
            Ok(()) => guard.cleanup = Cleanup::Leave,
            Err(error) => {
                guard.clean_up().await;
                return Err(error);
            }
        }
        Ok(created)
    }

    /// Creates the container, with a guard that removes it unless it is started.
    async fn created(&self) -> Result<(CreatedContainer, Guard)> {
        self.check().map_err(|error| error.during("container_create"))?;
        if self.verb.pull == PullPolicy::Always {
            self.pull_image().await?;
        }
        let created = match self.creation().finish().await {
            Err(error) if error.is_not_found() && self.can_pull() => {
                self.pull_image().await?;
                self.creation().finish().await
            }
            other => other,
        }?;
        let cleanup = match (self.removes_unstarted(), self.verb.kill_on_drop) {
            (false, _) => Cleanup::Leave,
            (true, false) => Cleanup::RemoveUnlessRunning,
            (true, true) => Cleanup::Remove,
        };
        let guard = Guard::new(self.docker.clone(), &self.settings, created.id(), cleanup);
        Ok((created, guard))
    }

    fn creation(&self) -> Creation {
        let this = self.clone();
        let call = Box::pin(async move { this.create().await });
        Creation::new(self.docker.clone(), &self.settings, call, self.removes_unstarted())
    }

    /// Whether a missing image is to be pulled, and has a name that it can be pulled by.
    fn can_pull(&self) -> bool {
        self.verb.pull == PullPolicy::Missing && self.body.config.image.parse::<Reference>().is_ok()
    }

    async fn pull_image(&self) -> Result<()> {
        let mut pull = self.docker.image(&*self.body.config.image).pull();
        if let Some(platform) = &self.platform {
            pull = pull.platform(platform);
        }
        for (name, value) in
            self.settings.headers().map_err(|error| error.during("image_create"))?.into_iter().flatten()
        {
            pull = pull.header(name, String::from_utf8_lossy(value.as_bytes()));
        }
        pull.await.map(drop)
    }

    async fn attached(&self, id: &str) -> Result<Session> {
        let api = self.docker.api("container_attach", &self.settings).await?;
        let (id, stdin) = (api.during(validate::container(id))?, self.body.config.open_stdin);
        let call = async |client: &Client| {
            client.container_attach(id, None, None, Some(true), Some(stdin), Some(true), Some(true)).await
        };
        let connection = api.hijack(call).await?;
        Ok(Session::new(connection, self.body.config.tty, api.max_item_size(), "container_attach"))
    }
}

async fn start(docker: &DockerClient, settings: &Settings, id: &str) -> Result<()> {
    let api = docker.api("container_start", settings).await?.of(id);
    let id = api.during(validate::container(id))?;
    api.done(api.container_start(id, None, None, None, &HostConfig::default()).await)
}

type Waiting = Decoded<DocumentDecoder<WaitResult>>;

async fn wait(docker: &DockerClient, settings: &Settings, id: &str, condition: Option<&str>) -> Result<Waiting> {
    let api = docker.api("container_wait", settings).await?.of(id);
    let id = api.during(validate::container(id))?;
    let body = api.stream(async |client: &Client| client.container_wait(id, condition).await).await?.1;
    Ok(Decoded::new(body, DocumentDecoder::new(api.max_item_size()), "container_wait"))
}

async fn exit_status(mut waiting: Waiting) -> Result<ExitStatus> {
    match waiting.try_next().await? {
        Some(result) => Ok(ExitStatus::new(result.status_code, result.error.map(|error| error.message))),
        None => Err(Error::truncated("the response ended before the container exited").during("container_wait")),
    }
}

/// Waits until the engine has removed a container that has exited. Podman 4.3 would not report its exit code here.
async fn removed(docker: &DockerClient, settings: &Settings, id: &str) -> Result<()> {
    let waiting = match wait(docker, settings, id, Some("removed")).await {
        Err(error) if error.is_not_found() => return Ok(()),
        other => other?,
    };
    match exit_status(waiting).await?.error() {
        None => Ok(()),
        Some(message) => {
            let failed = Kind::OperationFailed { status: None, code: 0, message: message.to_owned() };
            Err(Error::new(failed).during("container_wait"))
        }
    }
}
