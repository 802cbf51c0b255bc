//! A relay from TCP to the engine's socket: Wine has no Unix sockets.

use std::{
    fs::File,
    io::{self, Read as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::Result;

/// Listens on the loopback interface, until it is dropped. Every user of the machine can connect to that, so a connection must
/// begin with a secret.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    secret: String,
    is_stopped: Arc<AtomicBool>,
}

impl Relay {
    pub(super) fn start(socket: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut random = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let relay = Self { address: listener.local_addr()?, secret, is_stopped: Arc::default() };
        let (secret, is_stopped) = (relay.secret.clone(), Arc::clone(&relay.is_stopped));
        thread::spawn(move || {
            for client in listener.incoming() {
                if is_stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(client), secret, socket) = (client, secret.clone(), socket.clone()) else { continue };
                // The program notices a failure: its connection ends.
                thread::spawn(move || connect(&client, &secret, &socket));
            }
        });
        Ok(relay)
    }

    /// Environment variables for the test program.
    pub(super) fn environment(&self) -> [(&'static str, String); 2] {
        [("DOCKERCLIENT_TEST_RELAY", self.address.to_string()), ("DOCKERCLIENT_TEST_RELAY_SECRET", self.secret.clone())]
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Ends `accept`.
        let _ = TcpStream::connect(self.address);
    }
}

/// Connects a client that sends the secret to the engine.
fn connect(client: &TcpStream, secret: &str, socket: &PathBuf) -> io::Result<()> {
    let mut sent = vec![0; secret.len()];
    let mut input = client;
    input.read_exact(&mut sent)?;
    if sent != secret.as_bytes() {
        return Ok(());
    }
    let engine = UnixStream::connect(socket)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &engine);
            // The engine reads the end of the client's input, and can still send output.
            engine.shutdown(Shutdown::Write)
        });
        let copied = io::copy(&mut &engine, &mut &*client);
        let _ = match copied {
            Ok(_) => client.shutdown(Shutdown::Write),
            // The client is gone, so nothing reads the engine's output.
            Err(_) => engine.shutdown(Shutdown::Both),
        };
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _, os::unix::net::UnixListener};

    use super::*;

    #[test]
    fn relay_carries_both_directions_after_a_half_close() {
        let socket = std::env::temp_dir().join(format!("dockerclient-relay-{}.sock", std::process::id()));
        let _ = fs::remove_file(&socket);
        let engine = UnixListener::bind(&socket).unwrap();
        let relay = Relay::start(socket.clone()).unwrap();
        let secret = relay.secret.clone();
        let request = |secret: &str| {
            let mut client = TcpStream::connect(relay.address).unwrap();
            client.write_all(secret.as_bytes()).unwrap();
            client.write_all(b"request").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut response = String::new();
            client.read_to_string(&mut response).map(|_| response).unwrap_or_default()
        };
        let server = thread::spawn(move || {
            let mut connection = engine.accept().unwrap().0;
            let mut request = String::new();
            connection.read_to_string(&mut request).unwrap();
            connection.write_all(format!("response to {request}").as_bytes()).unwrap();
        });
        assert_eq!(request(&"0".repeat(secret.len())), "");
        assert_eq!(request(&secret), "response to request");
        server.join().unwrap();
        fs::remove_file(socket).unwrap();
    }
}
