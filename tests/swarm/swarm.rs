//! Methods of the swarm.

use dockerclient::models::LocalNodeState;

use crate::engine::{ADDRESS, Manager, is_out_of_sequence, poll, restart_engine, supported_since};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_init_inspect_and_leave() {
    let docker = Manager::without_swarm().await;
    let swarm = docker.swarm();
    assert_eq!(swarm.inspect().await.unwrap_err().status(), Some(503));
    assert_eq!(swarm.leave().await.unwrap_err().status(), Some(503));
    let init = || swarm.init().listen_addr(ADDRESS).advertise_addr(ADDRESS);
    let node = init().spec(|spec| spec.orchestration.task_history_retention_limit = Some(3)).await.unwrap();
    assert_eq!((docker.state().await, &*docker.node_id().await), (LocalNodeState::Active, node.id()));
    assert_eq!(init().await.unwrap_err().status(), Some(503));

    let info = docker.info().await.unwrap().swarm;
    assert!(info.control_available);
    assert_eq!((info.nodes, info.managers, &*info.node_addr), (1, 1, ADDRESS));
    let seen = swarm.inspect().await.unwrap();
    assert_eq!((&*seen.id, &*seen.spec.name), (&*info.cluster.unwrap().id, "default"));
    assert_eq!(seen.spec.orchestration.task_history_retention_limit, Some(3));
    let tokens = [&seen.join_tokens.worker, &seen.join_tokens.manager];
    assert!(tokens.iter().all(|token| token.starts_with("SWMTKN-1-")) && tokens[0] != tokens[1]);
    assert!(tokens.iter().all(|token| !format!("{seen:?}").contains(&***token)));

    assert_eq!(swarm.leave().await.unwrap_err().status(), Some(503));
    swarm.leave().force(true).await.unwrap();
    assert_eq!(docker.state().await, LocalNodeState::Inactive);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_init_accepts_availability_and_address_pools() {
    let docker = Manager::without_swarm().await;
    let init = || docker.swarm().init().listen_addr(ADDRESS).advertise_addr(ADDRESS);
    let node = supported_since(28, init().availability("drain").await);
    if let Some(node) = node {
        assert_eq!(node.inspect().await.unwrap().spec.availability.unwrap().as_str(), "drain");
        docker.swarm().leave().force(true).await.unwrap();
    }
    let init = init().default_addr_pool("10.77.0.0/16").subnet_size(26).data_path_port(4790);
    if supported_since(40, init.await).is_some() {
        let seen = docker.swarm().inspect().await.unwrap();
        assert_eq!(
            (seen.default_addr_pool, seen.subnet_size, seen.data_path_port),
            (vec!["10.77.0.0/16".into()], 26, 4790)
        );
        docker.swarm().leave().force(true).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_update_changes_the_configuration_and_rotates_tokens() {
    let docker = Manager::under_test().await;
    let swarm = docker.swarm();
    let old = swarm.inspect().await.unwrap();
    swarm.update(|spec| spec.orchestration.task_history_retention_limit = Some(2)).await.unwrap();
    let changed = swarm.inspect().await.unwrap();
    assert_eq!(changed.spec.orchestration.task_history_retention_limit, Some(2));
    assert_eq!(changed.join_tokens, old.join_tokens);

    swarm.update(|_| {}).rotate_worker_token(true).await.unwrap();
    let rotated = swarm.inspect().await.unwrap();
    assert_ne!(rotated.join_tokens.worker, old.join_tokens.worker);
    assert_eq!(rotated.join_tokens.manager, old.join_tokens.manager);
    assert!(is_out_of_sequence(swarm.replace(old.version.index, old.spec.clone()).await));
    swarm.replace(rotated.version.index, old.spec.clone()).rotate_manager_token(true).await.unwrap();
    let replaced = swarm.inspect().await.unwrap();
    assert_eq!(replaced.spec, old.spec);
    assert_eq!(replaced.join_tokens.worker, rotated.join_tokens.worker);
    assert_ne!(replaced.join_tokens.manager, rotated.join_tokens.manager);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn concurrent_updates_are_tried_again() {
    let docker = Manager::under_test().await;
    let swarm = docker.swarm();
    let label = |key: &'static str| swarm.update(move |spec| drop(spec.labels.insert(key.into(), String::new())));
    let outcomes = tokio::join!(label("a").send(), label("b").send(), label("c").send());
    assert!(outcomes.0.is_ok() && outcomes.1.is_ok() && outcomes.2.is_ok(), "{outcomes:?}");
    let labels = swarm.inspect().await.unwrap().spec.labels;
    assert!(["a", "b", "c"].iter().all(|key| labels.contains_key(*key)), "{labels:?}");
    swarm.update(|spec| spec.labels.clear()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_join_with_an_invalid_token_is_an_error() {
    let docker = Manager::without_swarm().await;
    let join = docker.swarm().join(ADDRESS, "SWMTKN-1-hunter2").listen_addr(ADDRESS).advertise_addr(ADDRESS);
    let error = join.await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)), "{error}");
    assert!(
        error.message().unwrap().contains("invalid join token") && !format!("{error:?}").contains("hunter2"),
        "{error}"
    );
    assert_eq!(docker.state().await, LocalNodeState::Inactive);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn locked_manager_is_unlocked_after_a_restart() {
    let docker = Manager::without_swarm().await;
    let swarm = docker.swarm();
    let init = swarm.init().listen_addr(ADDRESS).advertise_addr(ADDRESS).auto_lock(true);
    let Some(_) = supported_since(25, init.await) else { return };
    let old = swarm.unlock_key().await.unwrap();
    swarm.update(|_| {}).rotate_manager_unlock_key(true).await.unwrap();
    let key = swarm.unlock_key().await.unwrap();
    assert!(key.starts_with("SWMKEY-1-") && key != old);
    assert!(swarm.unlock(&*key).await.unwrap_err().is_conflict());

    restart_engine();
    assert_eq!(docker.state().await, LocalNodeState::Locked);
    assert_eq!(swarm.inspect().await.unwrap_err().status(), Some(503));
    let error = swarm.unlock("SWMKEY-1-hunter2").await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 401)) && !format!("{error:?}").contains("hunter2"), "{error}");
    swarm.unlock(key).await.unwrap();
    poll("an active manager", async || (docker.state().await == LocalNodeState::Active).then_some(())).await;
    swarm.update(|spec| spec.encryption_config.auto_lock_managers = false).await.unwrap();
    assert_eq!(swarm.unlock_key().await.unwrap(), "");
    swarm.leave().force(true).await.unwrap();
}
