//! Ships the lines of all containers, and continues where it was after a restart: `cargo run --example ship_logs`.

use std::{fs, future, io, path::Path, pin::pin, time::Duration};

use dockerclient::{DockerClient, Line, monitor::CombinedLogMonitor, monitor::CombinedLogUpdate};

/// Sends each line until `stop`; stores the positions in the logs in `file`. After a crash, lines of a second are repeated.
pub async fn ship(
    mut logs: CombinedLogMonitor,
    file: &Path,
    stop: impl Future,
    mut send: impl FnMut(&str, &Line),
) -> io::Result<()> {
    let stored = fs::read(file).ok().map(|json| serde_json::from_slice(&json)).transpose()?;
    logs = logs.exclude_label("no-logs").max_part_size(64 << 10).resume(stored);
    let (mut timer, mut stop) = (tokio::time::interval(Duration::from_secs(1)), pin!(stop));
    loop {
        tokio::select! {
            Some(update) = logs.next() => match update {
                CombinedLogUpdate::Line { container, line } => send(container.name(), &line),
                CombinedLogUpdate::Gap { container, gap } => eprintln!("{}: {gap:?}", container.name()),
                _ => {}
            },
            _ = timer.tick() => save(&logs, file)?,
            _ = &mut stop => return save(&logs, file),
        }
    }
}

fn save(logs: &CombinedLogMonitor, file: &Path) -> io::Result<()> {
    fs::write(file.with_extension("new"), serde_json::to_vec(&logs.bookmarks())?)?;
    fs::rename(file.with_extension("new"), file)
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let (logs, stop) = (DockerClient::from_env()?.containers().monitor_logs(), future::pending::<()>());
    let print = |name: &str, line: &Line| println!("{name} {}{}", line.text(), if line.partial { "…" } else { "" });
    ship(logs, Path::new("bookmarks.json"), stop, print).await
}
