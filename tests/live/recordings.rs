//! Sessions that are recorded by the testkit, and replayed without the engine.

use std::env;

use dockerclient_testkit::{Recorder, Replay};

use crate::engine::{Engine, version};

#[path = "../../testkit/tests/recordings/session.rs"]
mod session;

/// Also saves the recording to the file that `DOCKERCLIENT_TEST_RECORDING` names, to replace the one of the testkit.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn recorded_session_is_replayed_without_the_engine() {
    let engine = Engine::under_test().await;
    engine.remove_later("/containers/recorded?force=1&v=1".to_owned());
    let recorder = Recorder::new(&engine.direct());
    // The directories of the engine and the kernel differ between machines.
    let address = engine.real_address();
    recorder.redact(address.trim_start_matches("unix://").trim_end_matches("/docker.sock"));
    recorder.redact(&engine.version().await.unwrap().kernel_version);
    let recorded = session::run(&recorder.client(&version().to_string()), "recorded").await.unwrap();
    let recording = recorder.recording().unwrap();
    if let Some(path) = env::var_os("DOCKERCLIENT_TEST_RECORDING") {
        recording.save(path).unwrap();
    }
    let replay = Replay::new(recording);
    assert_eq!(session::run(&replay.client(), "recorded").await.unwrap(), recorded);
    replay.assert_all_used();
}
