//! Request bodies of services.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    DockerClient,
    models::{FileTarget, PublishMode},
};

fn create() -> CreateService {
    DockerClient::connect("tcp://127.0.0.1:1").unwrap().services().create("busybox")
}

#[track_caller]
fn body(service: &CreateService) -> Value {
    assert!(service.invalid.is_none(), "{:?}", service.invalid);
    serde_json::to_value(&service.spec).unwrap()
}

#[track_caller]
fn check(service: &CreateService, path: &str, want: &Value) {
    let body = body(service);
    assert_eq!(body.pointer(path), Some(want), "{body}");
}

#[test]
fn service_without_settings_has_only_an_image() {
    assert_eq!(body(&create()), json!({ "TaskTemplate": { "ContainerSpec": { "Image": "busybox" } } }));
}

#[test]
fn last_mode_of_a_service_is_sent() {
    check(&create().global().replicas(0), "/Mode", &json!({ "Replicated": { "Replicas": 0 } }));
    check(&create().replicas(2).global(), "/Mode", &json!({ "Global": {} }));
    check(&create().global_job(), "/Mode", &json!({ "GlobalJob": {} }));
    check(&create().replicated_job(9), "/Mode", &json!({ "ReplicatedJob": { "TotalCompletions": 9 } }));
}

#[test]
fn max_concurrent_is_for_replicated_jobs() {
    let job = json!({ "ReplicatedJob": { "MaxConcurrent": 2, "TotalCompletions": 9 } });
    for mut service in [create().replicated_job(9).max_concurrent(2), create().max_concurrent(2).replicated_job(9)] {
        limit_concurrency(&mut service.spec.mode, service.max_concurrent).unwrap();
        check(&service, "/Mode", &job);
    }
    let mut other = create().replicas(3).max_concurrent(2);
    assert!(limit_concurrency(&mut other.spec.mode, other.max_concurrent).unwrap_err().is_bad_request());
}

#[test]
fn process_of_a_service() {
    let service = create().entrypoint(["sh"]).args(["-c", "sleep 9"]).env("A", 1).env("A", 2).user("web");
    let service = service.working_dir("/srv").tty(true).stop_signal("SIGINT").stop_grace_period(Duration::ZERO);
    let service = service.container_label("k", "v").no_healthcheck().read_only(true);
    let want = json!({
        "Image": "busybox", "Command": ["sh"], "Args": ["-c", "sleep 9"], "Env": ["A=2"], "User": "web", "Dir": "/srv",
        "TTY": true, "StopSignal": "SIGINT", "StopGracePeriod": 0, "Labels": { "k": "v" },
        "Healthcheck": { "Test": ["NONE"] }, "ReadOnly": true,
    });
    check(&service, "/TaskTemplate/ContainerSpec", &want);
}

#[test]
fn ports_and_networks_of_a_service() {
    let service = create().publish(8080, 80).publish(0, "53/udp").publish_with(8081, 81, PublishMode::Host);
    let service = service.endpoint_mode("dnsrr").network("back");
    let want = json!({ "Mode": "dnsrr", "Ports": [
        { "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080 },
        { "Protocol": "udp", "TargetPort": 53 },
        { "Protocol": "tcp", "TargetPort": 81, "PublishedPort": 8081, "PublishMode": "host" },
    ] });
    check(&service, "/EndpointSpec", &want);
    check(&service, "/TaskTemplate/Networks", &json!([{ "Target": "back" }]));
    let mut old = service.clone();
    move_networks(&mut old.spec, ApiVersion::new(1, 24));
    check(&old, "/Networks", &json!([{ "Target": "back" }]));
    assert_eq!(body(&old).pointer("/TaskTemplate/Networks"), None);
}

#[test]
fn placement_resources_and_restarts_of_a_service() {
    let service = create().constraint("node.role==worker").placement_pref("spread=node.labels.zone");
    let service = service.placement_pref("node.labels.rack").max_replicas_per_node(2);
    let service = service.limit_memory("512m").limit_cpus(1.5).limit_pids(9).reserve_memory("1k").reserve_cpus(0.5);
    let service = service.restart_condition("on-failure").restart_max_attempts(0).restart_delay(Duration::ZERO);
    let want = json!({
        "ContainerSpec": { "Image": "busybox" },
        "Placement": {
            "Constraints": ["node.role==worker"],
            "Preferences": [
                { "Spread": { "SpreadDescriptor": "node.labels.zone" } },
                { "Spread": { "SpreadDescriptor": "node.labels.rack" } },
            ],
            "MaxReplicas": 2,
        },
        "Resources": {
            "Limits": { "MemoryBytes": 512 << 20, "NanoCPUs": 1_500_000_000, "Pids": 9 },
            "Reservations": { "MemoryBytes": 1024, "NanoCPUs": 500_000_000 },
        },
        "RestartPolicy": { "Condition": "on-failure", "MaxAttempts": 0, "Delay": 0 },
    });
    check(&service, "/TaskTemplate", &want);
}

#[test]
fn updates_replace_one_task_at_a_time_unless_set() {
    let service = create().update_delay(Duration::from_secs(1)).update_order("start-first").rollback_parallelism(0);
    let want = json!({ "Parallelism": 1, "Delay": 1_000_000_000, "Order": "start-first" });
    check(&service, "/UpdateConfig", &want);
    check(&service, "/RollbackConfig", &json!({}));
}

#[tokio::test]
async fn create_service_fails_with_the_first_invalid_setting() {
    let service = create().publish(1, "http").bind("srv", "/srv").limit_cpus(-1.0);
    let error = service.await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("\"http\""), "{error}");
    assert_eq!(error.operation(), Some("service_create"));
    for service in [
        create().publish(80, 0),
        create().volume("/srv", "/srv"),
        create().limit_memory("much"),
        create().reserve_memory("-1"),
        create().env("", ""),
    ] {
        assert!(service.await.unwrap_err().is_bad_request());
    }
}

#[test]
fn spec_changes_any_field() {
    let service = create().spec(|spec| spec.container_mut().hosts.push("10.0.0.1 db".into()));
    check(&service, "/TaskTemplate/ContainerSpec/Hosts", &json!(["10.0.0.1 db"]));
}

#[test]
fn debug_of_services_redacts_secrets() {
    let file = FileTarget { name: "token".into(), ..Default::default() };
    let service = create().env("TOKEN", "hunter2").secret_with("app", file).log_opt("splunk-token", "hunter2");
    let debug = format!("{:?}", service.credentials(AuthConfig::new("me", "hunter2")));
    assert!(debug.contains("TOKEN") && debug.contains("app") && !debug.contains("hunter2"), "{debug}");
}
