//! Runs the steps of a build, and exports its image.

use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, SolveResponse};
use bytes::Bytes;
use tokio::sync::Notify;
use tonic::Status;

use super::{
    builder::GraphBuilder,
    builds::{Builds, Exported},
    graph::Graph,
    prepare::{Job, Prepared},
    request::BuildRequest,
};
use crate::{
    server::Server,
    simulate::build::{Build, BuildOptions},
    state::reference,
};

/// Runs a build.
pub(super) async fn solve(server: Arc<Server>, request: SolveRequest) -> Result<SolveResponse, Status> {
    let running = Builds::begin(&server, &request)?;
    let (graph, cancelled) = (Arc::clone(&running.graph), Arc::default());
    let result = async {
        let (job, prepared) = prepare(&server, graph, cancelled, &request, None).await?;
        job.during(job.build(prepared)).await
    };
    let result = result.await;
    running.finish(&result);
    result.map(|exporter_response| SolveResponse { exporter_response })
}

/// Receives the files of a build. `archive` replaces the context of the request.
pub(super) async fn prepare(
    server: &Arc<Server>,
    graph: Arc<Graph>,
    cancelled: Arc<Notify>,
    request: &SolveRequest,
    archive: Option<Bytes>,
) -> Result<(Job, Prepared), Status> {
    let parsed = BuildRequest::parse(request)?;
    for tag in &parsed.tags {
        let checked = server.state.read(|state| state.check_repository(tag, 500));
        checked.map_err(|error| Status::unknown(error.message))?;
    }
    let session = match &*request.session {
        "" => None,
        id => Some(server.buildkit.sessions.get(id).await?),
    };
    let job = Job { server: Arc::clone(server), graph, session, cancelled };
    let prepared = job.during(job.prepare(parsed, archive)).await?;
    Ok((job, prepared))
}

impl Job {
    /// Runs the steps of a build, and exports its image.
    pub(super) async fn build(&self, prepared: Prepared) -> Result<Exported, Status> {
        let Prepared { request, dockerfile, plan, context, context_step } = prepared;
        let options = BuildOptions {
            tags: request.tags.clone(),
            uses_cache: true,
            removes: true,
            removes_on_failure: true,
            arguments: request.arguments.clone(),
        };
        let builder = GraphBuilder::new(self, plan.stages, context_step);
        let mut build = Build::new(&self.server, builder, options, context, plan.steps);
        while let Some(result) = build.next_step().await {
            if let Err(failure) = result {
                return Err(build.builder.fail(&failure, (request.filename.as_str(), dockerfile.as_str())));
            }
        }
        build.builder.complete_step();
        let last = build.builder.last_step().cloned();
        let (image, _) = build.finish();
        Ok(if request.exports { self.export(&image, &request.tags, last) } else { Exported::new() })
    }

    /// Reports the export of an image, and returns the values of the exporter.
    fn export(&self, image: &str, tags: &[String], last: Option<String>) -> Exported {
        let step = self.graph.begin("exporting to image", last.into_iter().collect());
        step.part("exporting layers", "", 0, 0);
        step.part(&format!("writing image {image}"), "", 0, 0);
        let names: Vec<String> = tags.iter().map(|tag| reference::with_registry(&reference::full(tag))).collect();
        names.iter().for_each(|name| step.part(&format!("naming to {name}"), "", 0, 0));
        step.complete();
        let mut exported = Exported::new();
        for name in ["containerimage.config.digest", "containerimage.digest"] {
            exported.insert(name.to_owned(), image.to_owned());
        }
        if !names.is_empty() {
            exported.insert("image.name".to_owned(), names.join(","));
        }
        exported
    }
}
