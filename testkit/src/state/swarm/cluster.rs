//! The settings and secrets of a swarm as a whole.

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Meta, Swarm, rpc_error};
use crate::{
    api_error::{ApiError, Result},
    state::ids,
};

/// The number of serial numbers that a new swarm uses.
pub(super) const SERIALS: u64 = 8;

/// The minimum validity of the certificates of nodes, in nanoseconds.
const MIN_CERTIFICATE_EXPIRY: i64 = 3_600_000_000_000;

/// Settings that keep their value unless they are set, even to 0.
const OPTIONAL: [&str; 2] = ["/Orchestration/TaskHistoryRetentionLimit", "/Raft/KeepOldSnapshots"];

/// Settings that keep their value if they are 0.
const NUMBERS: [&str; 6] = [
    "/Raft/SnapshotInterval",
    "/Raft/LogEntriesForSlowFollowers",
    "/Raft/HeartbeatTick",
    "/Raft/ElectionTick",
    "/Dispatcher/HeartbeatPeriod",
    "/CAConfig/NodeCertExpiry",
];

/// The settings and secrets of a swarm.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) meta: Meta,
    pub(crate) spec: Value,
    worker_token: String,
    manager_token: String,
    /// The key that unlocks a restarted manager, if a restart locks it.
    pub(crate) unlock_key: Option<String>,
    pub(crate) address_pools: Value,
    pub(crate) subnet_size: u64,
    pub(crate) data_path_port: u64,
    /// The number of secrets so far.
    secrets: u64,
    serial: u64,
}

/// Tokens and keys that an update replaces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rotation {
    pub(crate) worker_token: bool,
    pub(crate) manager_token: bool,
    pub(crate) unlock_key: bool,
}

impl Cluster {
    pub(super) fn new(serial: u64) -> Self {
        let now = Timestamp::now();
        let mut cluster = Self {
            meta: Meta { id: ids::swarm_id(serial + 1), version: 1, created: now, updated: now },
            spec: json!({
                "Name": "default", "Labels": {}, "Orchestration": { "TaskHistoryRetentionLimit": 5 },
                "Raft": {
                    "SnapshotInterval": 10_000, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 500,
                    "ElectionTick": 10, "HeartbeatTick": 1,
                },
                "Dispatcher": { "HeartbeatPeriod": 5_000_000_000_i64 },
                "CAConfig": { "NodeCertExpiry": 7_776_000_000_000_000_i64 }, "TaskDefaults": {},
                "EncryptionConfig": { "AutoLockManagers": false },
            }),
            worker_token: String::new(),
            manager_token: String::new(),
            unlock_key: None,
            address_pools: json!(["10.0.0.0/8"]),
            subnet_size: 24,
            data_path_port: 4789,
            secrets: 0,
            serial,
        };
        cluster.worker_token = cluster.new_token();
        cluster.manager_token = cluster.new_token();
        cluster
    }

    /// The number of old tasks that are kept for each replica or node; all if it is negative.
    pub(super) fn history_limit(&self) -> i64 {
        self.spec["Orchestration"]["TaskHistoryRetentionLimit"].as_i64().unwrap_or_default()
    }

    pub(crate) fn locks_managers(&self) -> bool {
        self.spec["EncryptionConfig"]["AutoLockManagers"] == true
    }

    /// The swarm as JSON, as `info` contains it: without its join tokens.
    pub(crate) fn info_json(&self) -> Value {
        let mut document = self.meta.to_json();
        let fields = json!({
            "Spec": self.spec, "TLSInfo": tls_info(), "RootRotationInProgress": false,
            "DefaultAddrPool": self.address_pools, "SubnetSize": self.subnet_size, "DataPathPort": self.data_path_port,
        });
        extend(&mut document, fields);
        document
    }

    /// The swarm as JSON, as `inspect` returns it.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = self.info_json();
        document["JoinTokens"] = json!({ "Worker": self.worker_token, "Manager": self.manager_token });
        document
    }

    /// Replaces the settings that are set in `given`, as the creation of a swarm does.
    pub(crate) fn merge(&mut self, given: &Value) -> Result<()> {
        self.spec = merged(given, self.spec.take())?;
        check(&self.spec)?;
        self.update_unlock_key(false);
        Ok(())
    }

    /// A new join token.
    fn new_token(&mut self) -> String {
        let digest = [ids::swarm_id(self.serial + 2), ids::swarm_id(self.serial + 3)].concat();
        format!("SWMTKN-1-{digest}-{}", self.new_secret())
    }

    /// A new secret, the same in every run of a test.
    fn new_secret(&mut self) -> String {
        self.secrets += 1;
        ids::swarm_id(self.serial.wrapping_mul(1000).wrapping_add(self.secrets))
    }

    /// Creates or removes the unlock key, if this was enabled or disabled. `rotate` replaces it.
    fn update_unlock_key(&mut self, rotate: bool) {
        if !self.locks_managers() {
            self.unlock_key = None;
        } else if self.unlock_key.is_none() || rotate {
            let secret = format!("{}{}", self.new_secret(), self.new_secret());
            let key = BASE64_STANDARD_NO_PAD.encode(&secret.as_bytes()[..32]);
            self.unlock_key = Some(format!("SWMKEY-1-{key}"));
        }
    }
}

impl Swarm {
    /// Replaces all settings of the swarm.
    pub(crate) fn update_cluster(&mut self, version: u64, given: &Value, rotation: Rotation) -> Result<()> {
        if !matches!(given["Name"].as_str(), None | Some("" | "default")) {
            return Err(ApiError::new(400, "swarm spec must be named \"default\""));
        }
        let empty = json!({
            "Name": "default", "Labels": {}, "Orchestration": { "TaskHistoryRetentionLimit": 0 },
            "Raft": {
                "SnapshotInterval": 0, "KeepOldSnapshots": 0, "LogEntriesForSlowFollowers": 0, "ElectionTick": 0,
                "HeartbeatTick": 0,
            },
            "Dispatcher": { "HeartbeatPeriod": 0 }, "CAConfig": { "NodeCertExpiry": 0 }, "TaskDefaults": {},
            "EncryptionConfig": { "AutoLockManagers": false },
        });
        let spec = merged(given, empty)?;
        check(&spec)?;
        self.cluster.meta.require_version(version)?;
        self.cluster.spec = spec;
        if rotation.worker_token {
            self.cluster.worker_token = self.cluster.new_token();
        }
        if rotation.manager_token {
            self.cluster.manager_token = self.cluster.new_token();
        }
        self.cluster.update_unlock_key(rotation.unlock_key);
        let version = self.next_version();
        self.cluster.meta.touch(version);
        Ok(())
    }
}

/// Adds the settings of `given` to `spec`.
fn merged(given: &Value, mut spec: Value) -> Result<Value> {
    for path in OPTIONAL.into_iter().chain(NUMBERS) {
        let value = given.pointer(path).filter(|value| !value.is_null());
        let value = value.filter(|value| OPTIONAL.contains(&path) || value.as_i64() != Some(0));
        if let (Some(value), Some(place)) = (value, spec.pointer_mut(path)) {
            *place = value.clone();
        }
    }
    if given["Labels"].as_object().is_some_and(|labels| !labels.is_empty()) {
        spec["Labels"] = given["Labels"].clone();
    }
    let ca = &given["CAConfig"];
    if let Some(rotations) = ca["ForceRotate"].as_u64().filter(|rotations| *rotations > 0) {
        spec["CAConfig"]["ForceRotate"] = json!(rotations);
    }
    let external = ca["ExternalCAs"].as_array().filter(|all| !all.is_empty());
    for ca in external.into_iter().flatten() {
        let protocol = ca["Protocol"].as_str().unwrap_or_default();
        if !protocol.eq_ignore_ascii_case("cfssl") {
            return Err(ApiError::new(400, format!("invalid protocol: {protocol:?}")));
        }
    }
    if let Some(external) = external {
        spec["CAConfig"]["ExternalCAs"] = json!(external);
    }
    spec["EncryptionConfig"]["AutoLockManagers"] = json!(given["EncryptionConfig"]["AutoLockManagers"] == true);
    Ok(spec)
}

/// Returns an error if a setting is out of range.
fn check(spec: &Value) -> Result<()> {
    let number = |path: &str| spec.pointer(path).and_then(Value::as_i64).unwrap_or_default();
    if !matches!(number("/CAConfig/NodeCertExpiry"), 0 | MIN_CERTIFICATE_EXPIRY..) {
        return Err(rpc_error("InvalidArgument", "minimum certificate expiry time is: 1h0m0s"));
    }
    if number("/Dispatcher/HeartbeatPeriod") < 0 {
        return Err(rpc_error("InvalidArgument", "heartbeat time period cannot be a negative duration"));
    }
    Ok(())
}

/// The certificate authority of the swarm, which all its nodes trust.
pub(super) fn tls_info() -> Value {
    json!({
        "TrustRoot": "-----BEGIN CERTIFICATE-----\nZmFrZS1lbmdpbmU=\n-----END CERTIFICATE-----\n",
        "CertIssuerSubject": "MBMxETAPBgNVBAMTCHN3YXJtLWNh", "CertIssuerPublicKey": "ZmFrZS1lbmdpbmU=",
    })
}

/// Adds the fields of an object to another.
pub(super) fn extend(document: &mut Value, fields: Value) {
    if let (Some(document), Value::Object(fields)) = (document.as_object_mut(), fields) {
        document.extend(fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_keeps_defaults_and_update_replaces_all_settings() {
        let mut swarm = Swarm::new(0);
        let given = json!({ "Orchestration": { "TaskHistoryRetentionLimit": 3 }, "Raft": { "ElectionTick": 0 } });
        swarm.cluster.merge(&given).unwrap();
        assert_eq!((swarm.cluster.history_limit(), &swarm.cluster.spec["Raft"]["ElectionTick"]), (3, &json!(10)));
        swarm.update_cluster(1, &given, Rotation::default()).unwrap();
        assert_eq!(swarm.cluster.spec["Raft"]["ElectionTick"], 0);
        assert_eq!(swarm.update_cluster(1, &given, Rotation::default()).unwrap_err().status, 500);
    }

    #[test]
    fn tokens_and_unlock_key_are_rotated() {
        let mut swarm = Swarm::new(0);
        let locking = json!({ "EncryptionConfig": { "AutoLockManagers": true } });
        swarm.update_cluster(1, &locking, Rotation::default()).unwrap();
        let (tokens, key) = (swarm.cluster.to_json()["JoinTokens"].clone(), swarm.cluster.unlock_key.clone());
        assert!(key.as_ref().is_some_and(|key| key.len() == "SWMKEY-1-".len() + 43), "{key:?}");
        let rotation = Rotation { worker_token: true, unlock_key: true, ..Rotation::default() };
        swarm.update_cluster(swarm.cluster.meta.version, &locking, rotation).unwrap();
        let rotated = swarm.cluster.to_json()["JoinTokens"].clone();
        assert_ne!((&rotated["Worker"], &swarm.cluster.unlock_key), (&tokens["Worker"], &key));
        assert_eq!(rotated["Manager"], tokens["Manager"]);
        swarm.update_cluster(swarm.cluster.meta.version, &json!({}), Rotation::default()).unwrap();
        assert_eq!(swarm.cluster.unlock_key, None);
    }
}
