//! Results of builds.

#[cfg(feature = "buildkit")]
use std::{collections::BTreeMap, sync::Arc};

use super::builder_version::Route;
#[cfg(feature = "buildkit")]
use super::{BuildOutput, Exported, failure::Failure, solve_stream::Response};
#[cfg(feature = "buildkit")]
use crate::buildkit::ExportTarget;
use crate::{
    DockerClient, Error, Result,
    images::{Image, ProgressItem, ProgressResult},
};

/// The attribute with the id of the image, as exporters report it.
#[cfg(feature = "buildkit")]
pub(super) const DIGEST: &str = "containerimage.digest";

/// The image that was built, by its id, as short or long as the engine reports it.
pub(super) struct Built {
    id: Option<String>,
    docker: DockerClient,
    /// The steps of a build with `POST /build`.
    #[cfg(feature = "buildkit")]
    failure: Option<Failure>,
}

impl Built {
    #[cfg_attr(not(feature = "buildkit"), expect(unused_variables, reason = "there are no traces"))]
    pub(super) fn new(docker: DockerClient, route: Route) -> Self {
        Self {
            id: None,
            docker,
            #[cfg(feature = "buildkit")]
            failure: (route == Route::Build).then(Failure::default),
        }
    }
}

impl ProgressResult<Image> for Built {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        let id = match item {
            ProgressItem::Outcome(outcome) => outcome["ID"].as_str(),
            ProgressItem::Output(text) => {
                // A quiet build of newer engines prints only the id, which has no prefix on Podman.
                let text = text.trim();
                let is_bare = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let quiet = (is_bare || text.starts_with("sha256:")).then_some(text);
                text.strip_prefix("Successfully built ").or(quiet)
            }
            ProgressItem::Status(_) => None,
            #[cfg(feature = "buildkit")]
            ProgressItem::Trace(trace) => {
                if let Some(failure) = &mut self.failure {
                    failure.add(trace);
                }
                None
            }
        };
        if let Some(id) = id {
            self.id = Some(id.to_owned());
        }
        Ok(())
    }

    #[cfg(feature = "buildkit")]
    fn explain(&self, error: Error) -> Error {
        match &self.failure {
            Some(failure) => failure.explain(error),
            None => error,
        }
    }

    fn finish(self: Box<Self>) -> Result<Image> {
        let Some(id) = self.id else {
            return Err(Error::truncated("the engine did not report the id of the image").during("image_build"));
        };
        Ok(self.docker.image(id))
    }
}

/// The outputs of a build.
#[cfg(feature = "buildkit")]
pub(super) struct Outputs {
    built: Built,
    /// Whether an output makes an image on the engine.
    has_image: bool,
    attributes: BTreeMap<String, String>,
    targets: Vec<Arc<ExportTarget>>,
}

#[cfg(feature = "buildkit")]
impl Outputs {
    pub(super) fn new(docker: DockerClient, outputs: &[BuildOutput]) -> Self {
        Self {
            built: Built::new(docker, Route::Solve),
            has_image: outputs.iter().any(BuildOutput::is_stored),
            attributes: BTreeMap::new(),
            targets: outputs.iter().filter_map(BuildOutput::target).collect(),
        }
    }

    /// Prepares for a build that this request starts.
    pub(super) fn of(self, route: Route) -> Self {
        Self { built: Built::new(self.built.docker, route), ..self }
    }
}

#[cfg(feature = "buildkit")]
impl ProgressResult<Exported> for Outputs {
    fn add_item(&mut self, item: &ProgressItem) -> Result<()> {
        self.built.add_item(item)
    }

    fn add_response(&mut self, response: Response) {
        self.attributes.extend(response);
    }

    fn explain(&self, error: Error) -> Error {
        // The engine only quotes the reason why this program did not accept an output.
        let rejected = self.targets.iter().filter(|_| error.is_operation_failed()).find_map(|target| target.failure());
        match rejected {
            Some(failure) => failure.during("image_build"),
            None => self.built.explain(error),
        }
    }

    fn finish(self: Box<Self>) -> Result<Exported> {
        let Self { built, has_image, mut attributes, targets } = *self;
        targets.iter().try_for_each(|target| target.finish()).map_err(|error| error.during("image_build"))?;
        let id = built.id.filter(|_| has_image);
        if let Some(id) = &id {
            attributes.entry(DIGEST.into()).or_insert_with(|| id.clone());
        }
        Ok(Exported { image: id.map(|id| built.docker.image(id)), attributes })
    }
}

#[cfg(feature = "buildkit")]
#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{error::Kind, images::BuildTrace};

    fn docker() -> DockerClient {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap()
    }

    fn outputs(outputs: &[BuildOutput]) -> Box<Outputs> {
        Box::new(Outputs::new(docker(), outputs))
    }

    fn image() -> ProgressItem {
        ProgressItem::Outcome(json!({ "ID": "sha256:00" }))
    }

    #[test]
    fn built_image_id_is_read_from_items() {
        let output = |text: &str| ProgressItem::Output(text.into());
        for (item, expected) in [
            (image(), Some("sha256:00")),
            (output("Successfully built 00\n"), Some("00")),
            (output("sha256:00\n"), Some("sha256:00")),
            (output("Step 1/1 : FROM a"), None),
            (ProgressItem::Trace(BuildTrace::default()), None),
        ] {
            let mut built = Box::new(Built::new(docker(), Route::Build));
            built.add_item(&item).unwrap();
            assert_eq!(built.finish().ok().map(String::from), expected.map(str::to_owned), "{item:?}");
        }
    }

    #[test]
    fn exported_build_has_attributes_and_an_image() {
        let mut exported = outputs(&[BuildOutput::image()]);
        exported.add_item(&image()).unwrap();
        exported.add_response(Response::from([("image.name".to_owned(), "web".to_owned())]));
        let exported = exported.finish().unwrap();
        let attributes = [(DIGEST, "sha256:00"), ("image.name", "web")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!((exported.image.unwrap().name(), exported.attributes), ("sha256:00", attributes.into()));
        for output in
            [BuildOutput::new("cacheonly", [("a", "b")]), BuildOutput::registry("web").attribute("store", "false")]
        {
            let mut exported = outputs(&[output]);
            exported.add_item(&image()).unwrap();
            assert_eq!(exported.finish().unwrap().image, None);
        }
    }

    #[test]
    fn exported_build_that_was_not_received_is_an_error() {
        let error = outputs(&[BuildOutput::tar("web.tar")]).finish().unwrap_err();
        assert_eq!((error.is_truncated(), error.operation()), (true, Some("image_build")), "{error}");
        let failed = Error::new(Kind::OperationFailed { status: None, code: 0, message: "no space left".into() });
        let explained = outputs(&[BuildOutput::tar("web.tar")]).explain(failed);
        assert_eq!(explained.message(), Some("no space left"));
    }
}
