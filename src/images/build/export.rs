//! Builds with outputs.

use std::collections::BTreeMap;

use super::{BuildImage, BuildOutput};
use crate::{
    Result,
    images::{Image, Progress, WatchProgress},
    request::{Settings, request},
};

impl BuildImage {
    /// Adds an output, and returns the request to make it with BuildKit. Call it after the other settings of the build.
    /// Requires the feature `buildkit`, and API 1.40.
    ///
    /// Without an output, a build makes an image on the engine; with outputs, it makes only these, and only outputs that make
    /// an image use the names set by [`tag`](Self::tag). Several outputs require API 1.45. The build uses BuildKit, whatever
    /// [`builder`](Self::builder) is set.
    ///
    /// # Errors
    ///
    /// Fails as the [build](crate::images::Images::build) does, if the engine does not have the exporter, or if the output
    /// cannot be written ([`LocalIo`](crate::ErrorKind::LocalIo)). If one of several outputs fails, others may have been
    /// written.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Context, BuildOutput};
    ///
    /// let build = docker.images().build(Context::directory("site")).target("assets");
    /// build.output(BuildOutput::directory("dist")).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "export")]
    pub fn output(self, output: BuildOutput) -> ExportBuild {
        let settings = self.settings.clone();
        ExportBuild { build: self.build_kit(true), outputs: vec![output], settings }
    }
}

/// A request to build with outputs. Returned by [`BuildImage::output`]. Requires the feature `buildkit`.
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ExportBuild {
    build: BuildImage,
    outputs: Vec<BuildOutput>,
    settings: Settings,
}

request!(ExportBuild => Exported, "image_build");

impl ExportBuild {
    /// Adds another output. Several outputs require API 1.45.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Context, BuildOutput};
    ///
    /// let build = docker.images().build(Context::directory("site")).tag("web:2");
    /// let exported = build.output(BuildOutput::image()).output(BuildOutput::tar("web.tar")).await?;
    /// println!("{:?}", exported.image);
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(mut self, output: BuildOutput) -> Self {
        self.outputs.push(output);
        self
    }

    /// Resolves to the progress, once the build has begun. The outputs are written while the progress is polled.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::images::{Context, BuildOutput};
    ///
    /// let build = docker.images().build(Context::directory("site")).output(BuildOutput::tar("site.tar"));
    /// let mut progress = build.progress().await?;
    /// while let Some(item) = progress.try_next().await? {
    ///     println!("{item:?}");
    /// }
    /// println!("{:?}", progress.finish().await?.attributes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(self) -> WatchProgress<Exported> {
        WatchProgress::new("image_build", self.settings.clone(), move |settings| Self { settings, ..self }.begin())
    }

    async fn call(self) -> Result<Exported> {
        self.begin().await?.finish().await
    }

    async fn begin(self) -> Result<Progress<Exported>> {
        let Self { build, outputs, settings } = self;
        BuildImage { settings, ..build }.begin_export(outputs).await
    }
}

/// The result of a build with outputs, which are written. Returned by [`ExportBuild`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// The image on the engine, if an output makes one.
    pub image: Option<Image>,
    /// The values that the exporters report, for example `containerimage.digest`.
    pub attributes: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::DockerClient;

    const SECRET: &str = "hunter2";

    fn build() -> ExportBuild {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        docker.images().build(Vec::new()).header("X-Trace", SECRET).output(BuildOutput::directory("dist"))
    }

    #[test]
    fn export_requests_can_be_sent_between_threads() {
        fn check<R: IntoFuture<IntoFuture: Send> + Send + Sync + fmt::Debug + 'static>(_: R) {}

        check(build().output(BuildOutput::tar_to(tokio::io::sink())));
        check(build().progress());
    }

    #[test]
    fn export_request_debug_shows_outputs_without_secrets() {
        let text = format!("{:?}", build().output(BuildOutput::image().attribute("token", SECRET)));
        assert!(text.contains(r#"Directory("dist")"#) && text.contains("token"), "{text}");
        assert!(text.contains("x-trace") && !text.contains(SECRET), "{text}");
    }

    #[tokio::test]
    async fn export_requires_an_engine() {
        let error = build().await.unwrap_err();
        assert!(error.is_connect() && error.operation() == Some("image_build"), "{error}");
    }
}
