//! A latch that a test opens.

use std::sync::Arc;

use tokio::sync::watch;

/// A latch: tasks wait until a test opens it. Clones share the same latch.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{Call, FakeEngine, Latch};
///
/// let (engine, latch) = (FakeEngine::new(), Latch::new());
/// engine.expect(Call::to("system_ping").waits_for(&latch));
/// let docker = engine.client("1.18");
///
/// let ping = tokio::spawn(async move { docker.ping().await });
/// // The engine does not respond before the latch is open.
/// latch.open();
/// ping.await.unwrap().unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Latch(Arc<watch::Sender<bool>>);

impl Latch {
    /// Creates a closed latch.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Opens the latch permanently, and wakes all waiting tasks.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the latch is open.
    pub async fn opened(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Latch {
    fn default() -> Self {
        Self::new()
    }
}
