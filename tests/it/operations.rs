//! Every operation at every version of the API: sent if that version has it, refused before if not.

use std::{fs, path::Path};

use dockerclient::{
    DockerClient, PruneOptions, Result, TerminalSize, Upload,
    containers::{AttachOptions, CreateOptions, ListOptions, LogsOptions, RemoveOptions, Signal, StopOptions},
    images::{self, BuildOptions, CommitOptions, PullOptions, PushOptions, TagOptions},
    models::{AuthConfig, ContainerConfig, ExecConfig},
    system::EventsOptions,
};
use dockerclient_testkit::{Engine, Reply};

/// A row of `spec/operations.txt`.
struct Operation {
    id: String,
    method: String,
    path: String,
    since: u16,
    until: u16,
}

fn operations() -> Vec<Operation> {
    let text = read("spec/operations.txt");
    let minor = |version: &str| version.strip_prefix("1.").map(|minor| minor.parse().unwrap());
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        Operation {
            id: cells[0].into(),
            method: cells[1].into(),
            path: cells[2].into(),
            since: minor(cells[3]).unwrap(),
            until: minor(cells[4]).unwrap_or(u16::MAX),
        }
    });
    rows.collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Whether a request is for `operation`.
fn is_for(operation: &Operation, line: &str, version: &str) -> bool {
    let (method, target) = line.split_once(' ').unwrap();
    let path = target.split('?').next().unwrap().strip_prefix(&format!("/v{version}"));
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (given, wanted) = (segments(path.unwrap_or_default()), segments(&operation.path));
    let fits = |(wanted, given): (&String, &String)| wanted.starts_with('{') || wanted == given;
    method == operation.method && given.len() == wanted.len() && wanted.iter().zip(&given).all(fits)
}

/// Makes the call of an operation, if it has one.
async fn call(docker: &DockerClient, operation: &str) -> Option<Result<()>> {
    let (containers, images) = (docker.containers(), docker.images());
    let (container, image, exec) = (docker.container("web"), docker.image("busybox"), docker.exec("f43c"));
    let (stop, size) = (StopOptions::default(), TerminalSize { rows: 24, columns: 80 });
    let (nothing, prune) = (|| Upload::from(Vec::new()), PruneOptions::default());
    Some(match operation {
        "container_list" => containers.list(&ListOptions::default()).await.map(drop),
        "container_create" => containers.create(&CreateOptions::new(ContainerConfig::default())).await.map(drop),
        "container_inspect" => container.inspect().await.map(drop),
        "container_top" => container.top(None).await.map(drop),
        "container_logs" => container.logs(&LogsOptions::default()).await.map(drop),
        "container_changes" => container.changes().await.map(drop),
        "container_export" => container.export().await.map(drop),
        "container_stats" => container.stats().await.map(drop),
        "container_resize" => container.resize(size).await,
        "container_start" => container.start().await.map(drop),
        "container_stop" => container.stop(&stop).await.map(drop),
        "container_restart" => container.restart(&stop).await,
        "container_kill" => container.kill(Signal::KILL).await,
        "container_rename" => container.rename("db").await,
        "container_pause" => container.pause().await,
        "container_unpause" => container.unpause().await,
        "container_attach" => container.attach(&AttachOptions::default()).await.map(drop),
        #[cfg(feature = "websocket")]
        "container_attach_ws" => container.attach_websocket(&AttachOptions::default()).await.map(drop),
        "container_wait" => container.wait().await.map(drop),
        "container_delete" => container.remove(&RemoveOptions::default()).await,
        "container_copy" => container.copy("/etc").await.map(drop),
        "exec_create" => container.create_exec(&ExecConfig::default()).await.map(drop),
        "exec_start" => exec.start_detached().await,
        "exec_resize" => exec.resize(size).await,
        "exec_inspect" => exec.inspect().await.map(drop),
        "image_list" => images.list(&images::ListOptions::default()).await.map(drop),
        "image_build" => images.build_progress(nothing(), &BuildOptions::default()).await.map(drop),
        "image_create" => image.pull_progress(&PullOptions::default()).await.map(drop),
        "image_inspect" => image.inspect().await.map(drop),
        "image_history" => image.history().await.map(drop),
        "image_push" => image.push_progress(&PushOptions::default()).await.map(drop),
        "image_tag" => image.tag(&TagOptions::new("acme/web")).await,
        "image_delete" => image.remove(&images::RemoveOptions::default()).await.map(drop),
        "image_search" => images.search("web", &Default::default()).await.map(drop),
        "image_get" => image.save().await.map(drop),
        "image_get_all" => images.save(["busybox"]).await.map(drop),
        "image_load" => images.load_progress(nothing()).await.map(drop),
        "image_commit" => images.commit("web", &CommitOptions::default()).await.map(drop),
        "system_auth" => docker.auth(&AuthConfig::default()).await.map(drop),
        "system_info" => docker.info().await.map(drop),
        "system_version" => docker.version().await.map(drop),
        "system_ping" => docker.ping().await,
        "system_events" => docker.events(&EventsOptions::default()).await.map(drop),
        "system_df" => docker.disk_usage().await.map(drop),
        "container_archive_get" => container.copy_out("/etc").await.map(drop),
        "container_archive_put" => container.copy_in("/etc", nothing()).await,
        "container_archive_stat" => container.stat("/etc").await.map(drop),
        "container_update" => container.update(&Default::default()).await.map(drop),
        "container_prune" => containers.prune(&prune).await.map(drop),
        "image_prune" => images.prune(&prune).await.map(drop),
        "build_prune" => images.prune_build_cache(&Default::default()).await.map(drop),
        "image_attestations" => image.attestations(&Default::default()).await.map(drop),
        "distribution_inspect" => image.distribution(&Default::default()).await.map(drop),
        "volume_list" => docker.volumes().list(&Default::default()).await.map(drop),
        "volume_create" => docker.volumes().create(&Default::default()).await.map(drop),
        "volume_inspect" => docker.volume("data").inspect().await.map(drop),
        "volume_delete" => docker.volume("data").remove().await,
        "volume_prune" => docker.volumes().prune(&prune).await.map(drop),
        "network_list" => docker.networks().list(&Default::default()).await.map(drop),
        "network_create" => docker.networks().create(&Default::default()).await.map(drop),
        "network_inspect" => docker.network("back").inspect().await.map(drop),
        "network_delete" => docker.network("back").remove().await,
        "network_connect" => docker.network("back").connect("web", &Default::default()).await,
        "network_disconnect" => docker.network("back").disconnect("web").await,
        "network_prune" => docker.networks().prune(&prune).await.map(drop),
        _ => return None,
    })
}

/// Whether the call says the same by another operation at API 1.`minor`.
fn is_said_otherwise(operation: &str, minor: u16) -> bool {
    operation == "container_archive_get" && minor < 20
}

#[tokio::test]
async fn each_operation_is_sent_at_the_versions_that_have_it_and_refused_at_all_others() {
    let table = read("OPERATIONS.md");
    let operations = operations();
    for minor in 15..=dockerclient::ApiVersion::NEWEST.minor() {
        let version = format!("1.{minor}");
        for operation in &operations {
            let id = &operation.id;
            let engine = Engine::answering(|_| Reply::json(200, r#"{"Id":"f43c","StatusCode":0}"#));
            let Some(outcome) = call(&engine.client(&version), id).await else {
                let row = table.lines().find(|row| row.contains(&format!("`{id}`"))).unwrap_or("no row");
                let is_left_out = cfg!(not(feature = "websocket")) && id == "container_attach_ws";
                assert!(row.contains("not called") || is_left_out, "{id} is not called, and OPERATIONS.md says: {row}");
                continue;
            };
            let sent = engine.requests().iter().any(|request| is_for(operation, &request.line, &version));
            let allowed = (operation.since..=operation.until).contains(&minor);
            assert_eq!(sent, allowed, "{id} at {version}: {outcome:?}");
            if is_said_otherwise(id, minor) {
                assert!(outcome.is_ok() && !sent, "{id} at {version}");
                continue;
            }
            let refused = outcome.is_err_and(|error| error.is_unsupported());
            assert_eq!(refused, !allowed, "{id} at {version}");
            assert!(allowed || engine.requests().is_empty(), "{id} at {version}");
        }
    }
}
