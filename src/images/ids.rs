//! Ids and sizes of images, in the same form for all engine versions.

use crate::models::{ImageInspect, ImageSummary};

/// Returns the id of an image, 64 hexadecimal digits, without the prefix `sha256:`, which engines add since 1.10.
///
/// # Examples
///
/// ```
/// use dockerclient::images::bare_id;
///
/// assert_eq!(bare_id("sha256:63a8f57f8197"), bare_id("63a8f57f8197"));
/// ```
#[must_use]
pub fn bare_id(id: &str) -> &str {
    id.strip_prefix("sha256:").unwrap_or(id)
}

/// Returns the total size: before 1.10, `size` does not include the parent images.
fn total(size: i64, virtual_size: i64) -> i64 {
    if virtual_size > 0 { virtual_size } else { size }
}

impl ImageSummary {
    /// Returns the size of the image and of all images it is built on, in bytes: `virtual_size` or, since API 1.44, `size`.
    ///
    /// ```
    /// use dockerclient::models::ImageSummary;
    ///
    /// let old = ImageSummary { size: 200_000, virtual_size: 1_200_000, ..Default::default() };
    /// let new = ImageSummary { size: 1_200_000, ..Default::default() };
    /// assert_eq!(old.total_size(), new.total_size());
    /// ```
    #[must_use]
    pub fn total_size(&self) -> i64 {
        total(self.size, self.virtual_size)
    }
}

impl ImageInspect {
    /// Returns the size of the image and of all images it is built on, in bytes: `virtual_size` or, since API 1.44, `size`.
    #[must_use]
    pub fn total_size(&self) -> i64 {
        total(self.size, self.virtual_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn total_size_and_bare_id_are_equal_for_all_engines() {
        let old = ImageSummary { id: "63a8".into(), size: 0, virtual_size: 7, ..Default::default() };
        let new = ImageSummary { id: "sha256:63a8".into(), size: 7, ..Default::default() };
        assert_eq!(old.total_size(), new.total_size());
        assert_eq!(bare_id(&old.id), bare_id(&new.id));
    }
}
