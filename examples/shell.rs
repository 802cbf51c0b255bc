//! Opens an interactive shell in a container, as `docker exec -it` does: `cargo run --example shell -- web sh`.
//!
//! Leave it with `exit` or Ctrl-D. The terminal is restored, unless this is killed with `kill -9`.

use std::{
    env,
    error::Error,
    future,
    io::{self, IsTerminal as _, Read as _, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};

use dockerclient::{
    DockerClient, OutputStream, TerminalSize,
    exec::Exec,
    session::{Input, Session},
};
use ratatui::crossterm::terminal;
use tokio::{io::AsyncWriteExt as _, sync::mpsc, time};

use self::system::{SizeChanges, terminated};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().ok_or("expected a container and, optionally, a command")?;
    let program = arguments.next().unwrap_or_else(|| "sh".into());
    if !io::stdin().is_terminal() {
        return Err("stdin is not a terminal; use the example `exec`".into());
    }
    let shell = DockerClient::from_env()?.container(name).command(program).args(arguments).tty(true).stdin(true);
    let exec = shell.create().await?;
    let Session { input, output, .. } = exec.start().await?;

    let raw = RawTerminal::enter()?;
    tokio::select! {
        shown = show(output) => shown?,
        Err(error) = pass_on(input) => return Err(error.into()),
        Err(error) = follow_size(&exec) => return Err(error.into()),
        signal = terminated() => return Err(signal.map_or_else(Into::into, |()| "terminated by a signal".into())),
    }
    drop(raw);
    exit_code(&exec).await
}

/// The terminal in raw mode, until this is dropped.
struct RawTerminal;

impl RawTerminal {
    fn enter() -> io::Result<Self> {
        terminal::enable_raw_mode().map(|()| Self)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// Prints the output of the shell, until it ends.
async fn show(mut output: OutputStream) -> Result<(), Box<dyn Error>> {
    let mut screen = io::stdout();
    while let Some(chunk) = output.try_next().await? {
        screen.write_all(chunk.bytes())?;
        screen.flush()?;
    }
    Ok(())
}

/// Sends keys to the shell, including Ctrl-C and Ctrl-Z.
async fn pass_on(mut input: Input) -> io::Result<()> {
    let mut keys = keys();
    while let Some(typed) = keys.recv().await {
        input.write_all(&typed).await?;
    }
    input.shutdown().await?;
    future::pending().await
}

/// Reads keys. Reading blocks, so a thread does it, which ends with the process.
fn keys() -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel(1);
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = io::stdin().read(&mut bytes) {
            if send.blocking_send(bytes[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

/// Sets the size of the shell's TTY to that of the terminal, now and whenever it changes.
async fn follow_size(exec: &Exec) -> io::Result<()> {
    let mut changes = SizeChanges::new()?;
    let mut last = None;
    loop {
        let (columns, rows) = terminal::size()?;
        if last.replace((columns, rows)) != Some((columns, rows)) {
            // Fails if the shell has just exited; its output then also ends.
            let _ = exec.resize(TerminalSize { rows, columns }).await;
        }
        changes.next().await;
    }
}

#[cfg(unix)]
mod system {
    use std::io;

    use futures_util::future::select_all;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// The changes of the size of the terminal.
    pub(super) struct SizeChanges(Signal);

    impl SizeChanges {
        pub(super) fn new() -> io::Result<Self> {
            signal(SignalKind::window_change()).map(Self)
        }

        pub(super) async fn next(&mut self) {
            self.0.recv().await;
        }
    }

    /// Waits for a signal that would end the process without restoring the terminal.
    pub(super) async fn terminated() -> io::Result<()> {
        let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit()];
        let mut signals = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
        select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
        Ok(())
    }
}

#[cfg(windows)]
mod system {
    use std::{io, time::Duration};

    use tokio::{signal::windows, time};

    /// The changes of the size of the terminal, which Windows does not report: it must be checked repeatedly.
    pub(super) struct SizeChanges;

    impl SizeChanges {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) async fn next(&mut self) {
            time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Waits for an event that would end the process without restoring the terminal.
    pub(super) async fn terminated() -> io::Result<()> {
        let (mut interrupt, mut stop) = (windows::ctrl_c()?, windows::ctrl_break()?);
        let (mut close, mut shutdown) = (windows::ctrl_close()?, windows::ctrl_shutdown()?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
            _ = shutdown.recv() => {}
        }
        Ok(())
    }
}

/// Returns the exit code of the shell, which engines report a moment after its output has ended.
async fn exit_code(exec: &Exec) -> Result<ExitCode, Box<dyn Error>> {
    loop {
        let state = exec.inspect().await?;
        if !state.running {
            return Ok(ExitCode::from(u8::try_from(state.exit_code.unwrap_or(0))?));
        }
        time::sleep(Duration::from_millis(10)).await;
    }
}
