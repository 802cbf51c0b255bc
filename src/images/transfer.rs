//! Images as archives: saved and loaded.

use super::{
    Image, Images, platform,
    progress::{Gather, Progress, ProgressItem},
};
use crate::{ApiVersion, Download, Error, Result, Upload};

/// Since this version, engines can be told not to keep to themselves how far a load is.
const LOUD: ApiVersion = ApiVersion::new(1, 23);

impl Images {
    /// Sends several images, with their layers and names, as one tar archive.
    ///
    /// Calls `GET /images/get`.
    ///
    /// # Errors
    ///
    /// Fails if there are no names, or if there is no such image (404; 500 from engines before 1.12).
    pub async fn save<S: Into<String>>(&self, names: impl IntoIterator<Item = S>) -> Result<Download> {
        self.save_on(names, [""; 0]).await
    }

    /// Sends several images as [`save`](Self::save) does, but only what runs on `platforms`, as `linux/arm64`, if any is
    /// named.
    ///
    /// Calls `GET /images/get`. A platform needs API 1.48, and engines before API 1.52 take but one.
    ///
    /// # Errors
    ///
    /// Fails as [`save`](Self::save) does, and if an image is not there for one of the platforms (404).
    pub async fn save_on<S: Into<String>, P: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = S>,
        platforms: impl IntoIterator<Item = P>,
    ) -> Result<Download> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let wire = self.docker.wire("image_get_all").await?;
        if names.is_empty() {
            return Err(Error::request("there are no images to save").during("image_get_all"));
        }
        let platforms = wire.during(platform::all_to_json(platforms))?;
        let body = wire.image_get_all(Some(&names), platforms.as_ref()).await;
        Ok(Download::new(wire.bytes(body)?.1, "image_get_all"))
    }

    /// Loads images from an archive made by [`save`](Self::save), and returns their names, as far as the engine tells.
    ///
    /// Calls `POST /images/load`, and waits as long as that takes. Engines before 1.10 tell nothing.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read ([`is_failure`](crate::Error::is_failure); 500 from old engines).
    #[doc(alias = "LoadImage")]
    pub async fn load(&self, archive: impl Into<Upload>) -> Result<Vec<String>> {
        self.load_progress(archive).await?.finish().await
    }

    /// Loads images as [`load`](Self::load) does, but only what runs on `platforms`, as `linux/arm64`, if any is named.
    ///
    /// Calls `POST /images/load`, and waits as long as that takes. A platform needs API 1.48, and engines before API 1.52
    /// take but one.
    ///
    /// # Errors
    ///
    /// Fails as [`load`](Self::load) does, and if there is nothing in the archive for one of the platforms (404).
    pub async fn load_on<P: AsRef<str>>(
        &self,
        archive: impl Into<Upload>,
        platforms: impl IntoIterator<Item = P>,
    ) -> Result<Vec<String>> {
        self.begin_load(archive.into(), platforms).await?.finish().await
    }

    /// Loads images as [`load`](Self::load) does, and tells how far it is; engines tell since API 1.23.
    ///
    /// Resolves once the engine has answered. Calls `POST /images/load`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses the archive (500).
    pub async fn load_progress(&self, archive: impl Into<Upload>) -> Result<Progress<Vec<String>>> {
        self.begin_load(archive.into(), [""; 0]).await
    }

    async fn begin_load<P: AsRef<str>>(
        &self,
        archive: Upload,
        platforms: impl IntoIterator<Item = P>,
    ) -> Result<Progress<Vec<String>>> {
        let wire = self.docker.wire("image_load").await?;
        let quiet = (wire.version() >= LOUD).then_some(false);
        let platforms = wire.during(platform::all_to_json(platforms))?;
        let body = wire.image_load(platforms.as_ref(), quiet, archive.into_body()).await;
        Ok(Progress::new(wire.bytes(body)?.1, wire.longest_item(), "image_load", Loaded::default()))
    }
}

impl Image {
    /// Sends the image, with its layers and this name, as a tar archive.
    ///
    /// Calls `GET /images/{name}/get`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404; 500 from engines before 1.12).
    pub async fn save(&self) -> Result<Download> {
        self.save_on([""; 0]).await
    }

    /// Sends the image as [`save`](Self::save) does, but only what runs on `platforms`, as `linux/arm64`, if any is named.
    ///
    /// Calls `GET /images/{name}/get`. A platform needs API 1.48, and engines before API 1.52 take but one.
    ///
    /// # Errors
    ///
    /// Fails as [`save`](Self::save) does, and if the image is not there for one of the platforms (404).
    pub async fn save_on<P: AsRef<str>>(&self, platforms: impl IntoIterator<Item = P>) -> Result<Download> {
        let (wire, name) = self.wire("image_get").await?;
        let platforms = wire.during(platform::all_to_json(platforms))?;
        let body = wire.image_get(name, platforms.as_ref()).await;
        Ok(Download::new(wire.bytes(body)?.1, "image_get"))
    }
}

/// The names, or ids, of images that were loaded, as far as the engine tells.
#[derive(Default)]
struct Loaded(Vec<String>);

impl Gather<Vec<String>> for Loaded {
    fn see(&mut self, item: &ProgressItem) {
        if let ProgressItem::Output(text) = item {
            let name = text.strip_prefix("Loaded image: ").or_else(|| text.strip_prefix("Loaded image ID: "));
            self.0.extend(name.map(|name| name.trim().to_owned()));
        }
    }

    fn value(self: Box<Self>) -> Result<Vec<String>> {
        Ok(self.0)
    }
}
