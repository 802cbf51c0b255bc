//! `docker.run(…)`: failures while the container runs.

use dockerclient_testkit::{Call, FakeEngine, Image, Program};

use super::run::{VERSIONS, all_removed, sleeping};

#[tokio::test]
async fn exited_container_is_removed_if_its_output_cannot_be_read() {
    for version in VERSIONS {
        let program = Program::printing("x".repeat(100));
        let engine = FakeEngine::builder().image(Image::new("loud:1").program(["run"], program)).build();
        let docker = engine.client(version);
        let limited = docker.with_limits(|limits| limits.max_item_size(10));
        let mut running = limited.run("loud:1").arg("run").spawn().await.unwrap();
        let mut output = running.output.take().unwrap();
        assert!(output.try_next().await.is_err(), "{version}");
        running.container().wait().await.ok();
        drop((running, output));
        all_removed(&docker).await;
    }
}

#[tokio::test]
async fn wait_can_be_repeated_after_a_failure() {
    for version in VERSIONS {
        let engine = FakeEngine::new();
        let mut running = sleeping(&engine.client(version), false).await;
        let removal = match version {
            "1.41" => Call::to("container_wait").with("condition", "removed"),
            _ => Call::to("container_delete"),
        };
        engine.expect(removal.fails(500, "no"));
        assert_eq!(running.kill().await.unwrap_err().status(), Some(500), "{version}");
        match running.wait().await {
            Ok(status) => assert_eq!(status.code(), Some(137), "{version}"),
            Err(error) => assert!(version == "1.41" && error.is_not_found(), "the engine has removed it: {error}"),
        }
    }
}
