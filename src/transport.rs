//! Endpoint resolution and transports: Unix sockets, named pipes, TCP, TLS, SSH, proxies and custom connectors.
//!
//! [`resolve()`] selects an [`Endpoint`] from the settings of the program, the environment and the Docker CLI's
//! configuration. A [`Connector`] opens connections to it. On top of that, the [`HttpClient`] sends requests over pooled
//! connections, or over dedicated ones for sessions and streams.

mod address;
mod body;
mod body_framing;
mod call_limit;
mod connector;
mod context;
mod dedicated;
mod endpoint;
mod headers;
mod http1;
mod http1_head;
#[cfg(feature = "buildkit")]
mod http2_client;
#[cfg(feature = "buildkit")]
mod http2_server;
#[cfg(feature = "buildkit")]
mod http2_tasks;
mod http_client;
mod io;
mod limits;
mod local;
mod pool;
mod pooled_io;
mod proxy;
mod resolve;
#[cfg(feature = "ssh")]
mod ssh;
mod ssh_options;
mod tls;

#[cfg(all(test, feature = "buildkit"))]
pub(crate) use self::http2_server::peer;
#[cfg(fuzzing)]
pub(crate) use self::{address::Address, body_framing::BodyFraming, context::Meta, http1_head::parse};
pub(crate) use self::{
    body::ResponseBody,
    connector::Connector,
    dedicated::{BodyStream, Connection},
    endpoint::{CustomConnector, Endpoint},
    headers::{Headers, custom_header},
    http_client::{CallDuration, HttpClient, default_max_connections},
    io::Io,
    limits::{Limits, within},
    resolve::{Configuration, EndpointOptions, resolve},
};
#[cfg(feature = "buildkit")]
pub(crate) use self::{
    http2_client::{Http2Body, Http2Requests, connect_http2},
    http2_server::{RequestBody, serve_http2},
    http2_tasks::poll_connection,
};
pub use self::{ssh_options::SshOptions, tls::Tls};
