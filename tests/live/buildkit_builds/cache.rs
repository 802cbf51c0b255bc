//! The build cache.

use dockerclient::images::Cache;

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
