//! Where the engine listens, once somebody asks.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::net::{TcpListener, UnixListener};

use crate::{
    connection::{HEAD_START, Io},
    shared::Shared,
};

#[derive(Debug, Default)]
pub(crate) struct Addresses {
    unix: OnceLock<PathBuf>,
    tcp: OnceLock<u16>,
    doors: Mutex<Vec<Door>>,
}

impl Addresses {
    pub(crate) fn unix(&self, shared: &Arc<Shared>) -> String {
        let path = self.unix.get_or_init(|| {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("dockerclient-testkit-{}-{count}.sock", std::process::id()));
            self.doors().push(listen_unix(&path, shared).expect("a socket in the temporary directory"));
            path
        });
        format!("unix://{}", path.display())
    }

    pub(crate) fn tcp(&self, shared: &Arc<Shared>) -> String {
        let port = self.tcp.get_or_init(|| {
            let (port, door) = listen_tcp(0, shared).expect("a port of the loopback interface");
            self.doors().push(door);
            port
        });
        format!("tcp://127.0.0.1:{port}")
    }

    /// Listens nowhere any more.
    pub(crate) fn close(&self) {
        self.doors().drain(..).for_each(|door| door.close());
    }

    /// Listens again where it did.
    pub(crate) fn listen_again(&self, shared: &Arc<Shared>) -> io::Result<()> {
        if let Some(path) = self.unix.get() {
            std::fs::remove_file(path)?;
            self.doors().push(listen_unix(path, shared)?);
        }
        if let Some(port) = self.tcp.get() {
            self.doors().push(listen_tcp(*port, shared)?.1);
        }
        Ok(())
    }

    fn doors(&self) -> MutexGuard<'_, Vec<Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        if let Some(path) = self.unix.get() {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn listen_unix(path: &Path, shared: &Arc<Shared>) -> io::Result<Door> {
    Ok(Door::open(UnixListener::bind(path)?, shared))
}

/// Listens on a port, or on any if it is 0, and returns which.
fn listen_tcp(port: u16, shared: &Arc<Shared>) -> io::Result<(u16, Door)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok((listener.local_addr()?.port(), Door::open(TcpListener::from_std(listener)?, shared)))
}

/// A socket at which somebody listens, and which can be closed from outside, at once.
#[derive(Clone)]
struct Door(Arc<Mutex<Option<Box<dyn Accept>>>>);

trait Accept: Send {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>>;
}

impl Accept for UnixListener {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        self.poll_accept(context).map_ok(|(stream, _)| Box::new(stream) as Box<dyn Io>)
    }
}

impl Accept for TcpListener {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        self.poll_accept(context).map_ok(|(stream, _)| {
            // Without it small answers take longer, and that is all.
            let _ = stream.set_nodelay(true);
            Box::new(stream) as Box<dyn Io>
        })
    }
}

impl Door {
    fn open(listener: impl Accept + 'static, shared: &Arc<Shared>) -> Self {
        let door = Self(Arc::new(Mutex::new(Some(Box::new(listener)))));
        let (ours, owner) = (door.clone(), Arc::downgrade(shared));
        shared.spawn_connection(async move {
            while let (Ok(stream), Some(shared)) = (ours.accept().await, owner.upgrade()) {
                shared.serve(stream, HEAD_START);
            }
        });
        door
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn accept(&self) -> io::Result<Box<dyn Io>> {
        poll_fn(|context| match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(listener) => listener.poll_accept(context),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })
        .await
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}
