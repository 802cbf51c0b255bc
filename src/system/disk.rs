//! What takes up space, in one shape for engines of every age.

use crate::models::{
    BuildCache, BuildCacheUsage, ContainerSummary, ContainersUsage, DiskUsage, ImageSummary, ImagesUsage, Volume,
    VolumesUsage,
};

/// What to ask of: see [`DockerClient::disk_usage_of`](crate::DockerClient::disk_usage_of).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskUsageKind {
    /// Containers.
    Containers,
    /// Images.
    Images,
    /// Volumes.
    Volumes,
    /// What builds have kept.
    BuildCache,
}

impl DiskUsageKind {
    pub(super) const ALL: [Self; 4] = [Self::Containers, Self::Images, Self::Volumes, Self::BuildCache];

    /// The engine's word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Containers => "container",
            Self::Images => "image",
            Self::Volumes => "volume",
            Self::BuildCache => "build-cache",
        }
    }
}

impl DiskUsage {
    /// What engines tell since API 1.52 of `kinds`, made of what they told before, if they did not.
    pub(super) fn complete(&mut self, kinds: &[DiskUsageKind]) {
        for kind in kinds {
            match kind {
                DiskUsageKind::Containers => {
                    self.containers_usage.get_or_insert_with(|| containers(&self.containers));
                }
                DiskUsageKind::Images => {
                    self.images_usage.get_or_insert_with(|| images(&self.images, self.layers_size));
                }
                DiskUsageKind::Volumes => {
                    self.volumes_usage.get_or_insert_with(|| volumes(&self.volumes));
                }
                DiskUsageKind::BuildCache => {
                    self.build_cache_usage.get_or_insert_with(|| build_cache(&self.build_cache, self.builder_size));
                }
            }
        }
    }
}

fn containers(items: &[ContainerSummary]) -> ContainersUsage {
    let size = |container: &&ContainerSummary| container.size_rw.unwrap_or_default();
    let is_active = |container: &&ContainerSummary| matches!(&*container.state, "running" | "paused" | "restarting");
    ContainersUsage {
        active_count: count(items.iter().filter(is_active)),
        total_count: count(items.iter()),
        reclaimable: sum(items.iter().filter(|container| !is_active(container)).map(|container| size(&container))),
        total_size: sum(items.iter().map(|container| size(&container))),
        items: items.to_vec(),
    }
}

/// `total_size` counts what several images share once, so what is reclaimable is what the used ones do not need.
fn images(items: &[ImageSummary], total_size: i64) -> ImagesUsage {
    let used = || items.iter().filter(|image| image.containers != 0);
    let own = |image: &ImageSummary| image.total_size().saturating_sub(image.shared_size.max(0));
    ImagesUsage {
        active_count: count(items.iter().filter(|image| image.containers > 0)),
        total_count: count(items.iter()),
        reclaimable: total_size.saturating_sub(sum(used().map(own))).max(0),
        total_size,
        items: items.to_vec(),
    }
}

fn volumes(items: &[Volume]) -> VolumesUsage {
    // What a driver does not tell is -1.
    let size = |volume: &Volume| volume.usage_data.as_ref().map_or(0, |usage| usage.size.max(0));
    let is_used = |volume: &&Volume| volume.usage_data.as_ref().is_some_and(|usage| usage.ref_count != 0);
    VolumesUsage {
        active_count: count(items.iter().filter(is_used)),
        total_count: count(items.iter()),
        reclaimable: sum(items.iter().filter(|volume| !is_used(volume)).map(size)),
        total_size: sum(items.iter().map(size)),
        items: items.to_vec(),
    }
}

/// What is shared belongs to images. Engines before API 1.39 tell the size alone, and those since 1.42 do not tell it.
fn build_cache(items: &[BuildCache], told: i64) -> BuildCacheUsage {
    let own = |part: &&BuildCache| !part.shared;
    let of_its_own = sum(items.iter().filter(own).map(|part| part.size));
    let in_use = sum(items.iter().filter(own).filter(|part| part.in_use).map(|part| part.size));
    let total_size = if items.is_empty() { told } else { of_its_own };
    BuildCacheUsage {
        active_count: count(items.iter().filter(|part| part.in_use)),
        total_count: count(items.iter()),
        reclaimable: total_size.saturating_sub(in_use),
        total_size,
        items: items.to_vec(),
    }
}

/// What engines send may be any number, and more than there is room for.
fn sum(sizes: impl Iterator<Item = i64>) -> i64 {
    sizes.fold(0, i64::saturating_add)
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn what_takes_up_space_is_told_alike() {
        let mut old: DiskUsage = wire::decode(
            br#"{"LayersSize":100,
            "Images":[{"Id":"1","ParentId":"","Created":1,"Size":80,"SharedSize":20,"Containers":1},
                {"Id":"2","ParentId":"","Created":1,"Size":40,"SharedSize":20,"Containers":0}],
            "Containers":[{"Id":"a","Image":"1","Command":"sh","Created":1,"Status":"Up","State":"running","SizeRw":7},
                {"Id":"b","Image":"1","Command":"sh","Created":1,"Status":"Exited","State":"exited","SizeRw":5}],
            "Volumes":[{"Name":"v","Driver":"local","Mountpoint":"/v","UsageData":{"Size":3,"RefCount":0}},
                {"Name":"w","Driver":"nfs","Mountpoint":"/w","UsageData":{"Size":-1,"RefCount":1}}],
            "BuildCache":[{"ID":"x","Size":9,"Shared":true},{"ID":"y","Size":4,"InUse":true},{"ID":"z","Size":2}]}"#,
        )
        .unwrap();
        let new: DiskUsage = wire::decode(
            br#"{"ImagesUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":40,"TotalSize":100},
            "ContainersUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":5,"TotalSize":12},
            "VolumesUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":3,"TotalSize":3},
            "BuildCacheUsage":{"ActiveCount":1,"TotalCount":3,"Reclaimable":2,"TotalSize":6}}"#,
        )
        .unwrap();
        old.complete(&DiskUsageKind::ALL);
        let without_items = |mut usage: DiskUsage| {
            let images = usage.images_usage.take().map(|usage| ImagesUsage { items: Vec::new(), ..usage });
            let containers = usage.containers_usage.take().map(|usage| ContainersUsage { items: Vec::new(), ..usage });
            let volumes = usage.volumes_usage.take().map(|usage| VolumesUsage { items: Vec::new(), ..usage });
            let builds = usage.build_cache_usage.take().map(|usage| BuildCacheUsage { items: Vec::new(), ..usage });
            (images, containers, volumes, builds)
        };
        assert_eq!(old.volumes_usage.as_ref().unwrap().items.len(), 2);
        assert_eq!(without_items(old), without_items(new));
    }

    proptest::proptest! {
        #[test]
        fn no_size_is_too_large(sizes: [i64; 4], flags: [bool; 3]) {
            let [size, shared, layers, built] = sizes;
            let image = ImageSummary { size, shared_size: shared, containers: flags[0].into(), ..Default::default() };
            let container = ContainerSummary { size_rw: Some(size), ..Default::default() };
            let mut volume = Volume::default();
            volume.usage_data.get_or_insert_default().size = size;
            let part = BuildCache { size, in_use: flags[1], shared: flags[2], ..Default::default() };
            let mut usage = DiskUsage {
                layers_size: layers,
                builder_size: built,
                images: vec![image.clone(), image],
                containers: vec![container.clone(), container],
                volumes: vec![volume.clone(), volume],
                build_cache: vec![part.clone(), part],
                ..Default::default()
            };
            usage.complete(&DiskUsageKind::ALL);
            proptest::prop_assert_eq!(usage.images_usage.unwrap().total_size, layers);
        }
    }

    #[test]
    fn what_was_not_asked_for_stays_away_and_what_was_told_stays_as_it_is() {
        let told = ImagesUsage { total_size: 1, ..Default::default() };
        let mut usage = DiskUsage { images_usage: Some(told), layers_size: 2, ..Default::default() };
        usage.complete(&[DiskUsageKind::Images]);
        assert_eq!(usage.images_usage.unwrap().total_size, 1);
        assert!(usage.containers_usage.is_none());
    }
}
