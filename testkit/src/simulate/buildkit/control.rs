//! BuildKit's control API.

use std::sync::Arc;

use bollard_buildkit_proto::{
    health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus},
    moby::buildkit::v1::{
        BuildHistoryRequest, DiskUsageRequest, DiskUsageResponse, InfoRequest, InfoResponse, ListWorkersRequest,
        ListWorkersResponse, PruneRequest, SolveRequest, StatusRequest, StatusResponse, UpdateBuildHistoryRequest,
        UpdateBuildHistoryResponse, UsageRecord,
        types::{BuildkitVersion, WorkerRecord},
    },
    pb::Platform,
};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future::ready, stream};
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::{Status, body::Body};

use super::{http2, not_simulated, require_upgrade, respond, solve::solve, upgraded};
use crate::{api_error, server::Server, simulate::Context};

/// The version of BuildKit whose messages are imitated.
const VERSION: &str = "v0.12.5";

pub(super) async fn connect(context: Context) -> api_error::Result<crate::Response> {
    require_upgrade(&context.call.request, 500)?;
    let server = Arc::clone(&context.server);
    Ok(upgraded(move |connection| async move {
        let owner = Arc::clone(&server);
        http2::serve(&server, connection, move |request| call(Arc::clone(&owner), request)).await;
    }))
}

/// Responds to a call of a client.
async fn call(server: Arc<Server>, request: Request<Incoming>) -> Response<Body> {
    let builds = &server.buildkit.builds;
    match request.uri().path() {
        "/moby.buildkit.v1.Control/Solve" => {
            respond::unary(request, |request: SolveRequest| solve(Arc::clone(&server), request)).await
        }
        "/moby.buildkit.v1.Control/Status" => {
            respond::stream(request, |request: StatusRequest| status(Arc::clone(&server), request)).await
        }
        "/moby.buildkit.v1.Control/ListenBuildHistory" => {
            respond::stream(request, |request: BuildHistoryRequest| builds.listen(request)).await
        }
        "/moby.buildkit.v1.Control/UpdateBuildHistory" => {
            let update = |request: UpdateBuildHistoryRequest| {
                ready(builds.update(&request).map(|()| UpdateBuildHistoryResponse {}))
            };
            respond::unary(request, update).await
        }
        // The build cache is empty, as the responses to `system_data_usage` and `build_prune` report.
        "/moby.buildkit.v1.Control/DiskUsage" => {
            respond::unary(request, |_: DiskUsageRequest| ready(Ok(DiskUsageResponse::default()))).await
        }
        "/moby.buildkit.v1.Control/Prune" => {
            respond::stream(request, |_: PruneRequest| stream::empty::<Result<UsageRecord, Status>>()).await
        }
        "/moby.buildkit.v1.Control/ListWorkers" => {
            respond::unary(request, |_: ListWorkersRequest| ready(Ok(workers()))).await
        }
        "/moby.buildkit.v1.Control/Info" => {
            let info = || InfoResponse { buildkit_version: Some(version()) };
            respond::unary(request, |_: InfoRequest| ready(Ok(info()))).await
        }
        "/grpc.health.v1.Health/Check" => {
            let health = || HealthCheckResponse { status: ServingStatus::Serving.into() };
            respond::unary(request, |_: HealthCheckRequest| ready(Ok(health()))).await
        }
        method => not_simulated(method).into_http(),
    }
}

/// The updates of the graph of a build, until it is complete.
fn status(
    server: Arc<Server>,
    request: StatusRequest,
) -> impl Stream<Item = Result<StatusResponse, Status>> + Send + 'static {
    let graph = async move { server.buildkit.builds.graph(&request.r#ref).await };
    stream::once(graph).map_ok(|graph| graph.updates().map(Ok::<_, Status>)).try_flatten()
}

fn workers() -> ListWorkersResponse {
    let platform = Platform { architecture: "amd64".to_owned(), os: "linux".to_owned(), ..Platform::default() };
    let worker = WorkerRecord {
        id: "moby".to_owned(),
        platforms: vec![platform],
        buildkit_version: Some(version()),
        ..WorkerRecord::default()
    };
    ListWorkersResponse { record: vec![worker] }
}

fn version() -> BuildkitVersion {
    BuildkitVersion {
        package: "github.com/moby/buildkit".to_owned(),
        version: VERSION.to_owned(),
        revision: String::new(),
    }
}
