//! Stop timeouts: the time that a container has to exit before it is killed.

use super::Container;
use crate::{ApiVersion, Result, generated::Api, models::StopTimeout, request::Settings};

/// Since this version, engines use the container's own stop timeout, or their default, if none is sent.
///
/// Older versions kill the container immediately.
const DEFAULT_STOP_TIMEOUT: ApiVersion = ApiVersion::new(1, 19);

/// The parameter `t` of an operation that stops the container: absent unless set, so that the container's own stop
/// timeout applies.
///
/// For engines that would kill the container immediately without it, the default of newer engines is sent.
pub(super) async fn parameter(
    timeout: Option<StopTimeout>,
    container: &Container,
    api: &Api<'_>,
    operation: &'static str,
    settings: &Settings,
) -> Result<Option<i64>> {
    if timeout.is_some() || api.version() >= DEFAULT_STOP_TIMEOUT {
        return Ok(timeout.map(StopTimeout::seconds));
    }
    let seen = container.inspect_for(operation, settings).await?;
    Ok(Some(seen.config.stop_timeout.map_or(10, StopTimeout::seconds)))
}
