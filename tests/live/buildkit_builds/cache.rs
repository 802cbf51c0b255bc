//! The build cache.

use std::{fs, path::Path};

use dockerclient::images::Cache;
use tempfile::TempDir;

use super::{BUILDKIT, CONTROL_API, build, built, engine_without_other_builds, is_cached, lines};
use crate::transfers::registry;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn second_build_with_buildkit_is_cached() {
    let Some(engine) = engine_without_other_builds(BUILDKIT).await else { return };
    let docker = engine.direct();
    let dockerfile = format!("FROM busybox\nCOPY motd /\nRUN echo {}\n", engine.name("cached"));
    let files = [("Dockerfile", &*dockerfile), ("motd", "hello\n")];
    let (first, ran) = built(&engine, build(&docker, &files)).await.unwrap();
    let (second, cached) = built(&engine, build(&docker, &files)).await.unwrap();
    let states = (is_cached(&ran, "RUN echo"), is_cached(&cached, "RUN echo"));
    assert_eq!(states, (false, true), "{}\n{}", lines(&ran), lines(&cached));
    assert!(lines(&cached).contains(" CACHED\n"), "{}", lines(&cached));
    assert_eq!(first.name(), second.name());
}

/// The stages that `no_cache_for` names are built again.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn no_cache_for_builds_single_stages_again() {
    let Some(engine) = engine_without_other_builds(CONTROL_API).await else { return };
    let name = engine.name("stages");
    let dockerfile = format!(
        "FROM busybox AS one\nRUN echo one-{name} > /one\nFROM busybox AS two\nCOPY --from=one /one /\nRUN echo two-{name}\n"
    );
    let docker = engine.direct();
    let build = || build(&docker, &[("Dockerfile", &dockerfile)]);
    built(&engine, build()).await.unwrap();
    let (_, traces) = built(&engine, build().no_cache_for(["two"])).await.unwrap();
    let states = (is_cached(&traces, "RUN echo one-"), is_cached(&traces, "RUN echo two-"));
    assert_eq!(states, (true, false), "{}", lines(&traces));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn inline_cache_is_read_from_a_registry() {
    let Some(engine) = engine_without_other_builds(CONTROL_API).await else { return };
    let docker = engine.direct();
    let name = engine.name("inline");
    let repository = format!("{}/acme/{name}", registry());
    let dockerfile = format!("FROM busybox\nRUN echo {name} > /file\n");
    let build = || build(&docker, &[("Dockerfile", &dockerfile)]);
    built(&engine, build().tag(&repository).cache_to(Cache::inline())).await.unwrap();
    docker.image(&repository).push().anonymous().await.unwrap();
    for build in [build().cache_from(&repository), build().cache_from(Cache::registry(&repository))] {
        let (_, traces) = built(&engine, build).await.unwrap();
        let lines = lines(&traces);
        assert!(lines.contains("importing cache manifest from") && !lines.contains("ERROR"), "{lines}");
        assert!(is_cached(&traces, "RUN echo"), "{lines}");
    }
    // A cache that does not exist is skipped.
    built(&engine, build().cache_from(format!("{repository}-absent"))).await.unwrap();
}

/// The blobs of a build cache without records, with their digests: its configuration, and its manifest.
const EMPTY_CACHE: [(&str, &str); 2] = [
    ("77b64734450ff25a550c9dd6da09bd40ca086ad0c62c4e8af1afc689173454a3", r#"{"layers":[],"records":[]}"#),
    (
        "9d6a7e325392e4c6a61410b8133e8f20c97a721a3490980cb5193afdae861f75",
        concat!(
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":["#,
            r#"{"mediaType":"application/vnd.buildkit.cacheconfig.v0","#,
            r#""digest":"sha256:77b64734450ff25a550c9dd6da09bd40ca086ad0c62c4e8af1afc689173454a3","size":26}]}"#,
        ),
    ),
];

/// Creates a directory as BuildKit's client does.
fn write_cache(directory: &Path) {
    let blobs = directory.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    for (digest, content) in EMPTY_CACHE {
        fs::write(blobs.join(digest), content).unwrap();
    }
    let digest = EMPTY_CACHE[1].0;
    let annotations = r#"{"org.opencontainers.image.ref.name":"latest"}"#;
    let manifest = format!(r#"{{"digest":"sha256:{digest}","size":1,"annotations":{annotations}}}"#);
    fs::write(directory.join("index.json"), format!(r#"{{"schemaVersion":2,"manifests":[{manifest}]}}"#)).unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn local_cache_is_read_from_a_directory() {
    let Some(engine) = engine_without_other_builds(CONTROL_API).await else { return };
    let docker = engine.direct();
    let dockerfile = format!("FROM busybox\nRUN echo {}\n", engine.name("local"));
    let build = || build(&docker, &[("Dockerfile", &dockerfile)]);
    let directory = TempDir::new().unwrap();
    let cache = || Cache::local(directory.path());
    let (_, traces) = built(&engine, build().cache_from(cache())).await.unwrap();
    assert!(!lines(&traces).contains("importing cache manifest"), "{}", lines(&traces));
    write_cache(directory.path());
    let (_, traces) = built(&engine, build().cache_from(cache())).await.unwrap();
    let output = lines(&traces);
    assert!(output.contains("importing cache manifest from local:") && !output.contains("ERROR"), "{output}");
    // A cache without its manifest is also skipped, and the progress contains the error.
    let missing = cache().attribute("digest", format!("sha256:{}", "0".repeat(64)));
    let (_, traces) = built(&engine, build().cache_from(missing)).await.unwrap();
    assert!(lines(&traces).contains("there is no blob sha256:0000"), "{}", lines(&traces));
}
