//! Config methods.

use dockerclient::configs::ListConfigs;

use crate::engine::{Manager, is_out_of_sequence, supported_since};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn config_lifecycle() {
    let docker = Manager::under_test().await;
    let name = docker.removed("configs");
    let config = docker.config(&*name);
    let Some(found) = supported_since(30, config.try_inspect().await) else { return };
    assert_eq!(found, None);
    let create = || docker.configs().create(&*name, "listen 80;").label("app", "web");
    let created = create().await.unwrap();
    assert!(create().await.unwrap_err().is_conflict());
    assert!(config.exists().await.unwrap());
    let seen = created.inspect().await.unwrap();
    assert_eq!((&*seen.id, &*seen.spec.name, &*seen.spec.labels["app"]), (created.id(), &*name, "web"));
    assert_eq!(seen.data().unwrap(), b"listen 80;");
    assert_eq!(config.inspect().await.unwrap(), seen);

    let list = || docker.configs().list();
    let listed = async |list: ListConfigs| list.await.unwrap().iter().any(|config| config.id == created.id());
    assert!(listed(list()).await);
    assert!(listed(list().id(created.id()).label("app=web")).await);
    assert!(listed(list().name(&name[..name.len() - 1])).await);
    assert!(!listed(list().name("missing")).await);
    assert!(!listed(list().label("app=db")).await);
    config.remove().await.unwrap();
    assert!(config.remove().await.unwrap_err().is_not_found());
    assert!(config.update(|_| {}).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn config_update_changes_labels_only() {
    let docker = Manager::under_test().await;
    let name = docker.removed("configs");
    let Some(config) = supported_since(30, docker.configs().create(&*name, "listen 80;").await) else { return };
    let old = config.inspect().await.unwrap();
    config.update(|spec| drop(spec.labels.insert("app".into(), "web".into()))).await.unwrap();
    let changed = config.inspect().await.unwrap();
    assert_eq!(changed.spec.labels["app"], "web");
    assert!(is_out_of_sequence(config.replace(old.version.index, old.spec.clone()).await));
    config.replace(changed.version.index, old.spec).await.unwrap();
    assert!(config.inspect().await.unwrap().spec.labels.is_empty());
    let error = config.update(|spec| spec.data = "b3RoZXI=".into()).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
}
