//! Request bodies, compared with those of the Docker CLI 28.2.2.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    containers::RestartPolicy,
    models::{EndpointSettings, Healthcheck, Mount},
};

/// Arguments of `docker create`, and the body that it sends, on separate lines. Fields that are zero or at the CLI's
/// own default are left out.
const CLI: &str = include_str!("tests/docker_create.txt");

fn create() -> CreateContainer {
    DockerClient::connect("tcp://127.0.0.1:1").unwrap().containers().create("busybox")
}

#[track_caller]
fn body_for(container: &CreateContainer, version: &str) -> Value {
    container.check().unwrap();
    let body = container.body_for(version.parse().unwrap(), &ProxyVariables::default());
    serde_json::to_value(&*body).unwrap()
}

/// Removes fields that are zero.
fn without_zeros(value: Value) -> Value {
    let is_zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let is_map = matches!(&*name, "ExposedPorts" | "Volumes" | "EndpointsConfig" | "Tmpfs");
                (name, if is_map { value } else { without_zeros(value) })
            })
            .filter(|(_, value)| !is_zero(value))
            .collect(),
        other => other,
    }
}

/// Checks that the body is the one that the CLI sends.
#[track_caller]
fn check(arguments: &str, container: &CreateContainer) {
    let mut lines = CLI.lines();
    let found = lines.by_ref().find(|line| *line == arguments);
    assert!(found.is_some(), "the CLI was not called with {arguments}");
    let mut want: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    // Where no network is given, the CLI names the default one.
    if want["NetworkingConfig"] == json!({ "EndpointsConfig": { "default": {} } }) {
        want.as_object_mut().unwrap().remove("NetworkingConfig");
    }
    assert_eq!(without_zeros(body_for(container, "1.51")), without_zeros(want), "{arguments}");
}

#[track_caller]
fn invalid(container: &CreateContainer, message: &str) {
    let error = container.check().unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains(message), "{error}");
}

#[test]
fn ports_match_the_docker_cli() {
    check("-p 8080:80 busybox", &create().publish(8080, 80));
    let udp = create().publish("127.0.0.1:8080", "80/udp").publish(0, "53/udp");
    check("-p 127.0.0.1:8080:80/udp -p 53/udp busybox", &udp);
    check("-p 8000-8002:80-82 busybox", &create().publish("8000-8002", "80-82"));
    check("-p 8000-8010:80 busybox", &create().publish(8000..=8010, 80));
    let all = create().publish(0, "80-81").expose(90).expose("100-101/udp").publish_all(true);
    check("-p 80-81 --expose 90 --expose 100-101/udp -P busybox", &all);
    check("-p [::1]:8080:80 busybox", &create().publish("[::1]:8080", 80));
}

#[test]
fn mounts_match_the_docker_cli() {
    let mounts = create()
        .volume("data", "/var/lib")
        .bind_read_only("/srv", "/data")
        .anonymous_volume("/anon")
        .tmpfs("/run:size=64m")
        .tmpfs("/tmp");
    check("-v /srv:/data:ro -v data:/var/lib -v /anon --tmpfs /run:size=64m --tmpfs /tmp busybox", &mounts);
    let mounts = create().mount(Mount::bind("/srv", "/d").with_read_only(true)).mount(Mount::volume("v", "/v"));
    check("--mount type=bind,source=/srv,target=/d,readonly --mount type=volume,source=v,target=/v busybox", &mounts);
    assert_eq!(
        body_for(&create().bind("/a", "/b:z").bind_read_only("/c", "/d:z"), "1.15")["HostConfig"]["Binds"],
        json!(["/a:/b:z", "/c:/d:z,ro"])
    );
}

#[test]
fn networks_match_the_docker_cli() {
    let settings = create()
        .link("a", "b")
        .alias("db")
        .mac_address("02:42:ac:11:00:02")
        .ip("10.0.0.5")
        .ip6("fe80::1")
        .network("back");
    check(
        "--network back --network-alias db --ip 10.0.0.5 --ip6 fe80::1 --mac-address 02:42:ac:11:00:02 --link a:b busybox",
        &settings,
    );
    check("--network back --network front busybox", &create().network("back").network("front"));
    check("--network host busybox", &create().network("host"));
    check("--network back busybox", &create().network("back"));
    check("--link a:b --network back busybox", &create().link("a", "b").network("back"));
}

#[test]
fn network_settings_have_the_form_of_each_version() {
    let container = create().network("back").link("a", "b").mac_address("02:42:ac:11:00:02");
    let body = body_for(&container, "1.21");
    assert_eq!(body["MacAddress"], "02:42:ac:11:00:02");
    assert_eq!(body["HostConfig"], json!({ "NetworkMode": "back", "Links": ["a:b"] }));
    assert_eq!(body.get("NetworkingConfig"), None);
    let given = EndpointSettings { aliases: vec!["a".into()], ..Default::default() };
    let body = body_for(&create().network_with("back", given).alias("b"), "1.22");
    assert_eq!(body["NetworkingConfig"]["EndpointsConfig"], json!({ "back": { "Aliases": ["a", "b"] } }));
}

#[test]
fn limits_match_the_docker_cli() {
    let limits = create()
        .memory("512m")
        .memory_swap(crate::Size::UNLIMITED)
        .memory_reservation(256 << 20)
        .cpus(1.5)
        .cpu_shares(512)
        .cpuset_cpus("0-1")
        .pids_limit(100)
        .shm_size("128m");
    check(
        "-m 512m --memory-swap -1 --memory-reservation 256m --cpus 1.5 --cpu-shares 512 --cpuset-cpus 0-1 --pids-limit 100 \
         --shm-size 128m busybox",
        &limits,
    );
    let old = body_for(&create().memory("1k").memory_swap("-1").cpu_shares(2).cpuset_cpus("0"), "1.17");
    assert_eq!(
        old,
        json!({ "Image": "busybox", "Memory": 1024, "MemorySwap": -1, "CpuShares": 2, "Cpuset": "0", "HostConfig": {} })
    );
}

#[test]
fn devices_match_the_docker_cli() {
    check("--gpus all busybox", &create().gpus("all"));
    check("--gpus 2 busybox", &create().gpus(2));
    check(r#"--gpus '"device=0,1"' busybox"#, &create().gpus(Gpus::devices(["0", "1"])));
    let other = create()
        .ulimit("nofile", 1024, 2048)
        .device("/dev/null", "/dev/x", "rw")
        .device_cgroup_rule("c 1:3 mr")
        .sysctl("net.ipv4.ip_forward", "1")
        .log_driver("json-file")
        .log_opt("max-size", "1m")
        .stop_signal("SIGINT")
        .stop_timeout(Duration::from_millis(29_001))
        .group_add("audio")
        .cgroup_parent("/x")
        .runtime("runc")
        .isolation("default")
        .oom_score_adj(100)
        .storage_opt("size", "1G")
        .annotation("a", "b")
        .volumes_from("other:ro");
    check(
        "--ulimit nofile=1024:2048 --device /dev/null:/dev/x:rw --device-cgroup-rule 'c 1:3 mr' --sysctl \
         net.ipv4.ip_forward=1 --log-driver json-file --log-opt max-size=1m --stop-signal SIGINT --stop-timeout 30 \
         --group-add audio --cgroup-parent /x --runtime runc --isolation default --oom-score-adj 100 --storage-opt size=1G \
         --annotation a=b --volumes-from other:ro busybox",
        &other,
    );
}

#[test]
fn health_checks_match_the_docker_cli() {
    let check_ = Healthcheck::shell("curl -f x")
        .with_interval(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(2))
        .with_retries(3)
        .with_start_period(Duration::from_secs(10));
    check(
        "--health-cmd 'curl -f x' --health-interval 5s --health-timeout 2s --health-retries 3 --health-start-period 10s \
         busybox",
        &create().healthcheck(check_),
    );
    check("--no-healthcheck busybox", &create().healthcheck("true").no_healthcheck());
    assert_eq!(Healthcheck::command(["a", "b"]).test, ["CMD", "a", "b"]);
}

#[test]
fn process_settings_match_the_docker_cli() {
    let process = create()
        .tty(true)
        .stdin(true)
        .entrypoint(["sh"])
        .env("A", "x")
        .env("A", "b")
        .working_dir("/srv")
        .user("1000:1000")
        .hostname("web")
        .domainname("example.org")
        .dns("1.1.1.1")
        .dns_search("a")
        .dns_option("ndots:2")
        .add_host("host.docker.internal", "host-gateway")
        .args(["-c", "ls"]);
    check(
        "-it --entrypoint sh -e A=b -w /srv -u 1000:1000 -h web --domainname example.org --dns 1.1.1.1 --dns-search a \
         --dns-option ndots:2 --add-host host.docker.internal:host-gateway busybox -c ls",
        &process,
    );
    check("--restart on-failure:3 --rm=false busybox", &create().restart("on-failure:3").auto_remove(false));
    check("--restart unless-stopped busybox", &create().restart(RestartPolicy::UnlessStopped));
    check("--rm busybox", &create().auto_remove(true));
    let command = create().arg("lost").cmd(["a"]).arg("b").args(["c"]);
    assert_eq!(body_for(&command, "1.15")["Cmd"], json!(["a", "b", "c"]));
}

#[test]
fn security_settings_match_the_docker_cli() {
    let privileges = create()
        .privileged(true)
        .cap_add("CAP_NET_ADMIN")
        .cap_drop("ALL")
        .security_opt("no-new-privileges")
        .read_only(true)
        .init(true)
        .userns("host")
        .ipc("host")
        .pid("host")
        .uts("host")
        .cgroupns("host");
    check(
        "--privileged --cap-add NET_ADMIN --cap-drop ALL --security-opt no-new-privileges --read-only --init --userns host \
         --ipc host --pid host --uts host --cgroupns host busybox",
        &privileges,
    );
}

#[test]
fn first_invalid_setting_is_the_error() {
    invalid(&create().publish("http", 80).memory("much").env("", "x"), "\"http\"");
    invalid(&create().memory("much"), "\"much\"");
    invalid(&create().env("A=B", "x"), "\"A=B\"");
    invalid(&create().ip("fe80::1"), "invalid IPv4 address \"fe80::1\"");
    invalid(&create().ip6("10.0.0.1"), "invalid IPv6 address");
    invalid(&create().restart("sometimes"), "\"sometimes\"");
    invalid(&create().bind("srv", "/srv"), "\"srv\"");
    invalid(&create().gpus("some"), "\"some\"");
    invalid(&create().cpus(f64::NAN), "NaN");
    invalid(&create().expose("80-70"), "\"80-70\"");
}

#[test]
fn raw_configuration_replaces_earlier_settings() {
    let config = ContainerConfig { user: "web".into(), ..Default::default() };
    let container = create().env("A", "b").memory(1).config(config).cmd(["ls"]);
    assert_eq!(
        body_for(&container, "1.30"),
        json!({ "Image": "busybox", "User": "web", "Cmd": ["ls"], "HostConfig": { "Memory": 1 } })
    );
    let container = create().env("A", "b").memory(1).host_config(HostConfig::default());
    assert_eq!(body_for(&container, "1.30"), json!({ "Image": "busybox", "Env": ["A=b"], "HostConfig": {} }));
}

#[test]
fn debug_redacts_the_environment() {
    let debug = format!("{:?}", create().env("TOKEN", "hunter2"));
    assert!(debug.contains("TOKEN") && !debug.contains("hunter2"), "{debug}");
}
