//! Nothing is left behind: descriptors and tasks are counted around each test.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::runtime::{Builder, Handle};

/// Descriptors are of the whole process, so there is one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// More than anything here takes, on whatever machine; less than a person waits for.
const GENEROUS: Duration = Duration::from_secs(120);

/// Runs `test` alone and in a runtime of its own, and fails if it leaves a descriptor or a task behind, or does not end.
pub(crate) fn alone(test: impl Future<Output = ()>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let before = (descriptors(), tasks());
        tokio::time::timeout(GENEROUS, test).await.expect("it ends");
        until(|| (descriptors(), tasks()), |now| *now == before).await;
    });
}

/// Waits until `what` is as it should be, and fails with what it is if that does not happen.
pub(crate) async fn until<T: std::fmt::Debug>(what: impl Fn() -> T, is_right: impl Fn(&T) -> bool) {
    let wait = async {
        while !is_right(&what()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(GENEROUS / 4, wait).await.is_ok(), "it stays {:?}", what());
}

fn descriptors() -> Vec<String> {
    let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let mut links: Vec<String> = links.map(|link| link.display().to_string()).collect();
    links.sort();
    links
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
