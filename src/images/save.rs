//! Saving images as an archive.

use super::{Image, Images, platform};
use crate::{
    Download, Error, LazyStream, Result,
    request::{Settings, request},
};

impl Image {
    /// Downloads the image, with its layers and this name, as a tar archive, as `docker save` does.
    ///
    /// Calls `GET /images/{name}/get`. [`Images::load`] loads the archive.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404; 500 from engines before 1.12), or not for one of the platforms (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::{fs::File, io};
    ///
    /// let mut archive = docker.image("acme/web").save().await?.into_reader();
    /// io::copy(&mut archive, &mut File::create("web.tar").await?).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageGet")]
    pub fn save(&self) -> SaveImage {
        SaveImage { image: self.clone(), platforms: Vec::new(), settings: Settings::default() }
    }
}

/// A request to download an image. Returned by [`Image::save`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SaveImage {
    image: Image,
    platforms: Vec<String>,
    settings: Settings,
}

request!(SaveImage => Download, "image_get", image.name);

impl SaveImage {
    /// Includes only the image for this platform, for example `linux/arm64` (repeat for several). Requires API 1.48;
    /// engines before API 1.52 accept one platform.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platforms.push(platform.into());
        self
    }

    /// Returns the archive as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Download> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Download> {
        let (api, name) = self.image.api("image_get", &self.settings).await?;
        let platforms = api.during(platform::all_to_json(&self.platforms))?;
        let body = api.image_get(name, platforms.as_ref()).await;
        Ok(Download::archive(api.bytes(body)?, "image_get"))
    }
}

impl Images {
    /// Downloads several images, with their layers and names, as one tar archive, as `docker save` does.
    ///
    /// Calls `GET /images/get`. [`load`](Self::load) loads the archive.
    ///
    /// # Errors
    ///
    /// Fails if there are no names, if an image does not exist (404; 500 from engines before 1.12), or if an image is not
    /// available for one of the platforms (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let archive = docker.images().save(["acme/web:1", "acme/web:2"]).await?;
    /// docker.images().load(dockerclient::Upload::from_stream(archive)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImageGetAll")]
    pub fn save<N: Into<String>>(&self, names: impl IntoIterator<Item = N>) -> SaveImages {
        SaveImages {
            images: self.clone(),
            names: names.into_iter().map(Into::into).collect(),
            platforms: Vec::new(),
            settings: Settings::default(),
        }
    }
}

/// A request to download several images. Returned by [`Images::save`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SaveImages {
    images: Images,
    names: Vec<String>,
    platforms: Vec<String>,
    settings: Settings,
}

request!(SaveImages => Download, "image_get_all");

impl SaveImages {
    /// Includes only the images for this platform, for example `linux/arm64` (repeat for several). Requires API
    /// 1.48; engines before API 1.52 accept one platform.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platforms.push(platform.into());
        self
    }

    /// Returns the archive as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Download> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Download> {
        let api = self.images.docker.api("image_get_all", &self.settings).await?;
        if self.names.is_empty() {
            return Err(Error::invalid_input("no images to save").during("image_get_all"));
        }
        let platforms = api.during(platform::all_to_json(&self.platforms))?;
        let body = api.image_get_all(Some(&self.names), platforms.as_ref()).await;
        Ok(Download::archive(api.bytes(body)?, "image_get_all"))
    }
}
