//! Ships the lines of all containers, and continues where it was after a restart: `cargo run --example ship_logs`.

use std::{fs, future::pending, io, path::Path, pin::pin, time::Duration};

use dockerclient::{DockerClient, Line, monitor::CombinedLogMonitor as Logs, monitor::CombinedLogUpdate as Update};

/// Sends each line until `stop`; stores the positions in the logs in `file`. After a crash, lines of a second are repeated.
pub async fn ship(logs: Logs, file: &Path, stop: impl Future, mut send: impl FnMut(&str, &Line)) -> io::Result<()> {
    let stored = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        content => Some(serde_json::from_slice(&content?)?),
    };
    let mut logs = logs.exclude_label("no-logs").max_part_size(64 << 10).resume(stored);
    let (mut timer, mut stop) = (tokio::time::interval(Duration::from_secs(1)), pin!(stop));
    loop {
        tokio::select! {
            update = logs.next() => match update {
                Some(Update::Line { container, line }) => send(container.name(), &line),
                Some(Update::Gap { container, gap }) => eprintln!("{}: {gap:?}", container.name()),
                Some(Update::Failed { error, .. } | Update::Disconnected { error, .. }) => eprintln!("{error}"),
                Some(_) => {}
                None => return save(&logs, file).and(Err(io::Error::other("the monitor has ended"))),
            },
            _ = timer.tick() => save(&logs, file)?,
            _ = &mut stop => return save(&logs, file),
        }
    }
}

fn save(logs: &Logs, file: &Path) -> io::Result<()> {
    let Some(bookmarks) = logs.bookmarks() else { return Ok(()) };
    fs::write(file.with_extension("new"), serde_json::to_vec(&bookmarks)?)?;
    fs::rename(file.with_extension("new"), file)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let print = |name: &str, line: &Line| println!("{name} {}{}", line.text(), if line.partial { "…" } else { "" });
    ship(DockerClient::from_env()?.containers().monitor_logs(), "bookmarks.json".as_ref(), pending::<()>(), print).await
}
