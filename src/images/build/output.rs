//! Outputs of builds with BuildKit.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use tokio::io::AsyncWrite;

use crate::{Error, Result, buildkit::ExportTarget, redacted::Secret};

/// The exporter for an image on the engine, whichever image store it uses.
const IMAGE: &str = "moby";

/// Values that mean `false` for BuildKit.
const FALSE: [&str; 6] = ["0", "f", "F", "false", "FALSE", "False"];

/// An output of a build: the destination and format of its result. See
/// [`BuildImage::output`](super::BuildImage::output). Requires the feature `buildkit`. `Debug` output redacts the values of
/// attributes.
///
/// Relative paths are relative to the current directory of this program.
///
/// # Examples
///
/// ```
/// use dockerclient::images::BuildOutput;
///
/// let files = BuildOutput::directory("dist");
/// let pushed = BuildOutput::registry("registry.example/web:2").attribute("compression", "zstd");
/// ```
#[derive(Debug)]
#[must_use = "an output does nothing unless it is added to a build"]
pub struct BuildOutput {
    kind: String,
    attributes: Secret<BTreeMap<String, String>>,
    target: Option<Arc<ExportTarget>>,
}

impl BuildOutput {
    /// Writes the files of the result to the directory at `path`, which is created if it does not exist (exporter `local`).
    ///
    /// Existing files and links are replaced, existing directories are kept, and nothing is removed: a file that is in the
    /// place of a directory of the result is replaced, a directory in the place of a file is an error. Modes and modification
    /// times are restored, but not owners, extended attributes, nor the setuid, setgid and sticky bits. Devices, FIFOs and
    /// sockets are skipped.
    ///
    /// Nothing is written outside of the directory, even if the engine is malicious: a symbolic link that points outside of it
    /// is created unchanged, but never followed.
    ///
    /// The result for several platforms has a directory for each, for example `linux_arm64`. If the build fails, the directory
    /// can contain a part of the result.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::to("local", ExportTarget::directory(path.into()))
    }

    /// Writes the files of the result as a tar archive to the file at `path` (exporter `tar`).
    ///
    /// The archive is written to a temporary file in the same directory, which is created if it does not exist. It replaces an
    /// existing file once it is complete. A path that exists must be that of a regular file, or of a link to one.
    pub fn tar(path: impl Into<PathBuf>) -> Self {
        Self::to("tar", ExportTarget::file(path.into()))
    }

    /// Writes the files of the result as a tar archive to `writer`, and shuts it down (exporter `tar`). If the build fails,
    /// `writer` can have received a part of the archive.
    ///
    /// The build waits for `writer`. If it is one end of a pipe, read the other end while the build runs; otherwise, the
    /// build does not end.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use dockerclient::images::{Context, BuildOutput};
    /// use tokio::io::AsyncReadExt as _;
    ///
    /// let (writer, mut reader) = tokio::io::duplex(64 << 10);
    /// let build = docker.images().build(Context::directory("site")).output(BuildOutput::tar_to(writer));
    /// let mut archive = Vec::new();
    /// let (exported, read) = tokio::join!(build.send(), reader.read_to_end(&mut archive));
    /// exported?;
    /// println!("{} bytes", read?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tar_to(writer: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::to("tar", ExportTarget::writer(Box::new(writer)))
    }

    /// Writes the image as a tar archive in the format of OCI image layouts to the file at `path` (exporter `oci`), as
    /// [`tar`](Self::tar) does. The engine must use the containerd image store.
    pub fn oci(path: impl Into<PathBuf>) -> Self {
        Self::to("oci", ExportTarget::file(path.into()))
    }

    /// Writes the image as a tar archive in the format of `docker save` to the file at `path` (exporter `docker`), as
    /// [`tar`](Self::tar) does. The engine must use the containerd image store.
    ///
    /// For other engines, build the image, and then [`save`](crate::images::Image::save) it.
    pub fn docker(path: impl Into<PathBuf>) -> Self {
        Self::to("docker", ExportTarget::file(path.into()))
    }

    /// Makes an image on the engine (exporter `moby`), as a build without outputs does. Its names are set with
    /// [`BuildImage::tag`](super::BuildImage::tag).
    pub fn image() -> Self {
        Self::new(IMAGE, [] as [(&str, &str); 0])
    }

    /// Makes an image on the engine, and pushes it to a registry under this name (exporter `moby`, with `push`). The engine
    /// must use the containerd image store. Names of [`BuildImage::tag`](super::BuildImage::tag) are not used; with the
    /// attribute `store=false`, the image is only pushed.
    ///
    /// For other engines, build the image, and then [`push`](crate::images::Image::push) it.
    pub fn registry(name: impl Into<String>) -> Self {
        Self::new(IMAGE, [("name", name.into()), ("push", "true".to_owned())])
    }

    /// Uses a BuildKit exporter, with its attributes, which are sent unchanged: for example `cacheonly`, which makes no output.
    ///
    /// An exporter that sends something to this machine (`local`, `tar`, `oci` and `docker`) is an error here, because it
    /// requires a destination.
    pub fn new<K: Into<String>, V: Into<String>>(
        kind: impl Into<String>,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Self { kind: kind.into(), attributes: Secret(attributes), target: None }
    }

    /// Sets an attribute of the exporter, for example `compression` to `zstd`, or `platform-split` to `false`. The attributes
    /// `mode=delete` of [`directory`](Self::directory) and `tar=false` of archives are not supported.
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    fn to(kind: &str, target: ExportTarget) -> Self {
        Self { target: Some(Arc::new(target)), ..Self::new(kind, [] as [(&str, &str); 0]) }
    }

    /// Fails if the exporter is one that this program cannot serve.
    pub(crate) fn check(&self) -> Result<()> {
        let is = |key: &str, values: &[&str]| self.attributes.get(key).is_some_and(|value| values.contains(&&**value));
        let attribute = match &*self.kind {
            "local" if is("mode", &["delete"]) => "mode=delete",
            "oci" | "docker" if is("tar", &FALSE) => "tar=false",
            "local" | "tar" | "oci" | "docker" if self.target.is_none() => {
                let message =
                    format!("the output {:?} requires a destination, see the methods of `BuildOutput`", self.kind);
                return Err(Error::invalid_input(message));
            }
            _ => return Ok(()),
        };
        Err(Error::invalid_input(format!("the attribute {attribute} of the output {:?} is not supported", self.kind)))
    }

    /// Returns the type and the attributes of the exporter.
    pub(crate) fn exporter(&self) -> (String, BTreeMap<String, String>) {
        (self.kind.clone(), self.attributes.0.clone())
    }

    /// Returns where the result is written, if it is sent to this machine.
    pub(crate) fn target(&self) -> Option<Arc<ExportTarget>> {
        self.target.clone()
    }

    /// Whether the image is pushed after the build. Only engines that use the containerd image store do it.
    pub(crate) fn is_pushed(&self) -> bool {
        self.is_image() && has_push(&self.attributes)
    }

    /// Whether it makes an image on the engine. Without the containerd image store, the attribute `store` has no effect.
    pub(crate) fn is_stored(&self) -> bool {
        self.is_image() && self.attributes.get("store").is_none_or(|store| !FALSE.contains(&&**store))
    }

    /// Whether it makes an image on the engine or in a registry.
    pub(crate) fn is_image(&self) -> bool {
        matches!(&*self.kind, IMAGE | "image")
    }
}

/// Whether an exporter of images with these attributes pushes the image.
pub(super) fn has_push(attributes: &BTreeMap<String, String>) -> bool {
    attributes.get("push").is_some_and(|push| !FALSE.contains(&&**push))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2";

    /// Checks the type, the attributes and the target of an exporter.
    #[track_caller]
    fn check(output: &BuildOutput, kind: &str, attributes: &[(&str, &str)], target: &str) {
        output.check().unwrap();
        let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(output.exporter(), (kind.to_owned(), attributes));
        assert_eq!(output.target().map_or(String::new(), |target| format!("{target:?}")), target);
    }

    #[test]
    fn output_exporters_and_targets() {
        check(&BuildOutput::directory("out"), "local", &[], r#"Directory("out")"#);
        check(&BuildOutput::tar("out.tar"), "tar", &[], r#"File("out.tar")"#);
        check(&BuildOutput::tar_to(tokio::io::sink()), "tar", &[], "Writer");
        check(&BuildOutput::oci("out.tar").attribute("name", "web"), "oci", &[("name", "web")], r#"File("out.tar")"#);
        check(&BuildOutput::docker("out.tar"), "docker", &[], r#"File("out.tar")"#);
        check(&BuildOutput::image(), "moby", &[], "");
        check(&BuildOutput::registry("a/web:2"), "moby", &[("name", "a/web:2"), ("push", "true")], "");
        check(&BuildOutput::new("image", [("a", "1")]).attribute("a", "2"), "image", &[("a", "2")], "");
    }

    #[test]
    fn output_push_is_detected() {
        assert!(BuildOutput::registry("web").is_pushed());
        assert!(BuildOutput::image().attribute("push", "1").is_pushed());
        assert!(!BuildOutput::image().is_pushed());
        assert!(!BuildOutput::registry("web").attribute("push", "false").is_pushed());
        assert!(!BuildOutput::oci("out.tar").attribute("push", "true").is_pushed());
    }

    #[test]
    fn output_without_an_image_on_the_engine_is_detected() {
        assert!(
            BuildOutput::image().is_stored() && BuildOutput::registry("web").attribute("store", "true").is_stored()
        );
        assert!(!BuildOutput::registry("web").attribute("store", "false").is_stored());
        assert!(!BuildOutput::oci("out.tar").is_stored());
    }

    #[test]
    fn output_that_cannot_be_served_is_an_error() {
        let none = [] as [(&str, &str); 0];
        for (output, message) in [
            (BuildOutput::new("local", none), r#"the output "local" requires a destination"#),
            (BuildOutput::new("docker", none), r#"the output "docker" requires a destination"#),
            (BuildOutput::directory("out").attribute("mode", "delete"), "the attribute mode=delete"),
            (BuildOutput::oci("out").attribute("tar", "false"), "the attribute tar=false"),
        ] {
            let error = output.check().unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        BuildOutput::docker("out").attribute("tar", "true").check().unwrap();
    }

    #[test]
    fn debug_of_output_redacts_attributes() {
        let output = BuildOutput::new("registry", [("password", SECRET)]).attribute("token", SECRET);
        for text in [format!("{output:?}"), format!("{output:#?}")] {
            assert!(!text.contains(SECRET) && text.contains("password") && text.contains("registry"), "{text}");
        }
    }
}
