//! Settings of new containers, compared with what inspect reports.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use dockerclient::{
    ApiVersion, Size,
    containers::{CreateContainer, Protocol, RestartPolicy, Signal},
    models::{self, Healthcheck, Mount},
};
use serde_json::{Value, json};

use crate::engine::{Engine, supported_since, version};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inspect_reports_create_settings() {
    let engine = Engine::under_test().await;
    let volume = engine.name("created-volume");
    engine.remove_later(format!("/volumes/{volume}?force=1"));
    let create = engine
        .containers()
        .create("busybox")
        .name(engine.name("created"))
        .cmd(["sleep"])
        .arg("1000")
        .env("COUNT", 1)
        .envs([("COUNT", "2 and more"), ("EMPTY", "")])
        .user("root")
        .working_dir("/tmp")
        .hostname("maker")
        .bind("/tmp", "/host:ro")
        .volume(&volume, "/data")
        .anonymous_volume("/scratch")
        .memory("64m")
        .memory_swap(Size::UNLIMITED)
        .cpu_shares(512)
        .cpuset_cpus("0")
        .cap_add("NET_ADMIN")
        .cap_drop("MKNOD")
        .dns(Ipv4Addr::new(10, 0, 0, 53))
        .dns_search("example.test")
        .add_host("db", Ipv4Addr::new(10, 0, 0, 1))
        .device("/dev/null", "/dev/nothing", "rwm");
    let container = create.await.unwrap();
    let seen = container.inspect().await.unwrap();
    assert_eq!(seen.config.cmd, ["sleep", "1000"]);
    let env = &seen.config.env;
    assert!(["COUNT=2 and more", "EMPTY="].iter().all(|variable| env.iter().any(|set| set == variable)), "{env:?}");
    assert!(!env.iter().any(|variable| variable == "COUNT=1"), "{env:?}");
    assert_eq!((&*seen.config.user, &*seen.config.working_dir, &*seen.config.hostname), ("root", "/tmp", "maker"));
    assert_eq!(seen.memory_limit(), 64 << 20);
    let (config, host) = (&seen.config, &seen.host_config);
    let limits = match version() < ApiVersion::new(1, 18) {
        true => (config.memory_swap, config.cpu_shares, &*config.cpuset),
        false => (host.memory_swap, host.cpu_shares, &*host.cpuset_cpus),
    };
    assert_eq!(limits, (-1, 512, "0"));
    assert_eq!(host.binds, ["/tmp:/host:ro".to_owned(), format!("{volume}:/data")]);
    assert_eq!((&*host.cap_add, &*host.cap_drop), (&["NET_ADMIN".to_owned()][..], &["MKNOD".to_owned()][..]));
    assert_eq!(
        (&*host.dns[0], &*host.dns_search[0], &*host.extra_hosts[0]),
        ("10.0.0.53", "example.test", "db:10.0.0.1")
    );
    let device = &host.devices[0];
    assert_eq!(
        (&*device.path_on_host, &*device.path_in_container, &*device.cgroup_permissions),
        ("/dev/null", "/dev/nothing", "rwm")
    );
    let mounts = seen.mount_points();
    let mount = |path: &str| mounts.iter().find(|mount| mount.destination == path).unwrap();
    assert_eq!((&*mount("/host").source, mount("/host").rw), ("/tmp", false));
    assert!(mount("/data").rw && mount("/data").source.contains(&*volume), "{mounts:?}");
    assert!(mount("/scratch").rw);

    container.start().await.unwrap();
    let script = "echo $COUNT; hostname; pwd; grep db /etc/hosts; test -c /dev/nothing && echo device";
    let shell = engine.direct().container(container.id()).command("sh").args(["-c", script]);
    let printed = shell.output().await.unwrap();
    assert_eq!(printed.stdout_text(), "2 and more\nmaker\n/tmp\n10.0.0.1\tdb\ndevice\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn port_returns_published_addresses() {
    let engine = Engine::under_test().await;
    let container = engine
        .create_with("sleep 1000", |create| {
            create.publish(0, 80).publish("127.0.0.1:", "53/udp").expose("7000-7001").expose(80)
        })
        .await;
    assert_eq!(container.port(80).await.unwrap(), [], "it does not run");
    container.start().await.unwrap();
    let any = container.port(80).await.unwrap();
    assert!(
        !any.is_empty() && any.iter().all(|address| address.ip().is_unspecified() && address.port() > 0),
        "{any:?}"
    );
    let local = container.port("53/udp").await.unwrap();
    assert!(matches!(&*local, [address] if address.ip() == IpAddr::from(Ipv4Addr::LOCALHOST)), "{local:?}");
    assert_eq!(container.port((53, Protocol::Udp)).await.unwrap(), local);
    assert_eq!(container.port(7000).await.unwrap(), [], "exposed and not published");
    assert_eq!(container.port(53).await.unwrap(), [], "another protocol");
    let exposed = container.inspect().await.unwrap().config.exposed_ports;
    assert!(["80/tcp", "53/udp", "7000/tcp", "7001/tcp"].iter().all(|port| exposed.contains(*port)), "{exposed:?}");

    let chosen = any[0].port();
    container.kill().await.unwrap();
    container.wait().await.unwrap();
    let publish = |create: CreateContainer| create.publish(format!("127.0.0.1:{chosen}"), 80);
    let again = engine.create_with("sleep 1000", publish).await;
    again.start().await.unwrap();
    assert_eq!(again.port(80).await.unwrap(), [(Ipv4Addr::LOCALHOST, chosen).into()]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inspect_reports_restart_policies() {
    let engine = Engine::under_test().await;
    for (policy, model) in [
        (RestartPolicy::No, models::RestartPolicy::no()),
        (RestartPolicy::Always, models::RestartPolicy::always()),
        (RestartPolicy::UnlessStopped, models::RestartPolicy::unless_stopped()),
        (RestartPolicy::OnFailure(None), models::RestartPolicy::on_failure(0)),
        ("on-failure:3".into(), models::RestartPolicy::on_failure(3)),
    ] {
        let container = engine.create_with("true", |create| create.restart(policy.clone())).await;
        let seen = container.inspect().await.unwrap().host_config.restart_policy;
        assert_eq!(seen, model);
        assert_eq!(RestartPolicy::from(seen), policy);
    }
}

type Settings = fn(CreateContainer) -> CreateContainer;

/// For each setting: the API 1.x that introduced it, the call, and the JSON pointer and value of its field in the response of
/// inspect.
fn newer_settings() -> [(u16, Settings, &'static str, Value); 23] {
    const SECOND: Duration = Duration::from_secs(1);
    let check = |create: CreateContainer| {
        let check = Healthcheck::shell("true").with_interval(2 * SECOND).with_timeout(SECOND).with_retries(4);
        create.healthcheck(check)
    };
    let checked =
        json!({ "Test": ["CMD-SHELL", "true"], "Interval": 2_000_000_000, "Timeout": 1_000_000_000, "Retries": 4 });
    let quota =
        |create: CreateContainer| create.cpu_period(Duration::from_millis(50)).cpu_quota(Duration::from_millis(25));
    let log = |create: CreateContainer| create.log_driver("json-file").log_opt("max-size", "1m");
    [
        (17, |create| create.read_only(true), "/HostConfig/ReadonlyRootfs", json!(true)),
        (
            18,
            |create| create.label("app", "web").labels([("of", "me")]),
            "/Config/Labels",
            json!({ "app": "web", "of": "me" }),
        ),
        (
            18,
            |create| create.ulimit("nofile", 1024, 2048),
            "/HostConfig/Ulimits",
            json!([{ "Name": "nofile", "Soft": 1024, "Hard": 2048 }]),
        ),
        (18, log, "/HostConfig/LogConfig", json!({ "Type": "json-file", "Config": { "max-size": "1m" } })),
        (19, quota, "/HostConfig/CpuQuota", json!(25_000)),
        (20, |create| create.group_add("audio"), "/HostConfig/GroupAdd", json!(["audio"])),
        (21, |create| create.stop_signal(Signal::INT), "/Config/StopSignal", json!("SIGINT")),
        (21, |create| create.dns_option("ndots:2"), "/HostConfig/DnsOptions", json!(["ndots:2"])),
        (21, |create| create.memory("64m").memory_reservation("32m"), "/HostConfig/MemoryReservation", json!(32 << 20)),
        (
            22,
            |create| create.tmpfs("/run:size=1m,mode=1770"),
            "/HostConfig/Tmpfs",
            json!({ "/run": "size=1m,mode=1770" }),
        ),
        (22, |create| create.shm_size("1m"), "/HostConfig/ShmSize", json!(1 << 20)),
        (22, |create| create.oom_score_adj(100), "/HostConfig/OomScoreAdj", json!(100)),
        (23, |create| create.pids_limit(100), "/HostConfig/PidsLimit", json!(100)),
        (24, check, "/Config/Healthcheck", checked),
        (24, |create| create.no_healthcheck(), "/Config/Healthcheck/Test", json!(["NONE"])),
        (
            24,
            |create| create.sysctl("net.ipv4.ip_forward", "1"),
            "/HostConfig/Sysctls",
            json!({ "net.ipv4.ip_forward": "1" }),
        ),
        (25, |create| create.cpus(0.5), "/HostConfig/NanoCpus", json!(500_000_000)),
        (25, |create| create.stop_timeout(Duration::from_millis(1500)), "/Config/StopTimeout", json!(2)),
        (25, |create| create.init(true), "/HostConfig/Init", json!(true)),
        (25, |create| create.auto_remove(true), "/HostConfig/AutoRemove", json!(true)),
        (
            25,
            |create| create.mount(Mount::bind("/tmp", "/host").with_read_only(true)),
            "/HostConfig/Mounts/0/ReadOnly",
            json!(true),
        ),
        (
            27,
            |create| create.mount(Mount::tmpfs("/cache", "1m").unwrap()),
            "/HostConfig/Mounts/0/TmpfsOptions/SizeBytes",
            json!(1 << 20),
        ),
        (43, |create| create.annotation("key", "value"), "/HostConfig/Annotations/key", json!("value")),
    ]
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inspect_reports_newer_create_settings() {
    let engine = Engine::under_test().await;
    for (since, set, pointer, expected) in newer_settings() {
        let create = set(engine.containers().create("busybox").cmd(["true"]).name(engine.name("newer")));
        let Some(created) = supported_since(since, create.await) else { continue };
        let seen: Value = engine.get(format!("/containers/{}/json", created.id())).await.unwrap().json().await.unwrap();
        assert_eq!(seen.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn health_check_of_a_shell_command_runs() {
    if version() < ApiVersion::new(1, 24) {
        return;
    }
    let engine = Engine::under_test().await;
    let check = Healthcheck::from("test -e /etc/passwd").with_interval(Duration::from_millis(100));
    let container = engine.create_with("sleep 1000", |create| create.healthcheck(check)).await;
    container.start().await.unwrap();
    container.wait_until_healthy().time_limit(Duration::from_secs(60)).await.unwrap();
}
