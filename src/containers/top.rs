//! Listing the processes of a container.

use super::Container;
use crate::{
    Result,
    models::TopResult,
    request::{Settings, request},
};

impl Container {
    /// Lists the processes that run in the container, as `docker top` does.
    ///
    /// The engine runs `ps` on its host, with `-ef` by default. Calls `GET /containers/{id}/top`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12), or if `ps` fails (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let processes = docker.container("web").top().ps_args("-o pid,args").await?;
    /// println!("{:?}", processes.titles);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerTop")]
    #[doc(alias = "ps")]
    #[doc(alias = "top_processes")]
    pub fn top(&self) -> ListProcesses {
        ListProcesses { container: self.clone(), ps_args: None, settings: Settings::default() }
    }
}

/// A request to list the processes of a container. Returned by [`Container::top`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListProcesses {
    container: Container,
    ps_args: Option<String>,
    settings: Settings,
}

request!(ListProcesses => TopResult, "container_top", container.id);

impl ListProcesses {
    /// Sets the arguments of `ps`. Defaults to `-ef`.
    pub fn ps_args(mut self, ps_args: impl Into<String>) -> Self {
        self.ps_args = Some(ps_args.into());
        self
    }

    async fn call(self) -> Result<TopResult> {
        let (api, id) = self.container.api("container_top", &self.settings).await?;
        api.document(api.container_top(id, self.ps_args.as_deref()).await)
    }
}
