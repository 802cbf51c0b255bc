//! Build contexts: archives, URLs and files.

#[cfg(feature = "tar")]
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::fs::File;

#[cfg(feature = "tar")]
use crate::images::Context;
use crate::{ApiVersion, Result, Upload, images::Archive};

/// A build context, as accepted by [`Images::build`](crate::images::Images::build).
///
/// With the feature `tar`, a path is a directory of this machine; a string, too, unless it begins with `http://`, `https://`,
/// `git://` or `git@`: then it is a URL. Bytes and files are archives. For the text of a Dockerfile, use
/// `Context::from_dockerfile`.
#[derive(Debug)]
pub struct BuildContext(pub(super) Source);

#[derive(Debug)]
pub(super) enum Source {
    Archive(Archive),
    #[cfg(feature = "tar")]
    Files(Context),
}

impl From<Archive> for BuildContext {
    fn from(archive: Archive) -> Self {
        Self(Source::Archive(archive))
    }
}

impl From<Upload> for BuildContext {
    fn from(archive: Upload) -> Self {
        Archive::from(archive).into()
    }
}

impl From<Bytes> for BuildContext {
    fn from(archive: Bytes) -> Self {
        Archive::from(archive).into()
    }
}

impl From<Vec<u8>> for BuildContext {
    fn from(archive: Vec<u8>) -> Self {
        Archive::from(archive).into()
    }
}

impl From<&'static [u8]> for BuildContext {
    fn from(archive: &'static [u8]) -> Self {
        Archive::from(archive).into()
    }
}

impl From<File> for BuildContext {
    fn from(archive: File) -> Self {
        Archive::from(archive).into()
    }
}

/// A URL, see [`Archive::Url`], or else the directory at this path, see [`Context::directory`].
#[cfg(feature = "tar")]
impl From<&str> for BuildContext {
    fn from(context: &str) -> Self {
        if is_url(context) { Archive::Url(context.to_owned()).into() } else { Context::directory(context).into() }
    }
}

/// A URL, see [`Archive::Url`], or else the directory at this path, see [`Context::directory`].
#[cfg(feature = "tar")]
impl From<String> for BuildContext {
    fn from(context: String) -> Self {
        context.as_str().into()
    }
}

/// Whether a string is a URL, and not a path.
#[cfg(feature = "tar")]
pub(super) fn is_url(context: &str) -> bool {
    ["http://", "https://", "git://", "git@"].iter().any(|prefix| context.starts_with(prefix))
}

#[cfg(feature = "tar")]
impl From<Context> for BuildContext {
    fn from(context: Context) -> Self {
        Self(Source::Files(context))
    }
}

/// The directory at this path, see [`Context::directory`].
#[cfg(feature = "tar")]
impl From<&Path> for BuildContext {
    fn from(directory: &Path) -> Self {
        Context::directory(directory).into()
    }
}

/// The directory at this path, see [`Context::directory`].
#[cfg(feature = "tar")]
impl From<PathBuf> for BuildContext {
    fn from(directory: PathBuf) -> Self {
        Context::directory(directory).into()
    }
}

/// The directory at this path, see [`Context::directory`].
#[cfg(feature = "tar")]
impl From<&PathBuf> for BuildContext {
    fn from(directory: &PathBuf) -> Self {
        Context::directory(directory).into()
    }
}

/// A build context, ready to be sent.
pub(in crate::images) struct Opened {
    pub(in crate::images) upload: Upload,
    /// The URL that the engine downloads the context from, if it is not uploaded.
    pub(in crate::images) url: Option<String>,
    /// The name of the Dockerfile in the context, unless it is the default.
    pub(in crate::images) dockerfile: Option<String>,
}

impl BuildContext {
    /// Starts to read the context. `dockerfile` is the path that the options set.
    #[cfg_attr(not(feature = "tar"), expect(unused_variables, reason = "archives are sent as they are"))]
    pub(super) async fn open(self, dockerfile: Option<&str>, version: ApiVersion) -> Result<Opened> {
        let dockerfile = dockerfile.map(str::to_owned);
        match self.0 {
            Source::Archive(Archive::Upload(upload)) => Ok(Opened { upload, url: None, dockerfile }),
            Source::Archive(Archive::Url(url)) => Ok(Opened { upload: Upload::empty(), url: Some(url), dockerfile }),
            #[cfg(feature = "tar")]
            Source::Files(context) => context.open(dockerfile, version).await,
        }
    }
}

#[cfg(all(test, feature = "tar"))]
mod tests {
    use super::*;

    #[test]
    fn build_context_of_a_path_is_the_directory() {
        let directory = format!("{:?}", BuildContext::from(Context::directory("site")));
        assert!(directory.contains(r#""site""#), "{directory}");
        for context in
            [BuildContext::from(Path::new("site")), PathBuf::from("site").into(), (&PathBuf::from("site")).into()]
        {
            assert_eq!(format!("{context:?}"), directory);
        }
    }
}
