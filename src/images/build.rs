//! Building an image from a Dockerfile.

#[cfg(feature = "buildkit")]
use self::outcome::Outputs;
use self::{builder_version::Route, options::Options, outcome::Built};
use super::{
    Image, Images, WatchProgress,
    progress::{Progress, ProgressResult},
};
use crate::{
    Result,
    request::{Settings, request},
};

#[cfg(feature = "buildkit")]
mod attestation;
#[cfg(feature = "buildkit")]
mod attributes;
mod builder_version;
mod cache;
mod checks;
#[cfg(feature = "buildkit")]
mod dockerfile_lines;
#[cfg(feature = "buildkit")]
mod export;
#[cfg(feature = "buildkit")]
mod exporters;
#[cfg(feature = "buildkit")]
mod failure;
mod host_address;
mod input;
mod limits;
#[cfg(feature = "buildkit")]
mod local_cache;
#[cfg(feature = "buildkit")]
mod named_context;
mod options;
mod outcome;
#[cfg(feature = "buildkit")]
mod output;
mod post;
#[cfg(feature = "buildkit")]
mod secrets;
#[cfg(feature = "buildkit")]
mod session;
#[cfg(feature = "buildkit")]
mod solve;
#[cfg(feature = "buildkit")]
mod solve_stream;
#[cfg(feature = "buildkit")]
mod source_error;
#[cfg(feature = "buildkit")]
mod ssh;
#[cfg(feature = "buildkit")]
mod workers;

#[cfg(feature = "tar")]
pub(super) use self::input::Opened;
#[cfg(feature = "buildkit")]
pub(super) use self::solve_stream::{Response, SolveStream};
#[cfg(feature = "buildkit")]
pub use self::{
    attestation::Attestation,
    cache::Cache,
    export::{ExportBuild, Exported},
    named_context::NamedContext,
    output::BuildOutput,
};
pub use self::{builder_version::BuilderVersion, cache::CacheFrom, host_address::HostAddress, input::BuildContext};
#[cfg(feature = "buildkit")]
pub(crate) use self::{secrets::SecretSource, ssh::SshAgent};

impl Images {
    /// Builds an image from a Dockerfile and the files of a build context, as `docker build` does, and returns its handle, by
    /// its id.
    ///
    /// The context is a directory (with the feature `tar`: a path or a `Context`), a tar archive, plain or compressed with
    /// gzip, bzip2 or xz (bytes, a file or an [`Upload`](crate::Upload)), or a URL ([`Archive::Url`](super::Archive::Url)).
    ///
    /// [`build_kit(true)`](BuildImage::build_kit) builds with BuildKit. The classic builder, which is the default, is
    /// deprecated by Docker.
    ///
    /// Calls `POST /build`, without a response timeout; see [`progress`](BuildImage::progress). With BuildKit and the feature
    /// `buildkit`, calls `Solve` of BuildKit's control API, see [`build_kit`](BuildImage::build_kit).
    ///
    /// Sends the credentials for all registries of the user's configuration, because only the engine can determine
    /// which of them it needs; credentials that could not be obtained are left out, with a warning to `tracing`. In a session
    /// with BuildKit, only the credentials that it requests are looked up, and a failure to do so is its error.
    /// [`BuildImage::anonymous`] sends none. Since API 1.21, the proxy variables of the user's `config.json` are added
    /// to the build arguments, unless [`no_container_proxies`](crate::DockerClientBuilder::no_container_proxies) is
    /// set.
    ///
    /// # Errors
    ///
    /// Fails if a step fails ([`is_operation_failed`](crate::Error::is_operation_failed); its exit code is the error's
    /// [`code`](crate::Error::code)), if there is no Dockerfile (500, or before anything is sent), if its first line is not
    /// valid (400), if a file of the context cannot be read, or if the helper for all credentials does not list the
    /// registries ([`is_credentials`](crate::Error::is_credentials)). With BuildKit's control API, every error that the
    /// engine reports is a failure of the operation ([`is_operation_failed`](crate::Error::is_operation_failed)). Fails
    /// before anything is sent if an option is set that the builder does not have.
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
    /// Resolves to the progress, once the engine has sent response headers or, with BuildKit's control API, once the
    /// connections are open.
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
        let docker = self.images.docker.clone();
        self.start(|route| Built::new(docker, route)).await
    }

    /// Starts a build with these outputs.
    #[cfg(feature = "buildkit")]
    async fn begin_export(mut self, outputs: Vec<BuildOutput>) -> Result<Progress<Exported>> {
        let collected = Outputs::new(self.images.docker.clone(), &outputs);
        self.options.outputs = Some(outputs);
        self.start(|route| collected.of(route)).await
    }

    /// Starts the build. `outcome` returns the collector of its result.
    async fn start<T, R>(self, outcome: impl FnOnce(Route) -> R) -> Result<Progress<T>>
    where
        R: ProgressResult<T> + 'static,
    {
        let Self { images, context, options, settings } = self;
        let docker = &images.docker;
        let api = docker.api("image_build", &settings).await?;
        let route = api.during(options.route(docker, &settings, api.version()).await)?;
        api.during(options.check(route, api.version()))?;
        #[cfg(feature = "buildkit")]
        if route == Route::Solve {
            let items = solve::start(docker, context, options, &settings, api.version()).await;
            return Ok(Progress::of_solve(api.during(items)?, outcome(route)));
        }
        post::start(&api, docker, context, &options, &settings, route, outcome(route)).await
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "buildkit")]
    use super::*;
    use crate::{DockerClient, images::Archive, models::AuthConfig};

    const SECRET: &str = "hunter2";

    #[test]
    fn debug_of_build_redacts_secrets() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let build = docker
            .images()
            .build(Archive::Url(format!("https://me:{SECRET}@host:1/a.git?token={SECRET}")))
            .build_arg("TOKEN", SECRET)
            .credentials("docker.io", AuthConfig { password: SECRET.into(), ..Default::default() });
        for text in [format!("{build:?}"), format!("{build:#?}")] {
            assert!(!text.contains(SECRET) && text.contains("[redacted]"), "{text}");
            for name in ["TOKEN", "docker.io", "@host:1"] {
                assert!(text.contains(name), "{name}: {text}");
            }
        }
    }

    #[cfg(feature = "buildkit")]
    #[test]
    fn debug_of_build_with_buildkit_redacts_secrets() {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let build = docker
            .images()
            .build(Vec::new())
            .secret("token", SECRET)
            .secret_from("password", || async { Ok::<_, std::io::Error>(SECRET) })
            .named_context("source", NamedContext::url(format!("https://me:{SECRET}@host:1/a.git")))
            .cache_from(Cache::new("s3", [("secret_access_key", SECRET)]))
            .output(BuildOutput::new("registry", [("password", SECRET)]));
        let text = format!("{build:?}");
        assert!(!text.contains(SECRET), "{text}");
        for name in ["token", "Function", "@host:1", "secret_access_key", "registry"] {
            assert!(text.contains(name), "{name}: {text}");
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
