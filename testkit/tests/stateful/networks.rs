//! Networks, and the containers in them.

use dockerclient::{
    PruneOptions,
    containers::CreateOptions,
    models::{EndpointSettings, HostConfig, NetworkCreate},
    networks::ListOptions,
};
use dockerclient_testkit::Engine;

use crate::{actions, config};

fn network(name: &str) -> NetworkCreate {
    NetworkCreate { name: name.into(), ..Default::default() }
}

#[tokio::test]
async fn containers_have_addresses_in_the_networks_they_are_in() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    for name in ["front", "back"] {
        docker.networks().create(&network(name)).await.unwrap();
    }
    let host = HostConfig { network_mode: "front".into(), ..Default::default() };
    let options = CreateOptions::new(config("sleep 1000")).host_config(host);
    let web = docker.containers().create(&options.clone().name("web")).await.unwrap().container;
    let db = docker.containers().create(&options.name("db")).await.unwrap().container;
    for container in [&web, &db] {
        container.start().await.unwrap();
    }
    let alias = EndpointSettings { aliases: vec!["store".into()], ..Default::default() };
    docker.network("back").connect("db", &alias).await.unwrap();
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
    assert!(docker.network("back").find().await.unwrap().is_none());
}

#[tokio::test]
async fn three_networks_are_always_there_and_unused_ones_are_pruned() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    docker.networks().create(&network("one")).await.unwrap();
    let names = docker.networks().list(&ListOptions::default()).await.unwrap();
    let names: Vec<&str> = names.iter().map(|network| &*network.name).collect();
    assert_eq!(names, ["bridge", "host", "none", "one"]);
    assert_eq!(docker.network("bridge").remove().await.unwrap_err().status(), Some(403));
    assert_eq!(docker.networks().prune(&PruneOptions::default()).await.unwrap().removed, ["one"]);
}

/// As the docker command line says it, from 25 on.
#[tokio::test]
async fn the_default_network_is_the_bridge() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let host = HostConfig { network_mode: "default".into(), ..Default::default() };
    let options = CreateOptions::new(config("sleep 9")).host_config(host).network("default", Default::default());
    let container = docker.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    let networks = container.inspect().await.unwrap().network_settings.networks;
    assert_eq!(networks.keys().collect::<Vec<_>>(), ["bridge"]);
}

#[tokio::test]
async fn what_happens_to_networks_is_told_in_order() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let mut events = docker.events(&Default::default()).await.unwrap();
    docker.networks().create(&network("one")).await.unwrap();
    let container = docker.containers().create(&CreateOptions::new(config("sleep 9"))).await.unwrap().container;
    container.start().await.unwrap();
    docker.network("one").connect(container.id(), &Default::default()).await.unwrap();
    docker.network("one").disconnect(container.id()).await.unwrap();
    docker.network("one").remove().await.unwrap();
    let told = actions(&mut events, "network destroy").await;
    let networks: Vec<&String> = told.iter().filter(|told| told.starts_with("network")).collect();
    let all = ["create", "connect", "connect", "disconnect", "destroy"];
    assert_eq!(
        networks,
        all.iter().map(|action| format!("network {action}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
}
