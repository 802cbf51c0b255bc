//! Serves a double of an engine until the end of its input, for clients in other processes and other languages:
//! `cargo run --package dockerclient-testkit --example serve`.
//!
//! Its first line is the address. With the word `tcp` it listens on a port of the loopback interface instead of a unix
//! socket, with `old` it behaves as engine 1.6, and with `lenient` it takes requests as engines do. At the end it tells
//! on stderr what it was asked, if that was not as it should be.

use std::io;

use dockerclient_testkit::Engine;

#[tokio::main]
async fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked_for = |word: &str| words.iter().any(|given| given == word);
    let mut builder = Engine::builder();
    if asked_for("old") {
        builder = builder.like_docker_1_6();
    }
    if asked_for("lenient") {
        builder = builder.lenient();
    }
    let engine = builder.build();
    println!("{}", if asked_for("tcp") { engine.tcp_address() } else { engine.address() });
    tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink())).await??;
    Ok(())
}
