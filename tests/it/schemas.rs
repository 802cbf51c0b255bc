//! The document is true to itself: its examples fit its schemas, and decode to types that give them back.

use std::{fs, path::Path};

use serde_json::{Value, json};

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/docker.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn each_example_fits_its_schema() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let mut root = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": { "schemas": document["components"]["schemas"] },
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

/// What is decoded and sent again is the same, but for what is zero.
#[test]
fn each_example_survives_decoding_and_encoding() {
    use dockerclient::models::*;

    let document = document();
    let survives = |name: &str, again: &dyn Fn(Value) -> Value| {
        let mut example = document["components"]["schemas"][name]["example"].clone();
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
        )* };
    }
    survive! {
        AddressPool Attestation AttestationData AuthConfig AuthResult BindOptions BlkioEntry BlkioStats BuildCache
        BuildCacheUsage BuildIdentity BuildPruneResult Change Commit ConfigReference ContainerConfig ContainerCreate
        ContainerInspect ContainerPruneResult ContainerState ContainerSummary ContainerUpdate Containerd
        ContainerdNamespaces ContainersUsage CpuStats CpuUsage CreateResult DeleteItem Descriptor DeviceMapping
        DeviceRequest DiscoveredDevice DiskUsage DistributionInspect Driver EndpointIpamConfig EndpointSettings
        ErrorDetail Event EventActor ExecConfig ExecContainer ExecInspect ExecProcess ExecStartConfig
        FirewallBackend GraphDriver Health HealthTest Healthcheck HistoryItem HostConfig IdResult ImageIdentity
        ImageInspect ImageManifest ImageManifestData ImageManifestSize ImageMetadata ImageOptions ImagePruneResult
        ImageSummary ImagesUsage IndexConfig Info Ipam IpamConfig IpamStatus JsonMessage LogConfig LxcSetting
        MemoryStats Mount MountPoint Network NetworkConnect NetworkContainer NetworkCreate NetworkCreateResult
        NetworkDisconnect NetworkPruneResult NetworkSettings NetworkStats NetworkStatus NetworkingConfig NriInfo
        PathStat PidsStats Platform Plugins Port PortBinding ProgressDetail PullIdentity RegistryConfig
        RestartPolicy RootFs Runtime SearchResult SecondaryAddress SignatureIdentity SignatureTimestamp
        SignerIdentity Stats SubnetStatus SummaryHealth SummaryHostConfig SummaryNetworkSettings ThrottleDevice
        ThrottlingData TmpfsOptions TopResult Ulimit UnpackedSize UpdateResult Version VersionComponent
        VersionPlatform Volume VolumeCreate VolumeList VolumeOptions VolumePruneResult VolumeUsage VolumesUsage
        WaitError WaitResult WeightDevice
    }
}

fn drop_zeros(node: &mut Value) {
    match node {
        Value::Object(entries) => {
            entries.values_mut().for_each(drop_zeros);
            // Keys that are ports and paths say something by being there.
            entries.retain(|key, value| !is_zero(value) || key.contains('/'));
            entries.values_mut().filter(|value| is_zero(value)).for_each(|value| *value = Value::Null);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_zeros),
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    [json!(null), json!(0), json!(false), json!(""), json!([]), json!({})].contains(value)
}
