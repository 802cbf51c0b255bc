//! Images that equal those of the Docker CLI.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, symlink},
    time::{Duration, SystemTime},
};

use dockerclient::models::ImageInspect;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use super::{
    CONTROL_API, build_directory, built, containerd_store::has_containerd_store, directory,
    engine_without_other_builds, is_cached, is_since, lines,
};
use crate::{command_line, engine::Engine};

/// Steps that copy files of the context to the root directory, whose modification time is not a part of a layer.
const DOCKERFILE: &str = r#"FROM busybox AS parts
COPY parts /parts/
FROM busybox
ARG MODE=slow
ENV MODE=$MODE EMPTY="" QUOTED="a b"
WORKDIR /tmp
COPY . /
COPY --chown=7:8 owned /
COPY --from=parts /parts/one /part
LABEL app=web tier="front end"
EXPOSE 80 53/udp
VOLUME /data
USER 7:8
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD true
ENTRYPOINT ["cat"]
CMD ["-n", "/part"]
"#;

/// Creates the context.
fn context() -> TempDir {
    let ignored = ["ignored/file", "tree/file.tmp", "tree/deep/er/file.tmp"];
    let files = [
        "parts/one",
        "owned/file",
        "owned/sub/file",
        "tree/file",
        "tree/.hidden",
        "tree/deep/er/file",
        "tree/with space",
        "tree/ünïcode",
        "tree/program",
        "tree/kept.tmp",
    ];
    let directory = directory(&[("Dockerfile", DOCKERFILE), (".dockerignore", "ignored\n**/*.tmp\n!tree/kept.tmp\n")]);
    let at = |name: &str| directory.path().join(name);
    for (index, name) in files.iter().chain(&ignored).enumerate() {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), format!("this is {name}\n")).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000 + index as u64, 123_456_789);
        File::open(at(name)).unwrap().set_modified(time).unwrap();
    }
    fs::write(at("tree/large"), "0123456789".repeat(100_000)).unwrap();
    fs::write(at("tree/none"), "").unwrap();
    fs::create_dir(at("tree/empty")).unwrap();
    symlink("../file", at("tree/deep/link")).unwrap();
    symlink("/nowhere", at("tree/dangling")).unwrap();
    symlink("deep", at("tree/directory")).unwrap();
    fs::hard_link(at("tree/file"), at("tree/same")).unwrap();
    for (name, mode) in [
        ("tree/program", 0o4755),
        ("tree/deep/er/file", 0o600),
        ("tree/empty", 0o1777),
        ("tree/deep", 0o2750),
        ("owned/sub", 0o700),
    ] {
        fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
    }
    directory
}

/// Directories and files of the base image, and those that the engine adds to a container.
const OTHER: [&str; 8] = ["bin", "data", "dev", "etc", "proc", "sys", "tmp", ".dockerenv"];

/// Returns the attributes and a checksum of the content of each file that was copied to an image.
async fn files(engine: &Engine, image: &str, has_directory_times: bool) -> BTreeMap<String, String> {
    let container = engine.containers().create(image).name(engine.name("files")).await.unwrap();
    let mut archive = Vec::new();
    container.export().await.unwrap().into_reader().read_to_end(&mut archive).await.unwrap();
    let mut archive = tar::Archive::new(&*archive);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        let checksum =
            content.iter().fold(content.len() as u64, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let header = entry.header();
        let kind = header.entry_type();
        let time = header.mtime().unwrap() * u64::from(has_directory_times || !kind.is_dir());
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        let link = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
        (path, format!("{kind:?} {:o} {owner:?} {time} {link:?} {checksum}", header.mode().unwrap()))
    });
    let top_level = |path: &String| path.split('/').next().unwrap_or_default().to_owned();
    entries.filter(|(path, _)| !OTHER.contains(&&*top_level(path))).collect()
}

/// Returns the parts of an image that do not depend on the time of the build.
async fn significant(engine: &Engine, name: &str) -> Value {
    let image = engine.image(name);
    let ImageInspect { config, architecture, os, size, .. } = image.inspect().await.unwrap();
    // The containerd image store has compressed layers, whose size depends on the times in them.
    let size = (!has_containerd_store(engine).await).then_some(size);
    let steps =
        image.history().await.unwrap().into_iter().map(|step| json!([step.created_by, step.comment, step.size]));
    json!({ "config": config, "platform": [os, architecture], "size": size, "steps": steps.collect::<Vec<_>>() })
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn image_equals_that_of_the_docker_cli() {
    let Some(engine) = engine_without_other_builds(CONTROL_API).await else { return };
    let directory = context();
    let theirs = engine.name("theirs");
    engine.remove_later(format!("/images/{theirs}?force=1"));
    let arguments = ["--no-cache", "--build-arg", "MODE=fast", "--label", "by=test", "--tag", &theirs];
    command_line::build_with_buildkit(&engine.real_address(), directory.path(), &arguments).await;
    let layers = async |name: &str| engine.image(name).inspect().await.unwrap().root_fs.layers;
    let docker = engine.direct();
    let build = || build_directory(&docker, directory.path()).build_arg("MODE", "fast").label("by", "test");

    // BuildKit's checksums of the files that are copied: names, attributes except times, and contents.
    let (cached, traces) = built(&engine, build()).await.unwrap();
    for step in ["COPY . /", "COPY --chown=7:8 owned /", "COPY --from=parts /parts/one /part"] {
        assert!(is_cached(&traces, step), "{step}: {}", lines(&traces));
    }
    assert_eq!(layers(cached.name()).await, layers(&theirs).await);
    assert_eq!(significant(&engine, cached.name()).await, significant(&engine, &theirs).await);

    let (ours, _) = built(&engine, build().no_cache(true)).await.unwrap();
    // Older versions of BuildKit do not keep the modification times of directories.
    let has_directory_times = is_since(&engine, 43).await;
    let (ours, theirs) = (ours.name(), &*theirs);
    assert_eq!(files(&engine, ours, has_directory_times).await, files(&engine, theirs, has_directory_times).await);
    assert_eq!(significant(&engine, ours).await, significant(&engine, theirs).await);
    if has_directory_times {
        assert_eq!(layers(ours).await, layers(theirs).await);
    }
}
