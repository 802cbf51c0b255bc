//! Files that only Unix has: sockets, FIFOs and terminals.

use std::{fs, os::unix::net::UnixListener, path::Path, process::Command};

use super::{Config, address, context, found, id, no_options};
use crate::transport::{EndpointOptions, resolve::first_usable};

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn fifo_instead_of_a_file_is_an_error() {
    let config = Config::new("{}").context("far", r#"{"Host":"tcp://far:1"}"#).certificates("");
    let message = |name: &str, environment: &[(&'static str, &str)], options: &EndpointOptions| {
        let path = config.0.path().join(name);
        fs::remove_file(&path).unwrap();
        make_fifo(&path);
        let message = match environment {
            [] => found(options, [], Some(&config)),
            _ => found(options, [environment[0], environment[1]], Some(&config)),
        };
        fs::remove_file(&path).unwrap();
        message.replace(path.to_str().unwrap(), "FILE")
    };
    let tls = [("DOCKER_HOST", "tcp://near:1"), ("DOCKER_TLS_VERIFY", "1")];
    let meta = format!("contexts/meta/{}/meta.json", id("far"));
    let rejected = "error: failed to read FILE: not a regular file";
    assert_eq!(message(&meta, &[], &context("far")), rejected);
    let docker_host_rejected = rejected.replace("failed", "DOCKER_HOST: failed");
    assert_eq!(message("key.pem", &tls, &no_options()), docker_host_rejected);
    fs::write(config.0.path().join("key.pem"), "").unwrap();
    assert_eq!(message("ca.pem", &tls, &no_options()), docker_host_rejected);
    assert_eq!(message("config.json", &[], &address("tcp://near:1")), rejected);
}

#[test]
fn first_usable_default_socket_is_selected() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "").unwrap();
    let listener = UnixListener::bind(path("engine")).unwrap();
    let _other = UnixListener::bind(path("other")).unwrap();
    let paths = || ["none", "file", "engine", "other"].map(path).to_vec();
    assert_eq!(first_usable(paths()).unwrap(), path("engine"));
    // No process listens on it now, but one may later.
    drop(listener);
    assert_eq!(first_usable(paths()).unwrap(), path("engine"));
}

#[test]
fn missing_default_sockets_error_lists_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("file"), "").unwrap();
    make_fifo(&path("fifo"));
    let paths = ["none", "folder", "file", "file/none", "fifo", "/dev/tty"];
    let error = first_usable(paths.map(path).to_vec()).unwrap_err();
    assert!(error.is_connect());
    insta::assert_snapshot!(
        error.to_string().replace(folder.path().to_str().unwrap(), ""),
        @"cannot find the Docker daemon: neither DOCKER_HOST nor a Docker context is set, and no default socket is usable (is the daemon running?): /none: no such file, /folder: a directory, /file: not a socket, /file/none: no such file, /fifo: not a socket, /dev/tty: not a socket"
    );
}
