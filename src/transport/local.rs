//! Engines of this machine: Unix sockets and, on Windows, named pipes.

use std::{
    io,
    path::{Path, PathBuf},
};

#[cfg(unix)]
use hyperlocal::UnixConnector;
#[cfg(unix)]
use tower_service::Service as _;

use super::{
    Endpoint, Io,
    address::{Address, PIPE, SOCKET},
};
use crate::{Error, Result, environment::Environment, error::Kind};

/// Error numbers of `EMFILE` and `ENFILE`: no file descriptors left in the process, or in the system.
#[cfg(unix)]
const TOO_MANY_OPEN_FILES: [i32; 2] = [24, 23];

/// Error numbers of `ERROR_TOO_MANY_OPEN_FILES` and `WSAEMFILE`.
#[cfg(windows)]
const TOO_MANY_OPEN_FILES: [i32; 2] = [4, 10024];

/// The default named pipes: of Docker, of Docker Desktop for Linux containers, and of the default machine of Podman.
const PIPES: [&str; 3] = [PIPE, r"\\.\pipe\dockerDesktopLinuxEngine", r"\\.\pipe\podman-machine-default"];

/// Default sockets of Docker below the home directory: of Docker Desktop (on macOS, on Linux), Colima, OrbStack and
/// Rancher Desktop.
const HOME_SOCKETS: [&str; 5] = [
    ".docker/run/docker.sock",
    ".docker/desktop/docker.sock",
    ".colima/default/docker.sock",
    ".orbstack/run/docker.sock",
    ".rd/docker.sock",
];

/// The word for local addresses of this system.
pub(super) const KIND: &str = if cfg!(windows) { "named pipe" } else { "socket" };

/// Returns the default address of a local engine.
pub(super) fn default_address() -> Address {
    if cfg!(windows) { Address::NamedPipe(PIPE.into()) } else { Address::Unix(SOCKET.into()) }
}

/// Returns the paths of the default sockets or named pipes of this system, in the order of their precedence.
pub(super) fn default_paths(environment: &Environment) -> Vec<PathBuf> {
    if cfg!(windows) { PIPES.map(PathBuf::from).to_vec() } else { default_sockets(environment) }
}

/// Returns the paths of the default sockets of Docker, rootless Docker, programs that run Docker in a virtual machine,
/// and Podman.
fn default_sockets(environment: &Environment) -> Vec<PathBuf> {
    let runtime = environment.path("XDG_RUNTIME_DIR");
    let mut paths = vec![PathBuf::from(SOCKET)];
    paths.extend(runtime.map(|directory| directory.join("docker.sock")));
    if let Some(home) = environment.home().filter(|home| home.has_root()) {
        paths.extend(HOME_SOCKETS.map(|name| home.join(name)));
    }
    paths.extend(runtime.map(|directory| directory.join("podman/podman.sock")));
    paths.push("/run/podman/podman.sock".into());
    paths
}

/// Returns the endpoint of the socket or named pipe at `path`.
pub(super) fn endpoint(path: PathBuf) -> Endpoint {
    if cfg!(windows) { Endpoint::NamedPipe(path) } else { Endpoint::Unix(path) }
}

/// Returns the endpoint of the Unix socket or named pipe at `address`. Fails if this system has no such addresses.
pub(super) fn checked(address: Address) -> Result<Endpoint> {
    let why = match address {
        Address::Unix(path) if !cfg!(windows) => return Ok(Endpoint::Unix(path)),
        Address::NamedPipe(path) if cfg!(windows) => return Ok(Endpoint::NamedPipe(path)),
        Address::NamedPipe(_) => "named pipes are only available on Windows",
        _ => "Unix sockets are not supported on Windows; use npipe:////./pipe/docker_engine",
    };
    Err(Error::invalid_input(format!("invalid engine address \"{address}\": {why}")))
}

/// Opens a connection to the socket or named pipe at `path`, which belongs to `endpoint`.
pub(super) async fn dial(endpoint: &Endpoint, path: &Path) -> Result<Io> {
    let failed = |error: io::Error| {
        let message = match endpoint {
            Endpoint::NamedPipe(_) => pipe_advice(endpoint, &error),
            _ => unix_advice(path, &error),
        };
        Error::with_source(Kind::Connect(message), error)
    };
    open(path).await.map_err(failed)
}

#[cfg(unix)]
async fn open(path: &Path) -> io::Result<Io> {
    UnixConnector.call(hyperlocal::Uri::new(path, "/").into()).await.map(Io::new)
}

#[cfg(windows)]
async fn open(path: &Path) -> io::Result<Io> {
    crate::platform::connect_local(path).await.map(Io::new)
}

/// Whether `error` means that no file descriptor or handle is free.
pub(super) fn is_out_of_files(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|number| TOO_MANY_OPEN_FILES.contains(&number))
}

/// Returns the error message for a Unix socket that cannot be opened, with what to do about it.
fn unix_advice(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "cannot connect to the Docker daemon at unix://{path}: no such file; is the daemon running, and is this its address?"
            )
        }
        io::ErrorKind::ConnectionRefused => {
            format!("cannot connect to the Docker daemon at unix://{path}: connection refused; is the daemon running?")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "permission denied opening {path}; add your user to the group that owns it (usually `docker`) and log in again"
            )
        }
        _ => format!("cannot connect to the Docker daemon at unix://{path}"),
    }
}

/// Returns the error message for a named pipe that cannot be opened, with what to do about it.
fn pipe_advice(endpoint: &Endpoint, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "cannot connect to the Docker daemon at {endpoint}: no such pipe; is Docker Desktop or the daemon running, and is this its address?"
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "permission denied opening {endpoint}; add your user to the group `docker-users` and log in again, or run this program as an administrator"
            )
        }
        _ => format!("cannot connect to the Docker daemon at {endpoint}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests the message alone: CI runs the tests as root, which has permission to open every socket.
    #[test]
    fn unix_advice_for_permission_denied() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(
            unix_advice(Path::new("/var/run/docker.sock"), &error),
            "permission denied opening /var/run/docker.sock; \
             add your user to the group that owns it (usually `docker`) and log in again"
        );
    }

    #[test]
    fn named_pipe_advice() {
        let endpoint = Endpoint::NamedPipe(PIPE.into());
        let advice = |kind: io::ErrorKind| pipe_advice(&endpoint, &kind.into());
        assert_eq!(
            advice(io::ErrorKind::NotFound),
            "cannot connect to the Docker daemon at npipe:////./pipe/docker_engine: no such pipe; \
             is Docker Desktop or the daemon running, and is this its address?"
        );
        assert_eq!(
            advice(io::ErrorKind::PermissionDenied),
            "permission denied opening npipe:////./pipe/docker_engine; \
             add your user to the group `docker-users` and log in again, or run this program as an administrator"
        );
    }

    #[test]
    fn default_socket_paths() {
        let paths = |environment: Environment| {
            let paths = default_sockets(&environment).into_iter().map(|path| path.display().to_string());
            paths.collect::<Vec<_>>().join(" ").replace('\\', "/")
        };
        assert_eq!(paths([].into()), "/var/run/docker.sock /run/podman/podman.sock");
        assert_eq!(
            paths([("XDG_RUNTIME_DIR", "/run/user/7"), (crate::platform::HOME, "/home/me")].into()),
            "/var/run/docker.sock /run/user/7/docker.sock \
             /home/me/.docker/run/docker.sock /home/me/.docker/desktop/docker.sock \
             /home/me/.colima/default/docker.sock /home/me/.orbstack/run/docker.sock /home/me/.rd/docker.sock \
             /run/user/7/podman/podman.sock /run/podman/podman.sock"
        );
        // The current directory may belong to another user.
        assert_eq!(paths([(crate::platform::HOME, "home")].into()), "/var/run/docker.sock /run/podman/podman.sock");
    }

    #[test]
    fn default_address_is_a_default_path() {
        let first = endpoint(default_paths(&Environment::default()).remove(0));
        assert_eq!(first.to_string(), default_address().to_string());
        assert_eq!(checked(default_address()).unwrap().to_string(), first.to_string());
    }

    #[test]
    fn local_address_of_another_system_is_an_error() {
        let (address, message) = match cfg!(windows) {
            true => (
                "/run/docker.sock",
                "invalid engine address \"unix:///run/docker.sock\": \
                 Unix sockets are not supported on Windows; use npipe:////./pipe/docker_engine",
            ),
            false => (
                r"npipe://\\.\pipe\docker_engine",
                "invalid engine address \"npipe:////./pipe/docker_engine\": \
                 named pipes are only available on Windows",
            ),
        };
        let error = Endpoint::new(address.parse().unwrap(), None, &Environment::default()).unwrap_err();
        assert!(error.is_bad_request());
        assert_eq!(error.to_string(), message);
    }
}
