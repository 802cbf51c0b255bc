//! The engine under test, in swarm mode.

use std::{env, fmt::Debug, ops::Deref, process::Command, time::Duration};

use dockerclient::{
    ApiVersion, Result,
    models::{LocalNodeState, NodeState, Task, TaskState},
    services::CreateService,
};

use crate::live::engine::Engine;
pub(crate) use crate::live::engine::{supported_since, version};

/// Time limit for changes of the state of nodes and tasks.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The address at which the engine communicates with other nodes. Its network has no others than the loopback interface.
pub(crate) const ADDRESS: &str = "127.0.0.1";

/// A client of an engine that is a swarm manager. Dropping it removes the objects that the test created, even if the test
/// failed.
pub(crate) struct Manager {
    engine: Engine,
}

impl Manager {
    /// Connects to the engine, and initializes a swarm unless there is one.
    pub(crate) async fn under_test() -> Self {
        let manager = Self::new(Engine::under_test().await);
        if manager.state().await != LocalNodeState::Active {
            manager.leave().await;
            manager.swarm().init().listen_addr(ADDRESS).advertise_addr(ADDRESS).await.unwrap();
        }
        let node = manager.node(manager.node_id().await);
        let is_ready = async || node.inspect().await.unwrap().status.state == Some(NodeState::Ready);
        poll("a node that is ready", async || is_ready().await.then_some(())).await;
        manager
    }

    /// A client of an engine that may be in any state.
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Connects to the engine, and makes it leave its swarm if it is part of one.
    pub(crate) async fn without_swarm() -> Self {
        let manager = Self::new(Engine::under_test().await);
        manager.leave().await;
        manager
    }

    /// Leaves the swarm, if the engine is part of one.
    pub(crate) async fn leave(&self) {
        if self.state().await != LocalNodeState::Inactive {
            self.swarm().leave().force(true).await.unwrap();
        }
    }

    /// The state of the engine as a node of a swarm.
    pub(crate) async fn state(&self) -> LocalNodeState {
        self.info().await.unwrap().swarm.local_node_state.unwrap()
    }

    /// The id of the engine as a node of a swarm.
    pub(crate) async fn node_id(&self) -> String {
        self.info().await.unwrap().swarm.node_id
    }

    /// Returns a name that no other test uses. The object at `path/name` is removed when the test ends.
    pub(crate) fn removed(&self, path: &str) -> String {
        let name = self.engine.name(path);
        self.engine.remove_later(format!("/{path}/{name}"));
        name
    }

    /// A request to create a service that runs `script` in a shell, and then runs until it is stopped.
    pub(crate) fn create_service(&self, name: &str, script: &str) -> CreateService {
        let script = format!("trap 'exit 0' TERM; {script}; while true; do sleep 0.1; done");
        self.services().create("busybox").resolve_image(false).name(name).cmd(["sh", "-c", &script])
    }

    /// Waits until exactly `count` tasks of `service` are running, and returns them.
    pub(crate) async fn running(&self, service: &str, count: usize) -> Vec<Task> {
        self.running_if(service, count, |_| true).await
    }

    /// Waits until exactly `count` tasks of `service` are running and satisfy a condition, and returns them.
    pub(crate) async fn running_if(&self, service: &str, count: usize, condition: impl Fn(&Task) -> bool) -> Vec<Task> {
        let is_running = |task: &Task| task.status.state == Some(TaskState::Running) && condition(task);
        poll(&format!("{count} running tasks"), async || {
            let tasks = self.tasks().list().service(service).desired_state(TaskState::Running).await.unwrap();
            (tasks.len() == count && tasks.iter().all(is_running)).then_some(tasks)
        })
        .await
    }
}

impl Deref for Manager {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

/// Repeats `attempt` until it returns a value. Fails after a time limit.
pub(crate) async fn poll<T>(expected: &str, attempt: impl AsyncFn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, found).await.unwrap_or_else(|_| panic!("not within {TIMEOUT:?}: {expected}"))
}

/// Whether the API version under test is 1.`minor` or newer.
pub(crate) fn supports(minor: u16) -> bool {
    version() >= ApiVersion::new(1, minor)
}

/// Whether an update was rejected because the object has a newer version.
pub(crate) fn is_out_of_sequence<T: Debug>(outcome: Result<T>) -> bool {
    outcome.unwrap_err().message().is_some_and(|message| message.contains("update out of sequence"))
}

/// Stops the engine, and starts it with its data.
pub(crate) fn restart_engine() {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engine");
    let kind = env::var("DOCKERCLIENT_TEST_KIND").expect("the kind of the engine");
    for action in ["stop", "start"] {
        assert!(Command::new(&xtask).args(["engine", action, &kind]).status().unwrap().success(), "engine {action}");
    }
}
