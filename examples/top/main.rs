//! Displays the resource usage of all running containers, like `top`: `cargo run --example top`.
//!
//! `q` quits; `c`, `m`, `n` and `b` sort by CPU, memory, network and block IO.

mod state;
mod view;

use std::{io, thread, time::Duration};

use dockerclient::DockerClient;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind};
use tokio::sync::mpsc;

use self::state::{Column, State};

/// Interval between two updates of the screen.
const PAUSE: Duration = Duration::from_millis(250);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let docker = DockerClient::from_env()?;
    let engine = docker.version().await?;
    let state = State::new(format!("engine {} ({}), API {}", engine.version, engine.os, docker.api_version().await?));
    // Also restores the terminal after a panic.
    let mut terminal = ratatui::try_init()?;
    let outcome = run(&docker, state, &mut terminal).await;
    ratatui::try_restore()?;
    Ok(outcome?)
}

async fn run(docker: &DockerClient, mut state: State, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    let mut updates = docker.containers().monitor_stats();
    let mut keys = keys();
    let mut pause = tokio::time::interval(PAUSE);
    loop {
        tokio::select! {
            Some(update) = updates.next() => state.apply(update),
            Some(key) = keys.recv() => match key {
                KeyCode::Char('q') => return Ok(()),
                KeyCode::Char('c') => state.sort_by(Column::Cpu),
                KeyCode::Char('m') => state.sort_by(Column::Memory),
                KeyCode::Char('n') => state.sort_by(Column::Network),
                KeyCode::Char('b') => state.sort_by(Column::BlockIo),
                _ => {}
            },
            _ = pause.tick() => {
                terminal.draw(|frame| view::draw(frame, &state))?;
            }
        }
    }
}

/// Returns the pressed keys. Reading them blocks, so it is done by a thread, which ends with the process.
fn keys() -> mpsc::UnboundedReceiver<KeyCode> {
    let (send, receive) = mpsc::unbounded_channel();
    thread::spawn(move || {
        while let Ok(event) = event::read() {
            if let Event::Key(key) = event
                && key.kind == KeyEventKind::Press
                && send.send(key.code).is_err()
            {
                break;
            }
        }
    });
    receive
}
