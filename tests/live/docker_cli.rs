//! Comparison of requests with those of the Docker CLI: addresses, contexts, headers and proxy variables.

use std::{
    convert::Infallible,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::spawn_blocking};

type Requests = Mutex<Vec<Request<Bytes>>>;

/// A fake engine that records requests, and a configuration directory.
struct RequestRecorder {
    port: u16,
    requests: Arc<Requests>,
    directory: TempDir,
}

impl RequestRecorder {
    async fn new(config: &Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Requests>::default();
        let recorded = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let recorded = Arc::clone(&recorded);
                tokio::spawn(async move {
                    let service = service_fn(|request| respond(&recorded, request));
                    let _ = server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let directory = TempDir::new().unwrap();
        let config = config.to_string().replace("PORT", &port.to_string());
        fs::write(directory.path().join("config.json"), config).unwrap();
        Self { port, requests, directory }
    }

    /// Runs the Docker CLI with this configuration.
    async fn docker<const N: usize>(&self, arguments: &[&str], environment: [(&str, &str); N]) {
        let mut command = Command::new("docker");
        command.args(arguments).current_dir(self.directory.path()).env_clear().envs(environment);
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("DOCKER_CONFIG", self.directory.path());
        let output = spawn_blocking(move || command.output()).await.unwrap().expect("the Docker CLI is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Builds a client with this configuration.
    fn client(&self, builder: DockerClientBuilder) -> DockerClient {
        builder.config_directory(self.directory.path()).api_version(ApiVersion::new(1, 41)).build().unwrap()
    }

    fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// Removes the recorded requests, and returns the only one whose path ends with `path`.
    fn take(&self, path: &str) -> Request<Bytes> {
        let mut requests: MutexGuard<'_, Vec<_>> = self.requests.lock().unwrap();
        let mut found: Vec<_> = requests.drain(..).filter(|request| request.uri().path().ends_with(path)).collect();
        assert_eq!(found.len(), 1, "{path}");
        found.remove(0)
    }
}

async fn respond(recorded: &Requests, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = body.collect().await.unwrap().to_bytes();
    recorded.lock().unwrap().push(Request::from_parts(parts, body));
    let (status, body) = match &*path {
        _ if path.ends_with("/json") => (200, "[]"),
        _ if path.ends_with("/create") => (201, r#"{"Id":"f43c"}"#),
        _ if path.ends_with("/build") => (200, "{\"stream\":\"Successfully built f43c\\n\"}"),
        _ => (200, "OK"),
    };
    let response = Response::builder().status(status).header("Content-Type", "application/json");
    Ok(response.header("Api-Version", "1.41").body(body.into()).unwrap())
}

fn target(request: &Request<Bytes>) -> String {
    format!("{} {}", request.headers()["host"].to_str().unwrap(), request.uri().path())
}

#[tokio::test]
#[ignore = "needs the Docker CLI: cargo xtask test"]
async fn addresses_are_resolved_as_by_the_docker_cli() {
    let recorder = RequestRecorder::new(&json!({})).await;
    for address in [
        "tcp://127.0.0.1:PORT",
        "127.0.0.1:PORT",
        ":PORT",
        "tcp://:PORT",
        " tcp://localhost:PORT\t",
        "tcp://127.0.0.1:PORT/",
        "tcp://127.0.0.1:PORT/api/endpoints/1/docker",
        "tcp://127.0.0.1:PORT/a%20b//c/./../d/",
    ] {
        let address = address.replace("PORT", &recorder.port.to_string());
        recorder.docker(&["ps"], [("DOCKER_HOST", &address)]).await;
        let expected = target(&recorder.take("/containers/json"));
        let docker = recorder.client(DockerClient::builder().address(&address));
        docker.containers().list().await.unwrap();
        assert_eq!(target(&recorder.take("/containers/json")), expected, "{address}");
    }
}

fn write_context(contexts: &Path, directory: &str, meta: &str) {
    let directory = contexts.join("meta").join(directory);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("meta.json"), meta).unwrap();
}

#[tokio::test]
#[ignore = "needs the Docker CLI: cargo xtask test"]
async fn contexts_are_resolved_as_by_the_docker_cli() {
    const ID: &str = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";
    let recorder = RequestRecorder::new(&json!({ "auths": [], "currentContext": "far" })).await;
    let contexts = recorder.directory.path().join("contexts");
    let meta = |address: &str| format!(r#"{{"name":"far","Endpoints":{{"docker":{{"host":"{address}"}}}}}}"#);
    write_context(&contexts, ID, &meta(&format!("{}/prefix", recorder.address())));
    write_context(&contexts, &format!("{ID}.bak"), &meta("tcp://127.0.0.1:1"));
    write_context(&contexts, "0", "{ broken");
    for environment in [("DOCKER_CONTEXT", "far"), ("DOCKER_TLS_VERIFY", "1")] {
        recorder.docker(&["ps"], [environment]).await;
        let expected = target(&recorder.take("/containers/json"));
        recorder.client(DockerClient::builder().context("far")).containers().list().await.unwrap();
        assert_eq!(target(&recorder.take("/containers/json")), expected);
    }
}

#[tokio::test]
#[ignore = "needs the Docker CLI: cargo xtask test"]
async fn http_headers_are_sent_as_by_the_docker_cli() {
    let headers = json!({ "X-Token": " a b ", "x-Other": "", "User-Agent": "me", "Host": "h", "Content-Length": "7" });
    let recorder = RequestRecorder::new(&json!({ "HttpHeaders": headers })).await;
    let seen = |request: Request<Bytes>| {
        let value = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_ne!(value("user-agent").unwrap(), "me");
        ["x-token", "x-other", "host", "content-length"].map(value)
    };
    recorder.docker(&["ps"], [("DOCKER_HOST", &recorder.address())]).await;
    let expected = seen(recorder.take("/containers/json"));
    let docker = recorder.client(DockerClient::builder().address(recorder.address()));
    docker.containers().list().await.unwrap();
    assert_eq!(seen(recorder.take("/containers/json")), expected);
}

#[tokio::test]
#[ignore = "needs the Docker CLI: cargo xtask test"]
async fn proxy_variables_are_set_as_by_the_docker_cli() {
    // Docker 20.10 does not support `allProxy`.
    let default = json!({
        "httpProxy": "http://proxy:1", "httpsProxy": "http://proxy:2", "noProxy": "localhost", "ftpProxy": "http://proxy:3"
    });
    for config in [
        json!({ "default": default }),
        json!({ "default": default, "tcp://127.0.0.1:PORT": { "httpproxy": "http://own:1", "noProxy": "" } }),
    ] {
        let recorder = RequestRecorder::new(&json!({ "proxies": config })).await;
        fs::write(recorder.directory.path().join("Dockerfile"), "FROM busybox\n").unwrap();
        let docker = recorder.client(DockerClient::builder().address(recorder.address()));
        let address = recorder.address();

        let environment = |request: Request<Bytes>| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let mut env: Vec<String> = serde_json::from_value(body["Env"].clone()).unwrap();
            env.sort();
            env
        };
        let own = ["HTTP_PROXY=own", "no_proxy=", "A=b"];
        let arguments = ["create", "-e", own[0], "-e", own[1], "-e", own[2], "busybox"];
        recorder.docker(&arguments, [("DOCKER_HOST", &*address)]).await;
        let expected = environment(recorder.take("/containers/create"));
        let own = own.map(|variable| variable.split_once('=').unwrap());
        docker.containers().create("busybox").envs(own).await.unwrap();
        assert_eq!(environment(recorder.take("/containers/create")), expected);

        let arguments = |request: Request<Bytes>| {
            let query = request.uri().query().unwrap().to_owned();
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == "buildargs").map(|(_, value)| serde_json::from_str::<Value>(&value).unwrap())
        };
        let build = ["build", "--build-arg", "http_proxy=own", "."];
        recorder.docker(&build, [("DOCKER_HOST", &*address), ("DOCKER_BUILDKIT", "0")]).await;
        let expected = arguments(recorder.take("/build"));
        docker.images().build(Vec::<u8>::new()).build_arg("http_proxy", "own").await.unwrap();
        assert_eq!(arguments(recorder.take("/build")), expected);
    }
}
