//! A server that sends prepared responses, in the form of Docker 20.10.
//!
//! The request determines the response: `limit` is the number of containers, `since` the number of events, and names have
//! the other numbers: `logs-64-1024` (1024 frames of 64 bytes), `stats-10-200` (10 samples at intervals of 200 ms) and
//! `count-5` (5 progress messages). As with a real engine, the response to a stream request with HTTP/1.0, as the baseline
//! sends it, is not chunked.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use self::stream::Tape;

mod response;
mod stream;

/// Number of concurrent connections. Each has a thread, which is started in advance to make connecting cheap.
const CONNECTIONS: usize = 1100;

/// Serves at `socket` until the process exits.
pub fn serve(socket: &Path) -> Result<()> {
    let _ = fs::remove_file(socket);
    let listener = UnixListener::bind(socket)?;
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let worker = thread::Builder::new().stack_size(64 << 10);
            worker.spawn_scoped(scope, || {
                for stream in listener.incoming().flatten() {
                    // The client may close the connection at any time.
                    let _ = converse(&stream);
                }
            })?;
        }
        Ok(())
    })
}

/// Handles the requests of a connection.
fn converse(stream: &UnixStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = Request::read(&mut reader)? {
        match request.tape()? {
            None => writer.write_all(&request.response()?)?,
            Some((tape, count, interval)) => {
                writer.write_all(&response::stream_head(request.chunked))?;
                tape.play(count, interval, writer)?;
                if !request.chunked {
                    return Ok(());
                }
                writer.write_all(b"0\r\n\r\n")?;
            }
        }
    }
    Ok(())
}

struct Request {
    /// Path, without the API version.
    path: String,
    query: String,
    /// Whether the response may be chunked.
    chunked: bool,
}

impl Request {
    fn read(reader: &mut BufReader<&UnixStream>) -> Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_ascii_whitespace().skip(1);
        let target = words.next().context("no request target")?;
        let chunked = words.next() != Some("HTTP/1.0");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let versioned = path.strip_prefix("/v").and_then(|path| path.split_once('/'));
        let path = versioned.filter(|(version, _)| version.starts_with("1.")).map_or(&path[1..], |(_, path)| path);
        let request = Self { path: path.to_owned(), query: query.to_owned(), chunked };
        skip_body(reader)?;
        Ok(Some(request))
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// If the response is a stream: its items, their number, and the interval between them.
    fn tape(&self) -> Result<Option<(Tape, usize, Duration)>> {
        let now = Duration::ZERO;
        let numbers = |name: &str| name.split('-').skip(1).map(str::parse).collect::<Result<Vec<usize>, _>>();
        let parts: Vec<&str> = self.path.split('/').collect();
        Ok(Some(match *parts {
            ["events"] => {
                let count = self.parameter("since").context("no parameter `since`")?.parse()?;
                (Tape::documents(include_str!("../fixtures/event.json"), "\n", count, self.chunked), count, now)
            }
            ["images", "create"] => {
                let count = numbers(self.parameter("fromImage").context("no parameter `fromImage`")?)?[0];
                let line = include_str!("../fixtures/progress.json");
                (Tape::documents(line, "\r\n", count, self.chunked), count, now)
            }
            ["containers", name, "stats"] => {
                let [count, interval] = numbers(name)?[..] else { return Ok(None) };
                let sample = include_str!("../fixtures/stats.json");
                (Tape::documents(sample, "\n", count, self.chunked), count, Duration::from_millis(interval as u64))
            }
            ["containers", name, "logs"] => {
                let [size, count] = numbers(name)?[..] else { return Ok(None) };
                (Tape::frames(size, count, self.chunked), count, now)
            }
            _ => return Ok(None),
        }))
    }

    fn response(&self) -> Result<Arc<Vec<u8>>> {
        let limit = self.parameter("limit").unwrap_or("1");
        let count = limit.parse()?;
        let parts: Vec<&str> = self.path.split('/').collect();
        Ok(response::once(format!("{} {limit}", self.path), || match *parts {
            ["_ping"] => response::ping(),
            ["version"] => response::json("200 OK", include_str!("../fixtures/version.json")),
            ["containers", "json"] => response::list(count),
            ["containers", "create"] => response::json("201 Created", response::CREATED),
            ["containers", _, "json"] => response::json("200 OK", include_str!("../fixtures/inspect.json")),
            _ => response::json("404 Not Found", "{\"message\":\"page not found\"}\n"),
        }))
    }
}

/// Reads the headers and the body of a request.
fn skip_body(reader: &mut BufReader<&UnixStream>) -> Result<()> {
    let (mut length, mut chunked) = (0, false);
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
        chunked |= name.eq_ignore_ascii_case("transfer-encoding");
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    // The clients send no chunked body except an empty one.
    while chunked && line != "0\r\n" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    if chunked {
        reader.read_line(&mut line)?;
    }
    Ok(())
}
