//! Decides whether a plugin is granted the privileges that it requires.

use std::{fmt, sync::Arc};

use super::privileges;
use crate::{DockerClient, Error, Result, models::PluginPrivilege, request::Settings};

/// Decides about the privileges that a plugin requires.
type Decide = Arc<dyn Fn(&[PluginPrivilege]) -> bool + Send + Sync>;

/// The privileges that a plugin is granted.
#[derive(Clone, Default)]
pub(super) enum Grant {
    /// Grants nothing: pulling a plugin that requires privileges fails.
    #[default]
    Nothing,
    /// Grants all required privileges.
    All,
    /// Grants all required privileges if the function returns `true` for them.
    If(Decide),
    /// Grants these privileges, without reading the required ones.
    These(Vec<PluginPrivilege>),
}

impl Grant {
    /// Returns the privileges to send with a request that pulls the plugin `remote`, as a part of `operation`.
    pub(super) async fn privileges(
        &self,
        operation: &'static str,
        docker: &DockerClient,
        remote: &str,
        auth: &str,
        settings: &Settings,
    ) -> Result<Vec<PluginPrivilege>> {
        if let Self::These(privileges) = self {
            return Ok(privileges.clone());
        }
        let required = privileges::read(docker, remote, auth, settings).await;
        required
            .and_then(|required| self.decide(required))
            .map_err(|error| error.on_behalf_of(operation).about(Some(remote)).before_request())
    }

    /// Returns `required` if the plugin is granted all of them.
    fn decide(&self, required: Vec<PluginPrivilege>) -> Result<Vec<PluginPrivilege>> {
        let is_granted = match self {
            _ if required.is_empty() => true,
            Self::Nothing => false,
            Self::If(decide) => decide(&required),
            Self::All | Self::These(_) => true,
        };
        if is_granted { Ok(required) } else { Err(not_granted(&required)) }
    }
}

/// The error that lists the privileges that a plugin requires.
fn not_granted(privileges: &[PluginPrivilege]) -> Error {
    let list = privileges.iter().map(|privilege| format!("{} ({})", privilege.name, privilege.value.join(", ")));
    let list = list.collect::<Vec<_>>().join(", ");
    Error::invalid_input(format!(
        "the plugin requires privileges that are not granted: {list}; grant them with `grant` or `grant_all`"
    ))
}

/// Shows how privileges are granted.
impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::All => f.write_str("All"),
            Self::If(_) => f.write_str("If(…)"),
            Self::These(privileges) => f.debug_tuple("These").field(privileges).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn required() -> Vec<PluginPrivilege> {
        let privilege = |name: &str, value: &[&str]| PluginPrivilege {
            name: name.into(),
            value: value.iter().map(|&value| value.into()).collect(),
            ..Default::default()
        };
        vec![privilege("network", &["host"]), privilege("capabilities", &["CAP_SYS_ADMIN", "CAP_SYSLOG"])]
    }

    fn only_network(privileges: &[PluginPrivilege]) -> bool {
        privileges.iter().all(|privilege| privilege.name == "network")
    }

    #[test]
    fn ungranted_privileges_are_listed_in_the_error() {
        let only_network = Grant::If(Arc::new(only_network));
        assert_eq!(Grant::All.decide(required()).unwrap(), required());
        assert_eq!(only_network.decide(required()[..1].to_vec()).unwrap(), required()[..1]);
        for grant in [Grant::default(), only_network] {
            let error = grant.decide(required()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(
                error.to_string(),
                "the plugin requires privileges that are not granted: network (host), \
                 capabilities (CAP_SYS_ADMIN, CAP_SYSLOG); grant them with `grant` or `grant_all`"
            );
        }
    }

    #[test]
    fn plugin_without_privileges_needs_no_grant() {
        let never = Grant::If(Arc::new(|_: &[PluginPrivilege]| -> bool { panic!("called without privileges") }));
        assert!(never.decide(Vec::new()).unwrap().is_empty());
        assert!(Grant::default().decide(Vec::new()).unwrap().is_empty());
    }
}
