//! SSH, by the system's `ssh`, with the hosts of a configuration of its own.

use std::{fs, time::Duration};

use dockerclient::{
    DockerClient,
    containers::{CreateOptions, LogsOptions, RemoveOptions},
    models::ContainerConfig,
};
use futures_util::StreamExt as _;
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Mutex;

use crate::work::{everything_works, socket};

/// Held by the test that counts and kills what is a child of all of them.
static ALONE: Mutex<()> = Mutex::const_new(());

fn client(host: &str) -> DockerClient {
    DockerClient::connect(&format!("ssh://{host}{}", socket())).unwrap()
}

/// The processes that this one has started and that run `ssh`, or did.
fn children() -> Vec<i32> {
    let stat = |pid: i32| fs::read_to_string(format!("/proc/{pid}/stat")).ok();
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let own = std::process::id().to_string();
    processes
        .filter(|&pid| {
            let stat = stat(pid).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, fields)| fields.split(' ').nth(1));
            stat.contains("(ssh)") && parent == Some(&own)
        })
        .collect()
}

/// Waits until nothing is left of any `ssh`, not even a zombie.
async fn none_left() {
    while !children().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn refused(host: &str) -> String {
    let error = client(host).ping().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    error.to_string().replace(&socket(), "/SOCKET")
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn everything_works_through_ssh_and_nothing_is_left_of_it() {
    let _alone = ALONE.lock().await;
    let docker = client("engine");
    everything_works(&docker).await;
    assert!(!children().is_empty(), "the pool keeps a connection for the next call");
    drop(docker);
    none_left().await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn each_reason_to_fail_is_told() {
    let _alone = ALONE.lock().await;
    assert_snapshot!(refused("wrong").await, @"system ping: no connection to ssh://wrong/SOCKET: ssh failed: root@127.0.0.1: Permission denied (publickey).");
    assert_snapshot!(refused("unknown").await, @"system ping: no connection to ssh://unknown/SOCKET: ssh failed: Host key verification failed.");
    assert_snapshot!(refused("nobody").await, @"system ping: no connection to ssh://nobody/SOCKET: ssh failed: ssh: connect to host 127.0.0.1 port 1: Connection refused");
    // What comes behind this depends on the shell there.
    let bare = refused("bare").await;
    let beginning = "system ping: no connection to ssh://bare/SOCKET: there is no command `docker` on the other side: ";
    assert!(bare.starts_with(beginning), "{bare}");
    let elsewhere = DockerClient::connect("ssh://engine/nowhere/docker.sock").unwrap();
    assert_snapshot!(elsewhere.ping().await.unwrap_err(), @"system ping: no connection to ssh://engine/nowhere/docker.sock: no engine answers on the other side: failed to open the raw stream connection: dial unix /nowhere/docker.sock: connect: no such file or directory");
    none_left().await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_connection_that_is_killed_breaks_its_stream_and_nothing_else() {
    let _alone = ALONE.lock().await;
    let docker = client("engine");
    let config = ContainerConfig {
        image: "busybox".into(),
        cmd: ["sh", "-c", "echo here; sleep 1000"].map(Into::into).into(),
        ..Default::default()
    };
    let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
    container.start().await.unwrap();
    let mut logs = container.logs(&LogsOptions::default().follow()).await.unwrap();
    logs.next().await.unwrap().unwrap();
    for child in children() {
        kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    }
    let error = logs.next().await.unwrap().unwrap_err();
    assert_snapshot!(error, @"container logs: the connection broke in the middle of the answer");
    // A pooled connection may have been among them; what is dialled anew works.
    while docker.ping().await.is_err() {}
    container.remove(&RemoveOptions::default().force()).await.unwrap();
    drop((docker, container, logs));
    none_left().await;
}
