//! Leak check: live tasks and, on Linux, open file descriptors are compared before and after each test.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::runtime::{Builder, Handle};

/// Serializes the tests, as file descriptors are counted for the whole process.
static LOCK: Mutex<()> = Mutex::new(());

/// A time limit that no test reaches, also on a slow machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Runs `test` alone and in its own runtime. Panics if it leaks a file descriptor or a task, or does not end.
pub(crate) fn run_isolated(test: impl Future<Output = ()>) {
    let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let before = (descriptors(), tasks());
        tokio::time::timeout(TIMEOUT, test).await.expect("the test does not end");
        eventually(|| (descriptors(), tasks()), |now| *now == before).await;
    });
}

/// Waits until `is_expected` is true for the value of `current`, and panics with that value if this takes too long.
pub(crate) async fn eventually<T: std::fmt::Debug>(current: impl Fn() -> T, is_expected: impl Fn(&T) -> bool) {
    let wait = async {
        while !is_expected(&current()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(TIMEOUT / 4, wait).await.is_ok(), "it stays {:?}", current());
}

fn descriptors() -> Vec<String> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let mut links: Vec<String> = links.map(|link| link.display().to_string()).collect();
    links.sort();
    links
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
