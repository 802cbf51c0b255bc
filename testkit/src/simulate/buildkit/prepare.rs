//! The first steps of a build: receives the Dockerfile and the build context, and checks the base images.

use std::{collections::BTreeSet, future::pending, sync::Arc};

use bytes::Bytes;
use tokio::sync::Notify;
use tonic::Status;

use super::{
    file_sync::{Received, Selection},
    graph::{Graph, Step},
    not_simulated,
    plan::{Base, Plan},
    request::{BuildRequest, Source},
    sessions::ClientSession,
};
use crate::{
    server::Server,
    state::{
        files::{File, Files, Kind, clean},
        reference,
    },
};

/// The name of an uploaded context that is a Dockerfile and not an archive.
const PLAIN_CONTEXT: &str = "context";

/// The first bytes of archives that are compressed: with gzip, bzip2 and xz.
const COMPRESSED: [&[u8]; 3] = [b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0"];

/// The engine, the client and the graph of a build.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) server: Arc<Server>,
    pub(super) graph: Arc<Graph>,
    pub(super) session: Option<ClientSession>,
    pub(super) cancelled: Arc<Notify>,
}

/// A build whose Dockerfile and context were received.
pub(super) struct Prepared {
    pub(super) request: BuildRequest,
    pub(super) dockerfile: String,
    pub(super) plan: Plan,
    pub(super) context: Files,
    /// The step that has received the context.
    pub(super) context_step: Option<String>,
}

impl Job {
    /// Waits for `work`. Fails if the session ends or the build is cancelled first.
    pub(super) async fn during<T>(&self, work: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let session_ended = async {
            match &self.session {
                Some(session) => session.ended().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            result = work => result,
            () = session_ended => {
                let id = self.session.as_ref().map_or("", |session| &*session.id);
                Err(Status::cancelled(format!("no active session for {id}: context canceled")))
            }
            () = self.cancelled.notified() => Err(Status::cancelled("context canceled")),
        }
    }

    /// Receives the files of a build, and plans its steps. `archive` replaces the context of the request.
    pub(super) async fn prepare(&self, mut request: BuildRequest, archive: Option<Bytes>) -> Result<Prepared, Status> {
        let uploaded = match (archive, &request.context) {
            (Some(archive), _) => Some(self.remote_context(async { Ok(archive) }).await?),
            (None, Source::Upload(path)) => {
                let upload = async { self.session()?.upload(path).await };
                Some(self.remote_context(upload).await?)
            }
            (None, Source::Directory) => None,
        };
        let (uploaded, mut context_step) = uploaded.unzip();
        if uploaded.as_ref().is_some_and(|files| files.names("/") == [PLAIN_CONTEXT]) {
            PLAIN_CONTEXT.clone_into(&mut request.filename);
        }
        let directory = request.dockerfile_directory.as_deref();
        let (dockerfile, own_ignored) = match (&uploaded, directory) {
            (Some(files), None) => (read(files, &request.filename)?, None),
            (_, directory) => self.load_dockerfile(directory.unwrap_or("dockerfile"), &request.filename).await?,
        };
        let excluded = match (&uploaded, own_ignored) {
            (Some(_), _) => Vec::new(),
            (None, Some(own)) => ignored_patterns(&own),
            (None, None) => self.load_ignored_patterns().await?,
        };
        let plan = Plan::new(&dockerfile, &request)?;
        self.load_metadata(&plan).await?;
        let context = match (uploaded, plan.context_paths()) {
            (Some(files), _) => files,
            (None, None) => Files::default(),
            (None, Some(paths)) => {
                let step = self.begin("load build context");
                context_step = Some(step.digest().to_owned());
                let received = self.receive("context", &Selection { paths, excluded }).await;
                transferred(step, "transferring context:", received)?.files
            }
        };
        Ok(Prepared { request, dockerfile, plan, context, context_step })
    }

    /// The session of the client. Fails if the request has none.
    fn session(&self) -> Result<&ClientSession, Status> {
        self.session.as_ref().ok_or_else(|| Status::unknown("could not access local files without session"))
    }

    fn begin(&self, name: &str) -> Step {
        self.graph.begin(format!("[internal] {name}"), Vec::new())
    }

    async fn receive(&self, directory: &str, selection: &Selection) -> Result<Received, Status> {
        self.server.buildkit.received.receive(self.session()?, directory, selection).await
    }

    /// Receives an archive, and returns its files and the step.
    async fn remote_context(
        &self,
        archive: impl Future<Output = Result<Bytes, Status>>,
    ) -> Result<(Files, String), Status> {
        let step = self.begin("load remote build context");
        let digest = step.digest().to_owned();
        let files = archive.await.and_then(|archive| unpacked(&archive));
        Ok((step.end_with(files)?, digest))
    }

    /// Receives the Dockerfile, and the patterns of the ignore file for it, if there is one.
    async fn load_dockerfile(&self, directory: &str, filename: &str) -> Result<(String, Option<String>), Status> {
        let own = format!("{filename}.dockerignore");
        let paths = vec![filename.to_owned(), own.clone(), filename.to_lowercase()];
        let step = self.begin(&format!("load build definition from {filename}"));
        let received = self.receive(directory, &Selection { paths, excluded: Vec::new() }).await;
        let files = transferred(step, "transferring dockerfile:", received)?.files;
        Ok((read(&files, filename)?, content(&files, &own)))
    }

    async fn load_ignored_patterns(&self) -> Result<Vec<String>, Status> {
        let step = self.begin("load .dockerignore");
        let paths = vec![".dockerignore".to_owned()];
        let received = self.receive("context", &Selection { paths, excluded: Vec::new() }).await;
        let files = transferred(step, "transferring context:", received)?.files;
        Ok(content(&files, ".dockerignore").map_or_else(Vec::new, |text| ignored_patterns(&text)))
    }

    /// Checks that the base images exist, and requests credentials for those that have to be pulled.
    async fn load_metadata(&self, plan: &Plan) -> Result<(), Status> {
        let base = |base: &Base| match base {
            Base::Image(image) => Some(image.clone()),
            Base::Scratch | Base::Stage(_) => None,
        };
        let images: BTreeSet<String> = plan.stages.iter().filter_map(|stage| base(&stage.base)).collect();
        for image in images {
            let full = reference::with_registry(&reference::full(&image));
            let step = self.begin(&format!("load metadata for {full}"));
            let resolved = self.resolve(&image, &full).await;
            step.end_with(resolved)?;
        }
        Ok(())
    }

    async fn resolve(&self, image: &str, full: &str) -> Result<(), Status> {
        let name = reference::full(image);
        let state = &self.server.state;
        if state.read(|state| state.image(image).is_ok()) {
            return Ok(());
        }
        if let Some(session) = &self.session {
            let host = full.split('/').next().unwrap_or_default();
            let host = if host == "docker.io" { "registry-1.docker.io" } else { host };
            session.request_credentials(host).await?;
        }
        if state.read(|state| state.registry.iter().any(|known| known.reference == name)) {
            return Ok(());
        }
        Err(Status::unknown(format!(
            "{image}: failed to resolve source metadata for {full}: pull access denied, repository does not exist or \
             may require authorization: server message: insufficient_scope: authorization failed"
        )))
    }
}

/// Completes a step that has received files, and reports their size.
fn transferred(step: Step, action: &str, received: Result<Received, Status>) -> Result<Received, Status> {
    if let Ok(received) = &received {
        step.part(action, "transferring", i64::try_from(received.bytes).unwrap_or(i64::MAX), 0);
    }
    step.end_with(received)
}

/// The files of an archive. Other content is a Dockerfile, the only file of the context.
fn unpacked(archive: &[u8]) -> Result<Files, Status> {
    if COMPRESSED.iter().any(|magic| archive.starts_with(magic)) {
        return Err(not_simulated("compressed build contexts"));
    }
    let is_archive = archive.get(257..262) == Some(b"ustar");
    let mut files = Files::default();
    match files.unpack(archive, "/", false) {
        Err(error) if is_archive => return Err(Status::unknown(error)),
        Err(_) => {
            files = Files::default();
            files.put(&format!("/{PLAIN_CONTEXT}"), File::regular(archive.to_vec()));
        }
        Ok(()) => {}
    }
    Ok(files)
}

/// The Dockerfile; its name may also be in lower case.
fn read(files: &Files, filename: &str) -> Result<String, Status> {
    let lower = content(files, &filename.to_lowercase()).filter(|_| filename.ends_with("Dockerfile"));
    let missing = || Status::unknown(format!("failed to read dockerfile: open {filename}: no such file or directory"));
    content(files, filename).or(lower).ok_or_else(missing)
}

fn content(files: &Files, name: &str) -> Option<String> {
    match files.get(&files.resolved(&clean(name), true))?.kind {
        Kind::Regular(content) => Some(String::from_utf8_lossy(&content).into_owned()),
        Kind::Directory | Kind::Link(_) => None,
    }
}

/// The patterns of an ignore file.
fn ignored_patterns(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.starts_with('#'));
    let patterns = lines.map(str::trim).filter(|pattern| !pattern.is_empty()).map(|pattern| {
        let (negation, path) = pattern.strip_prefix('!').map_or(("", pattern), |path| ("!", path.trim()));
        format!("{negation}{}", clean(path).trim_start_matches('/'))
    });
    patterns.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_patterns_are_cleaned() {
        let text = "\u{feff}# comment\n\n*.o\n  /target/ \n! /target/keep\n./a/../b\n";
        assert_eq!(ignored_patterns(text), ["*.o", "target", "!target/keep", "b"]);
    }

    #[test]
    fn uploaded_context_is_an_archive_or_a_dockerfile() {
        let mut files = Files::default();
        files.put("/Dockerfile", File::regular("FROM busybox\n"));
        let archived = unpacked(&files.pack("/", "")).unwrap();
        assert_eq!(read(&archived, "Dockerfile").unwrap(), "FROM busybox\n");
        let plain = unpacked(b"FROM scratch\n").unwrap();
        assert_eq!((plain.names("/"), &*read(&plain, "context").unwrap()), (vec!["context"], "FROM scratch\n"));
        assert_eq!(unpacked(b"\x1f\x8b\x08\0").unwrap_err().code(), tonic::Code::Unimplemented);
        let missing = read(&plain, "Dockerfile").unwrap_err();
        assert_eq!(missing.message(), "failed to read dockerfile: open Dockerfile: no such file or directory");
    }
}
