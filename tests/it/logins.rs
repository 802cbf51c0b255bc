//! What is shown to which registry, on the wire.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use dockerclient::{
    ApiVersion, DockerClient,
    images::{BuildOptions, PullOptions, PushOptions, SearchOptions},
    models::AuthConfig,
};
use dockerclient_testkit::{Engine, Reply};
use insta::assert_snapshot;

use crate::{
    credentials::{TELLING, helped_by},
    home::Home,
};

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
            "auths": { "http://a.example/v1/": { "username": "file" }, "docker.io": { "username": "file" }, "empty": {}, "https://": { "username": "nobody" },
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
