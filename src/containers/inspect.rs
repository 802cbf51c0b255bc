//! What is known of a container, in one shape for engines of every age.

use std::collections::BTreeMap;

use super::ContainerStatus;
use crate::models::{ContainerInspect, ContainerSummary, EndpointSettings, MountPoint, NetworkSettings};

/// What the one network of a container is called where engines do not tell.
const DEFAULT_NETWORK: &str = "bridge";

impl ContainerSummary {
    /// What the container is doing: its `state` or, from engines before 1.11, what its `status` says to people.
    ///
    /// ```
    /// use dockerclient::{containers::ContainerStatus, models::ContainerSummary};
    ///
    /// let old = ContainerSummary { status: "Up 2 minutes".into(), ..Default::default() };
    /// let new = ContainerSummary { state: "running".into(), status: "Up 2 minutes".into(), ..Default::default() };
    /// assert_eq!(old.container_status(), ContainerStatus::Running);
    /// assert_eq!(new.container_status(), ContainerStatus::Running);
    /// ```
    #[must_use]
    pub fn container_status(&self) -> ContainerStatus {
        if !self.state.is_empty() {
            return self.state.as_str().into();
        }
        let says = |word| self.status.starts_with(word);
        match () {
            () if self.status.is_empty() || says("Created") => ContainerStatus::Created,
            () if says("Up ") && self.status.ends_with("(Paused)") => ContainerStatus::Paused,
            () if says("Up ") => ContainerStatus::Running,
            () if says("Restarting") => ContainerStatus::Restarting,
            () if says("Removal") => ContainerStatus::Removing,
            () if says("Exited") => ContainerStatus::Exited,
            () if says("Dead") => ContainerStatus::Dead,
            () => ContainerStatus::Other(self.status.clone()),
        }
    }
}

impl ContainerInspect {
    /// The name of the container, without the slash that engines put before it.
    ///
    /// ```
    /// use dockerclient::models::ContainerInspect;
    ///
    /// assert_eq!(ContainerInspect { name: "/web".into(), ..Default::default() }.bare_name(), "web");
    /// ```
    #[must_use]
    pub fn bare_name(&self) -> &str {
        self.name.strip_prefix('/').unwrap_or(&self.name)
    }

    /// How much memory the container may use, in bytes, 0 if there is no limit: what `host_config` says or, below API
    /// 1.18, `config`.
    #[must_use]
    pub fn memory_limit(&self) -> i64 {
        if self.host_config.memory == 0 { self.config.memory } else { self.host_config.memory }
    }

    /// What is mounted in the container: `mounts` or, from engines before 1.8 and below API 1.20, what `volumes` and
    /// `volumes_rw` tell, which is where from, where to, and whether it can be written.
    ///
    /// ```
    /// use dockerclient::models::ContainerInspect;
    ///
    /// let old = r#"{"Id":"f43c","Volumes":{"/www":"/srv/web"},"VolumesRW":{"/www":false}}"#;
    /// let new = r#"{"Id":"f43c","Mounts":[{"Source":"/srv/web","Destination":"/www","RW":false}]}"#;
    /// for told in [old, new] {
    ///     let container: ContainerInspect = serde_json::from_str(told)?;
    ///     let mount = &container.mount_points()[0];
    ///     assert_eq!((&*mount.source, &*mount.destination, mount.rw), ("/srv/web", "/www", false));
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn mount_points(&self) -> Vec<MountPoint> {
        if !self.mounts.is_empty() {
            return self.mounts.clone();
        }
        let mut volumes: Vec<_> = self.volumes.iter().collect();
        volumes.sort_unstable();
        let mount = |(destination, source): (&String, &String)| MountPoint {
            destination: destination.clone(),
            source: source.clone(),
            rw: self.volumes_rw.get(destination).copied().unwrap_or(true),
            ..Default::default()
        };
        volumes.into_iter().map(mount).collect()
    }
}

impl NetworkSettings {
    /// The container's end of each of its networks: `networks` or, from engines before 1.9, of the one it has, which is
    /// called `bridge` here.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<&str, EndpointSettings> {
        if self.networks.is_empty() && !self.ip_address.is_empty() {
            return BTreeMap::from([(DEFAULT_NETWORK, self.endpoint())]);
        }
        self.networks.iter().map(|(name, endpoint)| (&**name, (**endpoint).clone())).collect()
    }

    /// The IPv4 address of the container in each of its [`endpoints`](Self::endpoints) that has one.
    ///
    /// ```
    /// use dockerclient::models::NetworkSettings;
    ///
    /// let old = r#"{"IPAddress":"172.17.0.2","IPPrefixLen":16}"#;
    /// let new = r#"{"Networks":{"bridge":{"IPAddress":"172.17.0.2","IPPrefixLen":16}}}"#;
    /// for told in [old, new] {
    ///     let settings: NetworkSettings = serde_json::from_str(told)?;
    ///     assert_eq!(settings.addresses()["bridge"], "172.17.0.2");
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<&str, String> {
        let endpoints = self.endpoints().into_iter().map(|(name, endpoint)| (name, endpoint.ip_address));
        endpoints.filter(|(_, address)| !address.is_empty()).collect()
    }

    /// What engines tell of the default network at the top.
    fn endpoint(&self) -> EndpointSettings {
        EndpointSettings {
            ip_address: self.ip_address.clone(),
            ip_prefix_len: self.ip_prefix_len,
            gateway: self.gateway.clone(),
            mac_address: self.mac_address.clone(),
            global_ipv6_address: self.global_ipv6_address.clone(),
            global_ipv6_prefix_len: self.global_ipv6_prefix_len,
            ipv6_gateway: self.ipv6_gateway.clone(),
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, models::ContainerState, wire};

    fn decoded(json: &str) -> ContainerInspect {
        wire::decode(json.as_bytes()).unwrap()
    }

    #[test]
    fn limits_of_memory_are_told_alike() {
        let old = decoded(r#"{"Id":"1","Config":{"Memory":64},"HostConfig":{}}"#);
        let both = decoded(r#"{"Id":"1","Config":{"Memory":64},"HostConfig":{"Memory":64}}"#);
        let new = decoded(r#"{"Id":"1","Config":{},"HostConfig":{"Memory":64}}"#);
        assert_eq!([old, both, new].map(|seen| seen.memory_limit()), [64; 3]);
    }

    /// What engines say, in the words of [`ContainerState::describe`](crate::models::ContainerState::describe) and more.
    #[test]
    fn what_is_said_to_people_is_understood() {
        for (status, word) in [
            ("", "created"),
            ("Created", "created"),
            ("Up Less than a second", "running"),
            ("Up 2 minutes (Paused)", "paused"),
            ("Restarting (1) 5 seconds ago", "restarting"),
            ("Removal In Progress", "removing"),
            ("Exited (137) 2 days ago", "exited"),
            ("Dead", "dead"),
            ("Upside down", "Upside down"),
        ] {
            let seen = ContainerSummary { status: status.into(), ..Default::default() };
            assert_eq!(seen.container_status().as_str(), word);
        }
        let told = ContainerSummary { state: "dreaming".into(), status: "Up".into(), ..Default::default() };
        assert_eq!(told.container_status(), ContainerStatus::Other("dreaming".into()));
    }

    proptest::proptest! {
        #[test]
        fn mounts_are_told_alike_however_many_there_are(
            mounts in proptest::collection::btree_map("/[a-z]{1,4}", ("/[a-z]{1,4}", proptest::bool::ANY), 0..6),
        ) {
            let mount = |(destination, (source, rw)): (&String, &(String, bool))| MountPoint {
                destination: destination.clone(),
                source: source.clone(),
                rw: *rw,
                ..Default::default()
            };
            let old = ContainerInspect {
                volumes: mounts.iter().map(|(destination, (source, _))| (destination.clone(), source.clone())).collect(),
                volumes_rw: mounts.iter().map(|(destination, (_, rw))| (destination.clone(), *rw)).collect(),
                ..Default::default()
            };
            let new = ContainerInspect { mounts: mounts.iter().map(mount).collect(), ..Default::default() };
            proptest::prop_assert_eq!(old.mount_points(), new.mount_points());
        }

        /// What a container's state says to people is understood as what it says in one word.
        #[test]
        fn states_are_told_alike(flags: [bool; 4], exit_code: i32, seconds in 1..1_795_470_173_i64) {
            let [running, paused, restarting, dead] = flags;
            let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
            let then = at(1_795_470_173 - seconds).to_string();
            let state = ContainerState {
                running, paused, restarting, dead,
                exit_code: exit_code.into(),
                started_at: then.clone(),
                finished_at: then,
                ..Default::default()
            };
            let seen = ContainerSummary { status: state.describe(at(1_795_470_173)), ..Default::default() };
            let status = seen.container_status();
            proptest::prop_assert_eq!(status.as_str(), state.word());
        }
    }

    #[test]
    fn mounts_are_told_alike() {
        let old = decoded(
            r#"{"Id":"1","Volumes":{"/data":"/host/data","/etc":"/e"},"VolumesRW":{"/data":true,"/etc":false}}"#,
        );
        let new = decoded(
            r#"{"Id":"1","Mounts":[{"Source":"/host/data","Destination":"/data","RW":true},
                {"Source":"/e","Destination":"/etc","RW":false}]}"#,
        );
        assert_eq!(old.mount_points(), new.mount_points());
    }

    #[test]
    fn addresses_are_told_alike() {
        let old = decoded(r#"{"Id":"1","NetworkSettings":{"IPAddress":"172.17.0.2","Gateway":"172.17.0.1"}}"#);
        let both = decoded(
            r#"{"Id":"1","NetworkSettings":{"IPAddress":"172.17.0.2","Networks":{"bridge":{"IPAddress":"172.17.0.2"}}}}"#,
        );
        let new = decoded(
            r#"{"Id":"1","NetworkSettings":{"Networks":{"bridge":{"IPAddress":"172.17.0.2","Gateway":"172.17.0.1"},
                "none":{"IPAddress":""}}}}"#,
        );
        for seen in [&old, &both, &new] {
            assert_eq!(seen.network_settings.addresses(), BTreeMap::from([("bridge", "172.17.0.2".to_owned())]));
        }
        assert_eq!(old.network_settings.endpoints()["bridge"], new.network_settings.endpoints()["bridge"]);
        assert!(decoded(r#"{"Id":"1"}"#).network_settings.addresses().is_empty());
    }
}
