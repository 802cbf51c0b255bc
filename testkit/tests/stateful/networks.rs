//! Networks and the containers in them.

use dockerclient_testkit::FakeEngine;

use crate::actions;

#[tokio::test]
async fn containers_have_addresses_in_their_networks() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    for name in ["front", "back"] {
        docker.networks().create(name).await.unwrap();
    }
    let create = |name| docker.containers().create("busybox").cmd(["sleep", "1000"]).name(name).network("front");
    let (web, db) = (create("web").await.unwrap(), create("db").await.unwrap());
    for container in [&web, &db] {
        container.start().await.unwrap();
    }
    docker.network("back").connect("db").alias("store").await.unwrap();
    let networks = db.inspect().await.unwrap().network_settings.networks;
    assert_eq!(networks["front"].ip_address, "172.18.0.3");
    assert_eq!(networks["back"].ip_address, "172.19.0.2");
    assert_eq!(networks["back"].mac_address, "02:42:ac:13:00:02");
    assert_eq!(networks["back"].aliases[0], "store");
    let front = docker.network("front").inspect().await.unwrap();
    assert_eq!(front.containers[web.id()].ipv4_address, "172.18.0.2/16");
    assert!(docker.network("back").remove().await.unwrap_err().status() == Some(403));
    docker.network("back").disconnect("db").await.unwrap();
    docker.network("back").remove().await.unwrap();
    assert!(docker.network("back").try_inspect().await.unwrap().is_none());
}

#[tokio::test]
async fn predefined_networks_and_network_prune() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.networks().create("one").await.unwrap();
    let names = docker.networks().list().await.unwrap();
    let names: Vec<&str> = names.iter().map(|network| &*network.name).collect();
    assert_eq!(names, ["bridge", "host", "none", "one"]);
    assert_eq!(docker.network("bridge").remove().await.unwrap_err().status(), Some(403));
    assert_eq!(docker.networks().prune().await.unwrap().removed, ["one"]);
}

/// The name that the Docker CLI sends since version 25.
#[tokio::test]
async fn default_network_is_bridge() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let create = docker.containers().create("busybox").cmd(["sleep", "9"]);
    let container = create.network("default").await.unwrap();
    container.start().await.unwrap();
    let networks = container.inspect().await.unwrap().network_settings.networks;
    assert_eq!(networks.keys().collect::<Vec<_>>(), ["bridge"]);
}

#[tokio::test]
async fn network_events_are_in_order() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let mut events = docker.events().await.unwrap();
    docker.networks().create("one").await.unwrap();
    let container = docker.containers().create("busybox").cmd(["sleep", "9"]).await.unwrap();
    container.start().await.unwrap();
    docker.network("one").connect(container.id()).await.unwrap();
    docker.network("one").disconnect(container.id()).await.unwrap();
    docker.network("one").remove().await.unwrap();
    let events = actions(&mut events, "network destroy").await;
    let networks: Vec<&String> = events.iter().filter(|event| event.starts_with("network")).collect();
    let all = ["create", "connect", "connect", "disconnect", "destroy"];
    assert_eq!(
        networks,
        all.iter().map(|action| format!("network {action}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
}
