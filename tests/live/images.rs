//! Images, on a real engine.

use dockerclient::{
    ApiVersion,
    images::{CommitOptions, ListOptions, RemoveOptions, SearchOptions, TagOptions, bare_id},
    models::ContainerConfig,
};

use crate::{
    engine::{Engine, short, version},
    registry::Registry,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_image_is_made_named_looked_at_and_removed() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo made > /made").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();

    let repository = format!("acme.example:5000/{}", engine.name("made"));
    let mut options = CommitOptions::default()
        .repository(&repository)
        .tag("1")
        .comment("as found")
        .author("us")
        .config(ContainerConfig { env: vec!["MADE=1".into()], ..Default::default() });
    if version() >= ApiVersion::new(1, 18) {
        options = options.change("EXPOSE 80").change("CMD [\"cat\", \"/made\"]");
    }
    let id = engine.images().commit(container.id(), &options).await.unwrap();
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

    image.tag(&TagOptions::new(&repository).tag("2").force()).await.unwrap();
    assert_eq!(engine.image(format!("{repository}:2")).inspect().await.unwrap().id, seen.id);
    let error = engine.image(&id).remove(&RemoveOptions::default()).await.unwrap_err();
    assert!(error.is_conflict(), "an id with two names: {error}");

    let removed = image.remove(&RemoveOptions::default()).await.unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].untagged.as_deref(), Some(&*format!("{repository}:1")));
    let removed =
        engine.image(format!("{repository}:2")).remove(&RemoveOptions::default().keep_parents()).await.unwrap();
    let deleted: Vec<&str> = removed.iter().filter_map(|item| item.deleted.as_deref()).map(bare_id).collect();
    assert!(deleted.contains(&bare_id(&id)));
    assert_eq!(image.find().await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_image_that_is_not_there_is_not_found_by_any_call() {
    let engine = Engine::under_test().await;
    let ghost = engine.image("acme/ghost:1");
    for error in [
        ghost.inspect().await.unwrap_err(),
        ghost.history().await.unwrap_err(),
        ghost.tag(&TagOptions::new("acme/other")).await.unwrap_err(),
        ghost.remove(&RemoveOptions::default()).await.unwrap_err(),
    ] {
        assert!(error.is_not_found() && error.message().unwrap().contains("acme/ghost"), "{error}");
    }
    let error = engine.image("busybox").tag(&TagOptions::new("UPPER CASE")).await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_image_in_use_is_not_removed() {
    let engine = Engine::under_test().await;
    engine.running().await;
    let error = engine.image("busybox").remove(&RemoveOptions::default()).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn lists_show_what_is_asked_for() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let dangling = engine.images().commit(container.id(), &CommitOptions::default()).await.unwrap();
    engine.remove_later(format!("/images/{dangling}?force=1"));
    let list = async |options: ListOptions| engine.images().list(&options).await.unwrap();

    let busybox = engine.image("busybox").inspect().await.unwrap().id;
    assert!(list(ListOptions::default()).await.iter().any(|image| image.id == busybox && image.total_size() > 0));
    assert!(list(ListOptions::default().all()).await.iter().any(|image| bare_id(&image.id) == bare_id(&dangling)));
    assert!(
        list(ListOptions::default().dangling(true)).await.iter().any(|image| bare_id(&image.id) == bare_id(&dangling))
    );
    assert!(
        list(ListOptions::default().dangling(false)).await.iter().all(|image| bare_id(&image.id) != bare_id(&dangling))
    );
    assert!(list(ListOptions::default().name("busy*")).await.iter().all(|image| image.id == busybox));
    let error = engine.images().list(&ListOptions::default().filter("nonsense", "1")).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");

    let by_label = engine.images().list(&ListOptions::default().label("app=web")).await;
    match by_label {
        Ok(images) => assert!(version() >= ApiVersion::new(1, 18) && images.is_empty()),
        Err(error) => assert!(version() < ApiVersion::new(1, 18) && error.is_unsupported(), "{error}"),
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_registry_is_searched() {
    let engine = Engine::under_test().await;
    let registry = Registry::open().await;
    let found =
        engine.images().search(&format!("{}/web server", registry.address()), &SearchOptions::default()).await.unwrap();
    assert_eq!((&*found[0].name, found[0].star_count), ("acme/web", 7));
    assert_eq!(registry.searched(), [("web server".to_owned(), false)]);
    let error = engine.images().search("127.0.0.1:1/web", &SearchOptions::default()).await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)), "{error}");
}
