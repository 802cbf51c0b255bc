//! What is known of a command, in one shape for engines of every age.

use crate::models::ExecInspect;

impl ExecInspect {
    /// The id of the container that the command runs in; engines before 1.10 tell all of that container instead.
    #[must_use]
    pub fn container(&self) -> &str {
        match &self.container {
            Some(container) if self.container_id.is_empty() => &container.id,
            _ => &self.container_id,
        }
    }
}
