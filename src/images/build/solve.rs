//! Builds through BuildKit's control API.

use std::{collections::BTreeMap, io::Read as _, mem, path::Path, sync::Arc};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use futures_util::{FutureExt as _, StreamExt as _, TryFutureExt as _, stream::BoxStream};
use tonic::Status;

use super::{
    BuildContext, attributes,
    failure::{Dockerfile, Failure},
    input::Source,
    local_cache::LocalCaches,
    named_context,
    options::Options,
    session,
    solve_stream::{Parts, SolveStream},
    workers,
};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    buildkit::{BuildSession, Control, ControlCalls, Services, UploadSource},
    error::{Kind, Unsupported},
    images::{Archive, Content, SyncTree},
    request::Settings,
    stream::run_blocking,
};

const SOLVE: &str = "/moby.buildkit.v1.Control/Solve";
const STATUS: &str = "/moby.buildkit.v1.Control/Status";

/// The API version of the first engine that reports the lines of the Dockerfile in errors.
const ERROR_DETAILS: ApiVersion = ApiVersion::new(1, 42);

/// Maximum size of a Dockerfile in which the lines of a failed step are looked up, in bytes.
const MAX_DOCKERFILE: u64 = 1 << 20;

/// The names under which BuildKit requests the main context.
const CONTEXT: [&str; 2] = ["context", "dockerfile"];

/// Opens the connections of a build, and returns its stream, which starts the build when it is polled.
pub(super) async fn start(
    docker: &DockerClient,
    context: BuildContext,
    mut options: Options,
    settings: &Settings,
    version: ApiVersion,
) -> Result<SolveStream> {
    let caches = LocalCaches::open(&mut options).await?;
    let exporters = options.exporters().into_iter().map(|(exporter, _)| exporter).collect();
    let build_args = options.build_args_with(docker.proxies(), version);
    let mut request = attributes::request(&options, &build_args, exporters)?;
    let mut services = session::services(docker, &options).await?;

    let main = MainContext::open(context, options.dockerfile.take()).await?;
    let failure = Failure::new(main.dockerfile(version).await);
    let named = named_context::open(mem::take(&mut options.named_contexts)).await?;
    request.frontend_attrs.extend(main.attributes());
    request.frontend_attrs.extend(named.attributes);
    main.offer(&mut services);
    services.directories.extend(named.directories);
    services.stores = caches.stores();

    let mut control = Control::open(docker, settings).await.map_err(|error| without_buildkit(error, "/grpc"))?;
    let session = BuildSession::open(services, settings).await;
    let mut session = session.map_err(|error| without_buildkit(error, "/session"))?;
    let gateway = workers::check(docker, &options, settings, &mut session, &mut control).await?;
    request.frontend_attrs.extend(attributes::extra_hosts(&options, gateway)?);
    request.session = session.id().to_owned();

    let calls = control.calls();
    let is_quiet = options.quiet == Some(true);
    let parts = Parts {
        session: session.into_serving(),
        connection: control.into_connection(),
        status: if is_quiet { None } else { Some(status(calls.clone(), &request)) },
        solve: calls.unary::<_, proto::SolveResponse>(SOLVE, request).boxed(),
    };
    Ok(SolveStream::new(parts, failure).with_caches(caches))
}

/// Returns the traces of the build, which BuildKit sends once the build has begun.
fn status(
    calls: ControlCalls,
    request: &proto::SolveRequest,
) -> BoxStream<'static, Result<proto::StatusResponse, Status>> {
    let status = proto::StatusRequest { r#ref: request.r#ref.clone() };
    calls.stream::<_, proto::StatusResponse>(STATUS, status).try_flatten_stream().boxed()
}

/// Explains that the engine does not have BuildKit.
fn without_buildkit(error: Error, path: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let message = format!("the engine has no BuildKit (404 from POST {path}); use the classic builder");
    Error::new(Kind::Unsupported(Unsupported { message, required: None, negotiated: None }))
}

/// The context that contains the Dockerfile.
enum MainContext {
    /// A directory or files in memory.
    Files(Arc<SyncTree>),
    /// An archive, and the path of the Dockerfile in it.
    Archive(UploadSource, Option<String>),
    /// A URL, and the path of the Dockerfile in its content.
    Url(String, Option<String>),
}

impl MainContext {
    async fn open(context: BuildContext, dockerfile: Option<String>) -> Result<Self> {
        Ok(match context.0 {
            Source::Files(files) => Self::Files(Arc::new(files.sync_tree(dockerfile).await?)),
            Source::Archive(Archive::Upload(upload)) => Self::Archive(UploadSource::new(upload), dockerfile),
            Source::Archive(Archive::Url(url)) => Self::Url(url, dockerfile),
        })
    }

    /// Returns the attributes of the frontend.
    fn attributes(&self) -> BTreeMap<String, String> {
        let (url, dockerfile) = match self {
            Self::Files(tree) => (None, tree.dockerfile().map(str::to_owned)),
            Self::Archive(archive, dockerfile) => (Some(archive.url()), dockerfile.clone()),
            Self::Url(url, dockerfile) => (Some(url.clone()), dockerfile.clone()),
        };
        let (url, dockerfile) = (url.map(|url| ("context", url)), dockerfile.map(|name| ("filename", name)));
        [url, dockerfile].into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Adds the files to the services of the session.
    fn offer(self, services: &mut Services) {
        match self {
            Self::Files(tree) => {
                services.directories.extend(CONTEXT.map(|name| (name.to_owned(), Arc::clone(&tree))));
            }
            Self::Archive(archive, _) => services.upload = Some(archive),
            Self::Url(..) => {}
        }
    }

    /// Returns the Dockerfile, if the engine does not report the lines of a step that failed. Without it, errors have no lines.
    async fn dockerfile(&self, version: ApiVersion) -> Option<Dockerfile> {
        let Self::Files(tree) = self else { return None };
        if version >= ERROR_DETAILS {
            return None;
        }
        let name = tree.dockerfile().unwrap_or("Dockerfile").to_owned();
        let (tree, path) = (Arc::clone(tree), name.clone());
        let text = run_blocking(move || read(&tree, Path::new(&path))).await.ok()?;
        Some(Dockerfile { name, text })
    }
}

/// Reads the beginning of a file.
fn read(tree: &SyncTree, path: &Path) -> Result<String> {
    let content = match tree.reader()?.open(path)? {
        Content::Memory(content) => content.to_vec(),
        Content::File(file, path) => {
            let mut content = Vec::new();
            let read = file.take(MAX_DOCKERFILE).read_to_end(&mut content);
            read.map_err(|error| Error::read_failed(&path, error))?;
            content
        }
    };
    Ok(String::from_utf8_lossy(&content).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Upload, images::Context};

    async fn open(context: impl Into<BuildContext>, dockerfile: Option<&str>) -> MainContext {
        MainContext::open(context.into(), dockerfile.map(str::to_owned)).await.unwrap()
    }

    fn attributes(context: &MainContext) -> Vec<(String, String)> {
        context.attributes().into_iter().collect()
    }

    #[tokio::test]
    async fn main_context_of_files_is_offered_as_directories() {
        let context = open(Context::from_dockerfile("FROM a\nRUN b"), None).await;
        assert!(attributes(&context).is_empty());
        assert!(context.dockerfile(ApiVersion::new(1, 42)).await.is_none());
        let dockerfile = context.dockerfile(ApiVersion::new(1, 41)).await.unwrap();
        assert_eq!((&*dockerfile.name, &*dockerfile.text), ("Dockerfile", "FROM a\nRUN b"));
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let mut services = session::services(&docker, &Options::default()).await.unwrap();
        context.offer(&mut services);
        assert_eq!(services.directories.keys().collect::<Vec<_>>(), CONTEXT);
    }

    #[tokio::test]
    async fn main_context_of_a_directory_names_its_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("web.Dockerfile"), "FROM a").unwrap();
        let context = open(folder.path(), Some("web.Dockerfile")).await;
        assert_eq!(attributes(&context), [("filename".to_owned(), "web.Dockerfile".to_owned())]);
        assert_eq!(context.dockerfile(ApiVersion::new(1, 40)).await.unwrap().text, "FROM a");
    }

    #[tokio::test]
    async fn main_context_of_an_archive_or_a_url_is_an_attribute() {
        let context = open(Upload::from(Vec::new()), Some("a/Dockerfile")).await;
        let found = context.attributes();
        assert_eq!((found.len(), &*found["filename"]), (2, "a/Dockerfile"));
        assert!(found["context"].starts_with("http://buildkit-session/"), "{found:?}");
        let url = "https://example.org/a.git";
        let context = open(Archive::Url(url.into()), None).await;
        assert_eq!(attributes(&context), [("context".to_owned(), url.to_owned())]);
        assert!(context.dockerfile(ApiVersion::new(1, 41)).await.is_none());
    }

    #[test]
    fn engine_without_buildkit_is_an_error() {
        let error = |status| Error::new(Kind::Status { status, message: "page not found".into() });
        let found = without_buildkit(error(404), "/grpc");
        assert!(found.is_unsupported() && found.to_string().contains("no BuildKit"), "{found}");
        assert!(without_buildkit(error(500), "/grpc").is_server_error());
    }
}
