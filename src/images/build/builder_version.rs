//! The choice of the builder, and of the request that starts it.

use super::{BuildImage, HostAddress, options::Options};
use crate::{ApiVersion, DockerClient, Error, Result, request::Settings};

/// Since this version, engines can build with BuildKit.
const BUILDKIT: ApiVersion = ApiVersion::new(1, 38);

/// Since this version, engines serve BuildKit's control API.
#[cfg(feature = "buildkit")]
pub(super) const CONTROL: ApiVersion = ApiVersion::new(1, 40);

/// The API version of the first engine whose BuildKit reports the address of the host.
#[cfg(feature = "buildkit")]
pub(super) const HOST_GATEWAY_LABEL: ApiVersion = ApiVersion::new(1, 43);

/// The builder of an image, see [`BuildImage::builder`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuilderVersion {
    /// The classic builder, which Docker has deprecated.
    #[default]
    Classic,
    /// BuildKit. Requires API 1.38.
    BuildKit,
    /// The builder that the engine recommends in the header `Builder-Version` of `GET /_ping`: BuildKit by default since
    /// Docker Engine 23.0, otherwise the classic builder.
    Auto,
}

impl BuildImage {
    /// Sets the builder. Defaults to [`BuilderVersion::Classic`]. See [`build_kit`](Self::build_kit).
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::{Upload, images::BuilderVersion};
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let web = docker.images().build(context).builder(BuilderVersion::Auto).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(mut self, builder: BuilderVersion) -> Self {
        self.options.builder = builder;
        self
    }

    /// Sets whether to build with BuildKit instead of the classic builder: `true` is [`BuilderVersion::BuildKit`], `false`
    /// is [`BuilderVersion::Classic`]. Defaults to `false`. Requires API 1.38.
    ///
    /// With the feature `buildkit`, the build has a session: the engine requests the files of the context, the
    /// credentials of the registries that the build uses, secrets (`secret`) and SSH agents (`ssh_agent`, `ssh_key`) from
    /// this program. Of a context that is a directory, BuildKit requests only the files that the build uses, and of files that
    /// it has from an earlier build only the changes. The progress consists of traces (`ProgressItem::Trace`), and an error
    /// names the step that failed, its line in the Dockerfile, and the end of its output. The session is served while the
    /// request or its [`progress`](Self::progress) is polled; engines end a session that does not respond for 10 seconds or
    /// more, and the build fails.
    ///
    /// With the feature, the build calls `moby.buildkit.v1.Control/Solve` of BuildKit's control API (`POST /grpc`, API 1.40),
    /// as `docker buildx build` does. It calls `POST /build` below API 1.40, with a [`build_id`](Self::build_id), and below
    /// API 1.43 with the address [`HostAddress::HostGateway`]; options that `POST /build` does not have are then an error.
    ///
    /// Without the feature, there is no session: the build has no secrets and no credentials, and its progress is
    /// reported in BuildKit's own format, as [outcomes](crate::images::ProgressItem::Outcome).
    ///
    /// BuildKit has no limits of memory and CPU, no isolation and no security options, and does not squash layers: these
    /// settings are an error. [`ulimit`](Self::ulimit), [`shm_size`](Self::shm_size) and
    /// [`cgroup_parent`](Self::cgroup_parent) require API 1.42. [`network`](Self::network) is `default`, `host` or
    /// `none`. [`rm`](Self::rm) and [`force_rm`](Self::force_rm) have no effect.
    pub fn build_kit(self, build_kit: bool) -> Self {
        self.builder(if build_kit { BuilderVersion::BuildKit } else { BuilderVersion::Classic })
    }
}

/// The request that starts a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `POST /build`, with the classic builder.
    Classic,
    /// `POST /build`, with BuildKit.
    Build,
    /// `Solve` of BuildKit's control API.
    #[cfg(feature = "buildkit")]
    Solve,
}

impl Options {
    /// Returns the request for these options. Asks the engine which builder it recommends, if the options do not set one.
    pub(super) async fn route(&self, docker: &DockerClient, settings: &Settings, version: ApiVersion) -> Result<Route> {
        let is_buildkit = match self.builder {
            BuilderVersion::Classic => false,
            BuilderVersion::BuildKit if version < BUILDKIT => {
                return Err(Error::requires("a build with BuildKit ", BUILDKIT, version));
            }
            BuilderVersion::BuildKit => true,
            BuilderVersion::Auto => {
                version >= BUILDKIT && {
                    let ping = docker.ping().with_settings(settings.clone().without_time_limit());
                    let ping = ping.await.map_err(|error| error.on_behalf_of("image_build").before_request())?;
                    ping.builder_version.as_deref() == Some("2")
                }
            }
        };
        #[cfg(feature = "buildkit")]
        if is_buildkit && self.can_solve(version) {
            return Ok(Route::Solve);
        }
        Ok(if is_buildkit { Route::Build } else { Route::Classic })
    }

    #[cfg(feature = "buildkit")]
    fn can_solve(&self, version: ApiVersion) -> bool {
        // Below that version, only `POST /build` can resolve the address of the host.
        let is_gateway_unknown = version < HOST_GATEWAY_LABEL && self.has_host_gateway();
        version >= CONTROL && self.build_id.is_none() && !is_gateway_unknown
    }

    /// Whether an extra host has the address of the machine that the engine runs on.
    pub(super) fn has_host_gateway(&self) -> bool {
        self.extra_hosts.iter().any(|(_, address)| *address == HostAddress::HostGateway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(builder: BuilderVersion) -> Options {
        Options { builder, ..Options::default() }
    }

    async fn route(options: &Options, version: (u16, u16)) -> Result<Route> {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        options.route(&docker, &Settings::default(), ApiVersion::new(version.0, version.1)).await
    }

    #[tokio::test]
    async fn build_route_depends_on_the_builder_and_the_version() {
        let solve = if cfg!(feature = "buildkit") { "Solve" } else { "Build" };
        for (builder, version, expected) in [
            (BuilderVersion::Classic, (1, 55), "Classic"),
            (BuilderVersion::Auto, (1, 37), "Classic"),
            (BuilderVersion::BuildKit, (1, 38), "Build"),
            (BuilderVersion::BuildKit, (1, 39), "Build"),
            (BuilderVersion::BuildKit, (1, 40), solve),
            (BuilderVersion::BuildKit, (1, 55), solve),
        ] {
            let found = route(&options(builder), version).await.unwrap();
            assert_eq!(format!("{found:?}"), expected, "{builder:?} {version:?}");
        }
        let error = route(&options(BuilderVersion::BuildKit), (1, 37)).await.unwrap_err();
        assert!(error.is_unsupported() && error.required_version() == Some(BUILDKIT), "{error}");
        // The choice requires a request to the engine.
        assert!(route(&options(BuilderVersion::Auto), (1, 41)).await.unwrap_err().is_connect());
    }

    #[cfg(feature = "buildkit")]
    #[tokio::test]
    async fn build_route_depends_on_build_id_and_host_gateway() {
        let with_id = Options { build_id: Some("a".into()), ..options(BuilderVersion::BuildKit) };
        assert_eq!(route(&with_id, (1, 55)).await.unwrap(), Route::Build);
        let extra_hosts = vec![("host".to_owned(), HostAddress::HostGateway)];
        let with_gateway = Options { extra_hosts, ..options(BuilderVersion::BuildKit) };
        assert_eq!(route(&with_gateway, (1, 42)).await.unwrap(), Route::Build);
        assert_eq!(route(&with_gateway, (1, 43)).await.unwrap(), Route::Solve);
    }
}
