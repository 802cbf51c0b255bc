//! Images that are built, and carried about as archives.

use dockerclient::{
    containers::CreateOptions,
    images::{Archive, BuildOptions, CommitOptions, ImportOptions, ProgressItem, RemoveOptions},
    models::ContainerConfig,
};
use dockerclient_testkit::{Engine, Image, Program};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

use crate::{archive, config, logged};

fn of(image: &str) -> CreateOptions {
    CreateOptions::new(ContainerConfig { image: image.into(), ..Default::default() })
}

#[tokio::test]
async fn an_image_is_built_and_its_containers_have_what_was_put_in() {
    let install = Program::new(|process| async move {
        process.write_file("/usr/bin/tool", "tool");
        process.out("installed\n");
        0
    });
    let engine = Engine::builder().image(Image::busybox().program(["install"], install)).build();
    let docker = engine.client("1.18");
    let dockerfile = "FROM busybox\nENV GREETING=hello\nRUN install tool\nCOPY . /app/\nCMD echo $GREETING; cat /app/name /usr/bin/tool\n";
    let context = archive(&[("Dockerfile", dockerfile), ("name", "world\n")]);
    let progress = docker.images().build_progress(context, &BuildOptions::default().name("greeter:1")).await.unwrap();
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
    let container = docker.containers().create(&of("greeter:1")).await.unwrap().container;
    assert_eq!(logged(&container).await, "hello\nworld\ntool");
}

#[tokio::test]
async fn a_build_fails_as_an_engine_says_it() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let fails = async |files: &[(&str, &str)]| {
        docker.images().build(archive(files), &BuildOptions::default()).await.unwrap_err().to_string()
    };
    assert_snapshot!(fails(&[("name", "x")]).await, @"image build: engine said 500: Cannot locate specified Dockerfile: Dockerfile");
    assert_snapshot!(fails(&[("Dockerfile", "FROM nosuch\n")]).await, @"image build: engine said: pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied");
    assert_snapshot!(fails(&[("Dockerfile", "FROM busybox\nRUN exit 3\n")]).await, @"image build: engine said: The command '/bin/sh -c exit 3' returned a non-zero code: 3");
    assert_snapshot!(fails(&[("Dockerfile", "FROM busybox\nADD https://a/b /c\n")]).await, @"image build: engine said 501: the double of an engine does not simulate ADD of what lies in a network");
}

#[tokio::test]
async fn an_image_goes_from_one_engine_to_another() {
    let (one, other) = (Engine::new(), Engine::new());
    let docker = one.client("1.18");
    let container =
        docker.containers().create(&CreateOptions::new(config("echo kept > /file"))).await.unwrap().container;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let command = ContainerConfig { cmd: vec!["cat".into(), "/file".into()], ..Default::default() };
    let options = CommitOptions::default().repository("kept").tag("1").config(command);
    docker.images().commit(container.id(), &options).await.unwrap();
    let saved = docker.image("kept:1").save().await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();

    let docker = other.client("1.41");
    assert_eq!(docker.images().load(saved).await.unwrap(), ["kept:1"]);
    let container = docker.containers().create(&of("kept:1")).await.unwrap().container;
    assert_eq!(logged(&container).await, "kept\n");
}

#[tokio::test]
async fn an_image_that_was_removed_does_what_it_did_when_it_is_loaded_again() {
    let image = Image::new("shop").cmd(["serve"]).program(["serve"], Program::printing("open\n"));
    let engine = Engine::builder().image(image).build();
    let docker = engine.client("1.41");
    let saved = docker.image("shop").save().await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
    docker.image("shop").remove(&RemoveOptions::default()).await.unwrap();
    docker.images().load(saved).await.unwrap();
    let container = docker.containers().create(&of("shop")).await.unwrap().container;
    assert_eq!(logged(&container).await, "open\n");
}

#[tokio::test]
async fn an_archive_becomes_an_image() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let options = ImportOptions::default().repository("imported").change("CMD cat /file");
    let files: dockerclient::Upload = archive(&[("file", "hello\n")]).into();
    docker.images().import(Archive::from(files), &options).await.unwrap();
    let container = docker.containers().create(&of("imported")).await.unwrap().container;
    assert_eq!(logged(&container).await, "hello\n");
}
