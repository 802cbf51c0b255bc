//! Every option that came after API 1.18: how it is sent at the version that brought it, and that it is refused before.

use std::net::IpAddr;

use dockerclient::{
    ApiVersion, DockerClient, PruneOptions, Result, Timestamp, Upload,
    containers::{self, AttachOptions, CopyInOptions, CreateOptions, LogsOptions, StopOptions, WaitCondition},
    exec::ExecOptions,
    images::{
        self, AttestationsOptions, BuildOptions, BuildPruneOptions, ImportOptions, PullOptions, PushOptions,
        SearchOptions,
    },
    models::{ContainerConfig, EndpointSettings, Ulimit},
    networks,
    system::{DiskUsageKind, EventKind, EventsOptions},
    volumes,
};
use dockerclient_testkit::{Engine, Reply};
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use insta::assert_snapshot;

type Call = Box<dyn Fn(DockerClient) -> LocalBoxFuture<'static, Result<()>>>;

/// A call that says something API 1.`minor` knows first.
fn since<F: Future<Output = Result<()>> + 'static>(
    minor: u16,
    call: impl Fn(DockerClient) -> F + 'static,
) -> (u16, Call) {
    (minor, Box::new(move |docker| call(docker).boxed_local()))
}

fn engine() -> Engine {
    Engine::answering(|request| match &*request.line {
        line if line.contains("/wait") => Reply::json(200, r#"{"StatusCode":0}"#),
        line if line.contains("/web/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
        line if line.contains("/build?") || line.contains("/images/create") || line.contains("/images/load") => {
            Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#)
        }
        line if line.contains("/search") || line.contains("/history") || line.contains("/attestations") => {
            Reply::json(200, "[]")
        }
        line if line.contains("/images/json") || line.contains("/containers/json") || line.contains("/networks") => {
            Reply::json(200, "[]")
        }
        line if line.starts_with("DELETE") => Reply::json(200, "[]"),
        line if line.contains("/exec") || line.contains("/create") => Reply::json(201, r#"{"Id":"f43c"}"#),
        _ => Reply::json(200, r#"{"Id":"f43c"}"#),
    })
}

/// Makes each call at its version and at the one before, and returns what was sent.
async fn sent(calls: Vec<(u16, Call)>) -> String {
    let mut lines = Vec::new();
    for (index, (minor, call)) in calls.into_iter().enumerate() {
        let engine = engine();
        let since = ApiVersion::new(1, minor);
        let error = call(engine.client(&format!("1.{}", minor - 1))).await.unwrap_err();
        assert!(error.is_unsupported(), "call {index} at 1.{}: {error}", minor - 1);
        assert_eq!(error.needed_version(), Some(since), "call {index}: {error}");
        let before = engine.requests().len();
        // What comes back is of no interest here.
        let outcome = call(engine.client(&since.to_string())).await;
        let made: Vec<_> = engine.requests().drain(before..).filter(|made| !is_aside(&made.line)).collect();
        let made = made.first().unwrap_or_else(|| panic!("call {index} at {since}: {outcome:?}"));
        let body = if made.body.starts_with('{') { &*made.body } else { "" };
        lines.push(format!("{} {body}", readable(&made.line)).trim_end().to_owned());
    }
    lines.join("\n")
}

/// What is asked on behalf of a call.
fn is_aside(line: &str) -> bool {
    line.ends_with("/containers/web/json")
}

fn readable(line: &str) -> String {
    let (path, query) = line.split_once('?').unwrap_or((line, ""));
    let query: Vec<String> =
        url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| format!("{key}={value}")).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

fn moment() -> Timestamp {
    Timestamp::from_unix_nanoseconds(1_795_470_173_500_000_000)
}

fn config() -> ContainerConfig {
    ContainerConfig { image: "busybox".into(), ..Default::default() }
}

#[tokio::test]
async fn options_of_containers() {
    let logs = |minor, options: LogsOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.container("web").logs(&options).await.map(drop) }
        })
    };
    let list = |minor, options: containers::ListOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.containers().list(&options).await.map(drop) }
        })
    };
    let copy_in = |minor, options: CopyInOptions| {
        since(minor, move |docker| {
            let (options, nothing) = (options.clone(), Upload::from(Vec::new()));
            async move { docker.container("web").copy_in_with("/tmp", nothing, &options).await }
        })
    };
    let stop = || StopOptions::default().signal("INT");
    let create = |minor, options: CreateOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.containers().create(&options).await.map(drop) }
        })
    };
    let attach = AttachOptions::default().detach_keys("ctrl-x");
    let wait =
        |condition| since(30, move |docker| async move { docker.container("web").wait_for(condition).await.map(drop) });
    let calls = vec![
        create(22, CreateOptions::new(config()).network("back", EndpointSettings::default())),
        create(41, CreateOptions::new(config()).platform("linux/arm64")),
        since(21, |docker| async move { docker.container("web").inspect_with_size().await.map(drop) }),
        since(42, move |docker| async move { docker.container("web").stop(&stop()).await.map(drop) }),
        since(42, move |docker| async move { docker.container("web").restart(&stop()).await }),
        wait(WaitCondition::NextExit),
        wait(WaitCondition::Removed),
        logs(19, LogsOptions::default().since(moment())),
        logs(23, LogsOptions::default().details()),
        logs(35, LogsOptions::default().until(moment())),
        since(22, move |docker| {
            let attach = attach.clone();
            async move { docker.container("web").attach(&attach).await.map(drop) }
        }),
        copy_in(30, CopyInOptions::default().keep_kinds().give_to_user()),
        list(23, containers::ListOptions::default().ancestor("busybox")),
        list(23, containers::ListOptions::default().volume("data")),
        list(24, containers::ListOptions::default().network("back")),
        list(25, containers::ListOptions::default().health("healthy")),
        list(28, containers::ListOptions::default().publish("80/tcp")),
        list(28, containers::ListOptions::default().expose("80/tcp")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_commands() {
    let exec = |minor, options: ExecOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.container("web").exec(&options).await.map(drop) }
        })
    };
    let calls = vec![
        exec(19, ExecOptions::new(["id"]).user("daemon")),
        exec(21, ExecOptions::new(["id"]).privileged()),
        exec(22, ExecOptions::new(["id"]).detach_keys("ctrl-x")),
        exec(25, ExecOptions::new(["id"]).env("NAME", "value")),
        exec(35, ExecOptions::new(["id"]).working_dir("/tmp")),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_builds() {
    let build = |minor, options: BuildOptions| {
        since(minor, move |docker| {
            let (options, nothing) = (options.clone(), Upload::from(Vec::new()));
            async move { docker.images().build(nothing, &options).await.map(drop) }
        })
    };
    let options = BuildOptions::default;
    let address = IpAddr::from([10, 0, 0, 1]);
    let calls = vec![
        build(19, options().cpu_quota(25_000, 100_000)),
        build(19, options().cpuset_mems("0-1")),
        build(19, options().cgroup_parent("builds")),
        build(21, options().build_arg("GREETING", "hello")),
        build(21, options().name("web:1").name("web:latest")),
        build(22, options().shm_size(1 << 20)),
        build(22, options().ulimit(Ulimit { name: "nofile".into(), soft: 1, hard: 2 })),
        build(23, options().label("app", "web").label("tier", "front")),
        build(25, options().cache_from("web:0").cache_from("web:1")),
        build(25, options().network_mode("none")),
        build(25, options().squash()),
        build(28, options().extra_host("db", address).extra_host("cache", address)),
        build(29, options().target("base")),
        build(32, options().platform("linux/arm64")),
        build(38, options().build_kit()),
        build(40, options().output("image", [("push", "true")])),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_images() {
    let list = |minor, options: images::ListOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.images().list(&options).await.map(drop) }
        })
    };
    let search = |options: SearchOptions| {
        since(24, move |docker| {
            let options = options.clone();
            async move { docker.images().search("web", &options).await.map(drop) }
        })
    };
    let import = |minor, options: ImportOptions| {
        since(minor, move |docker| {
            let (options, nothing) = (options.clone(), Upload::from(Vec::new()));
            async move { docker.images().import_progress(nothing, &options).await.map(drop) }
        })
    };
    let pull = PullOptions::default().platform("linux/arm64");
    let push = PushOptions::default().platform("linux/arm64");
    let remove = images::RemoveOptions::default().platform("linux/arm64").platform("linux/arm/v7");
    let attestations = AttestationsOptions::default().platform("linux/arm64").predicate_type("provenance").statements();
    let platforms = ["linux/arm64", "linux/arm/v7"];
    let calls = vec![
        list(24, images::ListOptions::default().before("web:2").since("web:1")),
        list(42, images::ListOptions::default().shared_size()),
        list(44, images::ListOptions::default().until(moment())),
        list(47, images::ListOptions::default().manifests()),
        list(54, images::ListOptions::default().identity()),
        search(SearchOptions::default().limit(3)),
        search(SearchOptions::default().stars(7).official(true)),
        import(32, ImportOptions::default().platform("linux/arm64")),
        import(39, ImportOptions::default().message("as found")),
        since(32, move |docker| {
            let pull = pull.clone();
            async move { docker.image("web").pull_progress(&pull).await.map(drop) }
        }),
        since(46, move |docker| {
            let push = push.clone();
            async move { docker.image("web").push_progress(&push).await.map(drop) }
        }),
        since(48, move |docker| async move { docker.images().save_on(["web"], platforms).await.map(drop) }),
        since(48, move |docker| async move { docker.image("web").save_on(platforms).await.map(drop) }),
        since(48, move |docker| async move { docker.images().load_on(Vec::new(), platforms).await.map(drop) }),
        since(48, |docker| async move { docker.image("web").inspect_with_manifests().await.map(drop) }),
        since(49, |docker| async move { docker.image("web").inspect_on("linux/arm64").await.map(drop) }),
        since(48, |docker| async move { docker.image("web").history_on("linux/arm64").await.map(drop) }),
        since(50, move |docker| {
            let remove = remove.clone();
            async move { docker.image("web").remove(&remove).await.map(drop) }
        }),
        since(55, move |docker| {
            let attestations = attestations.clone();
            async move { docker.image("web").attestations(&attestations).await.map(drop) }
        }),
    ];
    assert_snapshot!(sent(calls).await);
}

#[tokio::test]
async fn options_of_what_is_left() {
    let prune = |minor, options: PruneOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.containers().prune(&options).await.map(drop) }
        })
    };
    let builds = |minor, options: BuildPruneOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.images().prune_build_cache(&options).await.map(drop) }
        })
    };
    let events = |minor, options: EventsOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.events(&options).await.map(drop) }
        })
    };
    let volumes = |minor, options: volumes::ListOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.volumes().list(&options).await.map(drop) }
        })
    };
    let networks = |minor, options: networks::ListOptions| {
        since(minor, move |docker| {
            let options = options.clone();
            async move { docker.networks().list(&options).await.map(drop) }
        })
    };
    let kinds = [DiskUsageKind::Volumes, DiskUsageKind::BuildCache];
    let calls = vec![
        prune(28, PruneOptions::default().until(moment())),
        prune(29, PruneOptions::default().label("app=web").without_label("keep")),
        builds(39, BuildPruneOptions::default().all().until(moment())),
        builds(39, BuildPruneOptions::default().reserved_space(1)),
        builds(48, BuildPruneOptions::default().reserved_space(1).max_used_space(2)),
        builds(48, BuildPruneOptions::default().min_free_space(3)),
        since(42, move |docker| async move { docker.disk_usage_of(kinds).await.map(drop) }),
        events(21, EventsOptions::default().label("app=web")),
        events(22, EventsOptions::default().kind(EventKind::Network)),
        events(22, EventsOptions::default().volume("data").network("back")),
        volumes(23, volumes::ListOptions::default().name("data")),
        volumes(23, volumes::ListOptions::default().driver("local")),
        volumes(24, volumes::ListOptions::default().label("app=web")),
        networks(22, networks::ListOptions::default().custom()),
        networks(24, networks::ListOptions::default().driver("bridge")),
        networks(24, networks::ListOptions::default().label("app=web")),
        networks(40, networks::ListOptions::default().dangling(true)),
        since(25, |docker| async move { docker.volume("data").force_remove().await }),
        since(22, |docker| async move { docker.network("back").force_disconnect("web").await }),
        since(22, |docker| {
            let endpoint = EndpointSettings { aliases: vec!["db".into()], ..Default::default() };
            async move { docker.network("back").connect("web", &endpoint).await }
        }),
    ];
    assert_snapshot!(sent(calls).await);
}

/// What engines do unasked is not said: all of this is sent at every version that has the call.
#[tokio::test]
async fn what_is_meant_anyway_is_not_said() {
    let engine = engine();
    let docker = engine.client("1.18");
    docker.container("web").wait_for(WaitCondition::NotRunning).await.unwrap();
    docker.images().load(Vec::new()).await.unwrap();
    engine.client("1.23").images().load(Vec::new()).await.unwrap();
    let options = PruneOptions::default().all();
    engine.client("1.41").volumes().prune(&options).await.unwrap();
    engine.client("1.42").volumes().prune(&options).await.unwrap();
    engine.client("1.25").images().prune(&options).await.unwrap();
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
async fn what_is_no_platform_is_refused() {
    let engine = engine();
    let docker = engine.client("1.55");
    let error = docker.image("web").inspect_on("arm64").await.unwrap_err();
    assert_snapshot!(error, @r#"image inspect: "arm64" is no platform, as linux/arm64 is"#);
    assert!(docker.disk_usage_of([]).await.unwrap_err().is_bad_request());
    assert_eq!(engine.lines(), "");
}
