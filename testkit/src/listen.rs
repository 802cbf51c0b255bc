//! Where the engine listens, once somebody asks.

use std::{
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::net::{TcpListener, UnixListener};

use crate::{connection::HEAD_START, shared::Shared};

#[derive(Debug, Default)]
pub(crate) struct Addresses {
    unix: OnceLock<PathBuf>,
    tcp: OnceLock<u16>,
}

impl Addresses {
    pub(crate) fn unix(&self, shared: &Arc<Shared>) -> String {
        let path = self.unix.get_or_init(|| {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("dockerclient-testkit-{}-{count}.sock", std::process::id()));
            listen_unix(&path, shared).expect("a socket in the temporary directory");
            path
        });
        format!("unix://{}", path.display())
    }

    pub(crate) fn tcp(&self, shared: &Arc<Shared>) -> String {
        let port = self.tcp.get_or_init(|| listen_tcp(0, shared).expect("a port of the loopback interface"));
        format!("tcp://127.0.0.1:{port}")
    }

    /// Listens again where it did.
    pub(crate) fn listen_again(&self, shared: &Arc<Shared>) -> io::Result<()> {
        if let Some(path) = self.unix.get() {
            std::fs::remove_file(path)?;
            listen_unix(path, shared)?;
        }
        if let Some(port) = self.tcp.get() {
            listen_tcp(*port, shared)?;
        }
        Ok(())
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        if let Some(path) = self.unix.get() {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn listen_unix(path: &Path, shared: &Arc<Shared>) -> io::Result<()> {
    let listener = UnixListener::bind(path)?;
    let owner = Arc::downgrade(shared);
    shared.spawn_connection(async move {
        while let (Ok((stream, _)), Some(shared)) = (listener.accept().await, owner.upgrade()) {
            shared.serve(stream, HEAD_START);
        }
    });
    Ok(())
}

/// Listens on a port, or on any if it is 0, and returns which.
fn listen_tcp(port: u16, shared: &Arc<Shared>) -> io::Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let (port, listener) = (listener.local_addr()?.port(), TcpListener::from_std(listener)?);
    let owner = Arc::downgrade(shared);
    shared.spawn_connection(async move {
        while let (Ok((stream, _)), Some(shared)) = (listener.accept().await, owner.upgrade()) {
            let _ = stream.set_nodelay(true);
            shared.serve(stream, HEAD_START);
        }
    });
    Ok(port)
}
