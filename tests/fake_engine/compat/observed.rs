//! The values that a client reads from an engine, as text.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use dockerclient::{
    DockerClient, Error, Timestamp,
    images::bare_id,
    models::{MountPoint, Port, PortProtocol, RestartPolicyName},
    system::Event,
};
use futures_util::TryStreamExt as _;

/// The values that an engine reports, by name. Values that it does not report are absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed(pub(super) BTreeMap<&'static str, String>);

impl Observed {
    /// Requests all values.
    pub(super) async fn from_engine(docker: &DockerClient) -> Self {
        let mut observed = Self::default();
        observed.engine(docker).await;
        observed.list(docker).await;
        observed.container(docker).await;
        observed.image(docker).await;
        observed.events(docker).await;
        observed.stats(docker).await;
        observed.disk(docker).await;
        observed.errors(docker).await;
        observed
    }

    /// Adds a value. No expected value is zero or empty, so such a value was not reported.
    #[allow(clippy::needless_pass_by_value)] // calls read better without references
    fn add<T: Debug + Default + PartialEq>(&mut self, name: &'static str, value: T) {
        if value != T::default() {
            self.0.insert(name, format!("{value:?}"));
        }
    }

    async fn engine(&mut self, docker: &DockerClient) {
        let version = docker.version().await.unwrap();
        self.add("version: system", [version.os, version.arch, version.kernel_version].join(" "));
        self.add("version: built", version.build_time);
        self.add("version: components", version.components.into_iter().map(|part| part.name).collect::<Vec<_>>());

        let info = docker.info().await.unwrap();
        self.add("info: containers, images", (info.containers, info.images));
        self.add("info: containers that run", info.containers_running);
        self.add("info: driver", info.driver);
        self.add("info: flags", [info.memory_limit, info.swap_limit, info.ipv4_forwarding, info.debug]);
        self.add("info: operating system", (info.operating_system, info.kernel_version));
        self.add("info: id", info.id);
        self.add("info: name", info.name);
        self.add("info: CPUs, memory", (info.ncpu, info.mem_total));
        self.add("info: labels", info.labels);
        self.add("info: time", text(info.system_time));
    }

    async fn list(&mut self, docker: &DockerClient) {
        let mut listed = docker.containers().list().all(true).size(true).await.unwrap();
        assert_eq!(listed.len(), 1);
        let container = listed.remove(0);
        self.add("list: state", Some(container.container_status()));
        self.add("list: id", container.id);
        self.add("list: names", container.names);
        self.add("list: image", container.image);
        self.add("list: image's id", bare_id(&container.image_id));
        self.add("list: command", container.command);
        self.add("list: created", container.created.map_or(0, Timestamp::unix_seconds));
        self.add("list: ports", container.ports.iter().map(port).collect::<Vec<_>>());
        self.add("list: labels", sorted(container.labels));
        self.add("list: sizes", (container.size_rw, container.size_root_fs));
        self.add("list: status", container.status);
        self.add("list: mounts", container.mounts.iter().map(mount).collect::<Vec<_>>());
        let networks = container.network_settings.networks;
        self.add("list: addresses", networks.into_iter().map(|(name, end)| (name, end.ip_address)).collect::<Vec<_>>());
    }

    async fn container(&mut self, docker: &DockerClient) {
        let container = docker.container("web").inspect().await.unwrap();
        self.add("container: id", &*container.id);
        self.add("container: name", container.name());
        self.add("container: created", text(container.created));
        self.add("container: image", bare_id(&container.image));
        self.add("container: program", [vec![container.path.clone()], container.args.clone()].concat());
        self.add("container: environment", &*container.config.env);
        self.add("container: exposes", container.config.exposed_ports.iter().collect::<Vec<_>>());
        self.add("container: labels", sorted(container.config.labels.clone()));
        self.add("container: binds", &*container.host_config.binds);
        self.add(
            "container: starts again",
            container.host_config.restart_policy.name.as_ref().map_or("", RestartPolicyName::as_str),
        );
        self.add("container: was started again", container.restart_count);
        self.add("container: memory", container.memory_limit());
        self.add("container: logs", container.log_path.ends_with("-json.log"));
        self.add("container: mounts", container.mount_points().iter().map(mount).collect::<Vec<_>>());

        let state = &container.state;
        self.add("container: state", state.word());
        let later = "2026-11-23T21:45:00Z".parse().unwrap();
        self.add("container: state described", state.describe(later));
        self.add("container: started", state.started_at.map(|time| time.to_string()));
        self.add("container: process", state.pid);

        let network = &container.network_settings;
        self.add("container: addresses", network.addresses());
        let ends = network.endpoints().into_iter().map(|(name, end)| {
            format!("{name}: {}/{} at {} by {}", end.ip_address, end.ip_prefix_len, end.mac_address, end.gateway)
        });
        self.add("container: networks", ends.collect::<Vec<_>>());
        let bound = network.ports.iter().flat_map(|(port, bindings)| {
            bindings.iter().map(move |binding| format!("{}:{} to {port}", binding.host_ip, binding.host_port))
        });
        self.add("container: ports", bound.collect::<Vec<_>>());
    }

    async fn image(&mut self, docker: &DockerClient) {
        let listed = docker.images().list().await.unwrap();
        assert_eq!(listed.len(), 1);
        self.add("images: id", bare_id(&listed[0].id));
        self.add("images: names", &*listed[0].repo_tags);
        self.add("images: created", listed[0].created.map_or(0, Timestamp::unix_seconds));
        self.add("images: size", listed[0].total_size());

        let image = docker.image("acme/web:1").inspect().await.unwrap();
        self.add("image: id", bare_id(&image.id));
        self.add("image: names", &*image.repo_tags);
        self.add("image: created", text(image.created));
        self.add("image: size", image.total_size());
        self.add("image: made by", &*image.author);
        self.add("image: for", (&*image.os, &*image.architecture));
        let config = image.config.unwrap_or_default();
        self.add("image: runs", (config.cmd, config.env, config.working_dir));
    }

    async fn events(&mut self, docker: &DockerClient) {
        let events = docker.events().until(Timestamp::now()).await.unwrap();
        let events: Vec<Event> = events.try_collect().await.unwrap();
        // Newer engines also send events of networks.
        let events: Vec<_> = events.into_iter().filter(|event| event.kind.as_str() == "container").collect();
        let what = |event: &Event| format!("{} at {}", event.action, event.time.unix_seconds());
        self.add("events: actions", events.iter().map(what).collect::<Vec<_>>());
        self.add("events: id", events.iter().fold("", |_, event| &event.id));
        self.add("events: image", events.iter().find_map(|event| event.image.clone()));
        let last = events.last().unwrap();
        self.add("events: between seconds", last.time.to_string().split_once('.').map(|(_, rest)| rest.to_owned()));
        self.add("events: attributes", sorted(last.attributes.clone()));
    }

    async fn stats(&mut self, docker: &DockerClient) {
        let samples = match docker.container("web").stats().await {
            Ok(samples) => samples.try_collect::<Vec<_>>().await.unwrap(),
            Err(error) => return assert!(error.is_unsupported(), "{error}"),
        };
        let [first, second] = &samples[..] else { panic!("{} samples", samples.len()) };
        self.add("stats: time", second.time().map(|time| time.to_string()));
        self.add("stats: CPU since the first", second.cpu_percent(Some(first)));
        self.add("stats: CPU by itself", second.cpu_percent(None));
        self.add("stats: memory", (second.memory_used(), second.memory_percent()));
        let (network, devices) = (second.network_total(), second.block_io_total());
        self.add("stats: network", network.map(|network| (network.input, network.output)));
        self.add("stats: devices", devices.map(|devices| (devices.input, devices.output)));
        self.add("stats: processes", second.pids_stats.current);
        self.add("stats: name", &*second.name);
        assert_eq!(first.cpu_percent(None), None, "there is nothing before the first");
    }

    async fn disk(&mut self, docker: &DockerClient) {
        let usage = match docker.disk_usage().await {
            Ok(usage) => usage,
            Err(error) => return assert!(error.is_unsupported(), "{error}"),
        };
        let (images, containers) = (usage.image_usage.unwrap(), usage.container_usage.unwrap());
        let volumes = usage.volume_usage.unwrap();
        let names = images.items.iter().flat_map(|image| image.repo_tags.clone()).collect::<Vec<_>>();
        let containing = containers.items.iter().flat_map(|container| container.names.clone()).collect::<Vec<_>>();
        let mounted = volumes.items.iter().map(|volume| volume.name.clone()).collect::<Vec<_>>();
        self.add("disk: items", (names, containing, mounted));
        self.add("disk: images", (images.active_count, images.total_count, images.reclaimable, images.total_size));
        self.add(
            "disk: containers",
            (containers.active_count, containers.total_count, containers.reclaimable, containers.total_size),
        );
        self.add("disk: volumes", (volumes.active_count, volumes.total_count, volumes.reclaimable, volumes.total_size));
        let Some(cache) = usage.build_cache_usage else { return };
        self.add("disk: build cache", (cache.active_count, cache.total_count, cache.reclaimable, cache.total_size));
        let parents = cache.items.into_iter().flat_map(|record| [record.parents, vec![record.parent]].concat());
        self.add("disk: build cache parents", parents.filter(|parent| !parent.is_empty()).collect::<Vec<_>>());
    }

    async fn errors(&mut self, docker: &DockerClient) {
        let (ghost, web) = (docker.container("ghost"), docker.container("web"));
        assert!(ghost.try_inspect().await.unwrap().is_none());
        let again = docker.containers().create("acme/web:1").name("web");
        self.error("error: no such container", &ghost.inspect().await.unwrap_err());
        self.error("error: the name is taken", &again.await.unwrap_err());
        self.error("error: it runs", &web.remove().await.unwrap_err());
    }

    /// Adds the meaning of an error. Its message depends on the engine, but must be plain text.
    fn error(&mut self, name: &'static str, error: &Error) {
        let message = error.message().unwrap();
        assert!(message.len() > 10 && !message.contains(['{', '\n']), "{message}");
        let meaning = match error.status() {
            Some(500) => "",
            _ if error.is_not_found() => "not found",
            _ if error.is_conflict() => "conflict",
            _ => "something else",
        };
        self.add(name, meaning);
    }
}

fn mount(mount: &MountPoint) -> String {
    format!("{} at {}, {}", mount.source, mount.destination, if mount.rw { "to write" } else { "to read" })
}

fn port(port: &Port) -> String {
    format!(
        "{}:{} to {}/{}",
        port.ip,
        port.public_port.unwrap_or(0),
        port.private_port,
        port.type_.as_ref().map_or("", PortProtocol::as_str)
    )
}

fn text(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

fn sorted(map: HashMap<String, String>) -> BTreeMap<String, String> {
    map.into_iter().collect()
}
