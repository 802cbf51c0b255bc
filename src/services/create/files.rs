//! Mounts, secrets and configs of a service.

use super::{CreateService, Reference};
use crate::{
    Error, Result,
    models::{FileTarget, Mount},
};

impl CreateService {
    /// Adds a mount, as `docker service create --mount` does. Can be called repeatedly.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// use dockerclient::models::Mount;
    ///
    /// let service = docker.services().create("web:1").mount(Mount::bind("/srv", "/srv").with_read_only(true));
    /// # drop(service);
    /// # }
    /// ```
    pub fn mount(mut self, mount: impl Into<Mount>) -> Self {
        self.container().mounts.push(mount.into());
        self
    }

    /// Mounts a directory or file of the node into its containers. It must exist on each node that runs a task. Options,
    /// such as read-only, need [`mount`](Self::mount).
    pub fn bind(self, host: impl Into<String>, container: impl Into<String>) -> Self {
        let mount = bind(host.into(), container.into());
        self.try_set(mount, |this, mount| this.container().mounts.push(mount))
    }

    /// Mounts a volume at the path `container`. Each node has its own volume of this name, which its engine creates if it
    /// does not exist. Options, such as read-only or a driver, need [`mount`](Self::mount).
    pub fn volume(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        let mount = volume(name.into(), container.into());
        self.try_set(mount, |this, mount| this.container().mounts.push(mount))
    }

    /// Makes a secret available to the containers, as the file `target`: a name in `/run/secrets`, or an absolute path.
    /// Requires API 1.25.
    ///
    /// `secret` is its name, its id, or a handle ([`Secret`](crate::secrets::Secret)). The file can be read by all users of
    /// the container, see [`secret_with`](Self::secret_with).
    ///
    /// The call first sends `GET /secrets`, once for all secrets, to determine their ids and names. It fails if there is no
    /// such secret ([`is_bad_request`](crate::Error::is_bad_request)).
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let service = docker.services().create("web:1").secret("db-password", "password");
    /// # drop(service);
    /// # }
    /// ```
    pub fn secret(self, secret: impl Into<String>, target: impl Into<String>) -> Self {
        self.secret_with(secret, FileTarget { name: target.into(), ..Default::default() })
    }

    /// Makes a secret available to the containers as [`secret`](Self::secret) does, with the owner and the permissions of
    /// the file. Requires API 1.25.
    ///
    /// Empty fields default to the name of the secret, the user and group 0, and the mode 0o444.
    pub fn secret_with(mut self, secret: impl Into<String>, file: FileTarget) -> Self {
        self.secrets.push(Reference { object: secret.into(), file });
        self
    }

    /// Makes a config available to the containers, as the file `target`, whose path is relative to the root directory.
    /// Requires API 1.30.
    ///
    /// `config` is its name, its id, or a handle ([`Config`](crate::configs::Config)). The file can be read by all users of
    /// the container, see [`config_with`](Self::config_with).
    ///
    /// The call first sends `GET /configs`, once for all configs, to determine their ids and names. It fails if there is no
    /// such config ([`is_bad_request`](crate::Error::is_bad_request)).
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let service = docker.services().create("nginx").config("site", "/etc/nginx/conf.d/site.conf");
    /// # drop(service);
    /// # }
    /// ```
    pub fn config(self, config: impl Into<String>, target: impl Into<String>) -> Self {
        self.config_with(config, FileTarget { name: target.into(), ..Default::default() })
    }

    /// Makes a config available to the containers as [`config`](Self::config) does, with the owner and the permissions of
    /// the file. Requires API 1.30.
    ///
    /// Empty fields default to the name of the config, the user and group 0, and the mode 0o444.
    pub fn config_with(mut self, config: impl Into<String>, file: FileTarget) -> Self {
        self.configs.push(Reference { object: config.into(), file });
        self
    }
}

/// The part of a Windows path after its drive, or the whole path.
fn without_drive(path: &str) -> &str {
    match path.as_bytes() {
        [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic() => &path[2..],
        _ => path,
    }
}

fn bind(host: String, container: String) -> Result<Mount> {
    let why = if !without_drive(&host).starts_with(['/', '\\']) {
        "the path on the host must be absolute; use volume() for a volume"
    } else if container.is_empty() {
        "the path in the container is empty"
    } else if without_drive(&container).contains(':') {
        "options, and a path with a colon, need mount()"
    } else {
        return Ok(Mount::bind(host, container));
    };
    let (host, container) = (host.escape_debug(), container.escape_debug());
    Err(Error::invalid_input(format!("invalid bind \"{host}\" to \"{container}\": {why}")))
}

fn volume(name: String, container: String) -> Result<Mount> {
    let why = if name.is_empty() || name.contains(['/', '\\', ':']) {
        "expected the name of a volume; use bind() for a path on the host"
    } else if container.is_empty() {
        "the path in the container is empty"
    } else if without_drive(&container).contains(':') {
        "options, and a path with a colon, need mount()"
    } else {
        return Ok(Mount::volume(name, container));
    };
    let (name, container) = (name.escape_debug(), container.escape_debug());
    Err(Error::invalid_input(format!("invalid volume \"{name}\" at \"{container}\": {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(host: &str, container: &str) -> Result<Mount> {
        bind(host.to_owned(), container.to_owned())
    }

    #[test]
    fn bind_takes_absolute_paths_without_options() {
        assert_eq!(bound("/srv", "/data").unwrap(), Mount::bind("/srv", "/data"));
        assert_eq!(bound(r"C:\srv", r"C:\data").unwrap(), Mount::bind(r"C:\srv", r"C:\data"));
        for (host, container, why) in [
            ("srv", "/data", "absolute"),
            ("", "/data", "absolute"),
            ("/srv", "", "empty"),
            ("/srv", "/a:ro", "mount()"),
        ] {
            let error = bound(host, container).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn volume_takes_names_without_options() {
        let mounted = |name: &str, container: &str| volume(name.to_owned(), container.to_owned());
        assert_eq!(mounted("data", "/data").unwrap(), Mount::volume("data", "/data"));
        for (name, container) in [("/srv", "/data"), ("", "/data"), ("data", ""), ("data", "/data:ro")] {
            assert!(mounted(name, container).unwrap_err().is_bad_request());
        }
    }
}
