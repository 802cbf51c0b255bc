//! Builds, and images as archives.

use dockerclient::{images::ProgressItem, models::ContainerConfig};
use dockerclient_testkit::{FakeEngine, Image, Program};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

use crate::{archive, logged, shell};

#[tokio::test]
async fn build_image_with_run_and_copy() {
    let install = Program::new(|process| async move {
        process.write_file("/usr/bin/tool", "tool");
        process.out("installed\n");
        0
    });
    let engine = FakeEngine::builder().image(Image::busybox().program(["install"], install)).build();
    let docker = engine.client("1.18");
    let dockerfile = "FROM busybox\nENV GREETING=hello\nRUN install tool\nCOPY . /app/\nCMD echo $GREETING; cat /app/name /usr/bin/tool\n";
    let context = archive(&[("Dockerfile", dockerfile), ("name", "world\n")]);
    let progress = docker.images().build(context).tag("greeter:1").progress().await.unwrap();
    let items: Vec<ProgressItem> = progress.try_collect().await.unwrap();
    let output: String = items
        .iter()
        .filter_map(|item| match item {
            ProgressItem::Output(text) => Some(&**text),
            _ => None,
        })
        .collect();
    assert!(output.contains("Step 3/5 : RUN install tool\n") && output.contains("\ninstalled\n"), "{output}");
    assert!(output.ends_with("Successfully tagged greeter:1\n"), "{output}");
    let container = docker.containers().create("greeter:1").await.unwrap();
    assert_eq!(logged(&container).await, "hello\nworld\ntool");
}

#[tokio::test]
async fn build_errors() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let fails = async |files: &[(&str, &str)]| docker.images().build(archive(files)).await.unwrap_err().to_string();
    assert_snapshot!(fails(&[("name", "x")]).await, @"failed to build image: Cannot locate specified Dockerfile: Dockerfile (500)");
    assert_snapshot!(fails(&[("Dockerfile", "FROM nosuch\n")]).await, @"failed to build image: pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied");
    assert_snapshot!(fails(&[("Dockerfile", "FROM busybox\nRUN exit 3\n")]).await, @"failed to build image: The command '/bin/sh -c exit 3' returned a non-zero code: 3");
    assert_snapshot!(fails(&[("Dockerfile", "FROM busybox\nADD https://a/b /c\n")]).await, @"failed to build image: the fake engine does not simulate ADD of a remote URL (501)");
}

#[tokio::test]
async fn save_and_load_between_engines() {
    let (one, other) = (FakeEngine::new(), FakeEngine::new());
    let docker = one.client("1.18");
    let container = shell(&docker, "echo kept > /file").await.unwrap();
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let command = ContainerConfig { cmd: vec!["cat".into(), "/file".into()], ..Default::default() };
    container.commit().name("kept:1").config(command).await.unwrap();
    let saved = docker.image("kept:1").save().await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();

    let docker = other.client("1.41");
    assert_eq!(docker.images().load(saved).await.unwrap(), [docker.image("kept:1")]);
    let container = docker.containers().create("kept:1").await.unwrap();
    assert_eq!(logged(&container).await, "kept\n");
}

#[tokio::test]
async fn loaded_image_keeps_its_programs() {
    let image = Image::new("shop").cmd(["serve"]).program(["serve"], Program::printing("open\n"));
    let engine = FakeEngine::builder().image(image).build();
    let docker = engine.client("1.41");
    let saved = docker.image("shop").save().await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
    docker.image("shop").remove().await.unwrap();
    docker.images().load(saved).await.unwrap();
    let container = docker.containers().create("shop").await.unwrap();
    assert_eq!(logged(&container).await, "open\n");
}

#[tokio::test]
async fn import_archive_as_image() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let files = archive(&[("file", "hello\n")]);
    docker.images().import(files).name("imported").change("CMD cat /file").await.unwrap();
    let container = docker.containers().create("imported").await.unwrap();
    assert_eq!(logged(&container).await, "hello\n");
}
