//! The types that are exchanged with the engine, generated from `spec/docker.json`.
//!
//! A field has Docker's name, in snake case. Fields that an engine omits or sends as `null` are empty here, and empty
//! fields are not sent; where absent and empty mean different things, a field is an `Option`.
//!
//! Newer versions add fields: write `..Default::default()`.
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use dockerclient::models::{ContainerStatus, HostConfig};
//!
//! let host = HostConfig { readonly_rootfs: true, pids_limit: Some(100), ..Default::default() };
//! let web = docker.containers().create("nginx:1.27").host_config(host).await?;
//! assert_eq!(web.inspect().await?.state.status, Some(ContainerStatus::Created));
//! # Ok(())
//! # }
//! ```
//!
//! The guide has a page on [models](crate::guide::models).
//!
//! # Types of fields
//!
//! - Times are `Option<`[`Timestamp`](crate::Timestamp)`>`, whether engines send text or a count. Zero, the year 1 (Go's
//!   zero), and text that is not RFC 3339 are `None`.
//! - Durations are `Option<Duration>`, in the unit that the engine expects once they are sent, rounded up. `None` is the
//!   engine's default; [`StopTimeout`] also has "never". Counters of CPU time stay integers, because their unit depends on
//!   the operating system, and so do the scheduler's periods and quotas, in microseconds.
//! - Values of a closed set are enums, for example [`MountType`]; `None` if the engine sends none. Other values that an
//!   engine sends are kept as `Other`, and sent as they are.
//!
//! # Serialization
//!
//! There are two forms:
//!
//! - `Serialize` of a model is the form of requests: without empty fields, sorted by name.
//! - [`complete()`] is the form of responses: all fields, in the engine's order, as `docker inspect` prints them.
//!
//! `Deserialize` accepts both, as leniently as responses are decoded: names of fields in any case, `null` for empty values, and
//! numbers where the oldest engines send them.

mod complete;
mod names;
mod port;
mod restart_policy;
mod stop_timeout;

pub use self::{
    complete::{Complete, Model, complete},
    stop_timeout::StopTimeout,
};
pub use crate::generated::types::{
    AddressPool, AppArmorOptions, Attestation, AttestationData, AuthConfig, AuthResult, BindOptions, BlkioStats,
    BlockVolume, BuildCache, BuildCacheUsage, BuildIdentity, BuildPruneResult, CaConfig, CapacityRange, Checkpoint,
    CheckpointCreate, ClusterInfo, ClusterVolume, ClusterVolumeInfo, ClusterVolumeSpec, Commit, Config,
    ConfigCreateResult, ConfigReference, ConfigSpec, ContainerConfig, ContainerCreate, ContainerPruneResult,
    ContainerRootFs, ContainerSnapshot, ContainerSpec, ContainerStorage, ContainerUpdate, Containerd,
    ContainerdNamespaces, ContainersUsage, CopyConfig, CpuStats, CpuUsage, CreateResult, CredentialSpec, Descriptor,
    DeviceMapping, DeviceRequest, DiscoveredDevice, DiscreteResource, DiskUsage, DispatcherConfig, DistributionInspect,
    DnsConfig, Driver, EncryptionConfig, Endpoint, EndpointIpamConfig, EndpointSettings, EndpointSpec,
    EngineDescription, ErrorDetail, Event, EventActor, ExecConfig, ExecContainer, ExecInspect, ExecProcess,
    ExecStartConfig, ExternalCa, FileTarget, FirewallBackend, GenericResource, GlobalJob, GlobalService, GraphDriver,
    Health, HealthTest, Healthcheck, HistoryItem, HostConfig, IdResult, ImageIdentity, ImageManifest,
    ImageManifestData, ImageManifestSize, ImageMetadata, ImageOptions, ImagePruneResult, ImagesUsage, IndexConfig,
    Info, Ipam, IpamConfig, IpamStatus, JobStatus, JoinTokens, JsonMessage, LogConfig, LxcSetting, ManagerStatus,
    MemoryStats, Mount, MountPoint, MountVolume, NamedResource, Network, NetworkAttachment, NetworkAttachmentConfig,
    NetworkAttachmentSpec, NetworkConnect, NetworkContainer, NetworkCreate, NetworkCreateResult, NetworkDisconnect,
    NetworkPruneResult, NetworkService, NetworkSettings, NetworkStats, NetworkStatus, NetworkTask, NetworkingConfig,
    Node, NodeCsiInfo, NodeDescription, NodePlatform, NodeSpec, NodeStatus, NriInfo, ObjectVersion,
    OrchestrationConfig, PathStat, PeerInfo, PidsStats, Placement, PlacementPreference, Platform, Plugin, PluginArgs,
    PluginConfig, PluginDescription, PluginDevice, PluginEnv, PluginInterface, PluginLinux, PluginMount, PluginNetwork,
    PluginPrivilege, PluginRootFs, PluginSettings, PluginUser, Plugins, Port, PortBinding, PortConfig, PortStatus,
    Privileges, ProgressDetail, PullIdentity, RaftConfig, RegistryConfig, ReplicatedJob, ReplicatedService,
    ResourceRequirements, Resources, RestartPolicy, RootFs, Runtime, RuntimeTarget, SeccompOptions, SecondaryAddress,
    Secret, SecretCreateResult, SecretReference, SecretSpec, SelinuxContext, Service, ServiceCreateResult, ServiceMode,
    ServicePluginPrivilege, ServiceSpec, ServiceStatus, ServiceUpdateResult, SignatureIdentity, SignatureTimestamp,
    SignerIdentity, SpreadOver, Stats, StorageStats, SubnetStatus, SummaryHealth, SummaryHostConfig,
    SummaryNetworkSettings, Swarm, SwarmInfo, SwarmIpam, SwarmIpamConfig, SwarmNetwork, SwarmNetworkSpec, SwarmSpec,
    Task, TaskDefaults, TaskRestartPolicy, TaskSpec, TaskStatus, ThrottleDevice, ThrottlingData, TlsInfo, TmpfsOptions,
    TopResult, Topology, TopologyRequirement, Ulimit, UnpackedSize, UpdateConfig, UpdateResult, UpdateStatus, Version,
    VersionComponent, VersionPlatform, Volume, VolumeAccessMode, VolumeAttachment, VolumeCreate, VolumeList,
    VolumeOptions, VolumePruneResult, VolumePublishStatus, VolumeSecret, VolumeUpdate, VolumeUsage, VolumesUsage,
    WaitError, WaitResult, WeightDevice,
};
pub use crate::generated::types::{
    AppArmorMode, BuildCacheType, CgroupDriver, CgroupVersion, CgroupnsMode, ChangeKind, ContainerStatus, EndpointMode,
    EventKind, HealthStatus, ImageManifestKind, Isolation, LocalNodeState, MountConsistency, MountPropagation,
    MountType, NodeAvailability, NodeRole, NodeState, PortProtocol, PublishMode, Reachability, RestartPolicyName,
    Scope, SeccompMode, SignatureTimestampType, SignatureType, TaskRestartCondition, TaskRuntime, TaskState,
    UpdateFailureAction, UpdateOrder, UpdateState, VolumeAccessScope, VolumeAvailability, VolumePublishState,
    VolumeSharing,
};

// With aliases for the names in the Go library.
#[doc(alias = "BlkioStatsEntry")]
pub use crate::generated::types::BlkioEntry;
#[doc(alias = "ContainerChanges")]
pub use crate::generated::types::Change;
#[doc(alias = "ContainerInfo")]
pub use crate::generated::types::ContainerInspect;
#[doc(alias = "State")]
pub use crate::generated::types::ContainerState;
#[doc(alias = "Container")]
pub use crate::generated::types::ContainerSummary;
#[doc(alias = "ImageDelete")]
pub use crate::generated::types::DeleteItem;
#[doc(alias = "ImageInfo")]
pub use crate::generated::types::ImageInspect;
#[doc(alias = "Image")]
pub use crate::generated::types::ImageSummary;
#[doc(alias = "Peer")]
pub use crate::generated::types::RemoteManager;
#[doc(alias = "Limit")]
pub use crate::generated::types::ResourceLimits;
#[doc(alias = "ImageSearch")]
pub use crate::generated::types::SearchResult;
#[doc(alias = "ConfigReference")]
pub use crate::generated::types::ServiceConfigReference;
#[doc(alias = "RuntimeSpec")]
pub use crate::generated::types::ServicePlugin;
#[doc(alias = "InitRequest")]
pub use crate::generated::types::SwarmInit;
#[doc(alias = "JoinRequest")]
pub use crate::generated::types::SwarmJoin;
#[doc(alias = "UnlockRequest")]
pub use crate::generated::types::SwarmUnlockKey;
#[doc(alias = "ContainerStatus")]
pub use crate::generated::types::TaskContainer;
#[doc(alias = "EndpointVirtualIP")]
pub use crate::generated::types::VirtualIp;
