//! Testing one's own code without Docker: a job runner, and what becomes of it when things go wrong.
//!
//! `cargo run --package dockerclient-testkit --example testing` runs what would be three tests.

use dockerclient::{
    DockerClient, Result,
    containers::{CreateOptions, RemoveOptions},
    models::ContainerConfig,
};
use dockerclient_testkit::{Call, Engine, Image, Program};

/// The code under test: runs a job to its end, leaves nothing behind, and returns its exit code.
async fn run_job(docker: &DockerClient, image: &str) -> Result<i64> {
    let config = ContainerConfig { image: image.into(), ..Default::default() };
    let container = docker.containers().create(&CreateOptions::new(config).name("job")).await?.container;
    let outcome = async {
        container.start().await?;
        container.wait().await
    }
    .await;
    container.remove(&RemoveOptions::default().force()).await?;
    Ok(outcome?.code)
}

/// An engine with the image of the job.
fn engine(job: Program) -> Engine {
    Engine::builder().image(Image::new("job:1").cmd(["work"]).program(["work"], job)).build()
}

async fn a_job_ends_with_its_code() {
    let engine = engine(Program::failing("no input\n", 3));
    assert_eq!(run_job(&engine.client("1.18"), "job:1").await.ok(), Some(3));
    print!("{}", engine.transcript());
}

async fn a_job_that_does_not_start_is_removed() {
    let engine = engine(Program::printing("done\n"));
    engine.expect_in_order([
        Call::to("container_start").fails(500, "no space left on device"),
        Call::to("container_delete").with("force", true),
    ]);
    let error = run_job(&engine.client("1.18"), "job:1").await.expect_err("the start has failed");
    println!("{error}");
    // That it was removed is verified when the engine is dropped.
}

async fn a_missing_image_is_told() {
    let engine = engine(Program::printing("done\n"));
    let error = run_job(&engine.client("1.18"), "other:1").await.expect_err("there is no such image");
    assert!(error.is_not_found());
    assert!(engine.calls_to("container_start").is_empty());
    println!("{error}");
}

#[tokio::main]
async fn main() {
    a_job_ends_with_its_code().await;
    a_job_that_does_not_start_is_removed().await;
    a_missing_image_is_told().await;
}
