//! Requests through proxies, and selection of the proxy.

use http::{Request, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;
use crate::{
    config::ConfigFile,
    transport::{
        CallDuration, Configuration, Connector, Endpoint, EndpointOptions, Headers, HttpClient, Limits,
        connector::Route, resolve,
    },
};

fn endpoint<const N: usize>(address: &str, environment: [(&'static str, &str); N]) -> Result<Endpoint> {
    let options = EndpointOptions { address: Some(address.to_owned()), ..EndpointOptions::default() };
    resolve(&options, &environment.into(), Configuration { directory: None, file: &ConfigFile::default() })
}

fn client<const N: usize>(address: &str, environment: [(&'static str, &str); N]) -> HttpClient {
    let endpoint = endpoint(address, environment).unwrap();
    HttpClient::new(Connector::new(endpoint, Headers::new(&[]).unwrap()), None).unwrap()
}

async fn ping(client: &HttpClient) -> Result<StatusCode> {
    let uri = format!("{}/_ping", client.endpoint().base());
    let request = Request::get(uri).body(Default::default()).unwrap();
    Ok(client.send(request, CallDuration::Short, &Limits::default()).await?.status())
}

/// Starts a proxy that runs `serve` with its first connection. Returns its authority.
async fn proxy<F: Future<Output = String> + Send>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    (authority, tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await }))
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn respond(mut stream: TcpStream) -> String {
    let head = head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    head
}

#[tokio::test]
async fn http_proxy_gets_requests_in_absolute_form() {
    let (authority, seen) = proxy(respond).await;
    let url = format!("http://me:secret@{authority}");
    let client = client("tcp://engine.invalid/base", [("HTTP_PROXY", &url)]);
    assert!(ping(&client).await.unwrap().is_success());
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("GET http://engine.invalid:2375/base/_ping HTTP/1.1\r\n"), "{seen}");
    for header in ["host: engine.invalid:2375", "proxy-authorization: Basic bWU6c2VjcmV0", "user-agent: dockerclient"] {
        assert!(seen.contains(header), "{seen}");
    }
}

#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
#[tokio::test]
async fn https_proxy_tunnels_tls() {
    let (authority, seen) = proxy(async |mut stream: TcpStream| {
        let head = head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        format!("{head}{:x}", stream.read_u8().await.unwrap())
    })
    .await;
    let url = format!("http://me:secret@{authority}");
    let client = client("https://engine.invalid", [("HTTPS_PROXY", &*url), ("HTTP_PROXY", "http://127.0.0.1:1")]);
    let error = ping(&client).await.unwrap_err();
    assert!(error.is_connect(), "{error}");
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("CONNECT engine.invalid:2376 HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{seen}");
    // The first byte of a TLS handshake.
    assert!(seen.ends_with("\r\n\r\n16"), "{seen}");
}

#[tokio::test]
async fn socks_proxy_forwards_requests() {
    let (authority, seen) = proxy(async |mut stream: TcpStream| {
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting, [5, 1, 0]);
        stream.write_all(&[5, 0]).await.unwrap();
        let mut request = [0; 4 + 1 + 14 + 2];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"\x05\x01\x00\x03\x0eengine.invalid\x09\x47");
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        respond(stream).await
    })
    .await;
    let client = client("tcp://engine.invalid", [("http_proxy", &format!("socks5://{authority}"))]);
    assert!(ping(&client).await.unwrap().is_success());
    assert!(seen.await.unwrap().starts_with("GET /_ping HTTP/1.1\r\n"));
}

/// As in the Docker CLI: an HTTP proxy does not forward hijacked connections.
#[tokio::test]
async fn sessions_do_not_use_a_proxy() {
    let engine = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = engine.local_addr().unwrap().port();
    let endpoint = endpoint(&format!("tcp://0.0.0.0:{port}"), [("HTTP_PROXY", "http://127.0.0.1:1")]).unwrap();
    assert!(endpoint.forwarding_proxy().is_some() && !endpoint.is_cheap_to_connect());
    let connector = Connector::new(endpoint, Headers::new(&[]).unwrap());
    let (accepted, dialled) = futures_util::future::join(engine.accept(), connector.dial(Route::Direct, None)).await;
    accepted.unwrap();
    dialled.unwrap();
}

#[tokio::test]
async fn proxy_failures_name_the_proxy_without_its_password() {
    let mut errors = Vec::new();
    let unreachable = client("tcp://engine.invalid", [("HTTP_PROXY", "http://me:s3cret@127.0.0.1:1")]);
    errors.push(ping(&unreachable).await.unwrap_err());
    #[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
    {
        let (authority, seen) = proxy(async |mut stream: TcpStream| {
            let head = head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 407 No\r\n\r\n").await.unwrap();
            head
        })
        .await;
        let url = format!("http://me:s3cret@{authority}");
        let unauthorized = client("https://engine.invalid", [("HTTPS_PROXY", &*url)]);
        errors.push(ping(&unauthorized).await.unwrap_err());
        seen.await.unwrap();
        let text = errors[1].to_string().replace(&authority, "PROXY");
        assert_eq!(
            text,
            "cannot connect to engine.invalid:2376 through the proxy http://PROXY (HTTPS_PROXY): \
             tunnel error: proxy authorization required"
        );
    }
    assert_eq!(
        errors[0].to_string(),
        "cannot connect to the proxy http://127.0.0.1:1 (HTTP_PROXY); check the address and the network"
    );
    assert!(errors.iter().all(|error| error.is_connect() && !format!("{error:?}").contains("s3cret")), "{errors:?}");
}

#[test]
fn proxy_variables_are_parsed_like_go() {
    let proxied = |environment: [(&'static str, &str); 2]| match endpoint("tcp://engine.example", environment) {
        Ok(endpoint) => endpoint.forwarding_proxy().map_or_else(|| "none".into(), Proxy::to_string),
        Err(error) => error.to_string(),
    };
    let none = ("NO_PROXY", "other");
    for (variable, expected) in [
        (("HTTP_PROXY", "http://proxy:3128/path"), "http://proxy:3128 (HTTP_PROXY)"),
        (("http_proxy", "proxy:3128"), "http://proxy:3128 (http_proxy)"),
        (("HTTPS_PROXY", "http://proxy:3128"), "none"),
        (("HTTP_PROXY", "https://me:s3cret@proxy"), r#"unsupported proxy scheme "https" in HTTP_PROXY"#),
        (("HTTP_PROXY", "http://me:s3cret @proxy"), "invalid proxy address in HTTP_PROXY"),
        (("HTTP_PROXY", "ftp://me:s3cret@proxy"), "invalid proxy address in HTTP_PROXY"),
    ] {
        assert_eq!(proxied([variable, none]), expected);
    }
    let cgi = [("HTTP_PROXY", "http://proxy"), ("REQUEST_METHOD", "GET")];
    assert_eq!(proxied(cgi), "HTTP_PROXY is ignored in a CGI program (REQUEST_METHOD is set)");
    let unused = [("HTTP_PROXY", "?"), ("NO_PROXY", "engine.example")];
    assert_eq!(proxied(unused), "none");
}

#[test]
fn no_proxy_is_parsed_like_go() {
    let direct = |list: &str, host: &str| is_direct(list, host, Some(2375));
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(direct("", host), "{host}");
    }
    for (list, host) in [
        ("*", "engine.example"),
        ("other, *", "10.0.0.1"),
        ("engine.example", "engine.example"),
        ("Example", "ENGINE.example"),
        (" example , x", "engine.example"),
        (".example", "engine.example"),
        ("*.example", "engine.example"),
        ("engine.example:2375", "engine.example"),
        (".example:2375", "engine.example"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1:2375", "10.0.0.1"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("fd00::/8", "fd00::1"),
        ("fd00::1", "fd00::1"),
        ("[fd00::1]:2375", "fd00::1"),
    ] {
        assert!(direct(list, host), "{list:?} {host}");
    }
    for (list, host) in [
        ("", "engine.example"),
        ("example", "engineexample"),
        (".engine.example", "engine.example"),
        ("*.engine.example", "engine.example"),
        ("engine.example:2376", "engine.example"),
        ("10.0.0.1:2376", "10.0.0.1"),
        ("10.0.0.0/8", "engine.example"),
        ("engine", "engine.example"),
        ("ä", "aé"),
    ] {
        assert!(!direct(list, host), "{list:?} {host}");
    }
}
