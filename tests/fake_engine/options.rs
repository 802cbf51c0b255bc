//! Options that require an API version: sent at that version, and an error at the one before.

use std::{net::IpAddr, time::Duration};

use dockerclient::{
    ApiVersion, DockerClient, Error, Result, Timestamp, Upload,
    containers::{Container, WaitCondition},
    exec::Command,
    images::{BuildImage, HostAddress},
    models::{
        ClusterVolumeSpec, ContainerUpdate, CredentialSpec, EndpointIpamConfig, EndpointSettings, Healthcheck,
        ServiceSpec, SwarmSpec, TaskRuntime,
    },
    services::{CreateService, RegistryAuthFrom},
    swarm::InitSwarm,
    system::{DiskUsageKind, EventKind},
};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use insta::assert_snapshot;

type Call = Box<dyn Fn(DockerClient) -> LocalBoxFuture<'static, Result<()>>>;

/// A request with an option that API 1.`minor` introduced.
fn since<R, T>(minor: u16, request: impl Fn(DockerClient) -> R + 'static) -> (u16, Call)
where
    R: IntoFuture<Output = Result<T, Error>, IntoFuture: 'static>,
{
    (minor, Box::new(move |docker| request(docker).into_future().map(|outcome| outcome.map(drop)).boxed_local()))
}

/// A request to a container with an option that API 1.`minor` introduced.
fn web<R, T>(minor: u16, request: impl Fn(Container) -> R + 'static) -> (u16, Call)
where
    R: IntoFuture<Output = Result<T, Error>, IntoFuture: 'static>,
{
    since(minor, move |docker| request(docker.container("web")))
}

fn engine() -> FakeEngine {
    FakeEngine::scripted(|request| match &*request.line {
        line if line.contains("/session") => {
            Response::raw("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n").then_stall()
        }
        line if line.contains("/wait") => Response::json(200, r#"{"StatusCode":0}"#),
        line if line.contains("/web/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        line if line.contains("/build?") || line.contains("/images/create") || line.contains("/images/load") => {
            Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#)
        }
        line if line.contains("/search") || line.contains("/history") || line.contains("/attestations") => {
            Response::json(200, "[]")
        }
        line if line.contains("/images/json") || line.contains("/containers/json") || line.contains("/networks") => {
            Response::json(200, "[]")
        }
        line if line.contains("/swarm/init") => Response::json(200, "\"f43c\""),
        line if line.starts_with("DELETE") => Response::json(200, "[]"),
        line if line.contains("/exec") || line.contains("/create") => Response::json(201, r#"{"Id":"f43c"}"#),
        _ => Response::json(200, r#"{"Id":"f43c"}"#),
    })
}

/// Makes each call at its version and at the one before, and returns the requests that were sent.
async fn sent(calls: Vec<(u16, Call)>) -> String {
    let mut lines = Vec::new();
    for (index, (minor, call)) in calls.into_iter().enumerate() {
        let engine = engine();
        let since = ApiVersion::new(1, minor);
        let error = call(engine.client(&format!("1.{}", minor - 1))).await.unwrap_err();
        assert!(error.is_unsupported(), "call {index} at 1.{}: {error}", minor - 1);
        assert_eq!(error.required_version(), Some(since), "call {index}: {error}");
        let before = engine.requests().len();
        // The result does not matter.
        let outcome = call(engine.client(&since.to_string())).await;
        let made: Vec<_> = engine.requests().drain(before..).filter(|made| !is_preparation(&made.line)).collect();
        let made = made.first().unwrap_or_else(|| panic!("call {index} at {since}: {outcome:?}"));
        let body = if made.body.starts_with('{') { &*made.body } else { "" };
        lines.push(format!("{} {body}", readable(&made.line)).trim_end().to_owned());
    }
    lines.join("\n")
}

/// Whether a request was sent in preparation of another one.
fn is_preparation(line: &str) -> bool {
    let is_read = line.starts_with("GET") && (line.ends_with("/services/web") || line.ends_with("/swarm"));
    is_read || line.ends_with("/containers/web/json") || line.ends_with("/session")
}

fn readable(line: &str) -> String {
    let (path, query) = line.split_once('?').unwrap_or((line, ""));
    let query: Vec<String> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| match &*key {
            // Random.
            "session" => "session=ID".to_owned(),
            _ => format!("{key}={value}"),
        })
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

fn moment() -> Timestamp {
    Timestamp::from_unix_nanoseconds(1_795_470_173_500_000_000)
}

#[tokio::test]
async fn options_of_containers() {
    let endpoint = |endpoint: EndpointSettings| {
        move |docker: DockerClient| docker.containers().create("busybox").network_with("back", endpoint.clone())
    };
    let mac_address = EndpointSettings { mac_address: "02:42:ac:11:00:99".into(), ..Default::default() };
    let driver_option = EndpointSettings { driver_opts: [("a".into(), "b".into())].into(), ..Default::default() };
    let link_local = EndpointIpamConfig { link_local_ips: vec!["169.254.34.68".into()], ..Default::default() };
    let link_local = EndpointSettings { ipam_config: Some(link_local), ..Default::default() };
    let update = |minor, update: ContainerUpdate| web(minor, move |web| web.update().config(update.clone()));
    let calls = vec![
        since(22, endpoint(EndpointSettings::default())),
        since(41, |docker| docker.containers().create("busybox").platform("linux/arm64")),
        since(44, endpoint(mac_address)),
        since(30, endpoint(driver_option)),
        since(16, |docker| docker.containers().create("busybox").security_opt("label=disable")),
        since(22, |docker| docker.containers().create("busybox").oom_score_adj(7)),
        since(24, endpoint(link_local)),
        update(29, ContainerUpdate { nano_cpus: 1, ..Default::default() }),
        update(35, ContainerUpdate { cpu_realtime_period: 1, ..Default::default() }),
        update(35, ContainerUpdate { cpu_realtime_runtime: 1, ..Default::default() }),
        web(21, |web| web.inspect().size(true)),
        web(25, |web| web.start().checkpoint("before")),
        web(25, |web| web.start().checkpoint_dir("/srv/checkpoints")),
        web(42, |web| web.stop().signal("INT")),
        web(42, |web| web.restart().signal("INT")),
        web(30, |web| web.wait().condition(WaitCondition::NextExit)),
        web(30, |web| web.wait().condition(WaitCondition::Removed)),
        web(19, |web| web.logs().since(moment())),
        web(24, |web| web.logs().details(true)),
        web(35, |web| web.logs().until(moment())),
        web(22, |web| web.attach().detach_keys("ctrl-x")),
        web(30, |web| web.copy_in("/tmp", Upload::from(Vec::new())).no_overwrite_dir_non_dir(true).copy_uid_gid(true)),
        since(21, |docker| docker.containers().list().ancestor("busybox")),
        since(23, |docker| docker.containers().list().volume("data")),
        since(24, |docker| docker.containers().list().network("back")),
        since(25, |docker| docker.containers().list().health("healthy")),
        since(28, |docker| docker.containers().list().publish("80/tcp")),
        since(28, |docker| docker.containers().list().expose("80/tcp")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_commands() {
    let command = |minor, options: fn(Command) -> Command| web(minor, move |web| options(web.command("id")).create());
    let calls = vec![
        command(19, |id| id.user("daemon")),
        command(21, |id| id.privileged(true)),
        command(22, |id| id.detach_keys("ctrl-x")),
        command(25, |id| id.env("NAME", "value")),
        command(35, |id| id.current_dir("/tmp")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_builds() {
    let build = |minor, options: fn(BuildImage) -> BuildImage| {
        since(minor, move |docker| options(docker.images().build(Upload::from(Vec::new()))))
    };
    let address = || IpAddr::from([10, 0, 0, 1]);
    let (quota, period) = (Duration::from_millis(25), Duration::from_millis(100));
    let calls = vec![
        since(19, move |docker| docker.images().build(Upload::from(Vec::new())).cpu_quota(quota).cpu_period(period)),
        build(19, |build| build.cpuset_mems("0-1")),
        build(19, |build| build.cgroup_parent("builds")),
        build(21, |build| build.build_arg("GREETING", "hello")),
        build(21, |build| build.build_arg_without_value("HTTP_PROXY")),
        build(21, |build| build.tag("web:1").tag("web:latest")),
        build(22, |build| build.shm_size("1m")),
        build(20, |build| build.ulimit("nofile", 1, 2)),
        build(22, |build| build.isolation("hyperv")),
        build(23, |build| build.label("app", "web").label("tier", "front")),
        build(25, |build| build.cache_from("web:0").cache_from("web:1")),
        build(25, |build| build.network("none")),
        build(25, |build| build.squash(true)),
        build(25, |build| build.security_opt("credentialspec=file://web.json")),
        since(28, move |docker| {
            let build = docker.images().build(Upload::from(Vec::new()));
            build.add_host("db", address()).add_host("cache", address())
        }),
        build(29, |build| build.target("base")),
        build(34, |build| build.platform("linux/arm64")),
        build(38, |build| build.build_kit(true)),
        build(38, |build| build.build_id("nightly")),
        build(41, |build| build.add_host("host", HostAddress::HostGateway)),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_images() {
    let nothing = || Upload::from(Vec::new());
    let (first, second) = ("linux/arm64", "linux/arm/v7");
    let calls = vec![
        since(24, |docker| docker.images().list().before("web:2").since("web:1")),
        since(42, |docker| docker.images().list().shared_size(true)),
        since(44, |docker| docker.images().list().until(moment())),
        since(47, |docker| docker.images().list().manifests(true)),
        since(54, |docker| docker.images().list().identity(true)),
        since(24, |docker| docker.images().search("web").limit(3)),
        since(24, |docker| docker.images().search("web").stars(7).official(true)),
        since(34, move |docker| docker.images().import(nothing()).platform("linux/arm64").progress()),
        since(21, move |docker| docker.images().import(nothing()).message("as found").progress()),
        since(34, |docker| docker.image("web").pull().platform("linux/arm64").progress()),
        since(46, |docker| docker.image("web").push().platform("linux/arm64").progress()),
        since(48, move |docker| docker.images().save(["web"]).platform(first).platform(second)),
        since(48, move |docker| docker.image("web").save().platform(first).platform(second)),
        since(48, move |docker| docker.images().load(nothing()).platform(first).platform(second)),
        since(48, |docker| docker.image("web").inspect().manifests(true)),
        since(49, |docker| docker.image("web").inspect().platform("linux/arm64")),
        since(48, |docker| docker.image("web").history().platform("linux/arm64")),
        since(50, move |docker| docker.image("web").remove().platform(first).platform(second)),
        since(55, |docker| {
            let attestations = docker.image("web").attestations().platform("linux/arm64");
            attestations.predicate_type("provenance").statements(true)
        }),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_prune_events_volumes_and_networks() {
    let calls = vec![
        since(28, |docker| docker.containers().prune().until(moment())),
        since(29, |docker| docker.containers().prune().label("app=web").without_label("keep")),
        since(39, |docker| docker.images().prune_build_cache().all(true).until(moment())),
        since(39, |docker| docker.images().prune_build_cache().reserved_space(1)),
        since(48, |docker| docker.images().prune_build_cache().reserved_space(1).max_used_space(2)),
        since(48, |docker| docker.images().prune_build_cache().min_free_space(3)),
        since(42, |docker| docker.disk_usage().kind(DiskUsageKind::Volumes).kind(DiskUsageKind::BuildCache)),
        since(21, |docker| docker.events().label("app=web")),
        since(22, |docker| docker.events().kind(EventKind::Network)),
        since(22, |docker| docker.events().volume("data").network("back")),
        since(24, |docker| docker.volumes().list().name("data")),
        since(24, |docker| docker.volumes().list().driver("local")),
        since(25, |docker| docker.volumes().list().label("app=web")),
        since(22, |docker| docker.networks().list().custom(true)),
        since(24, |docker| docker.networks().list().driver("bridge")),
        since(24, |docker| docker.networks().list().label("app=web")),
        since(40, |docker| docker.networks().list().dangling(true)),
        since(25, |docker| docker.volume("data").remove().force(true)),
        since(42, |docker| {
            let spec = ClusterVolumeSpec { group: "fast".into(), ..Default::default() };
            docker.volumes().create().name("data").driver("csi").cluster(spec)
        }),
        since(22, |docker| docker.network("back").disconnect("web").force(true)),
        since(22, |docker| docker.network("back").connect("web").alias("db")),
        since(54, |docker| {
            let endpoint = EndpointSettings { mac_address: "02:42:ac:11:00:99".into(), ..Default::default() };
            docker.network("back").connect("web").endpoint(endpoint)
        }),
        since(28, |docker| docker.network("back").inspect().verbose(true)),
        since(31, |docker| docker.network("back").inspect().scope("swarm")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_swarm_mode() {
    let init = |minor, options: fn(InitSwarm) -> InitSwarm| since(minor, move |docker| options(docker.swarm().init()));
    let calls = vec![
        init(25, |init| init.auto_lock(true)),
        init(28, |init| init.availability("drain")),
        init(30, |init| init.data_path_addr("10.0.0.1")),
        init(39, |init| init.default_addr_pool("10.20.0.0/16").subnet_size(26)),
        init(40, |init| init.data_path_port(4790)),
        since(28, |docker| docker.swarm().join("10.0.0.1", "token").availability("pause")),
        since(30, |docker| docker.swarm().join("10.0.0.1", "token").data_path_addr("10.0.0.2")),
        since(25, |docker| docker.swarm().replace(7, SwarmSpec::default()).rotate_manager_unlock_key(true)),
        since(40, |docker| docker.nodes().list().node_label("disk=ssd")),
        since(31, |docker| docker.tasks().list().runtime("plugin")),
        since(31, |docker| docker.secrets().create("key", "").driver("vault")),
        since(37, |docker| docker.secrets().create("key", "data").templating("golang")),
        since(37, |docker| docker.configs().create("site", "data").templating("golang")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_services() {
    let create = |minor, options: fn(CreateService) -> CreateService| {
        since(minor, move |docker| options(docker.services().create("busybox").resolve_image(false)))
    };
    let calls = vec![
        create(25, |create| create.hostname("web")),
        create(25, |create| create.tty(true)),
        create(25, |create| create.healthcheck(Healthcheck { test: vec!["NONE".into()], ..Default::default() })),
        create(25, |create| create.publish_with(8080, 80, "host")),
        create(25, |create| create.update_monitor(Duration::from_secs(5))),
        create(25, |create| create.update_max_failure_ratio(0.5)),
        create(28, |create| create.stop_signal("INT")),
        create(28, |create| create.read_only(true)),
        create(28, |create| create.placement_pref("spread=node.labels.rack")),
        create(28, |create| create.rollback_delay(Duration::from_secs(1))),
        create(29, |create| create.update_order("start-first")),
        create(25, |create| create.add_host("db", "10.0.0.1")),
        create(25, |create| create.dns("10.0.0.2").dns_search("local").dns_option("ndots:2")),
        create(25, |create| create.group_add("wheel")),
        create(29, |create| create.credential_spec(CredentialSpec { file: "gmsa.json".into(), ..Default::default() })),
        create(32, |create| create.generic_resource("GPU", 2)),
        create(35, |create| create.isolation("hyperv")),
        create(38, |create| create.init(true)),
        create(40, |create| create.sysctl("net.core.somaxconn", "1024")),
        create(41, |create| create.ulimit("nofile", 1024, 2048)),
        create(46, |create| create.oom_score_adj(100)),
        create(52, |create| create.memory_swap("1g")),
        create(52, |create| create.memory_swappiness(10)),
        create(40, |create| create.max_replicas_per_node(1)),
        create(41, |create| create.cap_add("NET_ADMIN")),
        create(41, |create| create.cap_drop("CHOWN")),
        create(41, |create| create.limit_pids(100)),
        create(41, |create| create.replicated_job(9).max_concurrent(3)),
        create(41, CreateService::global_job),
        since(29, |docker| docker.services().list().mode("global")),
        since(31, |docker| docker.services().list().runtime(TaskRuntime::Plugin)),
        since(41, |docker| docker.services().list().status(true)),
        since(29, |docker| docker.service("web").inspect().insert_defaults(true)),
        since(25, |docker| {
            let replace = docker.service("web").replace(7, ServiceSpec::default());
            replace.registry_auth_from(RegistryAuthFrom::PreviousSpec)
        }),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_plugins() {
    let calls = vec![
        since(28, |docker| docker.plugins().list().enabled(true)),
        since(28, |docker| docker.plugins().list().capability("volumedriver")),
    ];
    assert_snapshot!(sent(calls).await, @r#"
    GET /v1.28/plugins?filters={"enabled":["true"]}
    GET /v1.28/plugins?filters={"capability":["volumedriver"]}
    "#);
}

/// Options that are the default of the engine are not sent, so these calls succeed at every version that has the
/// operation.
#[tokio::test]
async fn default_options_are_not_sent() {
    let engine = engine();
    let docker = engine.client("1.18");
    docker.container("web").wait().condition(WaitCondition::NotRunning).await.unwrap();
    docker.images().load(Vec::new()).await.unwrap();
    engine.client("1.23").images().load(Vec::new()).await.unwrap();
    engine.client("1.41").volumes().prune().all(true).await.unwrap();
    engine.client("1.42").volumes().prune().all(true).await.unwrap();
    engine.client("1.25").images().prune().all(true).await.unwrap();
    let lines: Vec<String> = engine.requests().iter().map(|request| readable(&request.line)).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    POST /v1.18/containers/web/wait
    POST /v1.18/images/load
    POST /v1.23/images/load?quiet=false
    POST /v1.41/volumes/prune
    POST /v1.42/volumes/prune?filters={"all":["true"]}
    POST /v1.25/images/prune?filters={"dangling":["false"]}
    "#);
}

#[tokio::test]
async fn invalid_platform_is_an_error() {
    let engine = engine();
    let docker = engine.client("1.55");
    let error = docker.image("web").inspect().platform("arm64").await.unwrap_err();
    assert_snapshot!(error, @r#"failed to inspect image web: invalid platform "arm64": expected os, os/architecture or os/architecture/variant, for example linux/arm64"#);
    assert_eq!(engine.request_lines(), "");
}
