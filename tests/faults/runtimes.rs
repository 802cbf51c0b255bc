//! One client in several Tokio runtimes, some of which are blocked or dropped.

use std::{
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

use dockerclient::DockerClient;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::Call,
};

/// The maximum number of idle connections of a client.
const MAX_IDLE: usize = 64;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Makes each kind of call once, in a new runtime.
fn use_in_another_runtime(docker: &DockerClient) {
    runtime().block_on(async {
        for call in Call::ALL {
            assert_eq!(call.run(docker).await.unwrap(), call.expected(), "{call:?}");
        }
    });
}

/// Runs `test` on a thread without a runtime.
async fn on_a_thread(test: impl FnOnce() + Send + 'static) {
    let (done, wait) = oneshot::channel();
    thread::spawn(move || {
        test();
        done.send(())
    });
    wait.await.expect("the test panicked");
}

#[test]
fn runtime_between_block_on_calls_does_not_block_others() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().build().unwrap();
            on_a_thread(move || {
                let first = runtime();
                for _ in 0..3 {
                    first.block_on(Call::Post.run(&docker)).unwrap();
                    // The connection of the first runtime is idle, and its task is not polled.
                    use_in_another_runtime(&docker);
                }
            })
            .await;
            engine.wait_for_open_at_most(0).await;
        }
    });
}

#[test]
fn blocked_runtime_does_not_block_other_runtimes() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        on_a_thread(move || {
            runtime().block_on(async {
                Call::Get.run(&docker).await.unwrap();
                // For example, a `Drop` that waits for another runtime.
                let (done, wait) = mpsc::channel();
                let clone = docker.clone();
                let worker = thread::spawn(move || {
                    use_in_another_runtime(&clone);
                    done.send(()).unwrap();
                });
                wait.recv().unwrap();
                worker.join().unwrap();
                Call::Get.run(&docker).await.unwrap();
            });
        })
        .await;
    });
}

#[test]
fn negotiation_in_blocked_runtime_does_not_block_others() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        // Without a pinned version, so that it is negotiated.
        let docker = DockerClient::builder().address(engine.address()).build().unwrap();
        engine.fail_once(Fault::new("", Then::Stall));
        on_a_thread(move || {
            runtime().block_on(async {
                let first = docker.clone();
                let mut waiting = Box::pin(async move { first.api_version().await });
                while engine.request_lines().is_empty() {
                    assert!((&mut waiting).now_or_never().is_none());
                    tokio::task::yield_now().await;
                }
                let other = thread::spawn(move || runtime().block_on(docker.api_version()));
                other.join().unwrap().unwrap();
            });
        })
        .await;
    });
}

#[test]
fn short_lived_runtimes_on_several_threads_share_a_client() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        on_a_thread(move || {
            let threads: Vec<JoinHandle<()>> = (0..4)
                .map(|_| {
                    let docker = docker.clone();
                    thread::spawn(move || {
                        for _ in 0..25 {
                            runtime().block_on(async {
                                for _ in 0..10 {
                                    Call::Post.run(&docker).await.unwrap();
                                    Call::Get.run(&docker).await.unwrap();
                                }
                            });
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        })
        .await;
    });
}

#[test]
fn idle_connections_of_dropped_runtimes_are_bounded() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().build().unwrap();
        let clone = docker.clone();
        on_a_thread(move || {
            for _ in 0..2 * MAX_IDLE {
                runtime().block_on(Call::Get.run(&clone)).unwrap();
            }
        })
        .await;
        engine.wait_for_open_at_most(MAX_IDLE).await;
        drop(docker);
        engine.wait_for_open_at_most(0).await;
    });
}

#[test]
fn response_body_can_be_read_outside_a_runtime() {
    run_isolated(async {
        let engine = Engine::on(Socket::Tcp).await;
        let docker = engine.builder().build().unwrap();
        let mut download = docker.container("web").export().await.unwrap();
        on_a_thread(move || {
            let mut cx = Context::from_waker(Waker::noop());
            let mut result = Vec::new();
            loop {
                match download.poll_next_unpin(&mut cx) {
                    Poll::Ready(Some(chunk)) => result.extend(chunk.unwrap()),
                    Poll::Ready(None) => break,
                    Poll::Pending => thread::yield_now(),
                }
            }
            assert_eq!(result, Call::Download.expected());
        })
        .await;
    });
}
