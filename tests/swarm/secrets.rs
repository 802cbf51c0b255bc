//! Secret methods.

use dockerclient::secrets::ListSecrets;

use crate::engine::{Manager, is_out_of_sequence, supported_since};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn secret_lifecycle() {
    let docker = Manager::under_test().await;
    let name = docker.removed("secrets");
    let secret = docker.secret(&*name);
    let Some(found) = supported_since(25, secret.try_inspect().await) else { return };
    assert_eq!(found, None);
    let create = || docker.secrets().create(&*name, "hunter2").label("app", "web");
    let created = create().await.unwrap();
    assert!(create().await.unwrap_err().is_conflict());
    assert!(secret.exists().await.unwrap());
    let seen = created.inspect().await.unwrap();
    assert_eq!((&*seen.id, &*seen.spec.name, &*seen.spec.labels["app"]), (created.id(), &*name, "web"));
    assert_eq!(seen.spec.data, "");
    assert_eq!(secret.inspect().await.unwrap(), seen);

    let list = || docker.secrets().list();
    let listed = async |list: ListSecrets| list.await.unwrap().iter().any(|secret| secret.id == created.id());
    assert!(listed(list()).await);
    assert!(listed(list().id(created.id()).label("app=web")).await);
    assert!(listed(list().name(&name[..name.len() - 1])).await);
    assert!(listed(list().names([&*name, "missing"])).await);
    assert!(!listed(list().names(["missing"])).await);
    assert!(!listed(list().label("app=db")).await);
    secret.remove().await.unwrap();
    assert!(secret.remove().await.unwrap_err().is_not_found());
    assert!(secret.update(|_| {}).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn secret_update_changes_labels_only() {
    let docker = Manager::under_test().await;
    let name = docker.removed("secrets");
    let Some(secret) = supported_since(25, docker.secrets().create(&*name, "hunter2").await) else { return };
    let old = secret.inspect().await.unwrap();
    secret.update(|spec| drop(spec.labels.insert("app".into(), "web".into()))).await.unwrap();
    let changed = secret.inspect().await.unwrap();
    assert_eq!(changed.spec.labels["app"], "web");
    assert!(is_out_of_sequence(secret.replace(old.version.index, old.spec.clone()).await));
    secret.replace(changed.version.index, old.spec).await.unwrap();
    assert!(secret.inspect().await.unwrap().spec.labels.is_empty());
    let error = secret.update(|spec| spec.data = "b3RoZXI=".into()).await.unwrap_err();
    assert!(error.is_bad_request() && !format!("{error:?}").contains("b3RoZXI="), "{error}");
}
