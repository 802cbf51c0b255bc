//! Recordings of sessions with an engine, and their replay.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::panic::{AssertUnwindSafe, catch_unwind};

use dockerclient_testkit::{Recording, Replay};

mod errors;
mod invalid_files;
mod record;
mod redact;
mod secrets;
mod session;
mod sessions;
mod streams;

/// A recording with these exchanges.
fn recording(exchanges: &str) -> Recording {
    Recording::from_json(&file(exchanges)).unwrap()
}

/// The file of a recording with these exchanges.
fn file(exchanges: &str) -> String {
    format!(r#"{{"format": "dockerclient recording", "version": 1, "exchanges": [{exchanges}]}}"#)
}

/// The message with which the verification of a replay fails.
fn failure(replay: Replay, verify: impl FnOnce(&Replay)) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| verify(&replay))).expect_err("the verification fails");
    // Its drop also fails, unless only exchanges are unused.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(replay)));
    panic.downcast_ref::<String>().unwrap().clone()
}
