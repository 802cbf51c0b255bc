//! The exporters of a build: one per output, or one for an image on the engine.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    BuildOutput,
    attributes::{Entry, MOBY},
    options::Options,
};
use crate::buildkit::ExportTarget;

/// The output of a build that only fills the build cache. It has no exporter.
const CACHE_ONLY: &str = "cacheonly";

/// Returns the type and the attributes of the exporter of an output.
pub(super) fn exporter(output: &BuildOutput) -> Entry {
    let (kind, attributes) = output.exporter();
    // Only BuildKit outside of an engine stores images itself.
    (if kind == "image" { MOBY.to_owned() } else { kind }, attributes)
}

impl Options {
    /// Returns the exporters, in the order of their numbers, and where their results are written on this machine. Exporters of
    /// images on the engine are the last ones.
    pub(super) fn exporters(&self) -> Vec<(Entry, Option<Arc<ExportTarget>>)> {
        let Some(outputs) = &self.outputs else { return vec![((MOBY.into(), BTreeMap::new()), None)] };
        let mut outputs: Vec<&BuildOutput> = outputs.iter().collect();
        // BuildKit merges the responses of all exporters. Of two digests, it returns that of the last exporter, which must be
        // the id of the image on the engine.
        outputs.sort_by_key(|output| (output.is_image(), output.is_stored()));
        let exporters = outputs.into_iter().map(|output| (exporter(output), output.target()));
        exporters.filter(|((kind, _), _)| kind != CACHE_ONLY).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exporters_of_outputs_keep_their_targets_and_end_with_images() {
        let none = [] as [(&str, &str); 0];
        let outputs =
            vec![BuildOutput::new(CACHE_ONLY, none), BuildOutput::new("image", none), BuildOutput::tar("web.tar")];
        let exporters = Options { outputs: Some(outputs), ..Options::default() }.exporters();
        let exporters: Vec<_> = exporters.iter().map(|((kind, _), target)| (&**kind, target.is_some())).collect();
        assert_eq!(exporters, [("tar", true), (MOBY, false)]);
        let pushed = BuildOutput::registry("web").attribute("store", "false");
        let exporters = Options { outputs: Some(vec![BuildOutput::image(), pushed]), ..Options::default() }.exporters();
        let pushes: Vec<_> = exporters.iter().map(|((_, attributes), _)| attributes.contains_key("push")).collect();
        assert_eq!(pushes, [true, false]);
        let image = Options::default().exporters();
        assert_eq!(image.iter().map(|((kind, _), _)| &**kind).collect::<Vec<_>>(), [MOBY]);
    }
}
