//! An engine whose machine goes away: nothing comes any more, not even that the connection is closed.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::fd::AsFd as _,
    process::{self, Command},
    sync::mpsc,
    thread,
};

use dockerclient::{ApiVersion, DockerClient, system::EventsOptions};
use futures_util::TryStreamExt as _;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::calm::alone;

/// Another machine, as far as the network goes, and the cable to it. Both go when this is dropped.
struct Machine {
    name: String,
    cable: String,
}

impl Machine {
    const HERE: &str = "198.18.213.1/30";
    const THERE: &str = "198.18.213.2";

    fn new() -> Self {
        let machine = Self { name: format!("dockerclient-{}", process::id()), cable: format!("dc{}", process::id()) };
        let Self { name, cable } = &machine;
        ip(&["netns", "add", name]);
        ip(&["link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name]);
        ip(&["-netns", name, "address", "add", &format!("{}/30", Self::THERE), "dev", "eth0"]);
        ip(&["-netns", name, "link", "set", "eth0", "up"]);
        ip(&["address", "add", Self::HERE, "dev", cable]);
        ip(&["link", "set", cable, "up"]);
        machine
    }

    /// Listens there.
    fn listen(&self) -> TcpListener {
        let network = File::open(format!("/run/netns/{}", self.name)).unwrap();
        let listen = move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            TcpListener::bind((Self::THERE, 0)).unwrap()
        };
        // Only the thread that moved is there; what it opened stays there.
        thread::spawn(listen).join().unwrap()
    }

    fn pull_the_cable(&self) {
        ip(&["link", "set", &self.cable, "down"]);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // As far as it was made: the test may have failed already.
        let _ = Command::new("ip").args(["link", "delete", &self.cable]).status();
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {}", arguments.join(" "));
}

/// The system asks a quiet connection whether there is still somebody, so a stream that waits for ever does not.
#[test]
#[ignore = "needs root, and takes a minute"]
fn a_stream_whose_engine_vanishes_ends_with_an_error() {
    alone(async {
        let machine = Machine::new();
        let listener = machine.listen();
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
        let mut events = docker.events(&EventsOptions::default()).await.unwrap();
        assert_eq!(events.try_next().await.unwrap().unwrap().id, "f43c");
        machine.pull_the_cable();
        let error = events.try_next().await.unwrap_err();
        assert!(error.is_broken(), "{error}");
        drop(done);
        engine.join().unwrap();
    });
}
