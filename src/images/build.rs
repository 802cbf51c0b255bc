//! Building an image from a Dockerfile.

use super::{
    Image, Images, WatchProgress,
    progress::{Progress, ProgressItem, ProgressResult},
};
#[cfg(feature = "buildkit")]
use crate::buildkit::BuildSession;
use crate::{
    DockerClient, Error, Result, Size,
    generated::Api,
    request::{Settings, request},
};

#[cfg(feature = "buildkit")]
mod failure;
mod input;
mod options;
#[cfg(feature = "buildkit")]
mod secrets;
#[cfg(feature = "buildkit")]
mod session;
#[cfg(feature = "buildkit")]
mod ssh;

#[cfg(feature = "tar")]
pub(super) use self::input::Opened;
use self::options::{Options, filled, json};
pub use self::{input::BuildContext, options::HostAddress};

impl Images {
    /// Builds an image from a Dockerfile and the files of a build context, as `docker build` does, and returns its handle, by
    /// its id.
    ///
    /// The context is a directory (with the feature `tar`: a path or a `Context`), a tar archive, plain or compressed with
    /// gzip, bzip2 or xz (bytes, a file or an [`Upload`](crate::Upload)), or a URL ([`Archive::Url`](super::Archive::Url)).
    ///
    /// Calls `POST /build`, without a response timeout; see [`progress`](BuildImage::progress).
    ///
    /// [`build_kit(true)`](BuildImage::build_kit) builds with BuildKit. The classic builder, which is the default, is
    /// deprecated by Docker.
    ///
    /// Sends the credentials for all registries of the user's configuration, because only the engine can determine
    /// which of them it needs; credentials that could not be obtained are left out, with a warning to `tracing`. In a session
    /// with BuildKit, only the credentials that it asks for are looked up, and a failure to do so is its error.
    /// [`BuildImage::anonymous`] sends none. Since API 1.21, the proxy variables of the user's `config.json` are added
    /// to the build arguments, unless [`no_container_proxies`](crate::DockerClientBuilder::no_container_proxies) is
    /// set.
    ///
    /// # Errors
    ///
    /// Fails if a step fails ([`is_operation_failed`](crate::Error::is_operation_failed); its exit code is the error's
    /// [`code`](crate::Error::code)), if there is no Dockerfile (500, or before anything is sent), if its first line is not
    /// valid (400), if a file of the context cannot be read, or if the helper for all credentials does not list the
    /// registries ([`is_credentials`](crate::Error::is_credentials)).
    ///
    /// # Examples
    ///
    /// From a directory, with the feature `tar`:
    ///
    /// ```no_run
    /// # #[cfg(feature = "tar")]
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::Context;
    ///
    /// let web = docker.images().build(Context::directory("site")).tag("web:2").build_arg("MODE", "fast").await?;
    /// println!("{}", web.name());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// From a tar archive:
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// docker.images().build(context).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageBuild")]
    #[doc(alias = "BuildImage")]
    pub fn build(&self, context: impl Into<BuildContext>) -> BuildImage {
        BuildImage {
            images: self.clone(),
            context: context.into(),
            options: Options::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to build an image. Returned by [`Images::build`]. `Debug` redacts the values of build arguments, attributes of
/// outputs, and credentials.
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct BuildImage {
    images: Images,
    context: BuildContext,
    options: Options,
    settings: Settings,
}

request!(BuildImage => Image, "image_build");

impl BuildImage {
    /// Resolves to the progress, once the engine has sent response headers.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    /// let context = Upload::from_file("context.tar").await?;
    /// let mut build = docker.images().build(context).tag("web:2").progress().await?;
    /// while let Some(item) = build.try_next().await? {
    ///     println!("{item:?}");
    /// }
    /// println!("{}", build.finish().await?.name());
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(self) -> WatchProgress<Image> {
        WatchProgress::new("image_build", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Image> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Image>> {
        let Self { images, context, options, settings } = self;
        let docker = &images.docker;
        let api = docker.api("image_build", &settings).await?;
        let names = api.during(options.names(api.version()))?;
        let extra_hosts = api.during(options.extra_hosts(api.version()))?;
        let (memory, shm_size) = (bytes(&api, &options.memory)?, bytes(&api, &options.shm_size)?);
        let memory_swap = options.memory_swap.as_ref().map(Size::to_bytes_or_unlimited).transpose();
        let memory_swap = api.during(memory_swap)?;
        if options.build_kit {
            api.during(options.check_for_buildkit(api.version()))?;
        }
        let context = api.during(context.open(options.dockerfile.as_deref(), api.version()).await)?;
        // BuildKit asks for the credentials that it needs.
        let credentials = match options.has_session() {
            true => None,
            false => api.during(docker.registry_config(&options.credentials, !options.anonymous).await)?,
        };
        #[cfg(feature = "buildkit")]
        let mut session = api.during(session::open(docker, &options, &settings).await)?;
        #[cfg(feature = "buildkit")]
        let session_id = session.as_ref().map(|session| session.id().to_owned());
        #[cfg(not(feature = "buildkit"))]
        let session_id: Option<String> = None;
        let build_args = json(&options.build_args_with(docker.proxies(), api.version()));
        let (labels, cache_from, outputs) = (json(&options.labels), json(&options.cache_from), json(&options.outputs));
        let (ulimits, security_opts) = (json(&options.ulimits), json(&options.security_opts));
        let response = api.image_build(
            build_args.as_deref(),
            options.build_id.as_deref(),
            cache_from.as_deref(),
            options.cgroup_parent.as_deref(),
            options.cpu_period,
            options.cpu_quota,
            options.cpuset_cpus.as_deref(),
            options.cpuset_mems.as_deref(),
            options.cpu_shares,
            context.dockerfile.as_deref(),
            filled(&extra_hosts),
            options.force_rm.map(u8::from),
            options.isolation.as_deref(),
            labels.as_deref(),
            memory,
            memory_swap,
            options.network.as_deref(),
            options.no_cache,
            outputs.as_deref(),
            options.platform.as_deref(),
            options.pull.map(u8::from),
            options.quiet,
            context.url.as_deref(),
            options.rm,
            security_opts.as_deref(),
            session_id.as_deref(),
            shm_size,
            options.squash,
            names,
            options.target.as_deref(),
            ulimits.as_deref(),
            options.build_kit.then_some("2"),
            credentials.as_deref(),
            context.upload.into_body(),
        );
        let response = async { api.bytes(response.await) };
        #[cfg(feature = "buildkit")]
        let body = match &mut session {
            Some(session) => api.during(session.during(response).await)?,
            None => response.await?,
        };
        #[cfg(not(feature = "buildkit"))]
        let body = response.await?;
        let built = Built {
            id: None,
            docker: docker.clone(),
            #[cfg(feature = "buildkit")]
            failure: failure::Failure::default(),
        };
        let progress = Progress::new(body, api.max_item_size(), "image_build", built);
        #[cfg(feature = "buildkit")]
        let progress = progress.with_session(session.map(BuildSession::into_serving));
        Ok(progress)
    }
}

fn bytes(api: &Api<'_>, size: &Option<Size>) -> Result<Option<i64>> {
    api.during(size.as_ref().map(Size::to_bytes).transpose())
}

/// The image that was built, by its id, as short or long as the engine reports it.
struct Built {
    id: Option<String>,
    docker: DockerClient,
    #[cfg(feature = "buildkit")]
    failure: failure::Failure,
}

impl ProgressResult<Image> for Built {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        let id = match item {
            ProgressItem::Outcome(outcome) => outcome["ID"].as_str(),
            ProgressItem::Output(text) => {
                // A quiet build of newer engines prints only the id, which has no prefix on Podman.
                let text = text.trim();
                let is_bare = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let quiet = (is_bare || text.starts_with("sha256:")).then_some(text);
                text.strip_prefix("Successfully built ").or(quiet)
            }
            ProgressItem::Status(_) => None,
            #[cfg(feature = "buildkit")]
            ProgressItem::Trace(trace) => {
                self.failure.add(trace);
                None
            }
        };
        if let Some(id) = id {
            self.id = Some(id.to_owned());
        }
        Ok(())
    }

    #[cfg(feature = "buildkit")]
    fn explain(&self, error: Error) -> Error {
        self.failure.explain(error)
    }

    fn finish(self: Box<Self>) -> Result<Image> {
        let Some(id) = self.id else {
            return Err(Error::truncated("the engine did not report the id of the image").during("image_build"));
        };
        Ok(self.docker.image(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{images::Archive, models::AuthConfig};

    const SECRET: &str = "hunter2";

    #[test]
    fn debug_of_build_redacts_secrets() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let build = docker
            .images()
            .build(Archive::Url(format!("https://me:{SECRET}@host:1/a.git?token={SECRET}")))
            .build_arg("TOKEN", SECRET)
            .output("registry", [("password", SECRET)])
            .credentials("docker.io", AuthConfig { password: SECRET.into(), ..Default::default() });
        for text in [format!("{build:?}"), format!("{build:#?}")] {
            assert!(!text.contains(SECRET) && text.contains("[redacted]"), "{text}");
            for name in ["TOKEN", "registry", "password", "docker.io", "@host:1"] {
                assert!(text.contains(name), "{name}: {text}");
            }
        }
    }

    #[tokio::test]
    async fn build_fails_if_a_size_is_not_valid() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").api_version("1.41".parse().unwrap());
        let docker = docker.build().unwrap();
        for build in [
            docker.images().build(Vec::new()).memory("much"),
            docker.images().build(Vec::new()).memory("-1"),
            docker.images().build(Vec::new()).memory_swap("much"),
            docker.images().build(Vec::new()).shm_size("1x"),
        ] {
            let error = build.await.unwrap_err();
            assert!(error.is_bad_request() && error.operation() == Some("image_build"), "{error}");
            assert!(error.to_string().contains("invalid size"), "{error}");
        }
    }
}
