//! Calls to servers that respond, fail, or send invalid responses.

use bollard_buildkit_proto::moby::buildkit::v1::{DiskUsageRequest, DiskUsageResponse, UsageRecord};
use bytes::Bytes;
use futures_util::future;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Frame;
use tokio::io::{AsyncReadExt as _, duplex};

use super::{fake::*, *};
use crate::ErrorKind;

const PATH: &str = "/moby.buildkit.v1.Control/DiskUsage";

fn usage(ids: &[&str]) -> DiskUsageResponse {
    let record = |id: &&str| UsageRecord { id: (*id).into(), ..Default::default() };
    DiskUsageResponse { record: ids.iter().map(record).collect() }
}

fn request(filter: &str) -> DiskUsageRequest {
    DiskUsageRequest { filter: vec![filter.into()], ..Default::default() }
}

/// Responds with the filters of the request as ids.
fn echo(path: &str, request: Bytes) -> Response<crate::transport::peer::Body> {
    assert_eq!(path, PATH);
    let filter = DiskUsageRequest::decode(request).unwrap().filter;
    let filter: Vec<&str> = filter.iter().map(|filter| &**filter).collect();
    response([message(&usage(&filter)), status("0", "")])
}

/// The error of a call to which the engine responds with these frames.
async fn error_of(frames: impl Fn() -> Vec<Frame<Bytes>> + Send + Sync + 'static) -> Error {
    let mut control = connect(move |_, _| response(frames())).await;
    control.unary::<_, DiskUsageResponse>(PATH, request("a")).await.unwrap_err()
}

#[tokio::test]
async fn control_calls_at_the_same_time() {
    let mut control = connect(echo).await;
    let calls = control.calls();
    let calls = (0..200).map(|number| {
        let call = calls.clone().unary::<_, DiskUsageResponse>(PATH, request(&number.to_string()));
        async move { assert_eq!(call.await.unwrap().record[0].id, number.to_string()) }
    });
    let all = future::join_all(calls);
    control.during(async { Ok(all.await) }).await.unwrap();
    let usage: DiskUsageResponse = control.unary(PATH, request("last")).await.unwrap();
    assert_eq!(usage.record[0].id, "last");
}

#[tokio::test]
async fn control_call_that_streams_is_collected_up_to_a_limit() {
    let respond = |_: &str, _: Bytes| {
        let messages = ["a", "b", "c"].map(|id| message(&usage(&[id])));
        response(messages.into_iter().chain([status("0", "")]))
    };
    let mut control = connect(respond).await;
    let messages: Vec<DiskUsageResponse> = control.list(PATH, request("a"), 1 << 10).await.unwrap();
    assert_eq!(messages, ["a", "b", "c"].map(|id| usage(&[id])));
    let error = control.list::<_, DiskUsageResponse>(PATH, request("a"), 60).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("larger than 60 bytes"), "{error}");
}

#[tokio::test]
async fn control_call_fails_with_the_status_of_the_engine() {
    for (code, kind) in [
        ("1", ErrorKind::OperationFailed),
        ("2", ErrorKind::OperationFailed),
        ("3", ErrorKind::BadRequest),
        ("5", ErrorKind::NotFound),
        ("6", ErrorKind::Conflict),
        ("7", ErrorKind::Forbidden),
        ("8", ErrorKind::OperationFailed),
        ("9", ErrorKind::Conflict),
        ("12", ErrorKind::Unsupported),
        ("13", ErrorKind::OperationFailed),
        ("14", ErrorKind::OperationFailed),
        ("16", ErrorKind::Unauthorized),
        ("nonsense", ErrorKind::OperationFailed),
    ] {
        for with_message in [false, true] {
            let frames = move || {
                let message = with_message.then(|| message(&usage(&["a"])));
                message.into_iter().chain([status(code, "no%20such%20ref")]).collect::<Vec<_>>()
            };
            let error = error_of(frames).await;
            assert_eq!((error.kind(), error.may_have_been_executed()), (kind, false), "{code}");
            assert!(error.to_string().ends_with("no such ref"), "{error}");
        }
    }
}

#[tokio::test]
async fn control_call_fails_with_a_status_in_the_headers() {
    let respond = |_: &str, _: Bytes| {
        let mut response = response([]);
        response.headers_mut().insert("grpc-status", "5".parse().unwrap());
        response.headers_mut().insert("grpc-status-details-bin", "!".parse().unwrap());
        response
    };
    let error = connect(respond).await.unary::<_, DiskUsageResponse>(PATH, request("a")).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.message(), Some(tonic::Code::NotFound.description()));
}

#[tokio::test]
async fn control_call_ignores_details_that_are_not_base64() {
    let respond = |_: &str, message: Bytes| {
        let failed = DiskUsageRequest::decode(message).unwrap().filter == ["failed"];
        let code = if failed { "2" } else { "0" };
        let trailers = trailers(&[("grpc-status", code), ("grpc-status-details-bin", "!")]);
        response([self::message(&usage(&["a"])), trailers])
    };
    let mut control = connect(respond).await;
    let usage: DiskUsageResponse = control.unary(PATH, request("a")).await.unwrap();
    assert_eq!(usage.record.len(), 1);
    let error = control.unary::<_, DiskUsageResponse>(PATH, request("failed")).await.unwrap_err();
    assert!(error.is_operation_failed(), "{error}");
}

#[tokio::test]
async fn control_call_ignores_a_flood_of_headers_and_trailers() {
    // One map can contain the headers, or the trailers, but not both.
    let many = |prefix: char| {
        let name = move |number: u32| HeaderName::from_bytes(format!("{prefix}{number}").as_bytes()).unwrap();
        (0..13_000).map(move |number| (name(number), HeaderValue::from_static("")))
    };
    let respond = move |_: &str, _: Bytes| {
        let mut trailers = HeaderMap::from_iter(many('b'));
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        let mut response = response([message(&usage(&["a"])), Frame::trailers(trailers)]);
        response.headers_mut().extend(many('a'));
        response
    };
    let usage: DiskUsageResponse = connect(respond).await.unary(PATH, request("a")).await.unwrap();
    assert_eq!(usage.record.len(), 1);
}

#[tokio::test]
async fn control_call_with_an_invalid_response_fails() {
    fn whole() -> Frame<Bytes> {
        message(&usage(&["a"]))
    }

    fn ok() -> Frame<Bytes> {
        status("0", "")
    }

    type Frames = fn() -> Vec<Frame<Bytes>>;

    let invalid: [(&str, Frames); 10] = [
        ("no message", || vec![ok()]),
        ("no frames", Vec::new),
        ("no status", || vec![whole()]),
        ("trailers without a status", || vec![whole(), trailers(&[("a", "b")])]),
        ("part of a message", || vec![data(&b"\0\0\0\0\x09abc"[..]), ok()]),
        ("part of a length", || vec![data(&b"\0\0"[..]), ok()]),
        ("a message that is too large", || vec![data(&b"\0\xff\xff\xff\xff"[..]), ok()]),
        ("a compressed message", || vec![data(&b"\x01\0\0\0\x01a"[..]), ok()]),
        ("text", || vec![data(&b"<html>not found</html>"[..])]),
        ("a message that is not valid", || vec![data(&b"\0\0\0\0\x02\xff\xff"[..]), ok()]),
    ];
    for (name, frames) in invalid {
        let error = error_of(frames).await;
        assert!(error.is_decode(), "{name}: {error}");
    }
}

#[tokio::test]
async fn control_call_to_another_server_fails() {
    let respond = |_: &str, _: Bytes| {
        let mut response = response([data(&b"<html>not found</html>"[..])]);
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    };
    let error = connect(respond).await.unary::<_, DiskUsageResponse>(PATH, request("a")).await.unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn lost_control_connection_fails_calls() {
    let (near, mut far) = duplex(64 << 10);
    let mut control = Control::over(near, MAX_MESSAGE).await.unwrap();
    let server = async move {
        _ = far.read(&mut [0; 64]).await;
    };
    let call = control.unary::<_, DiskUsageResponse>(PATH, request("a"));
    let (outcome, ()) = future::join(call, server).await;
    assert!(outcome.unwrap_err().is_connection_lost());
    for _ in 0..2 {
        let error = control.during(future::pending::<Result<()>>()).await.unwrap_err();
        assert!(error.is_connection_lost() && error.to_string().contains("BuildKit was lost"), "{error}");
        assert!(control.during(async { Ok(7) }).await.is_ok());
    }
    let error = control.unary::<_, DiskUsageResponse>(PATH, request("a")).await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
}

#[tokio::test]
async fn stalled_control_call_does_not_delay_others() {
    let respond = |_: &str, message: Bytes| match &*DiskUsageRequest::decode(message.clone()).unwrap().filter[0] {
        "stalled" => endless([]),
        _ => echo(PATH, message),
    };
    let mut control = connect(respond).await;
    let stalled = control.calls().stream::<_, DiskUsageResponse>(PATH, request("stalled"));
    let call = control.calls().unary::<_, DiskUsageResponse>(PATH, request("a"));
    let both = future::select(Box::pin(stalled), Box::pin(call));
    let first = control.during(async { Ok(both.await) }).await.unwrap();
    // The response of the stalled call has headers, and no messages.
    let mut stream = match first {
        future::Either::Left((stream, call)) => {
            control.during(async { call.await.map_err(grpc_error::error) }).await.unwrap();
            stream.unwrap()
        }
        future::Either::Right((_, stalled)) => control.during(async { Ok(stalled.await) }).await.unwrap().unwrap(),
    };
    let usage: DiskUsageResponse = control.unary(PATH, request("b")).await.unwrap();
    assert_eq!(usage.record[0].id, "b");
    let next = tokio::time::timeout(Duration::from_millis(20), control.during(async { Ok(stream.message().await) }));
    assert!(next.await.is_err());
}
