//! Properties of containers, in the same form for all engine versions.

use std::collections::BTreeMap;

use super::ContainerStatus;
use crate::models::{ContainerInspect, ContainerSummary, EndpointSettings, MountPoint, NetworkSettings};

/// The name of the one network of a container, for engines that do not report it.
const DEFAULT_NETWORK: &str = "bridge";

impl ContainerSummary {
    /// Returns the status of the container: its `state`, or for engines before 1.11, which do not send that, the state parsed
    /// from `status`.
    ///
    /// Compare this value. To print the state, use the field `status`, a text such as `Up 2 minutes`, as `docker ps` does.
    ///
    /// ```
    /// use dockerclient::{containers::ContainerStatus, models::ContainerSummary};
    ///
    /// let old = ContainerSummary { status: "Up 2 minutes".into(), ..Default::default() };
    /// let new = ContainerSummary { state: Some("running".into()), status: "Up 2 minutes".into(), ..Default::default() };
    /// assert_eq!(old.container_status(), ContainerStatus::Running);
    /// assert_eq!(new.container_status(), ContainerStatus::Running);
    /// ```
    #[must_use]
    pub fn container_status(&self) -> ContainerStatus {
        if let Some(status) = &self.state {
            return status.clone();
        }
        let starts_with = |word| self.status.starts_with(word);
        match () {
            () if self.status.is_empty() || starts_with("Created") => ContainerStatus::Created,
            () if starts_with("Up ") && self.status.ends_with("(Paused)") => ContainerStatus::Paused,
            () if starts_with("Up ") => ContainerStatus::Running,
            () if starts_with("Restarting") => ContainerStatus::Restarting,
            () if starts_with("Removal") => ContainerStatus::Removing,
            () if starts_with("Exited") => ContainerStatus::Exited,
            () if starts_with("Dead") => ContainerStatus::Dead,
            () => ContainerStatus::Other(self.status.clone()),
        }
    }
}

impl ContainerInspect {
    /// Returns the memory limit of the container, in bytes, or 0 if there is none: that of `host_config` or, below API 1.18,
    /// of `config`.
    #[must_use]
    pub fn memory_limit(&self) -> i64 {
        if self.host_config.memory == 0 { self.config.memory } else { self.host_config.memory }
    }

    /// Returns the mounts of the container: `mounts` or, from engines before 1.8 and below API 1.20, those in `volumes` and
    /// `volumes_rw`, with their source, destination, and whether they are writable.
    ///
    /// ```
    /// use dockerclient::models::ContainerInspect;
    ///
    /// let old = r#"{"Id":"f43c","Volumes":{"/www":"/srv/web"},"VolumesRW":{"/www":false}}"#;
    /// let new = r#"{"Id":"f43c","Mounts":[{"Source":"/srv/web","Destination":"/www","RW":false}]}"#;
    /// for json in [old, new] {
    ///     let container: ContainerInspect = serde_json::from_str(json)?;
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
    /// Returns the endpoint of the container in each of its networks: `networks` or, from engines before 1.9, that of its
    /// only network, with the name `bridge`.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<&str, EndpointSettings> {
        if self.networks.is_empty() && !self.ip_address.is_empty() {
            return BTreeMap::from([(DEFAULT_NETWORK, self.endpoint())]);
        }
        self.networks.iter().map(|(name, endpoint)| (&**name, (**endpoint).clone())).collect()
    }

    /// Returns the IPv4 address of the container in each of its [`endpoints`](Self::endpoints) that has one.
    ///
    /// ```
    /// use dockerclient::models::NetworkSettings;
    ///
    /// let old = r#"{"IPAddress":"172.17.0.2","IPPrefixLen":16}"#;
    /// let new = r#"{"Networks":{"bridge":{"IPAddress":"172.17.0.2","IPPrefixLen":16}}}"#;
    /// for json in [old, new] {
    ///     let settings: NetworkSettings = serde_json::from_str(json)?;
    ///     assert_eq!(settings.addresses()["bridge"], "172.17.0.2");
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<&str, String> {
        let endpoints = self.endpoints().into_iter().map(|(name, endpoint)| (name, endpoint.ip_address));
        endpoints.filter(|(_, address)| !address.is_empty()).collect()
    }

    /// The endpoint in the default network, as old engines report it.
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
    use crate::{Timestamp, generated, models::ContainerState};

    fn decoded(json: &str) -> ContainerInspect {
        generated::decode(json.as_bytes()).unwrap()
    }

    #[test]
    fn memory_limit_is_read_from_both_configurations() {
        let old = decoded(r#"{"Id":"1","Config":{"Memory":64},"HostConfig":{}}"#);
        let both = decoded(r#"{"Id":"1","Config":{"Memory":64},"HostConfig":{"Memory":64}}"#);
        let new = decoded(r#"{"Id":"1","Config":{},"HostConfig":{"Memory":64}}"#);
        assert_eq!([old, both, new].map(|seen| seen.memory_limit()), [64; 3]);
    }

    /// The texts of engines, among them those of [`ContainerState::describe`](crate::models::ContainerState::describe).
    #[test]
    fn container_status_is_parsed_from_status_text() {
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
        let unknown = ContainerSummary { state: Some("dreaming".into()), status: "Up".into(), ..Default::default() };
        assert_eq!(unknown.container_status(), ContainerStatus::Other("dreaming".into()));
    }

    proptest::proptest! {
        #[test]
        fn mount_points_are_the_same_from_volumes_and_mounts(
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

        /// The text of a state has the same status as its word.
        #[test]
        fn container_status_agrees_with_the_state(flags: [bool; 4], exit_code: i32, seconds in 1..1_795_470_173_i64) {
            let [running, paused, restarting, dead] = flags;
            let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
            let then = Some(at(1_795_470_173 - seconds));
            let state = ContainerState {
                running, paused, restarting, dead,
                exit_code: exit_code.into(),
                started_at: then,
                finished_at: then,
                ..Default::default()
            };
            let seen = ContainerSummary { status: state.describe(at(1_795_470_173)), ..Default::default() };
            let status = seen.container_status();
            proptest::prop_assert_eq!(status.as_str(), state.word());
        }
    }

    #[test]
    fn mount_points_are_read_from_volumes_or_mounts() {
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
    fn addresses_are_read_from_old_and_new_fields() {
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
