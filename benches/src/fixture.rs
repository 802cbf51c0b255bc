//! An engine that answers at once, as engine 20.10 does, from bytes made before.
//!
//! What to answer stands in the request: how many containers in `limit`, how many events in
//! `since`, and the rest in names, as `logs-64-1024` (frames of 64 bytes, 1024 of them),
//! `stats-10-200` (10 samples, 200 ms apart) and `count-5` (5 lines of progress). As with
//! engines, a stream asked for as HTTP/1.0 comes without chunks: the raw bytes of the floor.

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

use self::tape::Tape;

mod answer;
mod tape;

/// How many connections are served at once: a thread each, made before, so that dialling costs no more than it must.
const CONNECTIONS: usize = 1100;

/// Serves at `socket` until the process ends.
pub fn serve(socket: &Path) -> Result<()> {
    let _ = fs::remove_file(socket);
    let listener = UnixListener::bind(socket)?;
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let worker = thread::Builder::new().stack_size(64 << 10);
            worker.spawn_scoped(scope, || {
                for stream in listener.incoming().flatten() {
                    // A client that hangs up is none of the engine's business.
                    let _ = converse(&stream);
                }
            })?;
        }
        Ok(())
    })
}

/// Answers one request after the other.
fn converse(stream: &UnixStream) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(request) = Request::read(&mut reader)? {
        match request.tape()? {
            None => writer.write_all(&request.answer()?)?,
            Some((tape, count, pause)) => {
                writer.write_all(&answer::stream_head(request.chunked))?;
                tape.play(count, pause, writer)?;
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
    /// Without a version.
    path: String,
    query: String,
    /// The answer may come in chunks.
    chunked: bool,
}

impl Request {
    fn read(reader: &mut BufReader<&UnixStream>) -> Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_ascii_whitespace().skip(1);
        let target = words.next().context("no target")?;
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

    /// What to play, how many items of it, and how long to wait between two, if the answer is a stream.
    fn tape(&self) -> Result<Option<(Tape, usize, Duration)>> {
        let now = Duration::ZERO;
        let numbers = |name: &str| name.split('-').skip(1).map(str::parse).collect::<Result<Vec<usize>, _>>();
        let parts: Vec<&str> = self.path.split('/').collect();
        Ok(Some(match *parts {
            ["events"] => {
                let count = self.parameter("since").context("since?")?.parse()?;
                (Tape::documents(include_str!("../fixtures/event.json"), "\n", count, self.chunked), count, now)
            }
            ["images", "create"] => {
                let count = numbers(self.parameter("fromImage").context("fromImage?")?)?[0];
                let line = include_str!("../fixtures/progress.json");
                (Tape::documents(line, "\r\n", count, self.chunked), count, now)
            }
            ["containers", name, "stats"] => {
                let [count, pause] = numbers(name)?[..] else { return Ok(None) };
                let sample = include_str!("../fixtures/stats.json");
                (Tape::documents(sample, "\n", count, self.chunked), count, Duration::from_millis(pause as u64))
            }
            ["containers", name, "logs"] => {
                let [size, count] = numbers(name)?[..] else { return Ok(None) };
                (Tape::frames(size, count, self.chunked), count, now)
            }
            _ => return Ok(None),
        }))
    }

    fn answer(&self) -> Result<Arc<Vec<u8>>> {
        let limit = self.parameter("limit").unwrap_or("1");
        let count = limit.parse()?;
        let parts: Vec<&str> = self.path.split('/').collect();
        Ok(answer::once(format!("{} {limit}", self.path), || match *parts {
            ["_ping"] => answer::ping(),
            ["version"] => answer::json("200 OK", include_str!("../fixtures/version.json")),
            ["containers", "json"] => answer::list(count),
            ["containers", "create"] => answer::json("201 Created", answer::CREATED),
            ["containers", _, "json"] => answer::json("200 OK", include_str!("../fixtures/inspect.json")),
            _ => answer::json("404 Not Found", "{\"message\":\"page not found\"}\n"),
        }))
    }
}

/// Reads the rest of the head and, by what it says, the body.
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
    // Nobody here sends chunks with anything in them.
    while chunked && line != "0\r\n" {
        line.clear();
        reader.read_line(&mut line)?;
    }
    if chunked {
        reader.read_line(&mut line)?;
    }
    Ok(())
}
