//! Examples of the OpenAPI document: they match their schemas, and round-trip through the models.

use std::{fs, path::Path};

use serde_json::{Value, json};

fn specification() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/docker.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn examples_match_their_schemas() {
    let specification = specification();
    for (name, schema) in specification["components"]["schemas"].as_object().unwrap() {
        let mut root = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": { "schemas": specification["components"]["schemas"] },
        });
        as_json_schema(&mut root);
        let validator = jsonschema::options().should_validate_formats(true).build(&root).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&schema["example"])
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

fn as_json_schema(node: &mut Value) {
    match node {
        Value::Object(entries) => {
            entries.remove("example");
            entries.values_mut().for_each(as_json_schema);
            if entries.remove("nullable").is_some() {
                *node = json!({ "anyOf": [{ "type": "null" }, Value::Object(std::mem::take(entries))] });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        _ => {}
    }
}

/// Decoding and serializing an example changes only zero values, with and without `complete`.
#[test]
fn examples_round_trip_through_models() {
    use dockerclient::models::*;

    let specification = specification();
    let survives = |name: &str, again: &dyn Fn(Value) -> Value| {
        let mut example = specification["components"]["schemas"][name]["example"].clone();
        let mut encoded = again(example.clone());
        drop_zeros(&mut example);
        drop_zeros(&mut encoded);
        assert_eq!(encoded, example, "{name}");
    };
    macro_rules! survive {
        ($($name:ident)*) => { $(
            survives(stringify!($name), &|value| {
                serde_json::to_value(serde_json::from_value::<$name>(value).unwrap()).unwrap()
            });
            survives(stringify!($name), &|value| {
                serde_json::to_value(complete(&serde_json::from_value::<$name>(value).unwrap())).unwrap()
            });
        )* };
    }
    survive! {
        AddressPool AppArmorOptions Attestation AttestationData AuthConfig AuthResult BindOptions BlkioEntry BlkioStats
        BlockVolume BuildCache BuildCacheUsage BuildIdentity BuildPruneResult CaConfig CapacityRange Change Checkpoint
        CheckpointCreate ClusterInfo ClusterVolume ClusterVolumeInfo ClusterVolumeSpec Commit Config ConfigCreateResult
        ConfigReference ConfigSpec ContainerConfig ContainerCreate ContainerInspect ContainerPruneResult ContainerRootFs
        ContainerSnapshot ContainerSpec ContainerState ContainerStorage ContainerSummary ContainerUpdate Containerd
        ContainerdNamespaces ContainersUsage CpuStats CpuUsage CreateResult CredentialSpec DeleteItem Descriptor
        DeviceMapping DeviceRequest DiscoveredDevice DiscreteResource DiskUsage DispatcherConfig DistributionInspect
        DnsConfig Driver EncryptionConfig Endpoint EndpointIpamConfig EndpointSettings EndpointSpec EngineDescription
        ErrorDetail Event EventActor ExecConfig ExecContainer ExecInspect ExecProcess ExecStartConfig ExternalCa
        FileTarget FirewallBackend GenericResource GlobalJob GlobalService GraphDriver Health HealthTest Healthcheck
        HistoryItem HostConfig IdResult ImageIdentity ImageInspect ImageManifest ImageManifestData ImageManifestSize
        ImageMetadata ImageOptions ImagePruneResult ImageSummary ImagesUsage IndexConfig Info Ipam IpamConfig IpamStatus
        JobStatus JoinTokens JsonMessage LogConfig LxcSetting ManagerStatus MemoryStats Mount MountPoint MountVolume
        NamedResource Network NetworkAttachment NetworkAttachmentConfig NetworkAttachmentSpec NetworkConnect
        NetworkContainer NetworkCreate NetworkCreateResult NetworkDisconnect NetworkPruneResult NetworkService
        NetworkSettings NetworkStats NetworkStatus NetworkTask NetworkingConfig Node NodeCsiInfo NodeDescription
        NodePlatform NodeSpec NodeStatus NriInfo ObjectVersion OrchestrationConfig PathStat PeerInfo PidsStats Placement
        PlacementPreference Platform Plugin PluginArgs PluginConfig PluginDescription PluginDevice PluginEnv
        PluginInterface PluginLinux PluginMount PluginNetwork PluginPrivilege PluginRootFs PluginSettings PluginUser
        Plugins Port PortBinding PortConfig PortStatus Privileges ProgressDetail PullIdentity RaftConfig RegistryConfig
        RemoteManager ReplicatedJob ReplicatedService ResourceLimits ResourceRequirements Resources RestartPolicy RootFs
        Runtime RuntimeTarget SearchResult SeccompOptions SecondaryAddress Secret SecretCreateResult SecretReference
        SecretSpec SelinuxContext Service ServiceConfigReference ServiceCreateResult ServiceMode ServicePlugin
        ServicePluginPrivilege ServiceSpec ServiceStatus ServiceUpdateResult SignatureIdentity SignatureTimestamp
        SignerIdentity SpreadOver Stats StorageStats SubnetStatus SummaryHealth SummaryHostConfig SummaryNetworkSettings
        Swarm SwarmInfo SwarmInit SwarmIpam SwarmIpamConfig SwarmJoin SwarmNetwork SwarmNetworkSpec SwarmSpec
        SwarmUnlockKey Task TaskContainer TaskDefaults TaskRestartPolicy TaskSpec TaskStatus ThrottleDevice
        ThrottlingData TlsInfo TmpfsOptions TopResult Topology TopologyRequirement Ulimit UnpackedSize UpdateConfig
        UpdateResult UpdateStatus Version VersionComponent VersionPlatform VirtualIp Volume VolumeAccessMode
        VolumeAttachment VolumeCreate VolumeList VolumeOptions VolumePruneResult VolumePublishStatus VolumeSecret
        VolumeUpdate VolumeUsage VolumesUsage WaitError WaitResult WeightDevice
    }
}

fn drop_zeros(node: &mut Value) {
    match node {
        Value::Object(entries) => {
            entries.values_mut().for_each(drop_zeros);
            // Ports and paths are significant as keys, also without a value.
            entries.retain(|key, value| !is_zero(value) || key.contains('/'));
            entries.values_mut().filter(|value| is_zero(value)).for_each(|value| *value = Value::Null);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_zeros),
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    // Go's zero time is decoded to `None`.
    let zeros = [json!(null), json!(0), json!(false), json!(""), json!([]), json!({}), json!("0001-01-01T00:00:00Z")];
    zeros.contains(value)
}
