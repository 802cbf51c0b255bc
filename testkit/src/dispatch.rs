//! Finds the response to a request: from the script, from an expected call, or by simulating the operation.

use std::{panic::AssertUnwindSafe, sync::Arc};

use dockerclient::ApiVersion;
use futures_util::FutureExt as _;

use crate::{
    Request, Response, api_call::ApiCall, api_error::ApiError, release::Release, server::Server, simulate,
    specification::SPECIFICATION,
};

/// Returns the response to a request; status 500 if a panic occurs.
pub(crate) async fn respond(server: &Arc<Server>, number: usize, request: Request) -> Response {
    let response = AssertUnwindSafe(find_response(server, number, request)).catch_unwind().await;
    let response = response.unwrap_or_else(|panic| {
        let message = server.panicked("the fake engine", &*panic);
        Response::text(500, &format!("{message}\n"))
    });
    if let Some(latch) = &response.latch {
        latch.opened().await;
    }
    response
}

async fn find_response(server: &Arc<Server>, number: usize, request: Request) -> Response {
    if let Some((script, _)) = &server.script {
        return script(request).await;
    }
    match route(server, request) {
        Ok(call) => {
            server.transcript.set_operation(number, &call.operation.id);
            run(server, call).await
        }
        Err(response) => *response,
    }
}

/// Finds the operation of a request, or the error response if the operation does not exist or the request is invalid.
fn route(server: &Server, request: Request) -> Result<ApiCall, Box<Response>> {
    let version = request.version().unwrap_or(server.newest);
    if version > server.newest || version < server.release.oldest_api() {
        return Err(server.release.unsupported_version(version, server.newest).into());
    }
    let known = version.clamp(SPECIFICATION.oldest, SPECIFICATION.newest);
    if known != version && request.version().is_some() && !server.lenient {
        let (oldest, newest) = (SPECIFICATION.oldest, SPECIFICATION.newest);
        let violation = format!("the specification covers API {oldest} to {newest}");
        return Err(invalid_request(server, &request, version, &[violation]));
    }
    let Some((operation, path)) = SPECIFICATION.route(&request) else {
        let error = server.release.no_such_route();
        return Err(match server.lenient {
            true => server.release.error_response(&error, version).into(),
            false => invalid_request(server, &request, version, &["there is no such operation".to_owned()]),
        });
    };
    let violations = SPECIFICATION.violations(operation, known, &request);
    if !server.lenient && !violations.is_empty() {
        return Err(invalid_request(server, &request, version, &violations));
    }
    let unsupported = !operation.span.contains(known);
    if unsupported && (server.release == Release::V1_6 || operation.span.ended_before(known)) {
        return Err(server.release.error_response(&server.release.no_such_route(), version).into());
    }
    Ok(ApiCall { request, operation, version, path })
}

/// Records that a request does not match the specification, and returns the error response.
fn invalid_request(server: &Server, request: &Request, version: ApiVersion, violations: &[String]) -> Box<Response> {
    let message = violations.join("; ");
    server.problem(format!("{}: {message}", request.line));
    let error = ApiError::new(400, format!("the fake engine rejects this request: {message}"));
    server.release.error_response(&error, version).into()
}

async fn run(server: &Arc<Server>, call: ApiCall) -> Response {
    let matched = server.expectations.take(&call);
    for problem in &matched.problems {
        server.problem(problem);
    }
    if let Some(latch) = &matched.latch {
        latch.opened().await;
    }
    let mut response = match matched.outcome {
        Some(outcome) => outcome.response(server.release, &call),
        None => {
            let version = call.version;
            // Engines send no common headers in responses to attach.
            let without_headers = call.operation.id == "container_attach";
            let simulated = simulate::run(server, call).await;
            let response = simulated.unwrap_or_else(|error| server.release.error_response(&error, version));
            if without_headers { response } else { server.release.add_headers(response, server.newest) }
        }
    };
    response.truncate_after = matched.truncate_after.or(response.truncate_after);
    response
}
