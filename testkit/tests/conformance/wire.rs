//! One exchange at a time, byte by byte.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    time::{Duration, SystemTime},
};

use dockerclient::ApiVersion;

use crate::scenario::{Kind, Step};

/// How long an engine may be silent before the silence is its answer. No scenario is meant to come near.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: String,
    /// In lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

/// Asks what a step says.
pub(crate) fn exchange(address: &str, step: &Step, version: ApiVersion, kept: &[(String, String)]) -> Answer {
    let put = |text: &str| {
        let text = text.replace("{soon}", &(seconds() + 1).to_string());
        kept.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    };
    let path = address.strip_prefix("unix://").unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = match step.kind {
        Kind::Archive => archive(),
        _ => put(step.body.as_deref().unwrap_or_default()).into_bytes(),
    };
    let mut head = format!("{} /v{version}{} HTTP/1.1\r\nHost: docker\r\n", step.method, put(&step.target));
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
    if step.method == "POST" {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", &body].concat()).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (status, headers) = read_head(&mut reader);
    let answer = Answer { status, headers, body: Vec::new() };
    if matches!(step.kind, Kind::Upgrade | Kind::Hijack) && answer.header("content-length").is_none() {
        stream.write_all(step.input.as_deref().unwrap_or_default().as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    }
    let body = read_body(&mut reader, step, &answer);
    Answer { body, ..answer }
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
    let status = if lines.is_empty() { "no answer".to_owned() } else { lines.remove(0) };
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    (status, lines.iter().filter_map(header).collect())
}

fn read_body(reader: &mut BufReader<UnixStream>, step: &Step, answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    if step.method == "HEAD" || answer.status.contains(" 204 ") || answer.status.contains(" 304 ") {
        return body;
    }
    if answer.header("transfer-encoding") != Some("chunked") {
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(u64::MAX);
        if reader.take(length).read_to_end(&mut body).is_err() {
            body.extend_from_slice(b"<silence>");
        }
        return body;
    }
    loop {
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let Ok(length) = usize::from_str_radix(line.trim_end(), 16) else {
            body.extend_from_slice(b"<broken off>");
            return body;
        };
        let mut chunk = vec![0; length + 2];
        if reader.read_exact(&mut chunk).is_err() {
            body.extend_from_slice(b"<broken off>");
            return body;
        }
        body.extend_from_slice(&chunk[..length]);
        if length == 0 || step.kind == Kind::First {
            return body;
        }
    }
}

/// Removes what scenarios may have left.
pub(crate) fn clean_up(address: &str, version: ApiVersion) {
    let of = |line: &str| crate::scenario::all(&format!("# clean up\n{line}")).remove(0).steps.remove(0);
    for name in ["conformance-a", "conformance-b", "conformance-c"] {
        exchange(address, &of(&format!("DELETE /containers/{name}?force=1")), version, &[]);
    }
    for name in ["conformance/one", "conformance/two:x", "conformance/imported:t"] {
        exchange(address, &of(&format!("DELETE /images/{name}?force=1")), version, &[]);
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// An archive of one empty file.
fn archive() -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, b"file");
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, b"00000000000\0");
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&header[..], &[0; 1024]].concat()
}
