//! Swarm mode: the handle [`Swarm`], and the requests that its methods return.
//!
//! [`DockerClient::info`] returns the state of any engine in [`SwarmInfo`](crate::models::SwarmInfo), as `info.swarm`:
//!
//! | engine | `local_node_state` | `control_available` |
//! |---|---|---|
//! | not part of a swarm | `Inactive` | `false` |
//! | joining a swarm | `Pending` | `false` |
//! | worker | `Active` | `false` |
//! | manager | `Active` | `true` |
//! | manager that needs the unlock key | `Locked` | `false` |
//! | could not join or start its swarm | `Error` | `false` |
//!
//! An engine that is not a manager rejects all operations on swarms, nodes, services, tasks, secrets and configs (503),
//! except [`init`](Swarm::init), [`join`](Swarm::join), [`leave`](Swarm::leave), and [`unlock`](Swarm::unlock) of a locked
//! manager.
//!
//! One of the managers is the leader. If it fails, the others elect another one, within about 20 seconds by default. If
//! half of the managers or more are down, they cannot: the swarm has no quorum, its services keep running, and nothing
//! can be changed. Without a leader, managers reject the same operations with a
//! [server error](crate::Error::is_server_error), mostly 500: at once, with the message
//! `The swarm does not have a leader`, or after they have waited for the leader for 20 seconds, with the message
//! `context deadline exceeded`. In the second case the operation may still be executed.
//! [`time_limit`](crate::nodes::ListNodes::time_limit) makes a call fail earlier.

use crate::DockerClient;

mod init;
mod inspect;
mod join;
mod leave;
mod unlock;
mod unlock_key;
mod update;

pub use self::{
    init::InitSwarm,
    inspect::InspectSwarm,
    join::JoinSwarm,
    leave::LeaveSwarm,
    unlock::UnlockSwarm,
    unlock_key::GetUnlockKey,
    update::{ReplaceSwarmSpec, UpdateSwarm},
};

/// The default listen address of the Docker CLI. Engines require an address.
const LISTEN_ADDR: &str = "0.0.0.0:2377";

/// A handle for the swarm that the engine is part of. Returned by [`DockerClient::swarm`], which sends nothing. Requires
/// API 1.24.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::models::LocalNodeState;
///
/// let info = docker.info().await?.swarm;
/// if info.local_node_state == Some(LocalNodeState::Inactive) {
///     docker.swarm().init().advertise_addr("192.168.0.10").await?;
/// } else if info.control_available {
///     println!("manager of a swarm with {} nodes", info.nodes);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Swarm {
    docker: DockerClient,
}

impl Swarm {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}
