//! Output that is split into stdout and stderr.

use std::time::Duration;

use dockerclient_testkit::{FakeEngine, Image, Program};
use tokio::io::AsyncReadExt as _;

#[tokio::test]
async fn split_output_is_read_from_both_halves() {
    let program = Program::new(|process| async move {
        for number in 0..50 {
            process.out(format!("out {number}\n"));
            process.err(format!("err {number}\n"));
            tokio::task::yield_now().await;
        }
        0
    });
    let engine = FakeEngine::builder().image(Image::new("both:1").program(["run"], program)).build();
    let lines = |name: &str| (0..50).map(|number| format!("{name} {number}\n")).collect::<String>();
    let spawn = async || engine.client("1.41").run("both:1").arg("run").spawn().await.unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = spawn().await.output.take().unwrap().split();
    let reading = tokio::spawn(async move { stdout.read_to_string(&mut out).await.map(|_| out) });
    stderr.read_to_string(&mut err).await.unwrap();
    assert_eq!((reading.await.unwrap().unwrap(), err), (lines("out"), lines("err")));

    let (mut stdout, stderr) = spawn().await.output.take().unwrap().split();
    drop(stderr);
    let mut out = String::new();
    stdout.read_to_string(&mut out).await.unwrap();
    assert_eq!(out, lines("out"));
}

#[tokio::test]
async fn split_output_waits_until_the_other_half_is_read() {
    const SIZE: usize = 1 << 20;
    let program = Program::new(|process| async move {
        for _ in 0..SIZE / 1024 {
            process.err(vec![b'e'; 1024]);
        }
        process.out("end");
        0
    });
    let engine = FakeEngine::builder().image(Image::new("loud:1").program(["run"], program)).build();
    let mut running = engine.client("1.41").run("loud:1").arg("run").spawn().await.unwrap();
    let (mut stdout, mut stderr) = running.output.take().unwrap().split();
    let mut end = [0; 3];
    let early = tokio::time::timeout(Duration::from_millis(50), stdout.read_exact(&mut end)).await;
    assert!(early.is_err(), "all of the other half is not kept in memory");
    let reading = tokio::spawn(async move { stdout.read_exact(&mut end).await.map(|_| end) });
    let mut err = Vec::new();
    stderr.read_to_end(&mut err).await.unwrap();
    assert_eq!((reading.await.unwrap().unwrap(), err.len()), (*b"end", SIZE));

    // Dropping the half that is not read has the same effect.
    let mut running = engine.client("1.41").run("loud:1").arg("run").spawn().await.unwrap();
    let (mut stdout, stderr) = running.output.take().unwrap().split();
    let reading = tokio::spawn(async move { stdout.read_exact(&mut end).await.map(|_| end) });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!reading.is_finished());
    drop(stderr);
    assert_eq!(reading.await.unwrap().unwrap(), *b"end");
}

#[tokio::test]
async fn split_output_returns_its_error_from_both_halves() {
    let program = Program::printing("x".repeat(100));
    let engine = FakeEngine::builder().image(Image::new("loud:1").program(["run"], program)).build();
    let docker = engine.client("1.41").with_limits(|limits| limits.max_item_size(10));
    let mut running = docker.run("loud:1").arg("run").spawn().await.unwrap();
    let (mut stdout, mut stderr) = running.output.take().unwrap().split();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (out, err) = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
    for outcome in [out, err] {
        assert!(outcome.unwrap_err().to_string().contains("max_item_size"));
    }
}
