//! A named pipe that is connected to the engine, through the relay of `cargo xtask windows`.

use std::{
    io, mem, process,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncWriteExt as _, copy, split},
    net::{
        TcpStream,
        windows::named_pipe::{NamedPipeServer, PipeMode, ServerOptions},
    },
    try_join,
};

use crate::work::variable;

/// Creates a pipe with messages, as engines do, and returns its address. It exists as long as the runtime of the test.
pub(crate) fn listen() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("dockerclient-relay-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = format!(r"\\.\pipe\{name}");
    let create = move || ServerOptions::new().pipe_mode(PipeMode::Message).create(&path);
    // With one instance at a time, clients that connect concurrently find the pipe busy.
    let mut next = create().unwrap();
    tokio::spawn(async move {
        loop {
            next.connect().await.unwrap();
            let pipe = mem::replace(&mut next, create().unwrap());
            // The client notices a failure: its connection ends.
            tokio::spawn(relay(pipe));
        }
    });
    format!("npipe:////./pipe/{name}")
}

/// Carries bytes in both directions until both have ended.
async fn relay(pipe: NamedPipeServer) -> io::Result<()> {
    let mut engine = TcpStream::connect(variable("DOCKERCLIENT_TEST_RELAY")).await?;
    engine.write_all(variable("DOCKERCLIENT_TEST_RELAY_SECRET").as_bytes()).await?;
    let (mut from_client, mut to_client) = split(pipe);
    let (mut from_engine, mut to_engine) = engine.split();
    let input = async {
        // An empty message ends the copy.
        copy(&mut from_client, &mut to_engine).await?;
        to_engine.shutdown().await
    };
    let output = async {
        copy(&mut from_engine, &mut to_client).await?;
        // An empty message is EOF.
        to_client.write(&[]).await.map(|_| ())
    };
    try_join!(input, output).map(|_| ())
}
