//! A fake registry with one user and one image in its search results.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// `me:secret` in base64.
const AUTH: &str = "bWU6c2VjcmV0";

const SEARCH_RESULTS: &str = r#"{"query":"web","num_results":1,"results":[
    {"name":"acme/web","description":"A web server","star_count":7,"is_official":false,"is_automated":true}]}"#;

pub(crate) struct Registry {
    address: String,
    searched: Searched,
    meta_headers: MetaHeaders,
}

/// Search terms, and whether credentials were sent.
type Searched = Arc<Mutex<Vec<(String, bool)>>>;

/// Values of the header `X-Meta-Test` in searches.
type MetaHeaders = Arc<Mutex<Vec<String>>>;

impl Registry {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let searched = Arc::new(Mutex::new(Vec::new()));
        let meta_headers = MetaHeaders::default();
        let registry = Self { address, searched: Arc::clone(&searched), meta_headers: Arc::clone(&meta_headers) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&searched), Arc::clone(&meta_headers)));
            }
        });
        registry
    }

    /// Returns host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the terms that were searched for, and whether credentials were sent.
    pub(crate) fn searched(&self) -> Vec<(String, bool)> {
        self.searched.lock().unwrap().clone()
    }

    /// Returns the values of the header `X-Meta-Test` in searches.
    pub(crate) fn meta_headers(&self) -> Vec<String> {
        self.meta_headers.lock().unwrap().clone()
    }
}

/// Responds to one request. Engines try TLS first; then there is no valid request line, and the connection is closed.
async fn serve(mut stream: TcpStream, searched: Searched, meta_headers: MetaHeaders) -> Option<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let request = lines.next_line().await.ok()??;
    let (mut authorized, mut meta_header) = (false, None);
    while let Some(line) = lines.next_line().await.ok()?.filter(|line| !line.is_empty()) {
        authorized |= line.ends_with(&format!("Basic {AUTH}"));
        meta_header = line.strip_prefix("X-Meta-Test: ").map(str::to_owned).or(meta_header);
    }
    let target = request.split(' ').nth(1)?;
    let url = url::Url::parse(&format!("http://registry{target}")).ok()?;
    let (status, extra, body) = match url.path() {
        "/v1/_ping" => ("200 OK", "", "{}"),
        "/v1/search" => {
            let (_, term) = url.query_pairs().find(|(key, _)| key == "q")?;
            searched.lock().unwrap().push((term.into_owned(), authorized));
            meta_headers.lock().unwrap().extend(meta_header);
            ("200 OK", "", SEARCH_RESULTS)
        }
        "/v2/" if authorized => ("200 OK", "", "{}"),
        "/v2/" => ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"test\"\r\n", "{}"),
        _ => ("404 Not Found", "", "{}"),
    };
    let head = "Content-Type: application/json\r\nDocker-Distribution-Api-Version: registry/2.0\r\nConnection: close";
    let response = format!("HTTP/1.1 {status}\r\n{head}\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(response.as_bytes()).await.ok()
}
