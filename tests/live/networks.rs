//! Network methods.

use dockerclient::{
    models::{EndpointSettings, NetworkCreate},
    networks::ListNetworks,
};

use crate::{
    engine::{Engine, supported_since},
    rejections::Rejected,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn network_lifecycle() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let network = engine.network(&*name);
    let Some(found) = supported_since(21, network.try_inspect().await) else { return };
    assert_eq!(found, None);
    engine.remove_later(format!("/networks/{name}"));
    let config = NetworkCreate { name: name.clone(), check_duplicate: true, ..Default::default() };
    let create = || engine.networks().create(&*name).config(config.clone());
    let created = create().await.unwrap();
    engine.assert_rejected(Rejected::TakenNetworkName, create().await).await;
    assert_eq!(network.inspect().await.unwrap().id, created.id());

    let container = engine.running().await;
    if supported_since(22, network.connect(container.id()).alias("db").await).is_none() {
        network.connect(container.id()).await.unwrap();
    }
    assert_eq!(network.connect(container.id()).await.unwrap_err().status(), Some(403));
    let seen = container.inspect().await.unwrap().network_settings;
    assert!(!seen.addresses()[&*name].is_empty() && !seen.endpoints()[&*name].gateway.is_empty());
    assert!(network.inspect().await.unwrap().containers.contains_key(container.id()));
    let list = || engine.networks().list();
    let listed = async |list: ListNetworks| list.await.map(|list| list.iter().any(|network| network.name == name));
    assert!(listed(list().name(&*name)).await.unwrap());
    assert!(listed(list().id(created.id())).await.unwrap());
    assert_ne!(supported_since(22, listed(list().custom(true)).await), Some(false));
    assert_ne!(supported_since(22, listed(list().custom(false)).await), Some(true));
    assert_ne!(supported_since(24, listed(list().driver("bridge")).await), Some(false));

    assert_eq!(network.remove().await.unwrap_err().status(), Some(403));
    network.disconnect(container.id()).await.unwrap();
    assert_ne!(supported_since(40, listed(list().dangling(true)).await), Some(false));
    supported_since(
        22,
        network.disconnect("ghost").force(true).await.or_else(
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
async fn create_with_network_connects_the_container() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let Some(_) = supported_since(21, engine.networks().create(&*name).await) else { return };
    engine.remove_later(format!("/networks/{name}"));
    let create = engine.containers().create("busybox").cmd(["sleep", "10"]).name(engine.name("networked"));
    if let Some(created) = supported_since(22, create.network(&*name).alias("db").await) {
        created.start().await.unwrap();
        let seen = created.inspect().await.unwrap().network_settings;
        assert_eq!(seen.addresses().into_keys().collect::<Vec<_>>(), [&*name]);
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn endpoint_mac_address_is_set_or_rejected() {
    let engine = Engine::under_test().await;
    let name = engine.name("network");
    let Some(_) = supported_since(23, engine.networks().create(&*name).ipv6(false).await) else { return };
    engine.remove_later(format!("/networks/{name}"));
    assert!(!engine.network(&name).inspect().await.unwrap().enable_ipv6);
    let endpoint = || EndpointSettings { mac_address: "02:42:ac:11:00:99".into(), ..Default::default() };
    let create = engine.containers().create("busybox").cmd(["sleep", "10"]).name(engine.name("addressed"));
    if let Some(created) = supported_since(44, create.network_with(&*name, endpoint()).await) {
        created.start().await.unwrap();
        let seen = created.inspect().await.unwrap().network_settings;
        assert_eq!(seen.endpoints()[&*name].mac_address, "02:42:ac:11:00:99");
    }
    let other = engine.running().await;
    supported_since(54, engine.network(&name).connect(other.id()).endpoint(endpoint()).await);
}
