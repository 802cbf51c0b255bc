//! Texts that are redacted on demand, in every place and form, and JSON that cannot be redacted.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dockerclient::raw::RawRequest;
use dockerclient_testkit::{FakeEngine, Recorder, Recording, Replay, Response, frame};
use serde_json::{Value, json};

/// Records one request and its response, and saves it without `texts`.
async fn saved(
    texts: &[&str],
    response: impl Fn() -> Response + Send + Sync + 'static,
    request: impl FnOnce(&dockerclient::DockerClient) -> RawRequest,
) -> Result<Recording, String> {
    let engine = FakeEngine::scripted(move |_| response());
    let recorder = Recorder::new(&engine.client("1.41"));
    let received = request(&recorder.client("1.41")).any_status(true).await.map_err(|error| error.to_string())?;
    received.bytes().await.map_err(|error| error.to_string())?;
    texts.iter().for_each(|text| recorder.redact(text));
    recorder.recording().map_err(|error| {
        assert!(texts.iter().all(|text| !format!("{error:?} {recorder:?}").contains(text)), "{error}");
        error.to_string()
    })
}

fn exchange(recording: &Recording) -> Value {
    let mut json: Value = serde_json::from_str(&recording.to_json().unwrap()).unwrap();
    json["exchanges"][0].take()
}

fn json_response(body: &'static str) -> impl Fn() -> Response + Send + Sync + 'static {
    move || Response::json(200, body)
}

/// A response in chunks.
fn chunked(chunks: &[Vec<u8>]) -> Response {
    let chunks = chunks.iter().map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    Response::raw([head, chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat()).in_chunks(64)
}

#[tokio::test]
async fn path_segment_with_a_redacted_text() {
    for path in ["/images/me%2Fmy-image%3A1/json", "/images/me/my%2Dimage:1/json", "/images/me/x%20my-image/json"] {
        let recording = saved(&["my-image"], json_response("{}"), |docker| docker.get(path)).await.unwrap();
        let recorded = exchange(&recording)["request"]["path"].as_str().unwrap().to_owned();
        assert!(recorded.contains("/[redacted]/json") && !recorded.contains("image:"), "{recorded}");
        let replay = Replay::new(recording);
        replay.client().get(path).await.unwrap();
        replay.assert_all_used();
    }
}

#[tokio::test]
async fn text_in_json_in_a_string() {
    let secret = "two\nlines \"quoted\" \\ & more";
    let inner = json!({ "key": secret }).to_string();
    let by_go = inner.replace('&', "\\u0026");
    let outer = json!({ "stream": inner }).to_string();
    let build = |docker: &dockerclient::DockerClient| docker.post("/build").query("buildargs", &by_go);
    let recording = saved(&[secret], move || Response::json(200, &outer), build).await.unwrap();
    let exchange = exchange(&recording);
    assert_eq!(exchange["request"]["query"], json!([r#"buildargs={"key":"[redacted]"}"#]));
    assert_eq!(exchange["response"]["body"]["json"]["stream"], r#"{"key":"[redacted]"}"#);
    // Escaped differently or more than once.
    let twice = json!({ "a": json!({ "b": json!({ "c": secret }).to_string() }).to_string() }).to_string();
    for body in [twice, r#"{"a": "{\"b\":\"s3\\u0063ret\"}"}"#.to_owned()] {
        let error = saved(&[secret, "s3cret"], move || Response::json(200, &body), |docker| docker.get("/info")).await;
        assert!(error.unwrap_err().contains("encoded"));
    }
}

#[tokio::test]
async fn redacted_path_keeps_the_rules_for_its_contents() {
    for (path, field) in [("/secrets/create", "Data"), ("/auth", "Auth"), ("/%61uth", "Auth")] {
        let send = |docker: &dockerclient::DockerClient| docker.post(path).json(&json!({ field: "s3cret" }));
        let recording = saved(&["secret", "auth"], json_response("{}"), send).await.unwrap();
        assert_eq!(exchange(&recording)["request"]["body"]["json"][field], "[redacted]", "{path}");
    }
    let send = |docker: &dockerclient::DockerClient| docker.get("/other");
    let body = r#"{"registry":{"Username":"me","auth":"s3cret"},"auth":"kept"}"#;
    let recording = saved(&[], json_response(body), send).await.unwrap();
    let expected = json!({ "registry": { "Username": "me", "auth": "[redacted]" }, "auth": "kept" });
    assert_eq!(exchange(&recording)["response"]["body"]["json"], expected);
}

#[tokio::test]
async fn accept_encoding_is_not_forwarded() {
    let engine = FakeEngine::scripted(|_| Response::json(200, "{}"));
    let recorder = Recorder::new(&engine.client("1.41"));
    let request = recorder.client("1.41").get("/info").header("Accept-Encoding", "gzip").header("X-Other", "kept");
    request.await.unwrap();
    let headers = &engine.requests()[0].headers;
    assert!(!headers.iter().any(|header| header.contains("gzip")), "{headers:?}");
    assert!(headers.iter().any(|header| header == "x-other: kept"), "{headers:?}");
}

#[tokio::test]
async fn json_that_is_not_text_is_not_recorded() {
    let gzip = || Response::with_type(200, "application/json", [0x1f, 0x8b, 8, 0]);
    let error = saved(&[], gzip, |docker| docker.get("/info")).await.unwrap_err();
    insta::assert_snapshot!(error, @"failed to record GET /v1.41/info: a JSON body that is not UTF-8 cannot be redacted");
    // Control characters, which are not recorded as text.
    let control = json_response("{\"Password\":\"s3cret\u{7f}\",\"Size\":1e5}");
    let recording = saved(&[], control, |docker| docker.get("/info")).await.unwrap();
    let body = &exchange(&recording)["response"]["body"];
    assert_eq!(*body, json!({ "json_lines": [{ "Password": "[redacted]", "Size": 100_000.0 }] }));
}

#[tokio::test]
async fn repeated_secret_field_is_redacted() {
    for body in [
        r#"{"Password":"s3cret","Password":""}"#,
        r#"{"a":{"p\u0061ssword":"s3cret"},"a":1}"#,
        r#"{"a":1,"a":"s3cret"}"#,
    ] {
        let recording = saved(&["s3cret"], json_response(body), |docker| docker.get("/info")).await.unwrap();
        assert!(!recording.to_json().unwrap().contains("s3cret"), "{body}");
        let recording = saved(&[], json_response(body), |docker| docker.get("/info")).await.unwrap();
        assert_eq!(recording.to_json().unwrap().contains("s3cret"), !body.contains("ssword"), "{body}");
    }
}

#[tokio::test]
async fn text_in_base64_is_not_recorded() {
    let encoded = BASE64_STANDARD.encode("{\"user\":\"me\",\"key\":\"s3cret?>\"}");
    let (url_safe, word) = (encoded.replace('+', "-").replace('/', "_"), format!("x{encoded}"));
    for encoded in [encoded.clone(), encoded.trim_end_matches('=').to_owned(), url_safe, word] {
        let header = encoded.clone();
        let responses: [Box<dyn Fn() -> Response + Send + Sync>; 2] = [
            Box::new(move || Response::json(200, &json!({ "a": [format!("data: {encoded}")] }).to_string())),
            Box::new(move || Response::json(200, "{}").header("X-Docker-Container-Path-Stat", &header)),
        ];
        for response in responses {
            let error = saved(&["s3cret"], response, |docker| docker.get("/info")).await.unwrap_err();
            assert!(error.contains("a text to be redacted is in "), "{error}");
        }
    }
}

#[tokio::test]
async fn text_in_several_frames_is_not_recorded() {
    let [one, err, two] = [frame(1, b"a s3"), frame(2, b"no"), frame(1, b"cret\n")];
    let binary = frame(2, b"\xff\x00");
    let (whole, cut) = ([&one[..], &err, &two].concat(), two[..12].to_vec());
    for chunks in [
        vec![[&binary[..], &one].concat(), err.clone(), two.clone()],
        vec![[&whole[..], &binary].concat()],
        vec![one.clone(), [&binary[..], &cut].concat()],
        vec![b"{\"stream\":\"a s3\"}\n{\"stream\":\"cret\"}\n".to_vec()],
    ] {
        let is_json = chunks[0][0] == b'{';
        let response =
            move || if is_json { Response::json(200, str::from_utf8(&chunks[0]).unwrap()) } else { chunked(&chunks) };
        let error = saved(&["s3cret"], response, |docker| docker.get("/containers/web/logs")).await.unwrap_err();
        assert!(error.contains("several chunks"), "{error}");
    }
}

#[tokio::test]
async fn text_that_is_a_part_of_the_format_is_redacted() {
    let response = json_response(r#"{"Color":"red","Kind":"json","Size":1e5}"#);
    let recording = saved(&["red", "json", "frames", "status"], response, |docker| docker.get("/info")).await.unwrap();
    let response = &exchange(&recording)["response"];
    assert_eq!(response["body"]["json_lines"][0]["Color"], "[redacted]");
    assert_eq!(response["headers"]["content-type"], "application/[redacted]");
}

#[tokio::test]
async fn secrets_are_not_in_errors_of_the_recorder() {
    let close = || Response::raw(Vec::new()).then_close();
    for name in ["my-image", "my%2Dimage"] {
        let error = saved(&["my-image"], close, |docker| docker.get(format!("/images/{name}/json"))).await.unwrap_err();
        assert!(
            error.starts_with("failed to record GET /v1.41/images/[redacted]/json: ") && !error.contains(name),
            "{error}"
        );
    }
}
