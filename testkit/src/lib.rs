//! A double of a Docker Engine.
#![deny(missing_docs)]

mod age;
mod call;
mod connection;
mod document;
mod engine;
mod expectations;
mod filters;
mod frames;
mod gate;
mod http;
mod image;
mod listen;
mod program;
mod refusal;
mod reply;
mod request;
mod shared;
mod simulate;
mod state;
mod transcript;

pub use self::{
    call::Call,
    engine::{Engine, EngineBuilder},
    frames::frame,
    gate::Gate,
    image::Image,
    program::{Process, Program, Usage},
    reply::Reply,
    request::Request,
};
