//! API version negotiation.

use dockerclient::DockerClient;

use crate::engine::Engine;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn negotiated_version_is_the_newest_common_one_for_all_clones() {
    let newest = Engine::under_test().await.version().await.unwrap().api_version.parse().unwrap();
    let address = std::env::var("DOCKERCLIENT_TEST_ENGINE").unwrap();
    let docker = DockerClient::connect(&address).unwrap();
    let clone = docker.clone();
    let (one, other) = tokio::join!(docker.api_version(), clone.api_version());
    assert_eq!((one.unwrap(), other.unwrap()), (newest, newest));
    docker.info().await.unwrap();
}
