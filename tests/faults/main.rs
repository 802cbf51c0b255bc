//! What must hold whatever fails beneath: on real sockets, a file for each kind of fault.
//!
//! A fault gives an error that says what it was, within the limit that is set for it. It leaves no descriptor and no
//! task behind (see `calm`), closes the connection it happened on, and the same client serves the next call.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

mod answers;
mod calm;
mod cuts;
mod dialling;
mod engine;
mod floods;
mod protocols;
mod reuse;
mod silence;
mod uploads;
mod vanishing;
mod ways;
