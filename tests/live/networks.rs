//! Networks, on a real engine.

use dockerclient::{
    containers::CreateOptions,
    models::{EndpointSettings, HostConfig, NetworkCreate},
    networks::ListOptions,
};

use crate::engine::{Engine, known_since, shell};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_network_connects_containers() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let network = engine.network(&*name);
    let Some(found) = known_since(21, network.find().await) else { return };
    assert_eq!(found, None);
    engine.remove_later(format!("/networks/{name}"));
    let options = NetworkCreate { name: name.clone(), check_duplicate: true, ..Default::default() };
    let made = engine.networks().create(&options).await.unwrap();
    assert!(engine.networks().create(&options).await.unwrap_err().is_conflict());
    assert_eq!(network.inspect().await.unwrap().id, made.network.id());

    let container = engine.running().await;
    let endpoint = EndpointSettings { aliases: vec!["db".into()], ..Default::default() };
    if known_since(22, network.connect(container.id(), &endpoint).await).is_none() {
        network.connect(container.id(), &EndpointSettings::default()).await.unwrap();
    }
    assert_eq!(network.connect(container.id(), &EndpointSettings::default()).await.unwrap_err().status(), Some(403));
    let seen = container.inspect().await.unwrap().network_settings;
    assert!(!seen.addresses()[&*name].is_empty() && !seen.endpoints()[&*name].gateway.is_empty());
    assert!(network.inspect().await.unwrap().containers.contains_key(container.id()));
    let listed = async |options: ListOptions| {
        let listed = engine.networks().list(&options).await;
        listed.map(|listed| listed.iter().any(|network| network.name == name))
    };
    assert!(listed(ListOptions::default().name(&*name)).await.unwrap());
    assert!(listed(ListOptions::default().id(made.network.id())).await.unwrap());
    assert_ne!(known_since(22, listed(ListOptions::default().custom()).await), Some(false));
    assert_ne!(known_since(24, listed(ListOptions::default().driver("bridge")).await), Some(false));

    assert_eq!(network.remove().await.unwrap_err().status(), Some(403));
    network.disconnect(container.id()).await.unwrap();
    assert_ne!(known_since(40, listed(ListOptions::default().dangling(true)).await), Some(false));
    known_since(
        22,
        network.force_disconnect("ghost").await.or_else(
            |error| {
                if error.is_unsupported() { Err(error) } else { Ok(()) }
            },
        ),
    );
    network.remove().await.unwrap();
    assert!(network.remove().await.unwrap_err().is_not_found());
    assert_eq!(engine.network("bridge").remove().await.unwrap_err().status(), Some(403));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_is_on_its_network_from_the_beginning() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let network = NetworkCreate { name: name.clone(), ..Default::default() };
    let Some(_) = known_since(21, engine.networks().create(&network).await) else { return };
    engine.remove_later(format!("/networks/{name}"));
    let host_config = HostConfig { network_mode: name.clone(), ..Default::default() };
    let options = CreateOptions::new(shell("sleep 10")).name(engine.name("networked")).host_config(host_config);
    let created = engine.containers().create(&options.network(&*name, EndpointSettings::default())).await;
    if let Some(created) = known_since(22, created) {
        created.container.start().await.unwrap();
        let seen = created.container.inspect().await.unwrap().network_settings;
        assert_eq!(seen.addresses().into_keys().collect::<Vec<_>>(), [&*name]);
    }
}
