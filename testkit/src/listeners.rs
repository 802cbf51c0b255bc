//! The sockets of a fake engine, created on first use.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use tokio::net::TcpListener;

use self::local::LocalSocket;
use crate::{
    connection::{self, SESSION_DELAY},
    server::Server,
    session::Io,
};

// The socket that only processes on this machine can connect to: a Unix socket, or a named pipe on Windows.
#[cfg_attr(unix, path = "listeners/unix.rs")]
#[cfg_attr(windows, path = "listeners/named_pipe.rs")]
mod local;

#[derive(Debug, Default)]
pub(crate) struct Listeners {
    local: OnceLock<LocalSocket>,
    tcp: OnceLock<u16>,
    open: Mutex<Vec<Listener>>,
}

impl Listeners {
    pub(crate) fn local(&self, server: &Arc<Server>) -> String {
        let socket = self.local.get_or_init(|| {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let socket = LocalSocket::new(COUNT.fetch_add(1, Ordering::Relaxed));
            match socket.listen() {
                Ok(listener) => self.open().push(Listener::open(listener, server)),
                Err(error) => panic!("failed to listen on {}: {error}", socket.address()),
            }
            socket
        });
        socket.address()
    }

    pub(crate) fn tcp(&self, server: &Arc<Server>) -> String {
        let port = self.tcp.get_or_init(|| {
            let (port, listener) = listen_tcp(0, server).expect("failed to listen on the loopback interface");
            self.open().push(listener);
            port
        });
        format!("tcp://127.0.0.1:{port}")
    }

    /// Closes all listening sockets.
    pub(crate) fn close(&self) {
        self.open().drain(..).for_each(|listener| listener.close());
    }

    /// Listens again at the same addresses.
    pub(crate) fn listen_again(&self, server: &Arc<Server>) -> io::Result<()> {
        if let Some(socket) = self.local.get() {
            self.open().push(Listener::open(socket.listen_again()?, server));
        }
        if let Some(port) = self.tcp.get() {
            self.open().push(listen_tcp(*port, server)?.1);
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on a port of the loopback interface, or on any free one if it is 0, and returns the port.
fn listen_tcp(port: u16, server: &Arc<Server>) -> io::Result<(u16, Listener)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok((listener.local_addr()?.port(), Listener::open(TcpListener::from_std(listener)?, server)))
}

/// A listening socket that can be closed immediately while a task accepts from it.
#[derive(Clone)]
struct Listener(Arc<Mutex<Option<Box<dyn Accept>>>>);

trait Accept: Send {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>>;
}

impl Accept for TcpListener {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        TcpListener::poll_accept(self, context).map_ok(|(stream, _)| {
            // Failure only delays small responses.
            let _ = stream.set_nodelay(true);
            Box::new(stream) as Box<dyn Io>
        })
    }
}

impl Listener {
    fn open(listener: impl Accept + 'static, server: &Arc<Server>) -> Self {
        let listener = Self(Arc::new(Mutex::new(Some(Box::new(listener)))));
        let (ours, owner) = (listener.clone(), Arc::downgrade(server));
        server.spawn_connection(async move {
            while let (Ok(stream), Some(server)) = (ours.accept().await, owner.upgrade()) {
                connection::spawn(&server, stream, SESSION_DELAY);
            }
        });
        listener
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    async fn accept(&self) -> io::Result<Box<dyn Io>> {
        poll_fn(|context| match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(listener) => listener.poll_accept(context),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        })
        .await
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}
