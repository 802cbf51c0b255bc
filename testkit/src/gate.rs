//! A moment that a test decides upon.

use std::sync::Arc;

use tokio::sync::watch;

/// Something that waits until a test says so; clones are the same gate.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dockerclient_testkit::{Call, Engine, Gate};
///
/// let (engine, gate) = (Engine::new(), Gate::new());
/// engine.expect(Call::to("system_ping").waits_for(&gate));
/// let docker = engine.client("1.18");
///
/// let ping = tokio::spawn(async move { docker.ping().await });
/// // Whatever should happen before the engine answers.
/// gate.open();
/// ping.await.unwrap().unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A gate that is shut.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Lets everyone pass, from now on.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Waits until the gate is open.
    pub async fn opened(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
