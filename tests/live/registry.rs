//! A registry with one account and one image to find, for the engine to talk to.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// `me:secret` in base64.
const ACCOUNT: &str = "bWU6c2VjcmV0";

const FOUND: &str = r#"{"query":"web","num_results":1,"results":[
    {"name":"acme/web","description":"A web server","star_count":7,"is_official":false,"is_automated":true}]}"#;

pub(crate) struct Registry {
    address: String,
    searched: Searched,
}

/// The terms that were searched for, and whether the account was shown.
type Searched = Arc<Mutex<Vec<(String, bool)>>>;

impl Registry {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let searched = Arc::new(Mutex::new(Vec::new()));
        let registry = Self { address, searched: Arc::clone(&searched) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&searched)));
            }
        });
        registry
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The terms that were searched for, and whether the account was shown.
    pub(crate) fn searched(&self) -> Vec<(String, bool)> {
        self.searched.lock().unwrap().clone()
    }
}

/// Answers one request. Engines try TLS first; that is answered by hanging up.
async fn serve(mut stream: TcpStream, searched: Searched) -> Option<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let request = lines.next_line().await.ok()??;
    let mut authorized = false;
    while let Some(line) = lines.next_line().await.ok()?.filter(|line| !line.is_empty()) {
        authorized |= line.ends_with(&format!("Basic {ACCOUNT}"));
    }
    let target = request.split(' ').nth(1)?;
    let url = url::Url::parse(&format!("http://registry{target}")).ok()?;
    let (status, extra, body) = match url.path() {
        "/v1/_ping" => ("200 OK", "", "{}"),
        "/v1/search" => {
            let (_, term) = url.query_pairs().find(|(key, _)| key == "q")?;
            searched.lock().unwrap().push((term.into_owned(), authorized));
            ("200 OK", "", FOUND)
        }
        "/v2/" if authorized => ("200 OK", "", "{}"),
        "/v2/" => ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"test\"\r\n", "{}"),
        _ => ("404 Not Found", "", "{}"),
    };
    let head = "Content-Type: application/json\r\nDocker-Distribution-Api-Version: registry/2.0\r\nConnection: close";
    let answer = format!("HTTP/1.1 {status}\r\n{head}\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.ok()
}
