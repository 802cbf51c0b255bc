//! Properties of commands, in the same form for all engine versions.

use crate::models::ExecInspect;

impl ExecInspect {
    /// Returns the id of the command's container: `container_id` or, from engines before 1.10, the id in `container`.
    #[must_use]
    pub fn container(&self) -> &str {
        match &self.container {
            Some(container) if self.container_id.is_empty() => &container.id,
            _ => &self.container_id,
        }
    }
}
