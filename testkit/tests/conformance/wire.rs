//! A minimal HTTP client for the steps of scenarios.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    time::{Duration, SystemTime},
};

use dockerclient::ApiVersion;

use crate::scenario::{Kind, Step};

/// The read timeout. A response that is incomplete after this time is compared as it is; no scenario depends on it.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The duration of an events request, for events that have all happened before.
const EVENTS_TIMEOUT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: String,
    /// Headers with lower-case names.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

/// Sends the request of a step, and returns the response.
pub(crate) fn exchange(address: &str, step: &Step, version: ApiVersion, variables: &[(String, Vec<u8>)]) -> Response {
    let substitute = |text: &str| {
        let text = text.replace("{soon}", &unix_time_in(EVENTS_TIMEOUT));
        variables.iter().fold(text, |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), std::str::from_utf8(value).unwrap_or_default())
        })
    };
    let path = address.strip_prefix("unix://").unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    let body = match step.kind {
        Kind::Archive => archive(step.body.as_deref().unwrap_or_default(), variables),
        _ => substitute(step.body.as_deref().unwrap_or_default()).into_bytes(),
    };
    let mut head = format!("{} /v{version}{} HTTP/1.1\r\nHost: docker\r\n", step.method, substitute(&step.target));
    match step.kind {
        Kind::Upgrade => head += "Connection: Upgrade\r\nUpgrade: tcp\r\n",
        Kind::Plain | Kind::Text | Kind::Archive | Kind::First => head += "Connection: close\r\n",
        Kind::Hijack => {}
    }
    if !body.is_empty() || step.kind == Kind::Text {
        let kind = match step.kind {
            Kind::Text => "text/plain",
            Kind::Archive => "application/x-tar",
            _ => "application/json",
        };
        head += &format!("Content-Type: {kind}\r\n");
    }
    if matches!(&*step.method, "POST" | "PUT") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", &body].concat()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (status, headers) = read_head(&mut reader);
    let response = Response { status, headers, body: Vec::new() };
    if matches!(step.kind, Kind::Upgrade | Kind::Hijack) && response.header("content-length").is_none() {
        stream.write_all(step.input.as_deref().unwrap_or_default().as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let body = read_body(&mut reader, step, &response);
    Response { body, ..response }
}

fn read_head(reader: &mut BufReader<UnixStream>) -> (String, Vec<(String, String)>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let status = if lines.is_empty() { "no response".to_owned() } else { lines.remove(0) };
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    (status, lines.iter().filter_map(header).collect())
}

fn read_body(reader: &mut BufReader<UnixStream>, step: &Step, response: &Response) -> Vec<u8> {
    let mut body = Vec::new();
    if step.method == "HEAD" || response.status.contains(" 204 ") || response.status.contains(" 304 ") {
        return body;
    }
    if response.header("transfer-encoding") != Some("chunked") {
        let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(u64::MAX);
        if reader.take(length).read_to_end(&mut body).is_err() {
            body.extend_from_slice(b"<read timeout>");
        }
        return body;
    }
    loop {
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let Ok(length) = usize::from_str_radix(line.trim_end(), 16) else {
            body.extend_from_slice(b"<truncated>");
            return body;
        };
        let mut chunk = vec![0; length + 2];
        if reader.read_exact(&mut chunk).is_err() {
            body.extend_from_slice(b"<truncated>");
            return body;
        }
        body.extend_from_slice(&chunk[..length]);
        if length == 0 || step.kind == Kind::First {
            return body;
        }
    }
}

/// Removes all objects that scenarios may have created.
pub(crate) fn clean_up(address: &str, version: ApiVersion) {
    let send = |line: &str| {
        let step = crate::scenario::all(&format!("# clean up\n{line}")).remove(0).steps.remove(0);
        exchange(address, &step, version, &[]);
    };
    for name in ["a", "b", "c"] {
        send(&format!("DELETE /containers/conformance-{name}?force=1&v=1"));
    }
    for name in ["one", "two:x", "imported:t", "built:one", "built:two"] {
        send(&format!("DELETE /images/conformance/{name}?force=1"));
    }
    if version >= ApiVersion::new(1, 21) {
        for name in ["v", "w"] {
            send(&format!("DELETE /volumes/conformance-{name}"));
            send(&format!("DELETE /networks/conformance-{name}"));
        }
    }
    if version >= ApiVersion::new(1, 25) {
        send("DELETE /plugins/conformance-p?force=1");
    }
}

/// The Unix time in the given duration from now, in seconds with a fraction.
pub(crate) fn unix_time_in(ahead: Duration) -> String {
    let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + ahead;
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

/// The archive for the body of a step: files, directories and links, for example `a:content|b/:|c:->a`, or the archive in
/// a variable, `{name}`.
fn archive(text: &str, variables: &[(String, Vec<u8>)]) -> Vec<u8> {
    if let Some((_, archive)) = variables.iter().find(|(name, _)| text == format!("{{{name}}}")) {
        return archive.clone();
    }
    let mut archive = tar::Builder::new(Vec::new());
    for file in text.split('|').filter(|file| !file.is_empty()) {
        let (name, content) = file.split_once(':').unwrap();
        let content = content.replace("\\n", "\n");
        let mut header = tar::Header::new_gnu();
        header.set_mode(if name.ends_with('/') { 0o755 } else { 0o644 });
        if let Some(target) = content.strip_prefix("->") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            archive.append_link(&mut header, name, target).unwrap();
            continue;
        }
        header.set_entry_type(if name.ends_with('/') { tar::EntryType::Directory } else { tar::EntryType::Regular });
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}
