//! SSH transport.
//!
//! Each connection is a process of the system's `ssh`, with the user's configuration, keys and agent. On the remote host,
//! `docker system dial-stdio` connects stdin and stdout to the engine. The pool reuses these connections.

use std::{
    fmt, io,
    path::Path,
    pin::Pin,
    process::{ExitStatus, Stdio},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::Request;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time::{Instant, timeout},
};

use super::{Endpoint, Headers, SshOptions, body_framing::BodyFraming, endpoint::Ssh, http1_head};
use crate::{
    Error, Result,
    error::{Kind, Phase},
    subprocess::{self, last_line},
};

/// Maximum number of bytes of stderr that are kept.
const MAX_STDERR: usize = 4 << 10;

/// Maximum size of a response to a ping, in bytes.
const MAX_PING_RESPONSE: usize = 16 << 10;

/// Timeout for `ssh` to exit after the connection has failed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum `ConnectTimeout` that `ssh` accepts, in seconds.
const MAX_CONNECT_TIMEOUT: u64 = i32::MAX as u64;

/// Exit code of `ssh` if it failed itself, and not the remote command.
const SSH_FAILED: i32 = 255;

/// Exit code of a shell that did not find a command.
const NO_SUCH_COMMAND: i32 = 127;

/// A connection through an `ssh` process.
pub(super) struct Tunnel {
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    /// Bytes received after the response to the ping, to be read first.
    received: BytesMut,
    stderr: ChildStderr,
    /// The first bytes that `ssh` and the remote command wrote to stderr.
    messages: Vec<u8>,
    /// The process, once the connection is open. Dropping it kills it.
    process: Option<Child>,
}

impl Tunnel {
    /// Opens a connection, and waits for the engine's response to a ping: only that proves that `ssh` has connected.
    pub(super) async fn open(ssh: &Ssh, limit: Option<Duration>, headers: &Headers) -> Result<Self> {
        let (host, begin) = (&ssh.host, Instant::now());
        let failed = |why: &str| Kind::Connect(format!("cannot connect to {host}: {why}"));
        let max = limit.unwrap_or(Duration::MAX);
        let timed_out =
            |detail: String| Error::new(Kind::Timeout { phase: Phase::Tunnel(format!("{host}{detail}")), limit: max });
        let found = timeout(max, subprocess::find("ssh", &ssh.path)).await.map_err(|_| timed_out(String::new()))?;
        let program =
            found.ok_or_else(|| Error::new(failed("`ssh` not found in PATH (relative directories are ignored)")))?;
        let mut process = command(&program, ssh, limit)
            .spawn()
            .map_err(|error| Error::with_source(failed("failed to run `ssh`"), error))?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (stdin, Some(stdout), Some(stderr)) = pipes else {
            return Err(Error::new(failed("failed to open the pipes of `ssh`")));
        };
        let (received, messages) = (BytesMut::new(), Vec::new());
        let mut tunnel = Self { stdin, stdout, received, stderr, messages, process: None };

        let left = || max.saturating_sub(begin.elapsed());
        match timeout(left(), subprocess::unless_exited(&mut process, tunnel.ping(headers))).await {
            Ok(Some(Ok(()))) => {
                tunnel.process = Some(process);
                Ok(tunnel)
            }
            Ok(outcome) => {
                let error = outcome.and_then(io::Result::err).unwrap_or_else(closed);
                tunnel.stdin = None;
                let exit = subprocess::wait_for_exit(&mut process, tunnel.read_stderr());
                let status = timeout(left().min(EXIT_TIMEOUT), exit).await.ok().and_then(io::Result::ok);
                let why = failure(status, &tunnel.messages, &error);
                let error = if is_busy(&why) { io::Error::new(io::ErrorKind::ResourceBusy, error) } else { error };
                Err(Error::with_source(failed(&why), error))
            }
            Err(_) => {
                let detail = last_line(&tunnel.messages).map_or_else(String::new, |line| format!(" (ssh: {line})"));
                Err(timed_out(detail))
            }
        }
    }

    /// Sends a ping to the engine, and reads its response. Any status proves that `ssh` has connected: if the engine cannot
    /// serve requests, its response to the next request is the error.
    async fn ping(&mut self, headers: &Headers) -> io::Result<()> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = http::Uri::from_static("http://localhost/_ping");
        headers.apply(request.headers_mut());
        // If the process exits, either writing or reading may fail first, so both return the same error.
        self.write_all(&http1_head::write(&request)).await.map_err(|_| closed())?;
        self.flush().await.map_err(|_| closed())?;

        let mut received = BytesMut::new();
        let mut body = None;
        while received.len() <= MAX_PING_RESPONSE {
            if body.is_none()
                && let Some((response, length)) = http1_head::parse(&received).map_err(io::Error::other)?
            {
                let _ = received.split_to(length);
                let framing = BodyFraming::of(&response).map_err(io::Error::other)?;
                if framing.may_end() && !framing.is_done() {
                    return Err(io::Error::other(format!("the engine closed the connection ({})", response.status())));
                }
                body = Some(framing);
            }
            if let Some(body) = &mut body {
                while body.next(&mut received).map_err(io::Error::other)?.is_some() {}
                if body.is_done() {
                    self.received = received;
                    return Ok(());
                }
            }
            if self.read_buf(&mut received).await? == 0 {
                return Err(closed());
            }
        }
        Err(io::Error::other("the ping response is too long"))
    }

    /// Reads stderr until EOF, and keeps the first bytes.
    async fn read_stderr(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        loop {
            match self.stderr.read(&mut buffer).await? {
                0 => return Ok(()),
                length => keep(&mut self.messages, &buffer[..length]),
            }
        }
    }

    /// Reads available bytes of stderr, so that `ssh` never blocks on a full pipe, and keeps the first bytes.
    fn drain_stderr(&mut self, cx: &mut Context<'_>) {
        let mut space = [0; 1024];
        let mut buffer = ReadBuf::new(&mut space);
        while let Poll::Ready(Ok(())) = Pin::new(&mut self.stderr).poll_read(cx, &mut buffer) {
            if buffer.filled().is_empty() {
                break;
            }
            keep(&mut self.messages, buffer.filled());
            buffer.clear();
        }
    }
}

impl Endpoint {
    /// Sets the options of `ssh`.
    ///
    /// # Errors
    ///
    /// Fails if an option is not valid, or if the engine is not connected to over SSH.
    pub(crate) fn set_ssh_options(&mut self, options: SshOptions) -> Result<()> {
        options.check()?;
        let Self::Ssh(ssh) = self else {
            return Err(Error::invalid_input(format!("SSH options were set, but {self} does not use SSH")));
        };
        ssh.options = options;
        Ok(())
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed")
}

fn keep(messages: &mut Vec<u8>, bytes: &[u8]) {
    let left = MAX_STDERR.saturating_sub(messages.len());
    messages.extend_from_slice(&bytes[..bytes.len().min(left)]);
}

fn command(program: &Path, ssh: &Ssh, limit: Option<Duration>) -> Command {
    let host = &ssh.host;
    let mut command = Command::new(program);
    // Disables prompts for passwords and for unknown host keys.
    command.args(["-T", "-o", "BatchMode=yes"]);
    if let Some(limit) = limit {
        command.args(["-o", &format!("ConnectTimeout={}", limit.as_secs().clamp(1, MAX_CONNECT_TIMEOUT))]);
    }
    command.args(ssh.options.arguments());
    if let Some(user) = &host.user {
        command.args(["-l", user]);
    }
    if let Some(port) = host.host.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", &host.host.name, "docker"]);
    if let Some(socket) = &host.socket {
        // Quoted for the remote shell.
        command.args(["--host", &format!("'unix://{}'", socket.replace('\'', r"'\''"))]);
    }
    command.args(["system", "dial-stdio"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Whether the failure `why` of `ssh` is a connection that the server closed before authentication, as it does if too many
/// connections are unauthenticated (`MaxStartups`).
fn is_busy(why: &str) -> bool {
    ["kex_exchange_identification: ", "Connection closed by ", "Connection reset by "]
        .iter()
        .any(|text| why.contains(text))
}

/// Describes a failed connection from the exit status of `ssh` (`None` if it has not exited) and its output on stderr.
fn failure(status: Option<ExitStatus>, stderr: &[u8], error: &io::Error) -> String {
    let line = last_line(stderr);
    let Some(status) = status else {
        let detail = line.map_or_else(String::new, |line| format!(" (ssh: {line})"));
        return format!("{error}, and ssh is still running{detail}");
    };
    let line = line.unwrap_or_else(|| error.to_string());
    match status.code() {
        Some(NO_SUCH_COMMAND) => format!("no command `docker` on the remote host: {line}"),
        Some(SSH_FAILED) => format!("ssh failed: {line}"),
        Some(_) => format!("cannot connect to the engine on the remote host: {line}"),
        None => format!("ssh was killed ({status}): {line}"),
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.received.is_empty() {
            let length = self.received.len().min(buffer.remaining());
            buffer.put_slice(&self.received.split_to(length));
            return Poll::Ready(Ok(()));
        }
        self.drain_stderr(cx);
        Pin::new(&mut self.stdout).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stdin {
            Some(input) => Pin::new(input).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stdin {
            Some(input) => Pin::new(input).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Closes stdin; `ssh` forwards the EOF to the remote command.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(input) = &mut self.stdin {
            ready!(Pin::new(input).poll_shutdown(cx))?;
            self.stdin = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tunnel")
    }
}

#[cfg(test)]
mod tests;
