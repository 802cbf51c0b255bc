//! A shell in a container, as `docker exec -it` opens one: `cargo run --example shell -- web sh`.
//!
//! Leave it with `exit` or Ctrl-D. However this ends (but for `kill -9`), the terminal is as it was before.

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
    models::ExecConfig,
    session::{Input, Session},
};
use futures_util::{TryStreamExt as _, future::select_all};
use ratatui::crossterm::terminal;
use tokio::{
    io::AsyncWriteExt as _,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time,
};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().ok_or("name a container, and a command if it is not to be sh")?;
    let mut command: Vec<String> = arguments.collect();
    if command.is_empty() {
        command.push("sh".into());
    }
    if !io::stdin().is_terminal() {
        return Err("this is for people at a terminal; the example `exec` is for all others".into());
    }
    let config = ExecConfig {
        cmd: command,
        tty: true,
        attach_stdin: true,
        attach_stdout: true,
        attach_stderr: true,
        ..Default::default()
    };
    let exec = DockerClient::from_env()?.container(name).create_exec(&config).await?;
    let Session { input, output, .. } = exec.start().await?;

    let raw = RawTerminal::enter()?;
    tokio::select! {
        shown = show(output) => shown?,
        Err(error) = pass_on(input) => return Err(error.into()),
        Err(error) = follow_size(&exec) => return Err(error.into()),
        told = told_to_end() => return Err(told.map_or_else(Into::into, |()| "told to end by a signal".into())),
    }
    drop(raw);
    exit_code(&exec).await
}

/// The terminal, whose keys come one by one and unread while this lives.
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

/// Shows what the shell writes, to its end.
async fn show(mut output: OutputStream) -> Result<(), Box<dyn Error>> {
    let mut screen = io::stdout();
    while let Some(piece) = output.try_next().await? {
        screen.write_all(piece.bytes())?;
        screen.flush()?;
    }
    Ok(())
}

/// Passes on what is typed, also Ctrl-C and Ctrl-Z.
async fn pass_on(mut input: Input) -> io::Result<()> {
    let mut keys = keys();
    while let Some(typed) = keys.recv().await {
        input.write_all(&typed).await?;
    }
    input.shutdown().await?;
    future::pending().await
}

/// What is typed. Reading it blocks, so a thread does it; it ends with the process.
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

/// Tells the shell how large the terminal is, now and whenever that changes.
async fn follow_size(exec: &Exec) -> io::Result<()> {
    let mut changes = signal(SignalKind::window_change())?;
    loop {
        let (columns, rows) = terminal::size()?;
        // Fails if the shell has just ended, which its output tells.
        let _ = exec.resize(TerminalSize { rows, columns }).await;
        changes.recv().await;
    }
}

/// Waits for a signal that would end this without a chance to tidy up.
async fn told_to_end() -> io::Result<()> {
    let kinds = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt(), SignalKind::quit()];
    let mut signals = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
    select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
    Ok(())
}

/// The shell's exit code, which engines know a moment after its output has ended.
async fn exit_code(exec: &Exec) -> Result<ExitCode, Box<dyn Error>> {
    loop {
        let state = exec.inspect().await?;
        if !state.running {
            return Ok(ExitCode::from(u8::try_from(state.exit_code.unwrap_or(0))?));
        }
        time::sleep(Duration::from_millis(10)).await;
    }
}
