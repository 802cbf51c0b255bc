//! The user guide: one page per topic. Read the first three, and the others as needed.
//!
//! 1. [Connecting](connecting): which engine is used, and how to reach it.
//! 2. [Requests](requests): settings, sending, time limits, and requests that return streams.
//! 3. [Containers](containers): create, start, inspect, stop and remove them.
//! 4. [Running programs](running): `docker.run(…)` and `container.command(…)`, modeled on `std::process::Command`.
//! 5. [Sessions](sessions): attach to a container or a command, with input and output.
//! 6. [Files](files): copy files in and out.
//! 7. [Images](images): pull, build, tag, push, save and remove them.
//! 8. [Builds with BuildKit](builds/index.html): contexts, secrets, caches, outputs, progress and errors.
//! 9. [Networks and volumes](networks).
//! 10. [Swarm mode](swarm): services, nodes, tasks, secrets and configs.
//! 11. [Plugins](plugins): drivers for volumes, networks and logs that the engine runs.
//! 12. [Models](models): the types that are exchanged with the engine, and two ways to serialize them.
//! 13. [Streams](streams): output, events, stats and progress.
//! 14. [Monitors](monitors): streams that reconnect and resume.
//! 15. [Errors](errors): kinds of errors, and whether to retry.
//! 16. [Timeouts and cancellation](time).
//! 17. [API versions](versions): engines from Docker 1.3 to 29.
//! 18. [Raw requests](raw): operations that this crate has no method for.
//! 19. [Testing](testing): test your own code without Docker.
//!
//! Most examples run as part of this crate's tests, against the fake engine that the page on [testing] describes. In all of
//! them, `docker` is a [`DockerClient`](crate::DockerClient).
//!
//! # Commands of the Docker CLI
//!
//! | command | method |
//! |---|---|
//! | `docker run` | [`docker.run(image)`](crate::DockerClient::run)`.output()`, `.status()` or `.spawn()` |
//! | `docker run -d` | [`docker.run(image)`](crate::DockerClient::run)`.detach()` |
//! | `docker create` | [`docker.containers().create(image)`](crate::containers::Containers::create) |
//! | `docker start`, `stop`, `restart`, `kill` | [`container.start()`](crate::containers::Container::start), [`stop()`](crate::containers::Container::stop), [`restart()`](crate::containers::Container::restart), [`kill()`](crate::containers::Container::kill) |
//! | `docker pause`, `unpause` | [`container.pause()`](crate::containers::Container::pause), [`unpause()`](crate::containers::Container::unpause) |
//! | `docker exec` | [`container.command(program)`](crate::containers::Container::command) |
//! | `docker attach` | [`container.attach()`](crate::containers::Container::attach) |
//! | `docker logs -f` | [`container.logs()`](crate::containers::Container::logs)`.follow(true)` |
//! | `docker ps -a` | [`docker.containers().list()`](crate::containers::Containers::list)`.all(true)` |
//! | `docker inspect` | `inspect()` of [containers](crate::containers::Container::inspect), [images](crate::images::Image::inspect), [networks](crate::networks::Network::inspect), [volumes](crate::volumes::Volume::inspect), [services](crate::services::Service::inspect), [tasks](crate::tasks::Task::inspect), [nodes](crate::nodes::Node::inspect), [secrets](crate::secrets::Secret::inspect), [configs](crate::configs::Config::inspect) and [plugins](crate::plugins::Plugin::inspect) |
//! | `docker cp` | [`container.copy_in_from(…)`](crate::containers::Container#method.copy_in_from), [`copy_out_to(…)`](crate::containers::Container#method.copy_out_to) (feature `tar`); [`copy_in`](crate::containers::Container::copy_in), [`copy_out`](crate::containers::Container::copy_out) with tar archives |
//! | `docker stats` | [`container.stats()`](crate::containers::Container::stats); [`docker.containers().monitor_stats()`](crate::containers::Containers::monitor_stats) for all containers |
//! | `docker top`, `diff`, `port` | [`container.top()`](crate::containers::Container::top), [`changes()`](crate::containers::Container::changes), [`port(…)`](crate::containers::Container::port) |
//! | `docker wait` | [`container.wait()`](crate::containers::Container::wait) |
//! | `docker rename`, `update` | [`container.rename(…)`](crate::containers::Container::rename), [`update()`](crate::containers::Container::update) |
//! | `docker rm -f` | [`container.remove()`](crate::containers::Container::remove)`.force(true)` |
//! | `docker commit`, `export` | [`container.commit()`](crate::containers::Container::commit), [`export()`](crate::containers::Container::export) |
//! | `docker checkpoint create`, `ls`, `rm` | [`container.create_checkpoint(…)`](crate::containers::Container::create_checkpoint), [`list_checkpoints()`](crate::containers::Container::list_checkpoints), [`remove_checkpoint(…)`](crate::containers::Container::remove_checkpoint) |
//! | `docker build`, `buildx build` | [`docker.images().build(context)`](crate::images::Images::build), see [builds](builds/index.html#flags-of-docker-build) |
//! | `docker buildx du`, `history` | [`docker.buildkit().disk_usage()`](crate::buildkit::BuildKit#method.disk_usage), [`docker.build_history()`](crate::DockerClient#method.build_history) (feature `buildkit`) |
//! | `docker pull`, `push` | [`docker.image(name).pull()`](crate::images::Image::pull), [`push()`](crate::images::Image::push) |
//! | `docker images` | [`docker.images().list()`](crate::images::Images::list) |
//! | `docker tag`, `rmi`, `history` | [`image.tag(…)`](crate::images::Image::tag), [`remove()`](crate::images::Image::remove), [`history()`](crate::images::Image::history) |
//! | `docker save`, `load`, `import` | [`image.save()`](crate::images::Image::save), [`docker.images().load(…)`](crate::images::Images::load), [`import(…)`](crate::images::Images::import) |
//! | `docker search` | [`docker.images().search(term)`](crate::images::Images::search) |
//! | `docker network create`, `connect`, `ls` | [`docker.networks().create(name)`](crate::networks::Networks::create), [`network.connect(…)`](crate::networks::Network::connect), [`docker.networks().list()`](crate::networks::Networks::list) |
//! | `docker volume create`, `ls`, `update`, `rm` | [`docker.volumes().create()`](crate::volumes::Volumes::create), [`list()`](crate::volumes::Volumes::list), [`volume.update(…)`](crate::volumes::Volume::update), [`remove()`](crate::volumes::Volume::remove) |
//! | `docker swarm init`, `join`, `leave`, `update`, `unlock` | [`docker.swarm().init()`](crate::swarm::Swarm::init), [`join(…)`](crate::swarm::Swarm::join), [`leave()`](crate::swarm::Swarm::leave), [`update(…)`](crate::swarm::Swarm::update), [`unlock(…)`](crate::swarm::Swarm::unlock) |
//! | `docker swarm join-token`, `unlock-key` | `join_tokens` of [`docker.swarm().inspect()`](crate::swarm::Swarm::inspect), [`unlock_key()`](crate::swarm::Swarm::unlock_key) |
//! | `docker node ls`, `ps`, `update`, `promote`, `demote`, `rm` | [`docker.nodes().list()`](crate::nodes::Nodes::list), [`node.tasks()`](crate::nodes::Node::tasks), [`update(…)`](crate::nodes::Node::update), [`promote()`](crate::nodes::Node::promote), [`demote()`](crate::nodes::Node::demote), [`remove()`](crate::nodes::Node::remove) |
//! | `docker service create`, `ls`, `ps` | [`docker.services().create(image)`](crate::services::Services::create), [`list()`](crate::services::Services::list), [`service.tasks()`](crate::services::Service::tasks) |
//! | `docker service scale`, `update`, `rollback`, `logs`, `rm` | [`service.scale(…)`](crate::services::Service::scale), [`update(…)`](crate::services::Service::update), [`rollback()`](crate::services::Service::rollback), [`logs()`](crate::services::Service::logs), [`remove()`](crate::services::Service::remove) |
//! | `docker service create` and `update` without `--detach` | [`service.wait_until_converged()`](crate::services::Service::wait_until_converged) afterwards |
//! | `docker secret create`, `ls`, `rm` | [`docker.secrets().create(…)`](crate::secrets::Secrets::create), [`list()`](crate::secrets::Secrets::list), [`secret.remove()`](crate::secrets::Secret::remove) |
//! | `docker config create`, `ls`, `rm` | [`docker.configs().create(…)`](crate::configs::Configs::create), [`list()`](crate::configs::Configs::list), [`config.remove()`](crate::configs::Config::remove) |
//! | `docker plugin install`, `create`, `ls` | [`docker.plugins().pull(remote)`](crate::plugins::Plugins::pull)`.grant_all(true)`, [`create(…)`](crate::plugins::Plugins::create), [`list()`](crate::plugins::Plugins::list) |
//! | `docker plugin enable`, `disable`, `set`, `upgrade`, `push`, `rm` | [`plugin.enable()`](crate::plugins::Plugin::enable), [`disable()`](crate::plugins::Plugin::disable), [`set(…)`](crate::plugins::Plugin::set), [`upgrade(…)`](crate::plugins::Plugin::upgrade), [`push()`](crate::plugins::Plugin::push), [`remove()`](crate::plugins::Plugin::remove) |
//! | `docker events` | [`docker.events()`](crate::DockerClient::events) |
//! | `docker info`, `version`, `system df` | [`docker.info()`](crate::DockerClient::info), [`version()`](crate::DockerClient::version), [`disk_usage()`](crate::DockerClient::disk_usage) |
//! | `docker login` | [`docker.auth(…)`](crate::DockerClient::auth) checks credentials, and does not save them |
//! | `docker container prune`, `image prune`, `network prune`, `volume prune`, `builder prune` | [`prune()` of containers](crate::containers::Containers::prune), [images](crate::images::Images::prune), [networks](crate::networks::Networks::prune), [volumes](crate::volumes::Volumes::prune); [`prune_build_cache()`](crate::images::Images::prune_build_cache) |

#[cfg(feature = "buildkit")]
pub mod builds;
pub mod connecting;
pub mod containers;
pub mod errors;
pub mod files;
pub mod images;
pub mod models;
pub mod monitors;
pub mod networks;
pub mod plugins;
pub mod raw;
pub mod requests;
pub mod running;
pub mod sessions;
pub mod streams;
pub mod swarm;
pub mod testing;
pub mod time;
pub mod versions;
