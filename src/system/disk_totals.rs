//! Totals of disk usage, for API versions in which engines do not send them.

use super::DiskUsageKind;
use crate::{
    ApiVersion,
    models::{
        BuildCache, BuildCacheUsage, ContainerStatus, ContainerSummary, ContainersUsage, DiskUsage, ImageSummary,
        ImagesUsage, Volume, VolumesUsage,
    },
};

/// Since this version, engines send totals, and the lists only on request.
const TOTALS: ApiVersion = ApiVersion::new(1, 52);

/// Since this version, engines list the build cache. Before, they send only its size, as `BuilderSize`.
const BUILD_CACHE: ApiVersion = ApiVersion::new(1, 39);

/// Returns the parameter `verbose`, which requests the lists. Engines before API 1.52 always send them.
pub(super) fn verbose(version: ApiVersion) -> Option<bool> {
    (version >= TOTALS).then_some(true)
}

impl DiskUsage {
    /// Adds the totals of `kinds` that engines at `version` do not send, computed from the lists.
    ///
    /// A total that the engine should have sent, but did not, remains absent.
    pub(super) fn add_totals(&mut self, kinds: &[DiskUsageKind], version: ApiVersion) {
        if version >= TOTALS {
            return;
        }
        for kind in kinds {
            match kind {
                DiskUsageKind::Containers => self.container_usage = Some(containers(&self.containers)),
                DiskUsageKind::Images => self.image_usage = Some(images(&self.images, self.layers_size)),
                DiskUsageKind::Volumes => self.volume_usage = Some(volumes(&self.volumes)),
                DiskUsageKind::BuildCache if version < BUILD_CACHE => {}
                DiskUsageKind::BuildCache => self.build_cache_usage = Some(build_cache(&self.build_cache)),
            }
        }
    }
}

fn containers(items: &[ContainerSummary]) -> ContainersUsage {
    let size = |container: &&ContainerSummary| container.size_rw.unwrap_or_default();
    let is_active = |container: &&ContainerSummary| {
        matches!(
            container.state,
            Some(ContainerStatus::Running | ContainerStatus::Paused | ContainerStatus::Restarting)
        )
    };
    ContainersUsage {
        active_count: count(items.iter().filter(is_active)),
        total_count: count(items.iter()),
        reclaimable: sum(items.iter().filter(|container| !is_active(container)).map(|container| size(&container))),
        total_size: sum(items.iter().map(|container| size(&container))),
        items: items.to_vec(),
    }
}

/// `total_size` counts shared layers once. Reclaimable is the total minus the unshared size of the used images.
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
    // The size is -1 if the driver does not report it.
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

/// Shared records are part of images, so their size is not counted.
fn build_cache(items: &[BuildCache]) -> BuildCacheUsage {
    let own = |part: &&BuildCache| !part.shared;
    let total_size = sum(items.iter().filter(own).map(|part| part.size));
    let in_use = sum(items.iter().filter(own).filter(|part| part.in_use).map(|part| part.size));
    BuildCacheUsage {
        active_count: count(items.iter().filter(|part| part.in_use)),
        total_count: count(items.iter()),
        reclaimable: total_size.saturating_sub(in_use),
        total_size,
        items: items.to_vec(),
    }
}

/// Returns the sum. It saturates, because engines may send any number.
fn sum(sizes: impl Iterator<Item = i64>) -> i64 {
    sizes.fold(0, i64::saturating_add)
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated;

    const SENT_LISTS: &[u8] = br#"{"LayersSize":100,
        "Images":[{"Id":"1","ParentId":"","Created":1,"Size":80,"SharedSize":20,"Containers":1},
            {"Id":"2","ParentId":"","Created":1,"Size":40,"SharedSize":20,"Containers":0}],
        "Containers":[{"Id":"a","Image":"1","Command":"sh","Created":1,"Status":"Up","State":"running","SizeRw":7},
            {"Id":"b","Image":"1","Command":"sh","Created":1,"Status":"Exited","State":"exited","SizeRw":5}],
        "Volumes":[{"Name":"v","Driver":"local","Mountpoint":"/v","UsageData":{"Size":3,"RefCount":0}},
            {"Name":"w","Driver":"nfs","Mountpoint":"/w","UsageData":{"Size":-1,"RefCount":1}}],
        "BuildCache":[{"ID":"x","Size":9,"Shared":true},{"ID":"y","Size":4,"InUse":true},{"ID":"z","Size":2}],
        "BuilderSize":15}"#;

    /// As engines send them since API 1.52: with singular names, and without zero values.
    const SENT_TOTALS: &[u8] = br#"{"ImageUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":40,"TotalSize":100},
        "ContainerUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":5,"TotalSize":12},
        "VolumeUsage":{"ActiveCount":1,"TotalCount":2,"Reclaimable":3,"TotalSize":3},
        "BuildCacheUsage":{"ActiveCount":1,"TotalCount":3,"Reclaimable":2,"TotalSize":6}}"#;

    fn usage(response: &[u8], kinds: &[DiskUsageKind], minor: u16) -> DiskUsage {
        let mut usage: DiskUsage = generated::decode(response).unwrap();
        usage.add_totals(kinds, ApiVersion::new(1, minor));
        usage
    }

    #[test]
    fn disk_usage_totals_from_lists() {
        let without_items = |mut usage: DiskUsage| {
            let images = usage.image_usage.take().map(|usage| ImagesUsage { items: Vec::new(), ..usage });
            let containers = usage.container_usage.take().map(|usage| ContainersUsage { items: Vec::new(), ..usage });
            let volumes = usage.volume_usage.take().map(|usage| VolumesUsage { items: Vec::new(), ..usage });
            let builds = usage.build_cache_usage.take().map(|usage| BuildCacheUsage { items: Vec::new(), ..usage });
            (images, containers, volumes, builds)
        };
        let (old, new) = (usage(SENT_LISTS, &DiskUsageKind::ALL, 51), usage(SENT_TOTALS, &DiskUsageKind::ALL, 52));
        assert_eq!(old.volume_usage.as_ref().unwrap().items.len(), 2);
        assert!(new.image_usage.is_some() && new.container_usage.is_some() && new.volume_usage.is_some());
        assert_eq!(without_items(old), without_items(new));
    }

    #[test]
    fn disk_usage_totals_that_were_not_sent_are_absent() {
        let totals = |usage: &DiskUsage| {
            [
                usage.container_usage.is_some(),
                usage.image_usage.is_some(),
                usage.volume_usage.is_some(),
                usage.build_cache_usage.is_some(),
            ]
        };
        assert_eq!(totals(&usage(b"{}", &DiskUsageKind::ALL, 52)), [false; 4]);
        assert_eq!(totals(&usage(SENT_LISTS, &DiskUsageKind::ALL, 52)), [false; 4]);
        assert_eq!(totals(&usage(SENT_LISTS, &[DiskUsageKind::Images], 51)), [false, true, false, false]);
        let old = usage(SENT_LISTS, &DiskUsageKind::ALL, 38);
        assert_eq!((totals(&old), old.builder_size), ([true, true, true, false], 15));
    }

    proptest::proptest! {
        #[test]
        fn disk_usage_of_any_sizes_does_not_overflow(sizes: [i64; 3], flags: [bool; 3]) {
            let [size, shared, layers] = sizes;
            let image = ImageSummary { size, shared_size: shared, containers: flags[0].into(), ..Default::default() };
            let container = ContainerSummary { size_rw: Some(size), ..Default::default() };
            let mut volume = Volume::default();
            volume.usage_data.get_or_insert_default().size = size;
            let part = BuildCache { size, in_use: flags[1], shared: flags[2], ..Default::default() };
            let mut usage = DiskUsage {
                layers_size: layers,
                images: vec![image.clone(), image],
                containers: vec![container.clone(), container],
                volumes: vec![volume.clone(), volume],
                build_cache: vec![part.clone(), part],
                ..Default::default()
            };
            usage.add_totals(&DiskUsageKind::ALL, ApiVersion::new(1, 41));
            proptest::prop_assert_eq!(usage.image_usage.unwrap().total_size, layers);
        }
    }
}
