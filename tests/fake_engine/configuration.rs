//! Settings of `config.json` in requests: headers, and proxy variables of containers and builds.

use dockerclient::{ApiVersion, DockerClientBuilder, models::ContainerConfig};
use dockerclient_testkit::{FakeEngine, Response};

use crate::home::Home;

fn engine() -> FakeEngine {
    FakeEngine::scripted(|request| match &*request.line {
        line if line.contains("/attach") => Response::raw("HTTP/1.1 101 UPGRADED\r\n\r\n"),
        line if line.contains("/create") => Response::json(201, r#"{"Id":"f43c"}"#),
        line if line.contains("/build") => Response::json(200, r#"{"stream":"Successfully built f43c\n"}"#),
        line if line.contains("/version") => Response::json(200, r#"{"ApiVersion":"1.41"}"#),
        line if line.contains("/logs") => Response::empty(200),
        _ => Response::json(200, r#"{"Id":"f43c"}"#),
    })
}

#[tokio::test]
async fn configured_headers_are_sent_with_every_request() {
    let home =
        Home::new(r#"{"HttpHeaders":{"X-Token":"configured","X-Other":"configured","User-Agent":"configured"}}"#);
    let engine = engine();
    let docker = engine.client_with(home.builder().header("X-Other", "own").header("x-own", "1").header("X-Own", "2"));
    let container = docker.container("web");
    container.inspect().await.unwrap();
    let _ = container.logs().await.unwrap();
    let _ = container.attach().stdin(true).await.unwrap();
    docker.images().build(vec![]).await.unwrap();
    let requests = engine.requests();
    assert_eq!(requests[0].line, "GET /version");
    assert!(requests.len() > 4);
    let agent = concat!("dockerclient-rs/", env!("CARGO_PKG_VERSION"));
    for request in requests {
        let values = ["x-token", "x-other", "x-own", "user-agent"].map(|name| request.header(name).unwrap_or_default());
        assert_eq!(values, ["configured", "own", "2", agent], "{}", request.line);
    }
}

#[tokio::test]
async fn user_agent_header_replaces_the_default() {
    let (home, engine) = (Home::empty(), engine());
    engine.client_with(home.builder().header("User-Agent", "my-tool/1.0")).ping().await.unwrap();
    for request in engine.requests() {
        assert_eq!(request.header("user-agent"), Some("my-tool/1.0"), "{}", request.line);
    }
}

const PROXIES: &str = r#"{"proxies":{
    "default":{"httpProxy":"http://proxy:1","noProxy":"localhost","ftpProxy":""},
    "tcp://elsewhere:2375":{"allProxy":"http://elsewhere:1"}}}"#;

/// The environment and the build arguments that are sent, some of which are set by the calls.
async fn variables(builder: DockerClientBuilder, version: ApiVersion) -> (Vec<String>, Option<String>) {
    let engine = engine();
    let docker = engine.client_with(builder.api_version(version));
    let env = ["HTTP_PROXY=own", "no_proxy", "A=b"].map(Into::into).into();
    let config = ContainerConfig { image: "busybox".into(), env, ..Default::default() };
    docker.containers().create("busybox").config(config).await.unwrap();
    let build = docker.images().build(vec![]);
    let build = match version < ApiVersion::new(1, 21) {
        true => build,
        false => build.build_arg("http_proxy", "own"),
    };
    build.await.unwrap();
    let requests = engine.requests();
    let env = requests[0].json().unwrap()["Env"].as_array().unwrap().clone();
    let env = env.iter().map(|variable| variable.as_str().unwrap().to_owned()).collect();
    (env, requests[1].query("buildargs"))
}

/// As in the Docker CLI: both spellings, each unless it is already set, even without a value.
#[tokio::test]
async fn proxy_variables_of_containers_and_builds() {
    let home = Home::new(PROXIES);
    let (env, args) = variables(home.builder(), ApiVersion::new(1, 41)).await;
    assert_eq!(env, ["HTTP_PROXY=own", "no_proxy", "A=b", "http_proxy=http://proxy:1", "NO_PROXY=localhost"]);
    let args = args.unwrap();
    let expected =
        r#"{"HTTP_PROXY":"http://proxy:1","NO_PROXY":"localhost","http_proxy":"own","no_proxy":"localhost"}"#;
    assert_eq!(args, expected);

    let old = variables(home.builder(), ApiVersion::new(1, 20)).await;
    assert_eq!((old.0, old.1), (env, None), "without build arguments");

    let (env, args) = variables(home.builder().no_container_proxies(), ApiVersion::new(1, 41)).await;
    assert_eq!(env, ["HTTP_PROXY=own", "no_proxy", "A=b"]);
    assert_eq!(args.as_deref(), Some(r#"{"http_proxy":"own"}"#));
}

#[tokio::test]
async fn proxy_variables_by_address_of_the_engine() {
    let engine = FakeEngine::new();
    let home = Home::empty();
    let address = engine.address();
    home.configure(&PROXIES.replace("tcp://elsewhere:2375", &address));
    let docker = engine.client_with(home.builder().api_version(ApiVersion::new(1, 41)));
    docker.containers().create("busybox").await.unwrap();
    let env = engine.requests()[0].json().unwrap()["Env"].clone();
    assert_eq!(env, serde_json::json!(["ALL_PROXY=http://elsewhere:1", "all_proxy=http://elsewhere:1"]));
}
