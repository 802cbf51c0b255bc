//! What is exchanged with the engine, generated from `spec/docker.json`.
//!
//! A field has the name Docker gives it, in Rust's spelling. What an engine leaves
//! out or sends as `null` is empty here, and what is empty is not sent; only where
//! absent and empty mean different things is a field an `Option`.
//!
//! Newer versions add fields: write `..Default::default()`.

pub use crate::wire::types::{
    AuthConfig, AuthResult, BlkioEntry, BlkioStats, Change, ContainerConfig, ContainerCreate, ContainerInspect,
    ContainerState, ContainerSummary, CopyConfig, CpuStats, CpuUsage, CreateResult, DeleteItem, DeviceMapping,
    ErrorDetail, Event, EventActor, ExecConfig, ExecContainer, ExecInspect, ExecProcess, ExecStartConfig, HistoryItem,
    HostConfig, IdResult, ImageInspect, ImageSummary, IndexConfig, Info, JsonMessage, LogConfig, LxcSetting,
    MemoryStats, NetworkSettings, NetworkStats, Port, PortBinding, ProgressDetail, RegistryConfig, RestartPolicy,
    SearchResult, Stats, ThrottlingData, TopResult, Ulimit, Version, WaitError, WaitResult,
};
