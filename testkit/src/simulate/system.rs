//! The engine itself.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    age::Age,
    refusal::{Refusal, Result},
};

pub(super) async fn ping(context: Context) -> Result<Reply> {
    if context.asked.request.method() == "HEAD" && context.shared.age == Age::Old {
        return Err(context.shared.age.no_such_route());
    }
    Ok(Reply::text(200, "OK")
        .header("Cache-Control", "no-cache, no-store, must-revalidate")
        .header("Pragma", "no-cache"))
}

pub(super) async fn version(context: Context) -> Result<Reply> {
    let shared = &context.shared;
    let mut document = json!({
        "Version": shared.age.name(), "ApiVersion": shared.newest.to_string(), "GitCommit": "7e571a6",
        "GoVersion": "go1.19.8", "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0",
    });
    if shared.age == Age::Modern {
        document["MinAPIVersion"] = json!(shared.age.oldest().min(shared.newest).to_string());
        document["BuildTime"] = json!("2026-01-01T00:00:00.000000000+00:00");
    }
    Ok(job(context.document(200, document), shared.age, "version"))
}

/// What the host of the double can do.
const ABILITIES: [&str; 13] = [
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

pub(super) async fn info(context: Context) -> Result<Reply> {
    let shared = &context.shared;
    let mut document = shared.state.look(|world| {
        let running = world.containers.iter().filter(|container| container.is_running() && !container.paused).count();
        let paused = world.containers.iter().filter(|container| container.paused).count();
        json!({
            "ID": "DOUB:LEOF:ANEN:GINE:DOUB:LEOF:ANEN:GINE:DOUB:LEOF:ANEN:GINE", "Name": "double",
            "Containers": world.containers.len(), "Images": world.images.len(), "ContainersRunning": running,
            "ContainersPaused": paused, "ContainersStopped": world.containers.len() - running - paused,
            "Driver": if shared.age == Age::Modern { "overlay2" } else { "aufs" }, "DriverStatus": [],
                        "NCPU": 1, "MemTotal": 1_u64 << 30, "KernelVersion": "6.1.0", "OperatingSystem": "dockerclient-testkit",
            "OSType": "linux", "Architecture": "x86_64", "ServerVersion": shared.age.name(),
            "ExecutionDriver": if shared.age == Age::Modern { "<not supported>" } else { "native-0.2" },
            "IndexServerAddress": "https://index.docker.io/v1/", "DockerRootDir": "/var/lib/docker",
            "NFd": 24, "NGoroutines": 32, "NEventsListener": 0, "SystemTime": Timestamp::now().to_string(),
            "CgroupVersion": "1", "OSVersion": "1", "DefaultRuntime": "runc", "InitBinary": "docker-init",
            "LoggingDriver": "json-file", "CgroupDriver": "cgroupfs",
            "RegistryConfig": {
                "InsecureRegistryCIDRs": ["127.0.0.0/8"],
                "IndexConfigs": { "docker.io": { "Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true } },
            },
        })
    });
    for ability in ABILITIES {
        document[ability] = json!(true);
    }
    if shared.age == Age::Old {
        for flag in ["Debug", "IPv4Forwarding", "MemoryLimit", "SwapLimit"] {
            document[flag] = json!(i32::from(document[flag] == true));
        }
    }
    Ok(job(context.document(200, document), shared.age, "info"))
}

/// Old engines say which of their jobs has answered.
fn job(reply: Reply, age: Age, name: &str) -> Reply {
    if age == Age::Old { reply.header("Job-Name", name) } else { reply }
}

pub(super) async fn auth(context: Context) -> Result<Reply> {
    context.body()?;
    let mut document = json!({ "Status": "Login Succeeded" });
    if context.shared.age == Age::Modern {
        document["IdentityToken"] = json!("");
    }
    Ok(context.document(200, document))
}

pub(super) async fn events(context: Context) -> Result<Reply> {
    let shared = &context.shared;
    let (since, until) = (time(&context, "since")?, time(&context, "until")?);
    if let (Some(since), Some(until), Age::Modern) = (since, until, shared.age)
        && since > until
    {
        let given = |name| context.asked.request.query(name).unwrap_or_default();
        let message = format!("`since` time ({}) cannot be after `until` time ({})", given("since"), given("until"));
        return Err(Refusal::new(400, message));
    }
    let filters = context.asked.request.query("filters").filter(|text| !text.is_empty());
    let filters: Value = match filters {
        Some(text) => serde_json::from_str(&text).map_err(|error| Refusal::new(500, error.to_string()))?,
        None => Value::Null,
    };
    let first = shared.state.look(|world| if since.is_some() { 0 } else { world.events.len() });
    let (state, age) = (Arc::clone(&shared.state), shared.age);
    let since = since.unwrap_or(Timestamp::MIN);
    let events = stream::unfold(first, move |mut next| {
        let (state, filters) = (Arc::clone(&state), filters.clone());
        async move {
            let event = state.until(|world| {
                while let Some(event) = world.events.get(next) {
                    next += 1;
                    let over = until.is_some_and(|until| event.time > until);
                    if event.time >= since && !over && event.passes(&filters) {
                        return Some(Bytes::from(event.bytes(age)));
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
    Ok(Reply::stream(200, events).header("Content-Type", "application/json"))
}

/// A time in seconds since 1970, with a fraction or without.
fn time(context: &Context, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = context.asked.request.query(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let (seconds, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let nanoseconds = format!("{fraction:0<9}").get(..9).and_then(|digits| digits.parse().ok());
    let time = seconds.parse().ok().zip(nanoseconds).and_then(|(seconds, rest)| Timestamp::new(seconds, rest).ok());
    let time = time.or_else(|| text.parse().ok());
    match (time, context.shared.age) {
        (None, Age::Modern) => Err(Refusal::new(500, format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))),
        (time, _) => Ok(time),
    }
}
