//! Results of builds that are sent to this machine.

use std::{fs, io::Read, os::unix::fs::PermissionsExt as _, path::Path};

use dockerclient::{
    ApiVersion,
    images::{BuildImage, BuildOutput, Cache},
};
use tempfile::TempDir;

use super::{build, containerd_store::has_containerd_store, directory, engine_with_control_api};
use crate::{
    engine::{Engine, version},
    transfers::registry,
};

/// A stage without a base image, which has a directory, a program and a link.
const DOCKERFILE: &str = "FROM busybox AS base
RUN mkdir -p /out/sub && echo hello > /out/sub/motd && chmod 750 /out/sub/motd && ln -s motd /out/sub/link
FROM scratch
COPY --from=base /out /
COPY large /
";

/// A file that is sent in many messages.
fn large() -> String {
    "0123456789abcdef".repeat(300_000)
}

fn exported(engine: &Engine) -> BuildImage {
    build(&engine.direct(), &[("Dockerfile", DOCKERFILE), ("large", &large())])
}

/// Checks the files of a directory to which [`DOCKERFILE`] was exported.
fn check_files(directory: &Path) {
    let at = |name: &str| directory.join(name);
    assert_eq!(fs::read_to_string(at("sub/motd")).unwrap(), "hello\n");
    assert_eq!(fs::metadata(at("sub/motd")).unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(fs::read_link(at("sub/link")).unwrap(), Path::new("motd"));
    assert!(fs::read_to_string(at("large")).unwrap() == large());
}

/// Checks a tar archive to which [`DOCKERFILE`] was exported.
fn check_archive(archive: impl Read) {
    let directory = TempDir::new().unwrap();
    tar::Archive::new(archive).unpack(directory.path()).unwrap();
    check_files(directory.path());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_to_a_directory_adds_the_files_of_the_image() {
    let Some(engine) = engine_with_control_api().await else { return };
    let target = directory(&[("kept", "kept"), ("sub/motd", "replaced")]);
    let output = exported(&engine).output(BuildOutput::directory(target.path())).await.unwrap();
    assert!(output.image.is_none(), "{output:?}");
    check_files(target.path());
    assert_eq!(fs::read_to_string(target.path().join("kept")).unwrap(), "kept");
    let absent = target.path().join("new/directory");
    exported(&engine).output(BuildOutput::directory(&absent)).await.unwrap();
    check_files(&absent);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_as_a_tar_archive_is_a_file_or_a_stream() {
    let Some(engine) = engine_with_control_api().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("out.tar");
    exported(&engine).output(BuildOutput::tar(&path)).await.unwrap();
    check_archive(fs::File::open(&path).unwrap());

    let (writer, reader) = tokio::io::duplex(1 << 16);
    let build = exported(&engine).output(BuildOutput::tar_to(writer));
    let read = async {
        let (mut reader, mut archive) = (reader, Vec::new());
        tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut archive).await.unwrap();
        archive
    };
    let (built, archive) = tokio::join!(build.send(), read);
    built.unwrap();
    check_archive(&*archive);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_as_an_image_returns_its_handle_and_attributes() {
    let Some(engine) = engine_with_control_api().await else { return };
    let name = engine.name("output");
    engine.remove_later(format!("/images/{name}?force=1"));
    let output = exported(&engine).tag(&name).output(BuildOutput::image()).await.unwrap();
    let image = output.image.unwrap();
    assert_eq!(engine.image(&name).inspect().await.unwrap().id, image.inspect().await.unwrap().id);
    assert_eq!(output.attributes["containerimage.digest"], image.name(), "{:?}", output.attributes);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn several_outputs_are_written_by_newer_engines() {
    let Some(engine) = engine_with_control_api().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("out.tar");
    let build =
        exported(&engine).output(BuildOutput::image()).output(BuildOutput::directory(target.path().join("directory")));
    let outcome = build.output(BuildOutput::tar(&path)).await;
    // BuildKit before 0.13 has one exporter per build.
    if version() >= ApiVersion::new(1, 45) {
        let image = outcome.unwrap().image.unwrap();
        engine.remove_later(format!("/images/{}?force=1", image.name()));
        check_files(&target.path().join("directory"));
        check_archive(fs::File::open(&path).unwrap());
    } else {
        assert!(outcome.unwrap_err().is_unsupported());
        assert!(!path.exists());
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn options_that_need_the_containerd_image_store_are_errors() {
    let Some(engine) = engine_with_control_api().await else { return };
    if has_containerd_store(&engine).await {
        return;
    }
    let target = TempDir::new().unwrap();
    let path = target.path().join("image.tar");
    let registry = format!("{}/acme/{}", registry(), engine.name("pushed"));
    let build = || exported(&engine);
    let mut errors = Vec::new();
    for output in [BuildOutput::oci(&path), BuildOutput::docker(&path), BuildOutput::registry(&registry)] {
        errors.push(build().output(output).await.unwrap_err());
    }
    for build in [
        build().platforms(["linux/amd64", "linux/arm64"]),
        build().cache_to(Cache::registry(&registry)),
        build().cache_to(Cache::local(target.path().join("cache"))),
        build().provenance("mode=max"),
        build().sbom(true),
    ] {
        errors.push(build.await.unwrap_err());
    }
    for error in errors {
        let words = ["the containerd image store", "requires API 1.43"];
        assert!(error.is_unsupported() && words.iter().any(|word| error.to_string().contains(word)), "{error:?}");
    }
    assert!(!path.exists());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_to_a_path_that_cannot_be_written_is_an_error() {
    let Some(engine) = engine_with_control_api().await else { return };
    let target = directory(&[("file", "")]);
    let error = exported(&engine).output(BuildOutput::directory(target.path().join("file"))).await.unwrap_err();
    assert!(error.is_local_io(), "{error:?}");
    let error = exported(&engine).output(BuildOutput::tar(target.path().join("file/out.tar"))).await.unwrap_err();
    assert!(error.is_local_io(), "{error:?}");
}

/// The result is not written if the build fails.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_of_a_failed_build_is_not_written() {
    let Some(engine) = engine_with_control_api().await else { return };
    let target = TempDir::new().unwrap();
    let path = target.path().join("out.tar");
    let failing = build(&engine.direct(), &[("Dockerfile", "FROM busybox\nRUN exit 3\n")]);
    let error = failing.output(BuildOutput::tar(&path)).await.unwrap_err();
    assert_eq!((error.is_operation_failed(), error.code()), (true, Some(3)), "{error}");
    assert!(!path.exists());
}
