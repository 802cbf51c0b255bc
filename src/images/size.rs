//! What is known of an image, in one shape for engines of every age.

use crate::models::{ImageInspect, ImageSummary};

/// The id of an image, without the name of its algorithm, which engines tell since 1.10: 64 hexadecimal digits.
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

/// Before 1.10, engines count into `size` only what an image adds to its parent.
fn total(size: i64, virtual_size: i64) -> i64 {
    if virtual_size > 0 { virtual_size } else { size }
}

impl ImageSummary {
    /// How large the image is with all it is built on, in bytes: `virtual_size` or, since API 1.44, `size`.
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
    /// How large the image is with all it is built on, in bytes: `virtual_size` or, since API 1.44, `size`.
    #[must_use]
    pub fn total_size(&self) -> i64 {
        total(self.size, self.virtual_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ids_are_told_alike() {
        let old = ImageSummary { id: "63a8".into(), size: 0, virtual_size: 7, ..Default::default() };
        let new = ImageSummary { id: "sha256:63a8".into(), size: 7, ..Default::default() };
        assert_eq!(old.total_size(), new.total_size());
        assert_eq!(bare_id(&old.id), bare_id(&new.id));
    }
}
