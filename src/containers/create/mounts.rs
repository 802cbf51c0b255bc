//! Mounts of a new container.

use std::path::Path;

use super::ContainerBuilder;
use crate::{
    Error, Result,
    models::{Mount, MountType, TmpfsOptions},
    size::Size,
};

impl<V> ContainerBuilder<V> {
    /// Mounts a directory or file of the engine's host into the container, as `docker run --volume` does.
    ///
    /// `host` must be an absolute path; the engine creates a directory that does not exist. `container` may end with
    /// options, for example `"/srv:ro"` or `"/srv:ro,z"`. A path that contains a colon needs [`mount`](Self::mount). The paths are
    /// sent as they are: with the separators of the engine's host.
    pub fn bind(self, host: impl AsRef<Path>, container: impl Into<String>) -> Self {
        let bind = bind(host.as_ref(), &container.into());
        self.try_set(bind, |this, bind| this.host().binds.push(bind))
    }

    /// Mounts a directory or file of the engine's host as [`bind`](Self::bind) does, read-only.
    pub fn bind_read_only(self, host: impl AsRef<Path>, container: impl Into<String>) -> Self {
        let container = container.into();
        let options = if container.contains(':') { ",ro" } else { ":ro" };
        self.bind(host, container + options)
    }

    /// Mounts a volume at the path `container`, as `docker run --volume` does; the engine creates the volume if it does not
    /// exist. `container` may end with options, for example `"/data:ro"` or `"/data:nocopy"`.
    ///
    /// Engines have named volumes since 1.9.
    pub fn volume(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        let bind = named_volume(&name.into(), &container.into());
        self.try_set(bind, |this, bind| this.host().binds.push(bind))
    }

    /// Mounts a new volume without a name at this path, as `docker run --volume /path` does.
    pub fn anonymous_volume(mut self, path: impl Into<String>) -> Self {
        self.body.config.volumes.insert(path.into());
        self
    }

    /// Sets the driver of the volumes that the engine creates for the container. Requires API 1.21.
    pub fn volume_driver(mut self, driver: impl Into<String>) -> Self {
        self.host().volume_driver = driver.into();
        self
    }

    /// Mounts the volumes of another container, by its name or id; with `:ro`, read-only.
    pub fn volumes_from(mut self, container: impl Into<String>) -> Self {
        self.host().volumes_from.push(container.into());
        self
    }

    /// Mounts a tmpfs at this path, which may end with options, for example `"/run:size=64m,mode=1770"`. Requires API 1.22.
    pub fn tmpfs(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        let (path, options) = path.split_once(':').unwrap_or((&path, ""));
        self.host().tmpfs.insert(path.to_owned(), options.to_owned());
        self
    }

    /// Adds a mount with all its options, as `docker run --mount` does. Requires API 1.25.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// use dockerclient::models::Mount;
    ///
    /// let container = docker.containers().create("web:1").mount(Mount::bind("/srv", "/srv").with_read_only(true));
    /// # drop(container);
    /// # }
    /// ```
    pub fn mount(mut self, mount: impl Into<Mount>) -> Self {
        self.host().mounts.push(mount.into());
        self
    }

    /// Adds an option of the storage driver, for example `size` and `120G`. Requires API 1.24.
    pub fn storage_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.host().storage_opt.insert(key.into(), value.into());
        self
    }
}

/// Mounts to pass to [`mount`](crate::containers::ContainerBuilder::mount).
impl Mount {
    /// Mounts a file or directory of the engine's host, which must exist, at `target`.
    #[must_use]
    pub fn bind(source: impl Into<String>, target: impl Into<String>) -> Self {
        Self::of_type(MountType::Bind, source.into(), target.into())
    }

    /// Mounts a volume at `target`. The engine creates the volume if it does not exist.
    #[must_use]
    pub fn volume(name: impl Into<String>, target: impl Into<String>) -> Self {
        Self::of_type(MountType::Volume, name.into(), target.into())
    }

    /// Mounts an empty in-memory directory at `target`, of at most this size. Requires API 1.27.
    ///
    /// # Errors
    ///
    /// Fails if the size is not valid.
    pub fn tmpfs(target: impl Into<String>, size: impl Into<Size>) -> Result<Self> {
        let options = TmpfsOptions { size_bytes: size.into().to_bytes()?, ..Default::default() };
        Ok(Self { tmpfs_options: Some(options), ..Self::of_type(MountType::Tmpfs, String::new(), target.into()) })
    }

    /// Mounts the files of an image, read-only, at `target`. Requires API 1.48.
    #[must_use]
    pub fn image(image: impl Into<String>, target: impl Into<String>) -> Self {
        Self::of_type(MountType::Image, image.into(), target.into())
    }

    /// Sets whether the mount is read-only.
    #[must_use]
    pub fn with_read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    fn of_type(type_: MountType, source: String, target: String) -> Self {
        Self { type_: Some(type_), source, target, ..Default::default() }
    }
}

fn bind(host: &Path, container: &str) -> Result<String> {
    let host =
        host.to_str().ok_or_else(|| Error::invalid_input(format!("invalid bind {host:?}: the path is not UTF-8")))?;
    let drive = matches!(host.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    let is_path = host.starts_with(['/', '\\']) || drive;
    let colon = !drive && host.contains(':');
    if is_path && !colon && !container.is_empty() {
        return Ok(format!("{host}:{container}"));
    }
    let why = match (is_path, colon) {
        (false, _) => "the path on the host must be absolute; use volume() for a volume",
        (_, true) => "a path with a colon needs mount()",
        _ => "the path in the container is empty",
    };
    let (host, container) = (host.escape_debug(), container.escape_debug());
    Err(Error::invalid_input(format!("invalid bind \"{host}\" to \"{container}\": {why}")))
}

fn named_volume(name: &str, container: &str) -> Result<String> {
    if name.is_empty() || name.contains(['/', '\\', ':']) || container.is_empty() {
        let why = "expected the name of a volume and a path; use bind() for a path on the host";
        return Err(Error::invalid_input(format!("invalid volume \"{}\": {why}", name.escape_debug())));
    }
    Ok(format!("{name}:{container}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bind_takes_absolute_paths_only() {
        assert_eq!(bind(Path::new("/srv"), "/data:ro").unwrap(), "/srv:/data:ro");
        assert_eq!(bind(Path::new(r"C:\srv"), r"C:\data").unwrap(), r"C:\srv:C:\data");
        for (host, container, why) in [
            ("srv", "/data", "absolute"),
            ("", "/data", "absolute"),
            ("/a:b", "/data", "colon"),
            ("/srv", "", "empty"),
            ("./srv", "/data", "absolute"),
        ] {
            let error = bind(Path::new(host), container).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn volume_takes_names_only() {
        assert_eq!(named_volume("data", "/data:ro").unwrap(), "data:/data:ro");
        for (name, container) in [("/srv", "/data"), ("", "/data"), ("data", ""), ("a:b", "/data")] {
            assert!(named_volume(name, container).unwrap_err().is_bad_request());
        }
    }
}
