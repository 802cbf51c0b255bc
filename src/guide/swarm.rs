//! Swarm mode: services on one or more engines (API 1.24 and later).
//!
//! A swarm is a group of engines, its *nodes*. Managers store the state of the swarm and decide which node runs which task;
//! workers only run tasks. A *service* is a set of identical containers, its *tasks*, which the swarm keeps running. All
//! requests of this page are sent to a manager, which can be the only node. Other engines reject them (503), except `init`,
//! `join`, `leave` and `unlock`.
//!
//! The repository has an example program that deploys, scales, updates and watches a service: `examples/swarm.rs`. Tests of
//! your own code can use a fake engine with a swarm, see [testing](super::testing).
//!
//! # The swarm
//!
//! ```no_run
//! # use dockerclient::{DockerClient, Result};
//! # async fn example(docker: DockerClient, other: DockerClient) -> Result<()> {
//! use dockerclient::models::LocalNodeState;
//!
//! if docker.info().await?.swarm.local_node_state == Some(LocalNodeState::Inactive) {
//!     docker.swarm().init().advertise_addr("192.168.0.10").await?;
//! }
//! let swarm = docker.swarm().inspect().await?;
//! other.swarm().join("192.168.0.10:2377", &swarm.join_tokens.worker).await?;
//!
//! // Replaces the token, so that it cannot be used again.
//! docker.swarm().update(|_| {}).rotate_worker_token(true).await?;
//! other.swarm().leave().await?; // a manager needs `.force(true)`
//! # Ok(())
//! # }
//! ```
//!
//! `docker.info().await?.swarm.control_available` is `true` if the engine is a manager. Join tokens, unlock keys and the data
//! of secrets are not part of `Debug` output and errors.
//!
//! With `auto_lock`, a manager needs a key after each restart of its engine:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! docker.swarm().update(|spec| spec.encryption_config.auto_lock_managers = true).await?;
//! let key = docker.swarm().unlock_key().await?;
//! // After a restart:
//! docker.swarm().unlock(key).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Updates
//!
//! Objects of a swarm have a version. The engine rejects an update that does not have the current one, so that clients do not
//! overwrite each other's changes. `update` takes a function that changes the configuration: it reads the object, calls the
//! function, and writes the result; if the object was changed in the meantime, it starts again. So the function can be called
//! several times. `replace` writes a configuration that your program has read itself.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::models::NodeAvailability;
//!
//! for node in docker.nodes().list().role("worker").await? {
//!     println!("{} {:?}", node.description.hostname, node.status.state);
//! }
//! let worker = docker.node("worker-1");
//! worker.update(|spec| spec.availability = Some(NodeAvailability::Drain)).await?;
//!
//! let mut seen = worker.inspect().await?;
//! seen.spec.labels.insert("disk".into(), "ssd".into());
//! worker.replace(seen.version.index, seen.spec).await?; // fails if the node was changed after `inspect`
//! worker.remove().force(true).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Services
//!
//! The settings of a service have the names of the flags of `docker service create`. Fields that have no method are
//! set with [`spec`](crate::services::CreateService::spec).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let web = docker
//!     .services()
//!     .create("nginx:1.27")
//!     .name("web")
//!     .replicas(3)
//!     .publish(8080, 80)
//!     .constraint("node.role==worker")
//!     .limit_memory("512m")
//!     .update_order("start-first")
//!     .await?;
//! for warning in &web.warnings {
//!     eprintln!("{warning}");
//! }
//! web.wait_until_converged().await?;
//! web.scale(5).await?;
//! web.update(|spec| spec.container_mut().image = "nginx:1.28".into()).await?;
//! println!("{:?}", web.inspect().await?.update_status);
//! web.rollback().await?;
//! for service in docker.services().list().status(true).await? {
//!     let status = service.service_status.unwrap_or_default();
//!     println!("{} {} of {}", service.spec.name, status.running_tasks, status.desired_tasks);
//! }
//! web.remove().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Waiting for tasks
//!
//! Requests that create or change a service return when the swarm has stored the change. It starts, stops and replaces tasks
//! afterwards. [`wait_until_converged`](crate::services::Service::wait_until_converged) waits for that, as the Docker CLI does:
//! until all tasks have the new configuration and have run for some seconds, or until a job is complete.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use std::time::Duration;
//!
//! let web = docker.service("web");
//! web.update(|spec| spec.container_mut().image = "nginx:1.28".into()).await?;
//! match web.wait_until_converged().time_limit(Duration::from_secs(120)).await {
//!     Ok(progress) => println!("{progress}"), // for example "3 of 3 tasks are running"
//!     Err(error) if error.is_wait_failed() => println!("paused or rolled back: {error}"),
//!     Err(error) if error.is_timeout() => println!("not yet: {error}"), // with the error of the last task
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An update that fails is paused, unless the service was created with another
//! [`update_failure_action`](crate::services::CreateService::update_failure_action). Tasks that fail without an update, for
//! example because their image does not exist, are started again indefinitely, so that only a time limit ends the wait. The
//! progress shows their errors:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let mut progress = docker.service("web").wait_until_converged().progress().await?;
//! while let Some(item) = progress.try_next().await? {
//!     println!("{:?}: {item}", item.state);
//!     if let Some(error) = &item.last_error {
//!         eprintln!("{error}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks and logs
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::models::TaskState;
//!
//! for task in docker.service("web").tasks().desired_state(TaskState::Running).await? {
//!     let task = task.handle(&docker).inspect().await?;
//!     println!("{} on {}: {:?} {}", task.id, task.node_id, task.status.state, task.status.err);
//!     println!("{}", task.handle(&docker).logs().tail(10).await?.capture().await?.stdout_text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The logs of a service contain the output of all its tasks. With `details`, each line has the ids of its task and node.
//! Names as `docker service logs` prints them consist of the name of the service and the slot of the task:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use std::collections::HashMap;
//!
//! let tasks = docker.service("web").tasks().await?;
//! let names: HashMap<_, _> = tasks.iter().map(|task| (&*task.id, format!("web.{}", task.slot))).collect();
//! let mut lines = docker.service("web").logs().details(true).follow(true).tail(10).await?.lines();
//! while let Some(line) = lines.try_next().await? {
//!     let id = line.task_id().unwrap_or_default();
//!     println!("{} | {}", names.get(id).map_or(id, String::as_str), line.text());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Monitors
//!
//! [`services().monitor()`](crate::services::Services::monitor) and [`nodes().monitor()`](crate::nodes::Nodes::monitor)
//! return a snapshot, then each change, across restarts of the engine and changes of the leader. The page on
//! [monitors](super::monitors#services-and-nodes) has an example.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::{models::NodeState, monitor::NodeUpdate};
//!
//! let mut updates = docker.nodes().monitor().role("worker");
//! while let Some(update) = updates.next().await {
//!     if let NodeUpdate::Changed(node) = update {
//!         println!("{}: {:?}", node.description.hostname, node.status.state);
//!     }
//!     let ready = updates.view().values().filter(|node| node.status.state == Some(NodeState::Ready));
//!     println!("{} workers are ready", ready.count());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Secrets and configs
//!
//! A secret or a config is a small file that the swarm stores, and that services read. The engine never returns the data of a
//! secret. Only labels can be changed: to change the data, create another object, and update the service.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! let key = docker.secrets().create("site-key", std::fs::read("site.key")?).label("app", "web").await?;
//! let conf = docker.configs().create("site-conf", "listen 80;").await?;
//! let create = docker.services().create("nginx:1.27").name("web");
//! create.secret(key.id(), "site.key").config(conf.id(), "/etc/nginx/conf.d/site.conf").await?;
//!
//! key.update(|spec| spec.labels.extend([("rotated".to_owned(), "no".to_owned())])).await?;
//! println!("{:?}", key.inspect().await?.spec.labels);
//! conf.update(|spec| spec.labels.clear()).await?;
//! println!("{}", String::from_utf8_lossy(&conf.inspect().await?.data()?));
//! for secret in docker.secrets().list().label("app=web").await? {
//!     println!("{} {}", secret.id, secret.spec.name);
//! }
//! println!("{} configs", docker.configs().list().await?.len());
//!
//! docker.service("web").remove().await?; // objects in use cannot be removed
//! key.remove().await?;
//! conf.remove().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Cluster volumes
//!
//! A cluster volume is an object of the swarm, which all nodes can use. A CSI [plugin](super::plugins) on the nodes creates it.
//! Requires API 1.42. Only its availability can be changed:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::models::{ClusterVolumeSpec, MountVolume, VolumeAccessMode, VolumeAvailability};
//!
//! let mode = VolumeAccessMode { mount_volume: Some(MountVolume::default()), ..Default::default() };
//! let spec = ClusterVolumeSpec { access_mode: Some(mode), ..Default::default() };
//! let data = docker.volumes().create().name("data").driver("csi").cluster(spec).await?;
//!
//! data.update(|spec| spec.availability = Some(VolumeAvailability::Drain)).await?; // its tasks are moved
//! data.remove().await?;
//! # Ok(())
//! # }
//! ```
