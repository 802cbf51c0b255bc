//! Every operation at every API version: sent if the version has it, and otherwise an error before anything is sent.

use std::{fs, path::Path};

use dockerclient::{DockerClient, Result, TerminalSize, Upload, models::AuthConfig};
use dockerclient_testkit::{FakeEngine, Response};

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
    let (given, expected) = (segments(path.unwrap_or_default()), segments(&operation.path));
    let fits = |(expected, given): (&String, &String)| expected.starts_with('{') || expected == given;
    method == operation.method && given.len() == expected.len() && expected.iter().zip(&given).all(fits)
}

/// Calls an operation, if the client has a method for it.
async fn call(docker: &DockerClient, operation: &str) -> Option<Result<()>> {
    let (containers, images) = (docker.containers(), docker.images());
    let (container, image, exec) = (docker.container("web"), docker.image("busybox"), docker.exec("f43c"));
    let (swarm, services, service) = (docker.swarm(), docker.services(), docker.service("web"));
    let (size, nothing) = (TerminalSize { rows: 24, columns: 80 }, || Upload::from(Vec::new()));
    Some(match operation {
        "container_list" => containers.list().await.map(drop),
        "container_create" => containers.create("busybox").await.map(drop),
        "container_inspect" => container.inspect().await.map(drop),
        "container_top" => container.top().await.map(drop),
        "container_logs" => container.logs().await.map(drop),
        "container_changes" => container.changes().await.map(drop),
        "container_export" => container.export().await.map(drop),
        "container_stats" => container.stats().await.map(drop),
        "container_resize" => container.resize(size).await,
        "container_start" => container.start().await.map(drop),
        "container_stop" => container.stop().await.map(drop),
        "container_restart" => container.restart().await,
        "container_kill" => container.kill().await,
        "container_rename" => container.rename("db").await,
        "container_pause" => container.pause().await,
        "container_unpause" => container.unpause().await,
        "container_attach" => container.attach().await.map(drop),
        #[cfg(feature = "websocket")]
        "container_attach_websocket" => container.attach_websocket().await.map(drop),
        "container_checkpoint_list" => container.list_checkpoints().await.map(drop),
        "container_checkpoint_create" => container.create_checkpoint("before").await,
        "container_checkpoint_delete" => container.remove_checkpoint("before").await,
        "container_wait" => container.wait().await.map(drop),
        "container_delete" => container.remove().await,
        "container_copy" => container.copy("/etc").await.map(drop),
        "container_exec" => container.command("ls").create().await.map(drop),
        "exec_start" => exec.start_detached().await,
        "exec_resize" => exec.resize(size).await,
        "exec_inspect" => exec.inspect().await.map(drop),
        "image_list" => images.list().await.map(drop),
        "image_build" => images.build(nothing()).progress().await.map(drop),
        "image_create" => image.pull().progress().await.map(drop),
        "image_inspect" => image.inspect().await.map(drop),
        "image_history" => image.history().await.map(drop),
        "image_push" => image.push().progress().await.map(drop),
        "image_tag" => image.tag("acme/web").await.map(drop),
        "image_delete" => image.remove().await.map(drop),
        "image_search" => images.search("web").await.map(drop),
        "image_get" => image.save().await.map(drop),
        "image_get_all" => images.save(["busybox"]).await.map(drop),
        "image_load" => images.load(nothing()).progress().await.map(drop),
        "image_commit" => container.commit().await.map(drop),
        "system_auth" => docker.auth(AuthConfig::default()).await.map(drop),
        "system_info" => docker.info().await.map(drop),
        "system_version" => docker.version().await.map(drop),
        "system_ping" => docker.ping().await.map(drop),
        "system_events" => docker.events().await.map(drop),
        "system_data_usage" => docker.disk_usage().await.map(drop),
        "container_get_archive" => container.copy_out("/etc").await.map(drop),
        "container_put_archive" => container.copy_in("/etc", nothing()).await,
        "container_archive_head" => container.stat("/etc").await.map(drop),
        "container_update" => container.update().config(Default::default()).await.map(drop),
        "container_prune" => containers.prune().await.map(drop),
        "image_prune" => images.prune().await.map(drop),
        "build_cancel" => images.cancel_build("nightly").await,
        "buildkit_session" => docker.buildkit().session("k3v1q9").await.map(drop),
        "buildkit_grpc" => docker.buildkit().grpc().await.map(drop),
        "build_prune" => images.prune_build_cache().await.map(drop),
        "image_attestations" => image.attestations().await.map(drop),
        "distribution_inspect" => image.distribution().await.map(drop),
        "volume_list" => docker.volumes().list().await.map(drop),
        "volume_create" => docker.volumes().create().await.map(drop),
        "volume_inspect" => docker.volume("data").inspect().await.map(drop),
        "volume_delete" => docker.volume("data").remove().await,
        // `update` would send nothing: the fake engine returns a volume that is not a cluster volume.
        "volume_update" => docker.volume("data").replace(7, Default::default()).await,
        "volume_prune" => docker.volumes().prune().await.map(drop),
        "network_list" => docker.networks().list().await.map(drop),
        "network_create" => docker.networks().create("back").await.map(drop),
        "network_inspect" => docker.network("back").inspect().await.map(drop),
        "network_delete" => docker.network("back").remove().await,
        "network_connect" => docker.network("back").connect("web").await,
        "network_disconnect" => docker.network("back").disconnect("web").await,
        "network_prune" => docker.networks().prune().await.map(drop),
        "swarm_inspect" => swarm.inspect().await.map(drop),
        "swarm_init" => swarm.init().await.map(drop),
        "swarm_join" => swarm.join("10.0.0.1", "token").await,
        "swarm_leave" => swarm.leave().await,
        "swarm_update" => swarm.update(|_| {}).await,
        "swarm_unlock_key" => swarm.unlock_key().await.map(drop),
        "swarm_unlock" => swarm.unlock("key").await,
        "node_list" => docker.nodes().list().await.map(drop),
        "node_inspect" => docker.node("worker").inspect().await.map(drop),
        "node_delete" => docker.node("worker").remove().await,
        "node_update" => docker.node("worker").update(|_| {}).await,
        "service_list" => services.list().await.map(drop),
        "service_create" => services.create("busybox").await.map(drop),
        "service_inspect" => service.inspect().await.map(drop),
        "service_delete" => service.remove().await,
        "service_update" => service.update(|_| {}).await.map(drop),
        // With `tty`, the service and the task are not inspected first.
        "service_logs" => service.logs().tty(false).await.map(drop),
        "task_list" => docker.tasks().list().await.map(drop),
        "task_inspect" => docker.task("f43c").inspect().await.map(drop),
        "task_logs" => docker.task("f43c").logs().tty(false).await.map(drop),
        "plugin_list" => docker.plugins().list().await.map(drop),
        "plugin_privileges" => docker.plugins().privileges("acme/logs").await.map(drop),
        // With `privileges`, those that the plugin requires are not read first.
        "plugin_pull" => docker.plugins().pull("acme/logs").privileges([]).progress().await.map(drop),
        "plugin_create" => docker.plugins().create("logs", nothing()).await.map(drop),
        "plugin_inspect" => docker.plugin("logs").inspect().await.map(drop),
        "plugin_delete" => docker.plugin("logs").remove().await,
        "plugin_enable" => docker.plugin("logs").enable().await,
        "plugin_disable" => docker.plugin("logs").disable().await,
        "plugin_upgrade" => docker.plugin("logs").upgrade("acme/logs:2").privileges([]).progress().await.map(drop),
        "plugin_push" => docker.plugin("logs").push().progress().await.map(drop),
        "plugin_set" => docker.plugin("logs").set([("DEBUG", "1")]).await,
        "secret_list" => docker.secrets().list().await.map(drop),
        "secret_create" => docker.secrets().create("key", "data").await.map(drop),
        "secret_inspect" => docker.secret("key").inspect().await.map(drop),
        "secret_delete" => docker.secret("key").remove().await,
        "secret_update" => docker.secret("key").update(|_| {}).await,
        "config_list" => docker.configs().list().await.map(drop),
        "config_create" => docker.configs().create("site", "data").await.map(drop),
        "config_inspect" => docker.config("site").inspect().await.map(drop),
        "config_delete" => docker.config("site").remove().await,
        "config_update" => docker.config("site").update(|_| {}).await,
        _ => return None,
    })
}

/// Whether the call uses an equivalent operation at API 1.`minor`.
fn uses_equivalent(operation: &str, minor: u16) -> bool {
    operation == "container_get_archive" && minor < 20
}

#[tokio::test]
async fn operations_are_sent_only_at_versions_that_have_them() {
    let table = read("docs/operations.md");
    let operations = operations();
    for minor in 15..=dockerclient::ApiVersion::NEWEST.minor() {
        let version = format!("1.{minor}");
        for operation in &operations {
            let id = &operation.id;
            let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"Id":"f43c","StatusCode":0}"#));
            let Some(outcome) = call(&engine.client(&version), id).await else {
                let row = table.lines().find(|row| row.contains(&format!("`{id}`"))).unwrap_or("no row");
                let is_disabled = cfg!(not(feature = "websocket")) && id == "container_attach_websocket";
                assert!(
                    row.contains("not called") || is_disabled,
                    "{id} is not called, but docs/operations.md has: {row}"
                );
                continue;
            };
            let sent = engine.requests().iter().any(|request| is_for(operation, &request.line, &version));
            let allowed = (operation.since..=operation.until).contains(&minor);
            assert_eq!(sent, allowed, "{id} at {version}: {outcome:?}");
            if uses_equivalent(id, minor) {
                assert!(outcome.is_ok() && !sent, "{id} at {version}");
                continue;
            }
            let is_unsupported = outcome.is_err_and(|error| error.is_unsupported());
            assert_eq!(is_unsupported, !allowed, "{id} at {version}");
            assert!(allowed || engine.requests().is_empty(), "{id} at {version}");
        }
    }
}
