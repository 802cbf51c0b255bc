//! Raw requests by method and path.

use std::{error::Error as _, io, time::Duration};

use dockerclient::{
    ApiVersion, DockerClient, Error, ErrorKind, Upload,
    raw::{Method, RawRequest},
};
use dockerclient_testkit::{FakeEngine, Latch, Response, frame};
use futures_util::{StreamExt as _, TryStreamExt as _};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const SOON: Duration = Duration::from_millis(20);

fn echoing() -> FakeEngine {
    FakeEngine::scripted(|request| match request.path() {
        "/version" => Response::json(200, r#"{"ApiVersion":"1.41"}"#),
        _ => Response::json(200, r#"{"ok":true}"#),
    })
}

#[tokio::test]
async fn raw_requests_have_version_query_body_and_headers() {
    let engine = echoing();
    let docker = engine.client_with(DockerClient::builder().header("X-Own", "client"));
    let list = docker.get("/containers/json").query("all", true).query("filters", json!({ "name": ["a b"] }));
    let response = list.await.unwrap();
    assert_eq!((response.status(), &response.headers()["content-type"]), (200, &"application/json".parse().unwrap()));
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "ok": true }));
    docker.head("/containers/a%20b/archive").query("path", "/").send().await.unwrap();
    docker.post("/containers/create").json(&json!({ "Image": "a" })).header("X-Own", "request").await.unwrap();
    docker.post("/containers/a/start").await.unwrap();
    docker.put("/containers/a/archive").body(vec![1, 2, 3]).content_type("application/x-tar").await.unwrap();
    let streamed = Upload::from_reader(&b"streamed"[..]);
    docker.post("/images/load").body(streamed).await.unwrap();
    docker.delete("/containers/a").query("v", 1).query("v", 2).await.unwrap();
    docker.request(Method::OPTIONS, "/_ping").unversioned().await.unwrap();
    let is_relevant = |name: &str| !matches!(name, "host" | "user-agent" | "accept");
    let sent: Vec<String> = engine
        .requests()
        .iter()
        .map(|request| {
            let name = |header: &str| header.split(':').next().unwrap_or_default().to_owned();
            let headers: Vec<_> = request.headers.iter().filter(|header| is_relevant(&name(header))).cloned().collect();
            format!("{} [{}] {:?}", request.line, headers.join(", "), request.body)
        })
        .collect();
    assert_snapshot!(sent.join("\n"), @r##"
    GET /version [x-own: client] ""
    GET /v1.41/containers/json?all=true&filters=%7B%22name%22%3A%5B%22a%20b%22%5D%7D [x-own: client] ""
    HEAD /v1.41/containers/a%20b/archive?path=%2F [x-own: client] ""
    POST /v1.41/containers/create [content-type: application/json, x-own: request, content-length: 13] "{\"Image\":\"a\"}"
    POST /v1.41/containers/a/start [x-own: client] ""
    PUT /v1.41/containers/a/archive [content-type: application/x-tar, x-own: client, content-length: 3] "\u{1}\u{2}\u{3}"
    POST /v1.41/images/load [x-own: client, transfer-encoding: chunked] "streamed"
    DELETE /v1.41/containers/a?v=1&v=2 [x-own: client] ""
    OPTIONS /_ping [x-own: client] ""
    "##);
    assert_eq!(engine.connections_opened(), 1, "the connection is kept");
}

#[tokio::test]
async fn raw_error_status_is_an_error_of_its_kind() {
    let engine = FakeEngine::scripted(|request| match request.path() {
        "/gone" => Response::json(404, r#"{"message":"No such thing: gone"}"#),
        "/taken" => Response::text(409, "in use\n"),
        "/same" => Response::empty(304),
        "/limited" => Response::json(429, r#"{"message":"slow down"}"#),
        _ => Response::json(503, r#"{"message":"not now"}"#),
    });
    let docker = engine.client("1.41");
    for (path, kind, message) in [
        ("/gone", ErrorKind::NotFound, "GET /gone failed: No such thing: gone (404)"),
        ("/taken", ErrorKind::Conflict, "GET /taken failed: in use (409)"),
        ("/same", ErrorKind::OtherStatus, "GET /same failed: Not Modified (304)"),
        ("/limited", ErrorKind::TooManyRequests, "GET /limited failed: slow down (429)"),
        ("/other", ErrorKind::Server, "GET /other failed: not now (503)"),
    ] {
        let error = docker.get(path).query("secret", "x").await.unwrap_err();
        assert_eq!((error.kind(), &*error.to_string(), error.operation()), (kind, message, None));
        let error = docker.post(path).upgrade("tcp").await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (kind, message.replacen("GET", "POST", 1)));
    }
}

#[tokio::test]
async fn raw_request_with_any_status_returns_the_response() {
    let engine = FakeEngine::scripted(|request| match request.path() {
        "/same" => Response::empty(304).header("X-Own", "yes"),
        _ => Response::json(404, r#"{"message":"No such thing: gone"}"#),
    });
    let docker = engine.client("1.41");
    let response = docker.get("/gone").any_status(true).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.text().await.unwrap(), r#"{"message":"No such thing: gone"}"#);
    let response = docker.get("/same").any_status(true).await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-own"]), (304, &"yes".parse().unwrap()));
    let mut connection = docker.post("/gone").any_status(true).upgrade("tcp").await.unwrap();
    let mut body = String::new();
    connection.read_to_string(&mut body).await.unwrap();
    assert_eq!((connection.status(), &*body), (404, r#"{"message":"No such thing: gone"}"#));
    assert!(docker.get("/gone").any_status(false).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn invalid_raw_request_is_not_sent() {
    struct Unserializable;

    impl serde::Serialize for Unserializable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("s3cret"))
        }
    }

    let engine = echoing();
    let docker = DockerClient::builder().connector({
        let connect = engine.connector();
        move || std::future::ready(connect())
    });
    let docker = docker.build().unwrap();
    let mut errors = Vec::new();
    for request in [
        docker.get("info"),
        docker.get("/containers/../info"),
        docker.get("/containers//json"),
        docker.get("/containers/%2e%2e/json"),
        docker.get("/info?a=b"),
        docker.get("/info#a"),
        docker.get("/in\nfo"),
        docker.get("/v1.41/info"),
        docker.get("/info").header("Host", "s3cret"),
        docker.get("/info").header("Connection", "s3cret"),
        docker.get("/info").header("Content-Length", "7"),
        docker.get("/info").header("X-A", "s3\ncret"),
        docker.get("/info").header("a b", "s3cret").header("Host", "the first is reported"),
        docker.post("/info").content_type("a\nb"),
        docker.post("/info").json(&Unserializable),
    ] {
        assert!(!format!("{request:?}").contains("s3cret"));
        errors.push(request.await.unwrap_err());
    }
    errors.push(docker.post("/attach").upgrade("a\nb").await.unwrap_err());
    errors.push(docker.post("/attach").body(Upload::from_reader(&b""[..])).upgrade("tcp").await.unwrap_err());
    for error in &errors {
        assert_eq!((error.kind(), error.may_have_been_executed()), (ErrorKind::InvalidInput, false), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    let requests = engine.requests();
    assert!(requests.iter().all(|request| request.line == "GET /version"), "{requests:?}");
    assert_snapshot!(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @r##"
    GET info failed: invalid path "info": must begin with a slash
    GET /containers/../info failed: invalid path "/containers/../info": has an empty, "." or ".." segment
    GET /containers//json failed: invalid path "/containers//json": has an empty, "." or ".." segment
    GET /containers/%2e%2e/json failed: invalid path "/containers/%2e%2e/json": has an empty, "." or ".." segment
    GET /info?a=b failed: invalid path "/info?a=b": contains "?" or "#"; set parameters with query(), and encode these characters in names
    GET /info#a failed: invalid path "/info#a": contains "?" or "#"; set parameters with query(), and encode these characters in names
    GET /in\nfo failed: invalid path "/in\nfo": contains a control character or a backslash
    GET /v1.41/info failed: invalid path "/v1.41/info": begins with an API version; the client adds it; use unversioned() to send the path as it is
    GET /info failed: invalid header "host": it is set by the transport
    GET /info failed: invalid header "connection": it is set by the transport
    GET /info failed: invalid header "content-length": it is set by the transport
    GET /info failed: invalid value of header "X-A"
    GET /info failed: invalid header name "a b"
    POST /info failed: invalid content type "a\nb"
    POST /info failed: failed to serialize the body as JSON
    POST /attach failed: invalid protocol "a\nb"
    POST /attach failed: the body of an upgrade request must be in memory
    "##);
}

#[tokio::test]
async fn raw_unversioned_does_not_negotiate() {
    let engine = echoing();
    let docker = engine.client_with(DockerClient::builder());
    docker.get("/v4.0.0/libpod/info").unversioned().await.unwrap();
    docker.get("/libpod/info").await.unwrap();
    docker.get("/libpod/info").await.unwrap();
    assert_snapshot!(engine.request_lines().trim(), @r"
    GET /v4.0.0/libpod/info
    GET /version
    GET /v1.41/libpod/info
    GET /v1.41/libpod/info
    ");
}

#[tokio::test]
async fn raw_response_size_is_limited_but_a_download_is_not() {
    let engine = FakeEngine::scripted(|request| match request.path() {
        "/text" => Response::with_type(200, "text/plain", vec![0xff]),
        "/cut" => Response::json(200, r#"{"a":1}"#).truncate_after(20),
        "/short" => Response::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").then_close(),
        "/gzip" => Response::json(200, "x").header("Content-Encoding", "gzip"),
        _ => Response::json(200, &format!("\"{}\"", "x".repeat(2000))),
    });
    let builder = DockerClient::builder().api_version(ApiVersion::NEWEST).max_response_size(1000);
    let docker = engine.client_with(builder);
    let get = async |path: &str| docker.get(path).await;
    let mut errors = vec![
        get("/long").await.unwrap().bytes().await.unwrap_err(),
        get("/long").await.unwrap().text().await.unwrap_err(),
        get("/long").await.unwrap().json::<String>().await.unwrap_err(),
        get("/text").await.unwrap().text().await.unwrap_err(),
        get("/text").await.unwrap().json::<Value>().await.unwrap_err(),
        get("/gzip").await.unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
    errors.push(get("/short").await.unwrap().bytes().await.unwrap_err());
    let chunks: Vec<_> = get("/short").await.unwrap().into_download().collect().await;
    errors.push(chunks.into_iter().find_map(Result::err).unwrap());
    errors.push(get("/cut").await.unwrap_err());
    for error in &errors[6..] {
        assert_eq!(error.kind(), ErrorKind::ConnectionLost, "{error}");
    }
    let chunks: Vec<_> = get("/long").await.unwrap().into_download().try_collect().await.unwrap();
    assert_eq!(chunks.concat().len(), 2002);
    let messages = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let messages = messages.replace(&engine.address(), "[engine]");
    assert_snapshot!(messages, @"
    GET /long failed: invalid response: the response is larger than 1000 bytes (max_response_size)
    GET /long failed: invalid response: the response is larger than 1000 bytes (max_response_size)
    GET /long failed: invalid response: the response is larger than 1000 bytes (max_response_size)
    GET /text failed: invalid response: at byte 0: invalid UTF-8
    GET /text failed: invalid response: at byte 0: invalid UTF-8
    GET /gzip failed: invalid response: unexpected Content-Encoding gzip
    GET /short failed: connection lost before the end of the response
    GET /short failed: connection lost before the end of the response
    GET /cut failed: the connection to [engine] was closed before a response was received; the operation may have been executed
    ");
}

#[tokio::test]
async fn raw_time_limit_replaces_the_response_timeout() {
    let latch = Latch::new();
    let engine = FakeEngine::scripted({
        let latch = latch.clone();
        move |_| Response::json(200, "{}").waits_for(&latch)
    });
    let builder = DockerClient::builder().api_version(ApiVersion::NEWEST);
    let docker = engine.client_with(builder.clone().response_timeout(SOON));
    let unlimited = engine.client_with(builder.response_timeout(None));
    let late = async |request: RawRequest| {
        let error = request.await.unwrap_err();
        assert!(error.is_timeout() && error.may_have_been_executed(), "{error}");
        error.to_string()
    };
    assert_eq!(late(docker.get("/wait")).await, "GET /wait failed: no response headers within 20ms (response_timeout)");
    let own = unlimited.get("/wait").time_limit(SOON / 2);
    assert_eq!(late(own).await, "GET /wait failed: not complete within 10ms (time_limit)");
    let error = unlimited.post("/wait").time_limit(SOON).upgrade("tcp").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let waiting = async {
        tokio::join!(
            docker.get("/wait").time_limit(None).send(),
            docker.get("/wait").time_limit(Duration::MAX).send(),
            docker.post("/wait").body(Upload::from_reader(&b"a"[..])).send(),
        )
    };
    let open = async {
        tokio::time::sleep(4 * SOON).await;
        latch.open();
    };
    let ((none, long, upload), ()) = tokio::join!(waiting, open);
    drop((none.unwrap(), long.unwrap(), upload.unwrap()));
}

#[tokio::test]
async fn raw_time_limit_includes_negotiation() {
    let engine = FakeEngine::scripted(|_| Response::never());
    let docker = engine.client_with(DockerClient::builder());
    let error = docker.post("/containers/a/start").time_limit(SOON).await.unwrap_err();
    assert!(error.is_timeout() && !error.may_have_been_executed(), "{error}");
}

#[tokio::test]
async fn raw_upgrade_returns_a_bidirectional_connection() {
    for (status, head) in [
        (101, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-A: b\r\n\r\n"),
        (200, "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n"),
    ] {
        let engine = FakeEngine::scripted(move |_| Response::raw(head).then_echo());
        let request = engine.client("1.41").post("/session").query("a", 1).json(&json!({ "b": 2 }));
        let mut connection = request.upgrade("h2c").await.unwrap();
        assert_eq!((connection.status(), &connection.headers()["x-a"]), (status, &"b".parse().unwrap()));
        connection.write_all(b"hello").await.unwrap();
        connection.shutdown().await.unwrap();
        let mut read = Vec::new();
        connection.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, [frame(1, b"hello"), frame(2, b"met the end")].concat());
        let request = &engine.requests()[0];
        assert_eq!((&*request.line, &*request.body), ("POST /v1.41/session?a=1", r#"{"b":2}"#));
        let headers = ["connection", "upgrade", "content-type"].map(|name| request.header(name).unwrap());
        assert_eq!(headers, ["Upgrade", "h2c", "application/json"]);
        drop(connection);
        engine.all_connections_closed().await;
    }
}

#[tokio::test]
async fn raw_upgrade_with_plain_response_ends_with_its_body() {
    let engine = FakeEngine::scripted(|_| Response::json(200, "{}"));
    let mut connection = engine.client("1.41").post("/session").upgrade("tcp").await.unwrap();
    let mut read = String::new();
    connection.read_to_string(&mut read).await.unwrap();
    assert_eq!((connection.status(), &*read), (200, "{}"));

    let engine = FakeEngine::scripted(|_| Response::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}").then_close());
    let mut connection = engine.client("1.41").post("/session").upgrade("tcp").await.unwrap();
    let error = connection.read_to_end(&mut Vec::new()).await.unwrap_err();
    let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
    assert!(error.is_connection_lost(), "{error}");
}

#[tokio::test]
async fn raw_upload_whose_source_fails_may_have_been_executed() {
    let engine = echoing();
    let source = futures_util::stream::iter([Ok("a"), Err(io::Error::other("the disk failed"))]);
    let error = engine.client("1.41").post("/images/load").body(Upload::from_stream(source)).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_been_executed()), (ErrorKind::LocalIo, true));
    assert!(error.is_local_io() && !error.is_bad_request());
    assert_eq!(error.to_string(), "POST /images/load failed: failed to read the upload");
    assert_eq!(error.source().unwrap().to_string(), "the disk failed");
}

#[tokio::test]
async fn raw_download_does_not_count_towards_max_connections() {
    let engine = FakeEngine::scripted(|_| Response::raw("HTTP/1.1 200 OK\r\n\r\nx").then_stall());
    let docker = engine.client_with(DockerClient::builder().api_version(ApiVersion::NEWEST).max_connections(1));
    let first = docker.get("/events").await.unwrap();
    assert!(docker.get("/events").time_limit(SOON).await.unwrap_err().is_timeout());
    let mut first = first.into_download();
    assert_eq!(first.next().await.unwrap().unwrap(), "x");
    drop(docker.get("/events").await.unwrap());
}
