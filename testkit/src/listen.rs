//! Where the engine listens, once somebody asks.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
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
            let listener = UnixListener::bind(&path).expect("a socket in the temporary directory");
            let owner = Arc::downgrade(shared);
            shared.spawn(async move {
                while let (Ok((stream, _)), Some(shared)) = (listener.accept().await, owner.upgrade()) {
                    shared.serve(stream, HEAD_START);
                }
            });
            path
        });
        format!("unix://{}", path.display())
    }

    pub(crate) fn tcp(&self, shared: &Arc<Shared>) -> String {
        let port = self.tcp.get_or_init(|| {
            let listener =
                std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of the loopback interface");
            let port = listener.local_addr().expect("it is bound").port();
            listener.set_nonblocking(true).expect("sockets can be made to wait for nothing");
            let listener = TcpListener::from_std(listener).expect("a runtime is there");
            let owner = Arc::downgrade(shared);
            shared.spawn(async move {
                while let (Ok((stream, _)), Some(shared)) = (listener.accept().await, owner.upgrade()) {
                    let _ = stream.set_nodelay(true);
                    shared.serve(stream, HEAD_START);
                }
            });
            port
        });
        format!("tcp://127.0.0.1:{port}")
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        if let Some(path) = self.unix.get() {
            let _ = std::fs::remove_file(path);
        }
    }
}
