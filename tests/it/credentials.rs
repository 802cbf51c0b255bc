//! Whose credentials are shown to which registry.

use std::{fs, future::Future, os::unix::fs::PermissionsExt as _, path::Path, pin::pin, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use dockerclient::{
    ApiVersion, DockerClient, Error,
    images::{BuildOptions, PullOptions, PushOptions, SearchOptions},
    models::AuthConfig,
};
use futures_util::{FutureExt as _, future};
use insta::assert_snapshot;

use crate::{
    engine::{Engine, Reply},
    home::Home,
};

/// A client without an engine: who looks up credentials asks none.
fn client(home: &Home) -> DockerClient {
    home.builder().address("tcp://127.0.0.1:1").build().unwrap()
}

/// All there is of `registry`, secrets too, to read.
async fn told(docker: &DockerClient, registry: &str) -> String {
    match docker.credentials(registry).await.unwrap() {
        Some(account) => serde_json::to_string(&account).unwrap(),
        None => "nothing".into(),
    }
}

async fn refused(home: &Home) -> Error {
    client(home).credentials("host").await.unwrap_err()
}

/// An error and its sources hold nothing secret.
#[track_caller]
fn is_discreet(error: &Error) {
    assert!(!format!("{error:?}").contains("s3cret") && !error.to_string().contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_file_holds_credentials_in_several_forms() {
    let home = Home::new(
        r#"{ "auths": {
            "encoded": { "auth": "bWU6czNjcmV0", "email": "me@example.com" },
            "plain": { "username": "me", "password": "s3cret" },
            "identity": { "auth": "bWU6", "identitytoken": "identity s3cret" },
            "bearer": { "registrytoken": "bearer s3cret" },
            "null": { "auth": null, "username": "me" },
            "empty": {}
        }, "HttpHeaders": { "a": "b" }, "currentContext": "default" }"#,
    );
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["encoded", "plain", "identity", "bearer", "null", "empty", "other"] {
        text += &format!("{registry}: {}\n", told(&docker, registry).await);
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_registry_is_known_by_its_host_and_an_exact_name_goes_first() {
    let home = Home::new(
        r#"{ "auths": {
            "http://old.example:5000/v1/": { "username": "old" },
            "https://both.example": { "username": "url" }, "both.example": { "username": "exact" },
            "https://index.docker.io/v1/": { "username": "hub" }
        } }"#,
    );
    let docker = client(&home);
    for (registry, username) in [
        ("old.example:5000", "old"),
        ("both.example", "exact"),
        ("docker.io", "hub"),
        ("index.docker.io", "hub"),
        ("https://index.docker.io/v1/", "hub"),
    ] {
        assert_eq!(docker.credentials(registry).await.unwrap().unwrap().username, username, "{registry}");
    }
    for registry in ["old.example", "example", "registry.docker.io"] {
        assert_eq!(docker.credentials(registry).await.unwrap(), None, "{registry}");
    }
    assert!(docker.credentials("two words").await.unwrap_err().is_bad_request());
}

/// A helper that tells who was asked for what.
const TELLING: &str = r#"read -r registry; echo "{\"Username\":\"${0##*-} $1\",\"Secret\":\"of $registry\"}""#;

#[tokio::test]
async fn the_helper_of_a_registry_goes_before_the_one_for_all_and_that_before_the_file() {
    let helpers = r#"{ "own.example": "own", "https://url.example": "own", "none.example": "" }"#;
    let auths = ["own.example", "url.example", "none.example", "other.example"]
        .map(|name| format!(r#""{name}": {{ "username": "file" }}"#))
        .join(",");
    let home = Home::new(&format!(r#"{{ "credHelpers": {helpers}, "credsStore": "all", "auths": {{ {auths} }} }}"#))
        .with_helper("own", TELLING)
        .with_helper("all", TELLING);
    let docker = client(&home);
    let mut text = String::new();
    for registry in ["own.example", "url.example", "none.example", "other.example", "docker.io"] {
        text += &format!("{registry}: {}\n", told(&docker, registry).await);
    }
    assert_snapshot!(text);

    home.configure(&format!(r#"{{ "credHelpers": {helpers}, "auths": {{ {auths} }} }}"#));
    assert!(told(&docker, "other.example").await.contains("file"));
    assert!(told(&docker, "own.example").await.contains("own get"));
}

#[tokio::test]
async fn no_configuration_is_no_credentials() {
    let home = Home::empty();
    let docker = client(&home);
    assert_eq!(docker.credentials("host").await.unwrap(), None);
    for nothing in
        ["", "\n", "{}", r#"{ "auths": null, "credHelpers": null, "credsStore": null }"#, r#"{ "credsStore": "" }"#]
    {
        home.configure(nothing);
        assert_eq!(docker.credentials("host").await.unwrap(), None, "{nothing}");
    }
    home.configure("nonsense");
    let anonymous = home.builder().anonymous().build().unwrap();
    assert_eq!(anonymous.credentials("host").await.unwrap(), None);
}

#[tokio::test]
async fn who_logs_in_while_a_client_lives_is_logged_in() {
    let home = Home::empty();
    let docker = client(&home);
    assert_eq!(told(&docker, "host").await, "nothing");
    home.configure(r#"{ "auths": { "host": { "username": "me" } } }"#);
    assert!(told(&docker, "host").await.contains("me"));
}

#[tokio::test]
async fn a_file_that_makes_no_sense_is_an_error_that_tells_no_secrets() {
    let home = Home::empty();
    let mut text = String::new();
    for config in [
        r#"{ "auths": { "host": { "auth": "s3cret" } } }"#,
        r#"{ "auths": { "host": "s3cret" } }"#,
        r#"{ "auths": { "host": { "password": ["s3cret"] } } }"#,
        r#"{ "auths": { "host": { "password": "s3cret } } }"#,
        r#"{ "credsStore": "../s3" }"#,
    ] {
        home.configure(config);
        let error = refused(&home).await;
        is_discreet(&error);
        assert!(error.is_bad_request());
        text += &format!("{error}\n").replace(&home.path().display().to_string(), "[home]");
    }
    assert_snapshot!(text);

    home.configure(&" ".repeat((4 << 20) + 1));
    assert!(refused(&home).await.is_bad_request());
    fs::remove_file(home.path().join("config.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.path().join("config.json")).unwrap();
    assert!(refused(&home).await.is_bad_request());
}

/// A user whose credentials are all with one helper.
fn helped_by(script: &str) -> Home {
    Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", script)
}

#[tokio::test]
async fn a_helper_may_know_a_token_or_nothing() {
    let token = helped_by(r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"s3cret"}'"#);
    assert_eq!(told(&client(&token), "host").await, r#"{"identitytoken":"s3cret","serveraddress":"host"}"#);
    for nothing in [
        "echo credentials not found in native keychain; exit 1",
        "echo credentials not found in native keychain >&2; exit 1",
        r#"echo '{"ServerURL":"","Username":"","Secret":""}'"#,
    ] {
        assert_eq!(told(&client(&helped_by(nothing)), "host").await, "nothing", "{nothing}");
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_an_error_in_its_words_but_without_its_answer() {
    let mut text = String::new();
    for script in [
        "echo the session has expired >&2; exit 3",
        "echo the keychain is locked; exit 1",
        "echo '  warning  ' >&2; echo; echo ' no such keychain '; exit 1",
        r#"echo '{"Username":"me","Secret":"s3cret"}'; exit 1"#,
        "exit 1",
        "kill -9 $$",
        "echo s3cret",
        r#"echo '{"Username":"me","Secret":5s3cret}'"#,
        r#"echo '{"Username":"me","Secret":["s3cret"]}'"#,
        r#"echo '{"username":"me","secret":"s3cret"}'"#,
        "",
    ] {
        let error = refused(&helped_by(script)).await;
        is_discreet(&error);
        assert!(error.is_credentials() && !error.is_timeout());
        text += &format!("{error}\n");
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_helper_that_never_stops_talking_is_stopped() {
    let error = refused(&helped_by("exec cat /dev/zero")).await;
    assert!(error.is_credentials());
    let source = std::error::Error::source(&error).unwrap();
    assert_snapshot!(format!("{error}: {source}"), @"docker-credential-test was not heard out: it says more than 1048576 bytes");

    let answer = r#"echo '{"Username":"me","Secret":"s3cret"}'"#;
    let noisy = format!("head -c 1000000 /dev/zero >&2; {answer}");
    assert!(told(&client(&helped_by(&noisy)), "host").await.contains("me"));
    let error = refused(&helped_by("yes no | head -c 1000000 >&2; exit 1")).await;
    assert!(error.to_string().len() < 1200, "{error}");
}

#[tokio::test]
async fn a_helper_is_a_program_on_the_path() {
    let home = helped_by("exit 0");
    let file = home.path().join("docker-credential-test");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(refused(&home).await, @"docker-credential-test is not on the PATH");

    let nowhere = home.builder().address("tcp://127.0.0.1:1").helper_path("").build().unwrap();
    assert_snapshot!(nowhere.credentials("host").await.unwrap_err(), @"docker-credential-test is not on the PATH");
    let here = home.builder().address("tcp://127.0.0.1:1").helper_path(".:relative").build().unwrap();
    assert!(here.credentials("host").await.unwrap_err().is_credentials());

    for name in ["../test", "/bin/sh", "a\\\\b", "a\\u0000"] {
        home.configure(&format!(r#"{{ "credsStore": "{name}" }}"#));
        let error = refused(&home).await;
        assert!(
            error.is_bad_request() && error.to_string().starts_with("no credential helper can be named"),
            "{error}"
        );
    }
}

/// A user whose helper tells its process, and then hangs; and what it will tell.
fn hanging() -> (Home, impl Future<Output = String>) {
    let home = helped_by("echo $$ > alive; exec sleep 1000000");
    let alive = home.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&alive).status().unwrap().success());
    let process = tokio::task::spawn_blocking(move || fs::read_to_string(alive).unwrap().trim().to_owned());
    (home, process.map(Result::unwrap))
}

fn exists(process: &str) -> bool {
    Path::new("/proc").join(process).exists()
}

/// Time stands still until the helper is there: the clock of the test waits for the thread that reads of it.
#[tokio::test(start_paused = true)]
async fn a_helper_that_takes_too_long_is_killed_and_nothing_is_left_of_it() {
    let (home, process) = hanging();
    let docker = client(&home);
    let (outcome, process) = future::join(docker.credentials("host"), process).await;
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.is_credentials() && !error.is_connect());
    assert_snapshot!(error, @"docker-credential-test did not answer within 60s");
    assert!(!exists(&process));

    let (home, process) = hanging();
    let hasty = home.builder().address("tcp://127.0.0.1:1").helper_timeout(Duration::from_millis(2)).build().unwrap();
    let (outcome, _) = future::join(hasty.credentials("host"), process).await;
    assert_snapshot!(outcome.unwrap_err(), @"docker-credential-test did not answer within 2ms");
}

#[tokio::test]
async fn a_helper_is_killed_with_the_call_that_waits_for_it() {
    let (home, process) = hanging();
    let docker = client(&home);
    let process = {
        let call = pin!(docker.credentials("host"));
        match future::select(call, pin!(process)).await {
            future::Either::Left((outcome, _)) => panic!("{outcome:?}"),
            future::Either::Right((process, _)) => process,
        }
    };
    while exists(&process) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An engine to which every image is known.
fn engine() -> Engine {
    Engine::answering(|request| match &*request.line {
        line if line.contains("/search") => Reply::json(200, "[]"),
        line if line.contains("/build") => Reply::json(200, r#"{"stream":"Successfully built f43c\n"}"#),
        _ => Reply::json(200, "{}"),
    })
}

fn client_of(engine: &Engine, home: &Home) -> DockerClient {
    engine.client_of(home.builder().api_version(ApiVersion::new(1, 18)))
}

/// What was shown with each request, by path.
fn shown(engine: &Engine) -> String {
    let requests = engine.requests().into_iter().map(|request| {
        let header = request.headers.iter().find_map(|header| header.strip_prefix("x-registry-")?.split_once(": "));
        let shown = header.map(|(name, value)| {
            let mut value: serde_json::Value = serde_json::from_slice(&URL_SAFE.decode(value).unwrap()).unwrap();
            if let Some(configs) = value.as_object_mut().unwrap().remove("configs") {
                assert_eq!(configs, value, "for old engines and for new ones");
            }
            format!("{name} {value}")
        });
        let path = request.line.split('?').next().unwrap();
        format!("{path}: {}\n", shown.as_deref().unwrap_or("nothing"))
    });
    requests.collect()
}

const SOME: &str = r#"{ "auths": { "host.example": { "username": "configured" } } }"#;

fn given() -> AuthConfig {
    AuthConfig { username: "given".into(), ..Default::default() }
}

#[tokio::test]
async fn pulls_pushes_and_searches_show_what_is_configured_for_their_registry() {
    let (engine, home) = (engine(), Home::new(SOME));
    let docker = client_of(&engine, &home);
    for name in ["host.example/web", "web"] {
        docker.image(name).pull(&PullOptions::default()).await.unwrap();
        docker.image(name).push(&PushOptions::default()).await.unwrap();
        docker.images().search(name, &SearchOptions::default()).await.unwrap();
    }
    assert_snapshot!(shown(&engine));
}

#[tokio::test]
async fn what_is_given_is_shown_and_then_nothing_is_looked_up() {
    let (engine, home) = (engine(), Home::new("nonsense"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    image.pull(&PullOptions::default().credentials(given())).await.unwrap();
    image.push(&PushOptions::default().credentials(given())).await.unwrap();
    docker.images().search(image.name(), &SearchOptions::default().credentials(given())).await.unwrap();
    let encoded = AuthConfig { auth: "bWU6czNjcmV0".into(), ..Default::default() };
    image.pull(&PullOptions::default().credentials(encoded.clone())).await.unwrap();
    docker.auth(&encoded).await.unwrap();
    assert_eq!(engine.requests().last().unwrap().body, r#"{"password":"s3cret","username":"me"}"#);
    assert_snapshot!(shown(&engine), @r#"
    POST /v1.18/images/create: auth {"username":"given"}
    POST /v1.18/images/host.example%2Fweb/push: auth {"username":"given"}
    GET /v1.18/images/search: auth {"username":"given"}
    POST /v1.18/images/create: auth {"password":"s3cret","username":"me"}
    POST /v1.18/auth: nothing
    "#);
}

#[tokio::test]
async fn who_wants_to_show_nothing_does_so() {
    let (engine, home) = (engine(), Home::new("nonsense"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    image.pull(&PullOptions::default().anonymous()).await.unwrap();
    image.push(&PushOptions::default().anonymous()).await.unwrap();
    docker.images().search(image.name(), &SearchOptions::default().anonymous()).await.unwrap();
    docker.images().build(vec![], &BuildOptions::default().anonymous()).await.unwrap();
    docker.images().build(vec![], &BuildOptions::default().anonymous().credentials("host", given())).await.unwrap();
    assert_snapshot!(shown(&engine), @r#"
    POST /v1.18/images/create: auth {}
    POST /v1.18/images/host.example%2Fweb/push: auth {}
    GET /v1.18/images/search: auth {}
    POST /v1.18/build: nothing
    POST /v1.18/build: config {"host":{"username":"given"}}
    "#);
}

#[tokio::test]
async fn what_cannot_be_had_is_not_left_out_where_it_is_needed() {
    let (engine, home) = (engine(), helped_by("echo the session has expired >&2; exit 1"));
    let docker = client_of(&engine, &home);
    let image = docker.image("host.example/web");
    let errors = [
        image.pull(&PullOptions::default()).await.unwrap_err(),
        image.push(&PushOptions::default()).await.unwrap_err(),
        docker.images().search(image.name(), &SearchOptions::default()).await.unwrap_err(),
        docker.images().build(vec![], &BuildOptions::default()).await.unwrap_err(),
    ];
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r"
    image create: docker-credential-test failed (exit status: 1): the session has expired
    image push: docker-credential-test failed (exit status: 1): the session has expired
    image search: docker-credential-test failed (exit status: 1): the session has expired
    image build: docker-credential-test failed (exit status: 1): the session has expired
    ");
    assert_eq!(engine.lines(), "");
}

#[tokio::test]
async fn a_build_shows_all_that_is_configured_and_what_is_given_goes_first() {
    let (engine, home) = (engine(), Home::empty());
    let docker = client_of(&engine, &home);
    docker.images().build(vec![], &BuildOptions::default()).await.unwrap();
    home.configure(
        r#"{
            "auths": { "http://a.example/v1/": { "username": "file" }, "docker.io": { "username": "file" }, "empty": {},
                       "odd": { "auth": "?" } },
            "credHelpers": { "b.example": "test", "broken.example": "missing" }
        }"#,
    );
    let home = home.with_helper("test", TELLING);
    docker.images().build(vec![], &BuildOptions::default()).await.unwrap();
    let options = BuildOptions::default()
        .credentials("https://a.example", given())
        .credentials("index.docker.io", given())
        .credentials("c.example", given());
    docker.images().build(vec![], &options).await.unwrap();
    assert_snapshot!(shown(&engine));
    drop(home);
}

#[tokio::test]
async fn a_build_shows_all_that_the_helper_for_all_lists() {
    let listing = r#"case $1 in
        list) echo '{"https://a.example/v1/":"me","b.example":"me","gone.example":"me","own.example":"me"}' ;;
        get) read -r registry
            case $registry in
                gone.example) echo credentials not found in native keychain; exit 1 ;;
                *) echo "{\"Username\":\"for $registry\",\"Secret\":\"\"}" ;;
            esac ;;
    esac"#;
    let home = Home::new(
        r#"{ "credsStore": "test", "credHelpers": { "own.example": "own" }, "auths": { "file.example": { "username": "me" } } }"#,
    );
    let home = home.with_helper("test", listing).with_helper("own", TELLING);
    let engine = engine();
    client_of(&engine, &home).images().build(vec![], &BuildOptions::default()).await.unwrap();
    assert_snapshot!(shown(&engine));

    let empty = helped_by("echo null");
    client_of(&engine, &empty).images().build(vec![], &BuildOptions::default()).await.unwrap();
    assert!(shown(&engine).ends_with("POST /v1.18/build: nothing\n"));
}
