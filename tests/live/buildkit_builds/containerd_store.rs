//! Builds that need the containerd image store. On other engines, these tests return at once.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

use dockerclient::{
    ApiVersion, DockerClient, Upload,
    images::{BuildImage, BuildOutput, Cache, Exported, Image},
    models::AuthConfig,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::RwLockReadGuard;

use super::{Locked, build, built, engine_with_control_api, engine_without_other_builds, is_cached, lines};
use crate::{
    engine::{Engine, short, version},
    transfers::{registry, registry_with_auth},
};

/// A Dockerfile without steps that run programs, so that it can be built for any platform.
const DOCKERFILE: &str = "FROM scratch\nARG TARGETARCH\nCOPY motd /\nLABEL arch=$TARGETARCH\n";

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// The newest API version of the engine that is tested.
const SINCE: ApiVersion = ApiVersion::new(1, 45);

/// Settings of a build.
type Settings = fn(BuildImage) -> BuildImage;

/// Whether the engine uses the containerd image store.
pub(super) async fn has_containerd_store(docker: &DockerClient) -> bool {
    let status = docker.info().await.unwrap().driver_status;
    status.iter().flatten().any(|value| value == "io.containerd.snapshotter.v1")
}

/// Returns the engine, if it uses the containerd image store.
async fn engine_with_store() -> Option<Locked<RwLockReadGuard<'static, ()>>> {
    let engine = engine_with_control_api().await.filter(|_| version() >= SINCE)?;
    has_containerd_store(&engine).await.then_some(engine)
}

/// A build whose image differs from the images of other tests.
fn image(engine: &Engine) -> BuildImage {
    build(&engine.direct(), &[("Dockerfile", DOCKERFILE), ("motd", &engine.name("motd"))])
}

/// Sets the credentials for the registry that requires them.
fn with_account(build: BuildImage, password: &str) -> BuildImage {
    build.anonymous().credentials(registry_with_auth(), AuthConfig::new("me", password))
}

fn digest(exported: &Exported) -> &str {
    &exported.attributes["containerimage.digest"]
}

/// The files of an archive, by path.
fn files(archive: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(fs::File::open(archive).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let (mut entry, mut content) = (entry.unwrap(), Vec::new());
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries.collect()
}

/// An archive with an OCI image layout of one image.
struct Layout(BTreeMap<String, Vec<u8>>);

impl Layout {
    fn open(archive: &Path) -> Self {
        let layout = Self(files(archive));
        assert_eq!(layout.json("oci-layout")["imageLayoutVersion"], "1.0.0");
        layout
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(self.0.get(path).unwrap_or_else(|| panic!("no {path}: {:?}", self.0.keys()))).unwrap()
    }

    /// The document of a descriptor.
    fn document(&self, descriptor: &Value) -> Value {
        let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
        self.json(&format!("blobs/sha256/{digest}"))
    }

    /// The descriptor of the image.
    fn image(&self) -> Value {
        let index = self.json("index.json");
        assert_eq!(index["manifests"].as_array().map(Vec::len), Some(1), "{index}");
        index["manifests"][0].clone()
    }

    /// The descriptors of the manifests of the image.
    fn manifests(&self) -> Vec<Value> {
        self.document(&self.image())["manifests"].as_array().unwrap().clone()
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn image_is_pushed_by_the_build() {
    let Some(engine) = engine_with_store().await else { return };
    let name = format!("{}/acme/{}", registry(), engine.name("pushed"));
    let (one, two) = (format!("{name}:1"), format!("{name}:2"));
    engine.remove_later(format!("/images/{one}?force=1"));
    let exported = image(&engine).tag("unused").output(BuildOutput::registry(&one)).await.unwrap();
    let handle = exported.image.clone().unwrap();
    assert_eq!(handle.name(), digest(&exported));
    assert_eq!(handle.inspect().await.unwrap().repo_tags, [&*one]);
    let found = engine.image(&one).distribution().anonymous().await.unwrap();
    assert_eq!(found.descriptor.digest, handle.name());
    handle.remove().force(true).await.unwrap();
    engine.image(&one).pull().anonymous().await.unwrap();
    assert_eq!(engine.image(&one).inspect().await.unwrap().id, handle.name());

    let pushed = image(&engine).output(BuildOutput::registry(&two).attribute("store", "false")).await.unwrap();
    assert_eq!(pushed.image, None);
    assert!(!engine.image(digest(&pushed)).exists().await.unwrap() && !engine.image(&two).exists().await.unwrap());
    assert_eq!(engine.image(&two).distribution().anonymous().await.unwrap().descriptor.digest, digest(&pushed));

    let error = image(&engine).output(BuildOutput::registry("127.0.0.1:1/acme/web")).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("failed to push 127.0.0.1:1/"), "{error:?}");
    let unnamed = image(&engine).output(BuildOutput::image().attribute("push", "true")).await.unwrap_err();
    assert!(unnamed.is_bad_request(), "{unnamed:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_by_the_build_sends_its_credentials() {
    let Some(engine) = engine_with_store().await else { return };
    let name = format!("{}/acme/{}", registry_with_auth(), engine.name("private"));
    engine.remove_later(format!("/images/{name}?force=1"));
    for build in [image(&engine).anonymous(), with_account(image(&engine), "wrong")] {
        let error = build.output(BuildOutput::registry(&name)).await.unwrap_err();
        let text = error.to_string();
        assert!(error.is_operation_failed() && text.contains("push") && text.contains("401"), "{error:?}");
    }
    let exported = with_account(image(&engine), "secret").output(BuildOutput::registry(&name)).await.unwrap();
    let found = engine.image(&name).distribution().credentials(AuthConfig::new("me", "secret")).await.unwrap();
    assert_eq!(found.descriptor.digest, exported.image.unwrap().name());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_as_an_oci_archive_has_the_image_for_each_platform() {
    let Some(engine) = engine_with_store().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("image.tar");
    let exported = image(&engine).output(BuildOutput::oci(&path)).await.unwrap();
    let layout = Layout::open(&path);
    assert_eq!((exported.image.as_ref(), &layout.image()["digest"]), (None, &Value::from(digest(&exported))));
    let config = layout.document(&layout.document(&layout.image())["config"]);
    assert_eq!(config["config"]["Labels"]["arch"], config["architecture"]);
    assert!(!engine.image(digest(&exported)).exists().await.unwrap());

    let exported = image(&engine).platforms(PLATFORMS).tag("acme/web:7").output(BuildOutput::oci(&path)).await.unwrap();
    let layout = Layout::open(&path);
    assert_eq!(layout.image()["digest"], digest(&exported));
    assert_eq!(layout.image()["annotations"]["io.containerd.image.name"], "docker.io/acme/web:7");
    let manifests = layout.manifests();
    let architectures: Vec<_> = manifests.iter().map(|manifest| &manifest["platform"]["architecture"]).collect();
    assert_eq!(architectures, ["amd64", "arm64"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_as_a_docker_archive_can_be_loaded() {
    let Some(engine) = engine_with_store().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("image.tar");
    let name = engine.name("archived");
    engine.remove_later(format!("/images/{name}?force=1"));
    let files = [("Dockerfile", &*format!("FROM busybox\nCMD [\"echo\", \"{name}\"]\n"))];
    let build = || build(&engine.direct(), &files);
    let load = async || engine.images().load(Upload::from_file(&path).await.unwrap()).await.unwrap();
    let exported = build().output(BuildOutput::docker(&path)).await.unwrap();
    assert_eq!(exported.image, None);
    let loaded = load().await;
    engine.remove_later(format!("/images/{}?force=1", digest(&exported)));
    assert_eq!(loaded.iter().map(Image::name).collect::<Vec<_>>(), [digest(&exported)]);

    let exported = build().tag(&name).output(BuildOutput::docker(&path)).await.unwrap();
    let loaded = load().await;
    assert_eq!(loaded.iter().map(|image| short(image.name())).collect::<Vec<_>>(), [format!("{name}:latest")]);
    assert_eq!(loaded[0].inspect().await.unwrap().id, digest(&exported));
    assert_eq!(engine.direct().run(&name).output().await.unwrap().stdout, format!("{name}\n"));

    let error = image(&engine).platforms(PLATFORMS).output(BuildOutput::docker(&path)).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("manifest list"), "{error:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn image_for_several_platforms_has_one_id() {
    let Some(engine) = engine_with_store().await else { return };
    let name = engine.name("platforms");
    let (image, _) = built(&engine, image(&engine).platforms(PLATFORMS).tag(&name)).await.unwrap();
    assert_eq!(image.inspect().await.unwrap().id, image.name());
    assert_eq!(engine.image(&name).inspect().await.unwrap().id, image.name());
    let listed = engine.images().list().name(&name).await.unwrap();
    assert_eq!(listed.iter().map(|image| &*image.id).collect::<Vec<_>>(), [image.name()]);
    let history = image.history().await.unwrap();
    assert!(history.iter().any(|item| item.created_by.starts_with("COPY motd /")), "{history:?}");
    image.remove().force(true).await.unwrap();
    assert!(!engine.image(&name).exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn provenance_is_a_part_of_the_image() {
    let Some(engine) = engine_with_store().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("image.tar");
    let attested = || image(&engine).provenance("mode=max").label("tier", "front");
    let exported = attested().output(BuildOutput::oci(&path)).await.unwrap();
    let layout = Layout::open(&path);
    assert_eq!(layout.image()["digest"], digest(&exported));
    let manifests = layout.manifests();
    let [image, attestation] = &*manifests else { panic!("{manifests:?}") };
    assert_eq!(attestation["annotations"]["vnd.docker.reference.digest"], image["digest"]);
    let statement = layout.document(&layout.document(attestation)["layers"][0]);
    assert!(statement["predicateType"].as_str().unwrap().starts_with("https://slsa.dev/provenance/"), "{statement}");
    let arguments = &statement["predicate"]["invocation"]["parameters"]["args"];
    assert_eq!(arguments["label:tier"], "front", "{statement}");

    let (image, _) = built(&engine, attested()).await.unwrap();
    assert_eq!(image.inspect().await.unwrap().id, image.name());
}

/// The other outputs have another digest, because their manifests have the media types of OCI.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn image_of_several_outputs_is_that_of_the_engine() {
    let Some(engine) = engine_with_store().await else { return };
    let target = TempDir::new().unwrap();
    let at = |name: &str| target.path().join(name);
    let name = engine.name("several");
    let pushed = format!("{}/acme/{name}", registry());
    for name in [&name, &pushed] {
        engine.remove_later(format!("/images/{name}?force=1"));
    }
    let build = image(&engine).tag(&name).output(BuildOutput::image()).output(BuildOutput::registry(&pushed));
    let other =
        BuildOutput::registry(format!("{pushed}:oci")).attribute("oci-mediatypes", "true").attribute("store", "false");
    let build =
        build.output(other).output(BuildOutput::docker(at("docker.tar"))).output(BuildOutput::oci(at("oci.tar")));
    let exported = build.output(BuildOutput::directory(at("files"))).await.unwrap();

    let image = exported.image.clone().unwrap();
    let inspected = image.inspect().await.unwrap();
    assert_eq!((&*inspected.id, digest(&exported)), (image.name(), image.name()));
    let mut tags: Vec<_> = inspected.repo_tags.iter().map(|tag| short(tag)).collect();
    tags.sort_by_key(|tag| tag.len());
    assert_eq!(tags, [format!("{name}:latest"), format!("{pushed}:latest")]);
    let in_registry =
        async |name: String| engine.image(name).distribution().anonymous().await.unwrap().descriptor.digest;
    assert_eq!(in_registry(pushed.clone()).await, image.name());
    assert_ne!(in_registry(format!("{pushed}:oci")).await, image.name());
    assert_ne!(Layout::open(&at("oci.tar")).image()["digest"], image.name());
    assert!(files(&at("docker.tar")).contains_key("manifest.json"));
    assert!(at("files/motd").is_file());
}

/// The cache has the steps of all stages.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn cache_is_written_and_read_in_another_build() {
    let Some(engine) = engine_without_other_builds(SINCE).await else { return };
    if !has_containerd_store(&engine).await {
        return;
    }
    let docker = engine.direct();
    let name = engine.name("cached");
    let dockerfile = format!("FROM busybox AS base\nRUN echo {name} > /file\nFROM busybox\nCOPY --from=base /file /\n");
    let build = || build(&docker, &[("Dockerfile", &dockerfile)]);
    let directory = TempDir::new().unwrap();
    let in_registry = |host: &str| Cache::registry(format!("{host}/acme/{name}"));
    let caches: [(Cache, Settings); 3] = [
        (in_registry(&registry()), |build| build),
        (in_registry(&registry_with_auth()), |build| with_account(build, "secret")),
        (Cache::local(directory.path()), |build| build),
    ];
    for (cache, set) in caches {
        let cache = cache.attribute("mode", "max");
        built(&engine, set(build()).cache_to(cache.clone())).await.unwrap();
        docker.buildkit().prune().all(true).await.unwrap();
        assert!(docker.buildkit().disk_usage().filter("description~", &*name).await.unwrap().is_empty());
        let (_, traces) = built(&engine, set(build()).cache_from(cache)).await.unwrap();
        assert!(is_cached(&traces, "RUN echo"), "{}", lines(&traces));
    }
    let denied = Cache::registry(format!("{}/acme/{name}-denied", registry_with_auth()));
    let error = built(&engine, build().anonymous().cache_to(denied)).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("exporting cache to registry"), "{error:?}");
}
