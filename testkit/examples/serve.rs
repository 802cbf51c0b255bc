//! Serves a fake engine until EOF on stdin, for clients in other processes and other languages:
//! `cargo run --package dockerclient-testkit --example serve`.
//!
//! The first line of its output is the address. With the argument `tcp` it listens on a port of the loopback interface instead
//! of a Unix socket (on Windows, a named pipe), with `old` it behaves like Docker 1.6, with `lenient` it accepts invalid
//! requests as engines do, and with `empty` it has no images, but can pull `busybox`. At the end it prints the requests to
//! stderr, if one was not valid.

use std::io;

use dockerclient_testkit::FakeEngine;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let mut builder = FakeEngine::builder();
    if has("old") {
        builder = builder.like_docker_1_6();
    }
    if has("lenient") {
        builder = builder.lenient();
    }
    if has("empty") {
        builder = builder.without_images();
    }
    let engine = builder.build();
    println!("{}", if has("tcp") { engine.tcp_address() } else { engine.address() });
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    Ok(())
}
