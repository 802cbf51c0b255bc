//! Limits as Linux has them: file descriptors, and connections that wait to be accepted.

use std::{env, process::Command, time::Duration};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use futures_util::{FutureExt as _, future::join_all};
use rustix::process::{Resource, Rlimit, setrlimit};
use tempfile::TempDir;
use tokio::{
    net::{TcpSocket, TcpStream, UnixSocket, UnixStream},
    runtime::Builder,
    task::spawn_blocking,
};

use crate::{
    engine::{Engine, Socket},
    leak_check::run_isolated,
    local::Listener,
    transports::Call,
};

/// The limit of file descriptors of the client, and the number of its concurrent calls.
const DESCRIPTORS: u64 = 128;
const CALLS: usize = 1000;

/// The variable with the address of the engine, which is set in the client process of this test.
const CLIENT_OF: &str = "DOCKERCLIENT_TEST_CLIENT_OF";

/// A timeout that is not reached, also on a slow machine.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn thousand_calls_with_128_file_descriptors_succeed() {
    if let Ok(address) = env::var(CLIENT_OF) {
        return Builder::new_current_thread().enable_all().build().unwrap().block_on(client_of(&address));
    }
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        // In its own process: the limit is per process, and the engine also needs descriptors.
        let mut client = Command::new(env::current_exe().unwrap());
        client.args(["--exact", "linux_limits::thousand_calls_with_128_file_descriptors_succeed", "--nocapture"]);
        client.env(CLIENT_OF, engine.address());
        let output = spawn_blocking(move || client.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    });
}

async fn client_of(address: &str) {
    setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) }).unwrap();
    let builder = || builder(address).connect_timeout(LONG);
    for docker in [builder().build(), builder().max_connections(None).build()].map(Result::unwrap) {
        for call in Call::ALL {
            let calls = join_all((0..CALLS).map(|_| async { call.run(&docker).await.map(drop) }));
            let failures: Vec<_> = calls.await.into_iter().filter_map(Result::err).collect();
            assert!(failures.is_empty(), "{} of {call:?}: {}", failures.len(), failures[0]);
        }
    }
}

fn builder(address: &str) -> DockerClientBuilder {
    DockerClient::builder().address(address).api_version(ApiVersion::new(1, 41)).anonymous()
}

/// With a full backlog, a Unix socket rejects connections immediately; a TCP port makes clients wait.
#[test]
fn tcp_connect_is_limited_by_connect_timeout() {
    run_isolated(async {
        let listener = TcpSocket::new_v4().unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut backlog = Vec::new();
        let connect = || tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address));
        while let Ok(stream) = connect().await {
            backlog.push(stream.unwrap());
        }
        let docker = DockerClient::builder()
            .address(format!("tcp://{address}"))
            .api_version(ApiVersion::new(1, 41))
            .connect_timeout(Duration::from_millis(50))
            .build()
            .unwrap();
        for call in Call::ALL {
            let error = call.run(&docker).await.unwrap_err();
            assert!(error.is_timeout() && error.is_connect(), "{call:?}: {error}");
            assert!(!error.may_have_been_executed());
            assert!(error.to_string().ends_with(" after 50ms (connect_timeout)"), "{error}");
        }
    });
}

#[test]
fn connect_waits_while_the_unix_backlog_is_full() {
    run_isolated(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let listener = socket.listen(0).unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = UnixStream::connect(&path).await {
            queue.push(stream);
        }
        let docker = builder(&format!("unix://{}", path.display())).connect_timeout(LONG).build().unwrap();
        let mut calls = join_all(Call::ALL.map(|call| call.run(&docker)));
        assert!((&mut calls).now_or_never().is_none(), "there is no room");
        drop(queue);
        let engine = Engine::at(Listener::at(directory, listener));
        for (call, result) in Call::ALL.into_iter().zip(calls.await) {
            assert_eq!(result.unwrap(), call.expected(), "{call:?}");
        }
        drop(docker);
        engine.wait_for_open_at_most(0).await;
    });
}

#[test]
fn full_unix_backlog_is_a_connect_error_after_the_timeout() {
    run_isolated(async {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("socket");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let _listener = socket.listen(0).unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = UnixStream::connect(&path).await {
            queue.push(stream);
        }
        let builder = builder(&format!("unix://{}", path.display()));
        let docker = builder.connect_timeout(Duration::from_millis(50)).build().unwrap();
        for call in Call::ALL {
            let error = call.run(&docker).await.unwrap_err();
            assert!(error.is_connect() && !error.is_timeout() && !error.may_have_been_executed(), "{call:?}: {error}");
        }
    });
}
