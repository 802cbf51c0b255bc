//! The result of prune operations.

/// The removed objects and the reclaimed space. Returned by the `prune` requests.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Pruned<T> {
    /// Removed objects: ids, for volumes and networks names, and complete records for the BuildKit cache.
    pub removed: Vec<T>,
    /// Reclaimed disk space, in bytes. 0 for networks.
    pub reclaimed: u64,
}
