//! Ping, version, info, authentication and events.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    release::Release,
    state::swarm::membership::HOSTNAME,
};

pub(super) async fn ping(context: Context) -> Result<Response> {
    if context.call.request.method() == "HEAD" && context.server.release == Release::V1_6 {
        return Err(context.server.release.no_such_route());
    }
    Ok(Response::text(200, "OK")
        .header("Cache-Control", "no-cache, no-store, must-revalidate")
        .header("Pragma", "no-cache"))
}

pub(super) async fn version(context: Context) -> Result<Response> {
    let server = &context.server;
    let mut document = json!({
        "Version": server.release.version(), "ApiVersion": server.newest.to_string(), "GitCommit": "7e571a6",
        "GoVersion": "go1.19.8", "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0",
    });
    if server.release == Release::V20_10 {
        document["MinAPIVersion"] = json!(server.release.oldest_api().min(server.newest).to_string());
        document["BuildTime"] = json!("2026-01-01T00:00:00.000000000+00:00");
    }
    Ok(with_job_name(context.json(200, document), server.release, "version"))
}

/// The host features that info reports as available.
const HOST_FEATURES: [&str; 13] = [
    "BridgeNfIp6tables",
    "BridgeNfIptables",
    "CPUSet",
    "CPUShares",
    "CpuCfsPeriod",
    "CpuCfsQuota",
    "IPv4Forwarding",
    "KernelMemory",
    "KernelMemoryTCP",
    "MemoryLimit",
    "OomKillDisable",
    "PidsLimit",
    "SwapLimit",
];

pub(super) async fn info(context: Context) -> Result<Response> {
    let server = &context.server;
    let mut document = server.state.read(|state| {
        let running = state.containers.iter().filter(|container| container.is_running() && !container.paused).count();
        let paused = state.containers.iter().filter(|container| container.paused).count();
        json!({
            "ID": "FAKE:ENGI:NEFO:RTES:FAKE:ENGI:NEFO:RTES:FAKE:ENGI:NEFO:RTES", "Name": HOSTNAME,
            "Containers": state.containers.len(), "Images": state.images.len(), "ContainersRunning": running,
            "ContainersPaused": paused, "ContainersStopped": state.containers.len() - running - paused,
            "Driver": if server.release == Release::V20_10 { "overlay2" } else { "aufs" }, "DriverStatus": [],
                        "NCPU": 1, "MemTotal": 1_u64 << 30, "KernelVersion": "6.1.0", "OperatingSystem": "dockerclient-testkit",
            "OSType": "linux", "Architecture": "x86_64", "ServerVersion": server.release.version(),
            "ExecutionDriver": if server.release == Release::V20_10 { "<not supported>" } else { "native-0.2" },
            "IndexServerAddress": "https://index.docker.io/v1/", "DockerRootDir": "/var/lib/docker",
            "NFd": 24, "NGoroutines": 32, "NEventsListener": 0, "SystemTime": Timestamp::now().to_string(),
            "CgroupVersion": "1", "OSVersion": "1", "DefaultRuntime": "runc", "InitBinary": "docker-init",
            "LoggingDriver": "json-file", "CgroupDriver": "cgroupfs", "Swarm": state.swarm_info(),
            "RegistryConfig": {
                "InsecureRegistryCIDRs": ["127.0.0.0/8"],
                "IndexConfigs": { "docker.io": { "Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true } },
            },
        })
    });
    for feature in HOST_FEATURES {
        document[feature] = json!(true);
    }
    if server.release == Release::V1_6 {
        for flag in ["Debug", "IPv4Forwarding", "MemoryLimit", "SwapLimit"] {
            document[flag] = json!(i32::from(document[flag] == true));
        }
    }
    Ok(with_job_name(context.json(200, document), server.release, "info"))
}

/// Adds the header in which Docker 1.6 names the job that responded.
fn with_job_name(response: Response, release: Release, name: &str) -> Response {
    if release == Release::V1_6 { response.header("Job-Name", name) } else { response }
}

pub(super) async fn auth(context: Context) -> Result<Response> {
    context.body()?;
    let mut document = json!({ "Status": "Login Succeeded" });
    if context.server.release == Release::V20_10 {
        document["IdentityToken"] = json!("");
    }
    Ok(context.json(200, document))
}

pub(super) async fn events(context: Context) -> Result<Response> {
    let server = &context.server;
    let (since, until) = (time(&context, "since")?, time(&context, "until")?);
    if let (Some(since), Some(until), Release::V20_10) = (since, until, server.release)
        && since > until
    {
        let given = |name| context.call.request.query(name).unwrap_or_default();
        let message = format!("`since` time ({}) cannot be after `until` time ({})", given("since"), given("until"));
        return Err(ApiError::new(400, message));
    }
    let filters = context.call.request.query("filters").filter(|text| !text.is_empty());
    let filters: Value = match filters {
        Some(text) => serde_json::from_str(&text).map_err(|error| ApiError::new(500, error.to_string()))?,
        None => Value::Null,
    };
    let first = server.state.read(|state| if since.is_some() { 0 } else { state.events.len() });
    let (state, release) = (Arc::clone(&server.state), server.release);
    let since = since.unwrap_or(Timestamp::MIN);
    let events = stream::unfold(first, move |mut next| {
        let (state, filters) = (Arc::clone(&state), filters.clone());
        async move {
            let event = state.wait_until(|state| {
                while let Some(event) = state.events.get(next) {
                    next += 1;
                    let over = until.is_some_and(|until| event.time > until);
                    if event.time >= since && !over && event.matches(&filters) {
                        return Some(Bytes::from(event.bytes(release)));
                    }
                }
                None
            });
            let left = until
                .map(|until| std::time::Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default());
            let event = match left {
                Some(left) => tokio::time::timeout(left, event).await.ok(),
                None => Some(event.await),
            };
            event.map(|event| (event, next))
        }
    });
    Ok(Response::stream(200, events).header("Content-Type", "application/json"))
}

/// Parses a time in seconds since 1970, with or without a fraction.
fn time(context: &Context, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = context.call.request.query(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let nanoseconds = format!("{fraction:0<9}").get(..9).and_then(|digits| digits.parse().ok());
    let time = seconds.parse().ok().zip(nanoseconds).and_then(|(seconds, rest)| Timestamp::new(seconds, rest).ok());
    let time = time.or_else(|| text.parse().ok());
    match (time, context.server.release) {
        (None, Release::V20_10) => {
            Err(ApiError::new(500, format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
        }
        (time, _) => Ok(time),
    }
}
