//! Which version is spoken.

use dockerclient::{ApiVersion, DockerClient};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn without_a_pin_the_newest_common_version_is_spoken_by_all_clones() {
    let address = std::env::var("DOCKERCLIENT_TEST_ENGINE").unwrap();
    let docker = DockerClient::connect(&address).unwrap();
    let clone = docker.clone();
    let (one, other) = tokio::join!(docker.api_version(), clone.api_version());
    assert_eq!((one.unwrap(), other.unwrap()), (ApiVersion::NEWEST, ApiVersion::NEWEST));
    docker.info().await.unwrap();
}
