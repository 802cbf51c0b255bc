//! More concurrent calls than connections.

use futures_util::{FutureExt as _, future::join_all};

use crate::{
    engine::{Engine, Fault, Socket, Then},
    leak_check::run_isolated,
    transports::{Call, Framing, serves_again},
};

#[test]
fn max_connections_limits_connections_of_calls() {
    run_isolated(async {
        for socket in Socket::ALL {
            let engine = Engine::on(socket).await;
            let docker = engine.builder().max_connections(3).build().unwrap();
            let calls = join_all((0..50).map(|_| Call::Get.run(&docker))).await;
            assert!(calls.into_iter().all(|result| result.is_ok_and(|result| result == Call::Get.expected())));
            assert!(engine.max_open() <= 3, "{}", engine.max_open());
        }
    });
}

#[test]
fn streams_and_slow_calls_do_not_block_other_calls() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().max_connections(1).build().unwrap();
        let (response, head) = Call::Stream.response(Framing::Chunks);
        engine.fail(Fault::new(&response[..head], Then::Stall));
        let streams = join_all((0..20).map(|_| docker.events().send())).await;
        assert!(streams.iter().all(Result::is_ok));
        let web = docker.container("web");
        // Two calls, of which the second waits for the connection of the first.
        let mut slow = [Box::pin(web.start().send()), Box::pin(web.start().send())];
        while engine.request_lines().iter().filter(|line| line.contains("/start")).count() == 0 {
            assert!(slow.iter_mut().all(|slow| slow.now_or_never().is_none()));
            tokio::task::yield_now().await;
        }
        engine.recover();
        serves_again(&docker).await;
        drop((slow, streams));
        engine.wait_for_open_at_most(1).await;
    });
}

#[test]
fn unpolled_call_does_not_block_other_calls() {
    run_isolated(async {
        let engine = Engine::on(Socket::Local).await;
        let docker = engine.builder().max_connections(1).build().unwrap();
        let mut first = Box::pin(Call::Get.run(&docker));
        assert!((&mut first).now_or_never().is_none(), "it has the connection");
        for _ in 0..2 {
            serves_again(&docker).await;
        }
        assert_eq!(first.await.unwrap(), Call::Get.expected());
    });
}
