//! Image methods.

use dockerclient::{
    ApiVersion,
    images::{ListImages, bare_id},
    models::ContainerConfig,
};

use crate::{
    engine::{Engine, short, version},
    registry::Registry,
    rejections::Rejected,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn image_lifecycle() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo made > /made").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();

    let repository = format!("acme.example:5000/{}", engine.name("made"));
    let config = ContainerConfig { env: vec!["MADE=1".into()], ..Default::default() };
    let mut commit = container.commit().name(format!("{repository}:1")).comment("as found").author("us").config(config);
    if version() >= ApiVersion::new(1, 18) {
        commit = commit.change("EXPOSE 80").change("CMD [\"cat\", \"/made\"]");
    }
    let id = commit.await.unwrap().name().to_owned();
    engine.remove_later(format!("/images/{id}?force=1"));

    let image = engine.image(format!("{repository}:1"));
    let seen = image.inspect().await.unwrap();
    assert_eq!((bare_id(&seen.id), &*seen.comment, &*seen.author), (bare_id(&id), "as found", "us"));
    let config = seen.config.unwrap();
    assert!(config.env.contains(&"MADE=1".to_owned()));
    if version() >= ApiVersion::new(1, 18) {
        assert_eq!(config.cmd, ["cat", "/made"]);
        assert!(config.exposed_ports.contains("80/tcp"));
    }
    let history = image.history().await.unwrap();
    assert_eq!(history[0].tags.iter().map(|name| short(name)).collect::<Vec<_>>(), [format!("{repository}:1")]);

    let second = image.tag(format!("{repository}:2")).force(true).await.unwrap();
    assert_eq!(second.name(), format!("{repository}:2"));
    assert_eq!(second.inspect().await.unwrap().id, seen.id);
    engine.assert_rejected(Rejected::IdWithTwoNames, engine.image(&id).remove().await).await;

    let removed = image.remove().await.unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].untagged.as_deref(), Some(&*format!("{repository}:1")));
    let removed = second.remove().no_prune(true).await.unwrap();
    let deleted: Vec<&str> = removed.iter().filter_map(|item| item.deleted.as_deref()).map(bare_id).collect();
    assert!(deleted.contains(&bare_id(&id)));
    assert_eq!(image.try_inspect().await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn methods_of_a_missing_image_return_not_found() {
    let engine = Engine::under_test().await;
    let ghost = engine.image("acme/ghost:1");
    for error in [
        ghost.inspect().await.unwrap_err(),
        ghost.history().await.unwrap_err(),
        ghost.tag("acme/other").await.unwrap_err(),
        ghost.remove().await.unwrap_err(),
    ] {
        assert!(error.is_not_found() && error.message().unwrap().contains("acme/ghost"), "{error}");
    }
    let error = engine.image("busybox").tag("UPPER CASE").await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn remove_of_an_image_in_use_is_a_conflict() {
    let engine = Engine::under_test().await;
    // Not busybox: other tests tag it, and removing one of several names is not a conflict.
    let name = format!("{}:1", engine.name("used"));
    let image = engine.create("true").await.commit().name(&*name).await.unwrap();
    engine.remove_later(format!("/images/{name}?force=1"));
    let container =
        engine.containers().create(image.name()).cmd(["sleep", "60"]).name(engine.name("user")).await.unwrap();
    container.start().await.unwrap();
    let error = engine.image(&*name).remove().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn list_images_applies_filters() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let dangling = container.commit().await.unwrap();
    let dangling = bare_id(dangling.name());
    engine.remove_later(format!("/images/{dangling}?force=1"));
    let list = || engine.images().list();
    let ids = async |list: ListImages| {
        list.await.unwrap().iter().map(|image| bare_id(&image.id).to_owned()).collect::<Vec<_>>()
    };

    let busybox = engine.image("busybox").inspect().await.unwrap().id;
    assert!(list().await.unwrap().iter().any(|image| image.id == busybox && image.total_size() > 0));
    assert!(ids(list().all(true)).await.iter().any(|id| id == dangling));
    assert!(ids(list().dangling(true)).await.iter().any(|id| id == dangling));
    assert!(ids(list().dangling(false)).await.iter().all(|id| id != dangling));
    assert!(list().name("busy*").await.unwrap().iter().all(|image| image.id == busybox));
    engine.assert_rejected(Rejected::UnknownFilter, engine.images().list().filter("nonsense", "1").await).await;

    let by_label = engine.images().list().label("app=web").await;
    match by_label {
        Ok(images) => assert!(version() >= ApiVersion::new(1, 18) && images.is_empty()),
        Err(error) => assert!(version() < ApiVersion::new(1, 18) && error.is_unsupported(), "{error}"),
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn search_returns_images_of_a_registry() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let found = engine.images().search(format!("{}/web server", registry.address())).await.unwrap();
    assert_eq!((&*found[0].name, found[0].star_count), ("acme/web", 7));
    assert_eq!(registry.searched(), [("web server".to_owned(), false)]);
    let error = engine.images().search("127.0.0.1:1/web").await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)), "{error}");
}
