//! The engine of another machine, by way of its SSH server.
//!
//! The system's `ssh` is run, with the user's configuration, keys and agent; on the
//! other side, `docker system dial-stdio` connects its input and output to the engine.
//! Each connection is a process of its own, and the pool keeps them for further calls.

use std::{
    fmt, io,
    pin::Pin,
    process::Stdio,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use http::{StatusCode, header::CONTENT_LENGTH};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use super::{address::SshHost, head};
use crate::{Error, Result, error::Kind};

/// The longest text of ssh's that is kept, in bytes.
const LONGEST_TEXT: u64 = 4 << 10;

/// The longest answer to a ping that is read, in bytes.
const LONGEST_ANSWER: usize = 16 << 10;

/// With this, ssh says that it failed itself, and not the command on the other side.
const SSH_FAILED: i32 = 255;

/// With this, a shell says that it did not find a command.
const NO_SUCH_COMMAND: i32 = 127;

/// A connection through a process.
pub(super) struct Tunnel {
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// What was read too early.
    received: BytesMut,
    /// What ssh has to say, and the command on the other side.
    words: ChildStderr,
    said: Vec<u8>,
    /// Killed when it is dropped.
    process: Child,
}

impl Tunnel {
    /// Opens a connection, and does not return before an engine has answered on it: until then, nothing tells
    /// whether ssh got through.
    pub(super) async fn open(host: &SshHost, limit: Option<Duration>) -> Result<Self> {
        let failed = |why: &str| Kind::Connect(format!("no connection to {host}: {why}"));
        let mut process = command(host, limit).spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::with_source(failed("there is no program `ssh` on the PATH"), error),
            _ => Error::with_source(failed("the program `ssh` cannot be run"), error),
        })?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (input, Some(output), Some(words)) = pipes else {
            return Err(Error::new(failed("its process has no pipes")));
        };
        let mut tunnel = Self { input, output, received: BytesMut::new(), words, said: Vec::new(), process };
        match tunnel.ping().await {
            Ok(()) => Ok(tunnel),
            Err(error) => Err(Error::with_source(failed(&tunnel.failure().await), error)),
        }
    }

    /// Asks the engine whether it is there, and takes its answer.
    async fn ping(&mut self) -> io::Result<()> {
        self.write_all(b"GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
        self.flush().await?;
        let mut received = BytesMut::new();
        loop {
            if self.read_buf(&mut received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((answer, head)) = head::parse(&received).map_err(io::Error::other)? {
                let body = answer.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
                let body: usize =
                    body.filter(|_| answer.status() == StatusCode::OK).ok_or(io::ErrorKind::InvalidData)?;
                if received.len() >= head.saturating_add(body) {
                    self.received = received.split_off(head + body);
                    return Ok(());
                }
            }
            if received.len() > LONGEST_ANSWER {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Why there is no engine at the other end. Waits for the process to end.
    async fn failure(mut self) -> String {
        self.input = None;
        let _ = (&mut self.words).take(LONGEST_TEXT).read_to_end(&mut self.said).await;
        let code = self.process.wait().await.ok().and_then(|status| status.code());
        failure(code, &self.said)
    }

    /// Takes what ssh has to say, so that it is never held up, and keeps the first of it.
    fn listen(&mut self, cx: &mut Context<'_>) {
        let mut space = [0; 1024];
        let mut buffer = ReadBuf::new(&mut space);
        while let Poll::Ready(Ok(())) = Pin::new(&mut self.words).poll_read(cx, &mut buffer) {
            if buffer.filled().is_empty() {
                break;
            }
            let left = LONGEST_TEXT.saturating_sub(self.said.len() as u64) as usize;
            self.said.extend(buffer.filled().iter().take(left));
            buffer.clear();
        }
    }
}

fn command(host: &SshHost, limit: Option<Duration>) -> Command {
    let mut command = Command::new("ssh");
    // Nobody is there to be asked for a password, or whether a key is right.
    command.args(["-T", "-o", "BatchMode=yes"]);
    if let Some(limit) = limit {
        command.args(["-o", &format!("ConnectTimeout={}", limit.as_secs().max(1))]);
    }
    if let Some(user) = &host.user {
        command.args(["-l", user]);
    }
    if let Some(port) = host.host.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", &host.host.name, "docker"]);
    if let Some(socket) = &host.socket {
        // A shell on the other side reads this.
        command.args(["--host", &format!("'unix://{}'", socket.replace('\'', r"'\''"))]);
    }
    command.args(["system", "dial-stdio"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Why ssh ended with `code` after saying `text`.
fn failure(code: Option<i32>, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("ssh does not say why");
    match code {
        Some(NO_SUCH_COMMAND) => format!("there is no command `docker` on the other side: {last}"),
        Some(SSH_FAILED) => format!("ssh failed: {last}"),
        _ => format!("no engine answers on the other side: {last}"),
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.received.is_empty() {
            let length = self.received.len().min(buffer.remaining());
            buffer.put_slice(&self.received.split_to(length));
            return Poll::Ready(Ok(()));
        }
        self.listen(cx);
        Pin::new(&mut self.output).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.input {
            Some(input) => Pin::new(input).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.input {
            Some(input) => Pin::new(input).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// The end of the input is that of the pipe; ssh hands it on.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(input) = &mut self.input {
            ready!(Pin::new(input).poll_shutdown(cx))?;
            self.input = None;
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
mod tests {
    use super::*;
    use crate::connect::address::Address;

    #[track_caller]
    fn arguments(address: &str) -> String {
        let Ok(Address::Ssh(host)) = address.parse() else { panic!("{address} is not one of ssh") };
        let command = command(&host, Some(Duration::from_millis(300)));
        let arguments: Vec<_> = command.as_std().get_args().map(|argument| argument.to_string_lossy()).collect();
        arguments.join(" ")
    }

    #[test]
    fn ssh_is_told_what_the_address_says_and_no_more() {
        const ALWAYS: &str = "-T -o BatchMode=yes -o ConnectTimeout=1";
        assert_eq!(arguments("ssh://host"), format!("{ALWAYS} -- host docker system dial-stdio"));
        assert_eq!(
            arguments("ssh://me@host:2222/run/it's docker.sock"),
            format!(
                r"{ALWAYS} -l me -p 2222 -- host docker --host 'unix:///run/it'\''s docker.sock' system dial-stdio"
            )
        );
    }

    #[test]
    fn a_failure_is_told_in_sshs_words() {
        let text = b"Warning: Permanently added 'host'.\r\nme@host: Permission denied (publickey).\r\n";
        assert_eq!(failure(Some(255), text), "ssh failed: me@host: Permission denied (publickey).");
        assert_eq!(failure(Some(1), b""), "no engine answers on the other side: ssh does not say why");
    }
}
