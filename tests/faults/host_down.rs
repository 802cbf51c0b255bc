//! An engine whose host goes down: packets stop, without a FIN or RST.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::fd::AsFd as _,
    process::{self, Command},
    sync::mpsc,
    thread,
};

use dockerclient::{ApiVersion, DockerClient};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::leak_check::run_isolated;

/// A network namespace that acts as another host, and the link to it. Both are deleted on drop.
struct Host {
    name: String,
    link: String,
}

impl Host {
    const LOCAL: &str = "198.18.213.1/30";
    const REMOTE: &str = "198.18.213.2";

    fn new() -> Self {
        let host = Self { name: format!("dockerclient-{}", process::id()), link: format!("dc{}", process::id()) };
        let Self { name, link } = &host;
        ip(&["netns", "add", name]);
        ip(&["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["-netns", name, "address", "add", &format!("{}/30", Self::REMOTE), "dev", "eth0"]);
        ip(&["-netns", name, "link", "set", "eth0", "up"]);
        ip(&["address", "add", Self::LOCAL, "dev", link]);
        ip(&["link", "set", link, "up"]);
        host
    }

    /// Listens on the host.
    fn listen(&self) -> TcpListener {
        let network = File::open(format!("/run/netns/{}", self.name)).unwrap();
        let listen = move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            TcpListener::bind((Self::REMOTE, 0)).unwrap()
        };
        // Only this thread enters the namespace; the socket stays in it.
        thread::spawn(listen).join().unwrap()
    }

    fn set_link_down(&self) {
        ip(&["link", "set", &self.link, "down"]);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // If the test failed early, they may not exist.
        let _ = Command::new("ip").args(["link", "delete", &self.link]).status();
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {}", arguments.join(" "));
}

/// TCP keepalive detects that the host is down, so a stream without a time limit ends.
#[test]
#[ignore = "needs root, and takes a minute"]
fn tcp_keepalive_ends_a_stream_when_the_host_is_down() {
    run_isolated(async {
        let host = Host::new();
        let listener = host.listen();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let (done, is_done) = mpsc::channel::<()>();
        let engine = thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let event = "{\"status\":\"start\",\"id\":\"f43c\",\"time\":1}\n";
            write!(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{event}\r\n", event.len())
                .unwrap();
            let _ = is_done.recv();
        });
        let docker = DockerClient::builder().address(&address).api_version(ApiVersion::new(1, 41)).build().unwrap();
        let mut events = docker.events().await.unwrap();
        assert_eq!(events.try_next().await.unwrap().unwrap().id, "f43c");
        host.set_link_down();
        let error = events.try_next().await.unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
        drop(done);
        engine.join().unwrap();
    });
}
