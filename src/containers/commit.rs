//! Creating an image from a container.

use super::Container;
use crate::{
    Error, Result,
    images::{Image, Reference},
    models::ContainerConfig,
    redacted::Secret,
    request::{Settings, request},
    validate,
};

impl Container {
    /// Creates an image from the filesystem of the container, as `docker commit` does, and returns its handle, by its id.
    ///
    /// Volumes are not included. The container is paused during the commit. Calls `POST /commit`, without a response
    /// timeout.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if a change is not valid (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let image = docker.container("web").commit().name("acme/tools:1").change(r#"CMD ["serve"]"#).await?;
    /// println!("{}", image.name());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageCommit")]
    #[doc(alias = "ContainerCommit")]
    pub fn commit(&self) -> CommitContainer {
        CommitContainer {
            container: self.clone(),
            name: None,
            comment: None,
            author: None,
            pause: None,
            config: Box::default(),
            changes: Secret::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to create an image from a container. Returned by [`Container::commit`]. `Debug` redacts the changes.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CommitContainer {
    container: Container,
    name: Option<String>,
    comment: Option<String>,
    author: Option<String>,
    pause: Option<bool>,
    config: Box<ContainerConfig>,
    changes: Secret<Vec<String>>,
    settings: Settings,
}

request!(CommitContainer => Image, "image_commit", container.id);

impl CommitContainer {
    /// Sets the name of the image, for example `acme/tools:1`. The tag defaults to `latest`. Defaults to no name.
    #[doc(alias = "repository")]
    #[doc(alias = "tag")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the commit message. Defaults to none.
    #[doc(alias = "message")]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Sets the author of the image. Defaults to none.
    pub fn author(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Sets whether to pause the container during the commit, so that its files are consistent. Defaults to `true`.
    pub fn pause(mut self, pause: bool) -> Self {
        self.pause = Some(pause);
        self
    }

    /// Adds a Dockerfile instruction to apply to the image, for example `CMD ["serve"]`. Requires API 1.18.
    pub fn change(mut self, instruction: impl Into<String>) -> Self {
        self.changes.push(instruction.into());
        self
    }

    /// Sets the configuration of the image. Fields that are not set are taken from the container.
    pub fn config(mut self, config: ContainerConfig) -> Self {
        *self.config = config;
        self
    }

    async fn call(self) -> Result<Image> {
        let during = |error: Error| error.during("image_commit");
        let container = validate::container(&self.container.id).map_err(during)?;
        let name = self.name.as_deref().map(parse).transpose().map_err(during)?;
        let (repository, tag) = match &name {
            Some(name) => (Some(name.name()), name.tag()),
            None => (None, None),
        };
        let docker = &self.container.docker;
        let api = docker.api("image_commit", &self.settings).await?;
        let changes = Some(&*self.changes).filter(|changes| !changes.is_empty());
        let (author, comment) = (self.author.as_deref(), self.comment.as_deref());
        let created =
            api.image_commit(author, changes, comment, container, self.pause, repository, tag, &self.config).await;
        Ok(docker.image(api.document(created)?.id))
    }
}

/// Parses a name to assign to an image.
fn parse(name: &str) -> Result<Reference> {
    let reference: Reference = name.parse()?;
    match reference.digest() {
        Some(_) => Err(Error::invalid_input(format!("invalid image name {name:?}: a new name must not have a digest"))),
        None => Ok(reference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_names_have_a_repository_and_a_tag() {
        let name = parse("registry.example:5000/acme/tools:1").unwrap();
        assert_eq!((name.name(), name.tag()), ("registry.example:5000/acme/tools", Some("1")));
        assert_eq!(parse("acme/tools").unwrap().tag(), None);
        let digest = format!("acme/tools@sha256:{}", "0".repeat(64));
        for name in ["", "acme/Tools", "acme/tools:", &digest] {
            assert!(parse(name).unwrap_err().is_bad_request(), "{name}");
        }
    }
}
