//! What is known of a container, in one shape for engines of every age.

use std::collections::BTreeMap;

use crate::models::{ContainerInspect, EndpointSettings, MountPoint, NetworkSettings};

/// What the one network of a container is called where engines do not tell.
const DEFAULT_NETWORK: &str = "bridge";

impl ContainerInspect {
    /// The name of the container, without the slash that engines put before it.
    #[must_use]
    pub fn bare_name(&self) -> &str {
        self.name.strip_prefix('/').unwrap_or(&self.name)
    }

    /// What is mounted in the container: `mounts` or, from engines before 1.8, what `volumes` and `volumes_rw` tell.
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
        self.networks.iter().map(|(name, endpoint)| (&**name, endpoint.clone())).collect()
    }

    /// The IPv4 address of the container in each of its [`endpoints`](Self::endpoints) that has one.
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
    use crate::wire;

    fn decoded(json: &str) -> ContainerInspect {
        wire::decode(json.as_bytes()).unwrap()
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
