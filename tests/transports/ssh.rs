//! SSH through the system's `ssh`. The hosts are defined in an `ssh_config` for these tests.

use std::{fs, time::Duration};

use dockerclient::{DockerClient, SshOptions};
use futures_util::StreamExt as _;
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::Mutex;

use crate::work::{check_transport, socket};

/// Serializes the tests, which count and kill the `ssh` processes of this process.
static EXCLUSIVE: Mutex<()> = Mutex::const_new(());

fn client(host: &str) -> DockerClient {
    DockerClient::connect(&format!("ssh://{host}{}", socket())).unwrap()
}

/// Returns the ids of the `ssh` processes that are children of this process, including zombies.
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

/// Waits until all `ssh` processes have exited and been reaped.
async fn wait_until_no_children() {
    while !children().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the message of the error of connecting to `host`.
async fn connect_error(host: &str) -> String {
    let error = client(host).ping().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    error.to_string().replace(&socket(), "/SOCKET")
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ssh_carries_all_traffic_and_leaves_no_process() {
    let _exclusive = EXCLUSIVE.lock().await;
    let docker = client("engine");
    check_transport(&docker).await;
    assert!(!children().is_empty(), "the pool keeps a connection for the next call");
    drop(docker);
    wait_until_no_children().await;
}

/// The configuration of these hosts has a wrong key, and no known hosts.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ssh_options_set_the_key_and_the_known_hosts() {
    let _exclusive = EXCLUSIVE.lock().await;
    let file = |name: &str| {
        let certificates = std::env::var_os("DOCKERCLIENT_TEST_CERTIFICATES").expect("it is set");
        std::path::Path::new(&certificates).with_file_name("ssh").join(name)
    };
    let wrong = SshOptions::default().identity_file(file("good"));
    let unknown = SshOptions::default().known_hosts_file(file("known"));
    let closed = SshOptions::default().option("Port", "2");
    let client = |host: &str, options| {
        DockerClient::builder().address(format!("ssh://{host}{}", socket())).ssh(options).build().unwrap()
    };
    for (host, options) in [("wrong", wrong), ("unknown", unknown)] {
        client(host, options).ping().await.unwrap();
    }
    let error = client("engine", closed).ping().await.unwrap_err().to_string();
    assert!(error.contains("port 2: Connection refused"), "{error}");
    wait_until_no_children().await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn ssh_failures_are_reported_with_their_cause() {
    let _exclusive = EXCLUSIVE.lock().await;
    assert_snapshot!(connect_error("wrong").await, @"failed to ping the engine: cannot connect to ssh://wrong/SOCKET: ssh failed: root@127.0.0.1: Permission denied (publickey).");
    assert_snapshot!(connect_error("unknown").await, @"failed to ping the engine: cannot connect to ssh://unknown/SOCKET: ssh failed: Host key verification failed.");
    assert_snapshot!(connect_error("closed").await, @"failed to ping the engine: cannot connect to ssh://closed/SOCKET: ssh failed: ssh: connect to host 127.0.0.1 port 1: Connection refused");
    // The rest of the message depends on the remote shell.
    let bare = connect_error("bare").await;
    let beginning =
        "failed to ping the engine: cannot connect to ssh://bare/SOCKET: no command `docker` on the remote host: ";
    assert!(bare.starts_with(beginning), "{bare}");
    let elsewhere = DockerClient::connect("ssh://engine/nowhere/docker.sock").unwrap();
    assert_snapshot!(elsewhere.ping().await.unwrap_err(), @"failed to ping the engine: cannot connect to ssh://engine/nowhere/docker.sock: cannot connect to the engine on the remote host: failed to open the raw stream connection: dial unix /nowhere/docker.sock: connect: no such file or directory");
    wait_until_no_children().await;
}

/// With its default `MaxStartups 10:30:100`, sshd immediately closes some new connections while ten are not
/// authenticated.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn concurrent_calls_over_ssh_are_limited_or_retried() {
    let _exclusive = EXCLUSIVE.lock().await;
    for limit in [Some(8), None] {
        let builder = DockerClient::builder().address(format!("ssh://engine{}", socket())).max_connections(limit);
        let docker = builder.connect_timeout(Duration::from_secs(60)).build().unwrap();
        let calls: Vec<_> = (0..30)
            .map(|_| {
                let docker = docker.clone();
                tokio::spawn(async move { docker.containers().list().await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        if let Some(limit) = limit {
            assert!(children().len() <= limit, "{}", children().len());
        }
    }
    wait_until_no_children().await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn killed_ssh_process_breaks_its_stream_and_not_the_client() {
    let _exclusive = EXCLUSIVE.lock().await;
    let docker = client("engine");
    let script = "echo here; sleep 1000";
    let container = docker.containers().create("busybox").cmd(["sh", "-c", script]).await.unwrap();
    container.start().await.unwrap();
    let mut logs = container.logs().follow(true).await.unwrap();
    logs.next().await.unwrap().unwrap();
    for child in children() {
        kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    }
    let error = logs.next().await.unwrap().unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    // The pool may still hold a connection whose process was killed; a new connection works.
    while docker.ping().await.is_err() {}
    container.remove().force(true).await.unwrap();
    drop((docker, container, logs));
    wait_until_no_children().await;
}
