//! Checkpoints of containers, which engines support only in experimental mode.

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
};

/// The response of an engine that is not in experimental mode.
pub(super) async fn not_supported(_context: Context) -> Result<Response> {
    let message = "This experimental feature is disabled by default. Start the Docker daemon in experimental mode in \
                   order to enable it.";
    Err(ApiError::new(501, message))
}
