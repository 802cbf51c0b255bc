//! Tests a job runner without Docker, including its handling of failed calls.
//!
//! `cargo run --package dockerclient-testkit --example testing` runs them; in a project they would be `#[tokio::test]`s.

use dockerclient::{DockerClient, Result, containers::ExitStatus};
use dockerclient_testkit::{Call, FakeEngine, Image, Program};

/// The code under test: runs a job until it exits, removes its container, and returns its exit status.
async fn run_job(docker: &DockerClient, image: &str) -> Result<ExitStatus> {
    let container = docker.containers().create(image).name("job").await?;
    let outcome = async {
        container.start().await?;
        container.wait().await
    }
    .await;
    container.remove().force(true).await?;
    outcome
}

/// An engine with the image of the job.
fn engine(job: Program) -> FakeEngine {
    FakeEngine::builder().image(Image::new("job:1").cmd(["work"]).program(["work"], job)).build()
}

async fn job_returns_its_exit_status() {
    let engine = engine(Program::failing("no input\n", 3));
    let status = run_job(&engine.client("1.18"), "job:1").await.expect("the job runs");
    assert_eq!(status, ExitStatus::from(3));
    print!("{}", engine.transcript());
}

async fn job_that_cannot_start_is_removed() {
    let engine = engine(Program::printing("done\n"));
    engine.expect_in_order([
        Call::to("container_start").fails(500, "no space left on device"),
        Call::to("container_delete").with("force", true),
    ]);
    let error = run_job(&engine.client("1.18"), "job:1").await.expect_err("the start fails");
    println!("{error}");
    // Dropping the engine verifies that the container was removed.
}

async fn missing_image_is_an_error() {
    let engine = engine(Program::printing("done\n"));
    let error = run_job(&engine.client("1.18"), "other:1").await.expect_err("there is no such image");
    assert!(error.is_not_found());
    assert!(engine.calls_to("container_start").is_empty());
    println!("{error}");
}

#[tokio::main]
async fn main() {
    job_returns_its_exit_status().await;
    job_that_cannot_start_is_removed().await;
    missing_image_is_an_error().await;
}
