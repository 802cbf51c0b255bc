//! What is exchanged with the engine, generated from `spec/docker.json`.
//!
//! A field has the name Docker gives it, in Rust's spelling. What an engine leaves
//! out or sends as `null` is empty here, and what is empty is not sent; only where
//! absent and empty mean different things is a field an `Option`.
//!
//! Newer versions add fields: write `..Default::default()`.

pub use crate::wire::types::{
    AddressPool, Attestation, AttestationData, AuthConfig, AuthResult, BindOptions, BlkioStats, BuildCache,
    BuildCacheUsage, BuildIdentity, BuildPruneResult, Commit, ConfigReference, ContainerConfig, ContainerCreate,
    ContainerPruneResult, ContainerUpdate, Containerd, ContainerdNamespaces, ContainersUsage, CopyConfig, CpuStats,
    CpuUsage, CreateResult, Descriptor, DeviceMapping, DeviceRequest, DiscoveredDevice, DiskUsage, DistributionInspect,
    Driver, EndpointIpamConfig, EndpointSettings, ErrorDetail, Event, EventActor, ExecConfig, ExecContainer,
    ExecInspect, ExecProcess, ExecStartConfig, FirewallBackend, GraphDriver, Health, HealthTest, Healthcheck,
    HistoryItem, HostConfig, IdResult, ImageIdentity, ImageManifest, ImageManifestData, ImageManifestSize,
    ImageMetadata, ImageOptions, ImagePruneResult, ImagesUsage, IndexConfig, Info, Ipam, IpamConfig, IpamStatus,
    JsonMessage, LogConfig, LxcSetting, MemoryStats, Mount, MountPoint, Network, NetworkConnect, NetworkContainer,
    NetworkCreate, NetworkCreateResult, NetworkDisconnect, NetworkPruneResult, NetworkSettings, NetworkStats,
    NetworkStatus, NetworkingConfig, NriInfo, PathStat, PidsStats, Platform, Plugins, Port, PortBinding,
    ProgressDetail, PullIdentity, RegistryConfig, RestartPolicy, RootFs, Runtime, SecondaryAddress, SignatureIdentity,
    SignatureTimestamp, SignerIdentity, Stats, SubnetStatus, SummaryHealth, SummaryHostConfig, SummaryNetworkSettings,
    ThrottleDevice, ThrottlingData, TmpfsOptions, TopResult, Ulimit, UnpackedSize, UpdateResult, Version,
    VersionComponent, VersionPlatform, Volume, VolumeCreate, VolumeList, VolumeOptions, VolumePruneResult, VolumeUsage,
    VolumesUsage, WaitError, WaitResult, WeightDevice,
};

// A search for what the Go library called them finds these, too.
#[doc(alias = "BlkioStatsEntry")]
pub use crate::wire::types::BlkioEntry;
#[doc(alias = "ContainerChanges")]
pub use crate::wire::types::Change;
#[doc(alias = "ContainerInfo")]
pub use crate::wire::types::ContainerInspect;
#[doc(alias = "State")]
pub use crate::wire::types::ContainerState;
#[doc(alias = "Container")]
pub use crate::wire::types::ContainerSummary;
#[doc(alias = "ImageDelete")]
pub use crate::wire::types::DeleteItem;
#[doc(alias = "ImageInfo")]
pub use crate::wire::types::ImageInspect;
#[doc(alias = "Image")]
pub use crate::wire::types::ImageSummary;
#[doc(alias = "ImageSearch")]
pub use crate::wire::types::SearchResult;
