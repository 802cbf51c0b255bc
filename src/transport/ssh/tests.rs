//! SSH connections through scripts that replace `ssh`.

use std::{fs, io::Write as _};

use futures_util::future::{join, join_all};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::*;
use crate::transport::address::{Address, SshHost};

fn host(address: &str) -> SshHost {
    let Ok(Address::Ssh(host)) = address.parse() else { panic!("{address} is not one of ssh") };
    host
}

#[track_caller]
fn arguments(address: &str, limit: Option<Duration>) -> String {
    let ssh = Ssh { host: host(address), path: "".into(), options: SshOptions::default() };
    let command = command(Path::new("ssh"), &ssh, limit);
    let arguments: Vec<_> = command.as_std().get_args().map(|argument| argument.to_string_lossy()).collect();
    arguments.join(" ")
}

/// Creates a directory with a shell script `ssh` and a FIFO `hold`.
fn directory(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path().display();
    // Another process writes the script. A file that is open for writing cannot be executed, and a process that another
    // test starts may briefly inherit open files of this process.
    let mut shell = std::process::Command::new("sh")
        .args(["-c", &format!("mkfifo {path}/hold && cat > {path}/ssh && chmod +x {path}/ssh")])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("#!/bin/sh\ncd {path}\n{script}\n");
    shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
    folder
}

async fn open(folder: &TempDir, limit: Option<Duration>) -> Result<Tunnel> {
    let ssh =
        Ssh { host: host("ssh://me@host"), path: folder.path().as_os_str().to_owned(), options: SshOptions::default() };
    let mut headers = Headers::new(&[]).unwrap();
    headers.insert("X-Token", "s3cret").unwrap();
    Tunnel::open(&ssh, limit, &headers).await
}

#[test]
fn ssh_arguments() {
    const ALWAYS: &str = "-T -o BatchMode=yes";
    assert_eq!(arguments("ssh://host", None), format!("{ALWAYS} -- host docker system dial-stdio"));
    assert_eq!(
        arguments("ssh://me@host:2222/run/it's docker.sock", Some(Duration::from_millis(300))),
        format!(
            r"{ALWAYS} -o ConnectTimeout=1 -l me -p 2222 -- host docker --host 'unix:///run/it'\''s docker.sock' system dial-stdio"
        )
    );
    assert_eq!(
        arguments("ssh://host", Some(Duration::MAX)),
        format!("{ALWAYS} -o ConnectTimeout=2147483647 -- host docker system dial-stdio")
    );
}

#[tokio::test]
async fn ssh_is_not_run_from_a_relative_directory() {
    let mut ssh = Ssh { host: host("ssh://me@host"), path: ":.:relative".into(), options: SshOptions::default() };
    let headers = Headers::new(&[]).unwrap();
    let error = Tunnel::open(&ssh, None, &headers).await.unwrap_err();
    let message = "cannot connect to ssh://me@host: `ssh` not found in PATH (relative directories are ignored)";
    assert_eq!(error.to_string(), message);
    ssh.path = std::ffi::OsString::new();
    assert_eq!(Tunnel::open(&ssh, None, &headers).await.unwrap_err().to_string(), message);
}

#[tokio::test]
#[cfg_attr(windows, ignore = "runs a shell script instead of `ssh`")]
async fn ssh_ping_has_the_headers_of_every_request() {
    let folder = directory(
        r#"while read -r line; do echo "$line" >> request; [ "$line" = "$(printf '\r')" ] && break; done
        printf 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK'
        cat > /dev/null"#,
    );
    drop(open(&folder, None).await.unwrap());
    let request = fs::read_to_string(folder.path().join("request")).unwrap();
    assert!(request.starts_with("GET /_ping HTTP/1.1\r\nhost: localhost\r\n"), "{request}");
    assert!(request.contains("x-token: s3cret\r\n"), "{request}");
}

/// An engine that cannot serve requests reports the reason in its response to the next request.
#[tokio::test]
#[cfg_attr(windows, ignore = "runs a shell script instead of `ssh`")]
async fn ssh_connects_on_any_response_to_ping() {
    for response in [
        r"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nbad",
        r"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbad\r\n0\r\n\r\n",
    ] {
        let folder = directory(&format!("printf '{response}more'; cat > /dev/null"));
        let mut tunnel = open(&folder, None).await.unwrap();
        let mut more = [0; 4];
        tunnel.read_exact(&mut more).await.unwrap();
        assert_eq!(&more, b"more");
    }
}

#[tokio::test]
#[cfg_attr(windows, ignore = "runs a shell script instead of `ssh`")]
async fn ssh_failure_messages() {
    let scripts = [
        "echo 'Warning: added' >&2; printf 'me@host: Permission denied (publickey).\\r\\n\\r\\n' >&2; exit 255",
        "echo 'sh: docker: not found' >&2; exit 127",
        "echo 'dial unix: no such file' >&2; exit 1",
        "exit 1",
        "kill -9 $$",
        r"printf 'HTTP/1.1 500 Internal Server Error\r\n\r\nbad'; cat > /dev/null",
        "echo Welcome to host; cat > /dev/null",
        "printf '\\033[2Jodd\\tline' >&2; exit 1",
        // Closes stdout, but does not exit.
        "exec > /dev/null; cat < hold",
        "echo 'I will not end' >&2; exec > /dev/null; cat < hold",
    ];
    let folders = scripts.map(directory);
    let failures = join_all(folders.iter().map(|folder| async {
        let error = open(folder, None).await.unwrap_err();
        assert!(error.is_connect() && !error.is_timeout(), "{error:?}");
        error.to_string().replace("no connection to ssh://me@host: ", "")
    }));
    insta::assert_snapshot!(failures.await.join("\n"), @"
    cannot connect to ssh://me@host: ssh failed: me@host: Permission denied (publickey).
    cannot connect to ssh://me@host: no command `docker` on the remote host: sh: docker: not found
    cannot connect to ssh://me@host: cannot connect to the engine on the remote host: dial unix: no such file
    cannot connect to ssh://me@host: cannot connect to the engine on the remote host: the connection was closed
    cannot connect to ssh://me@host: ssh was killed (signal: 9 (SIGKILL)): the connection was closed
    cannot connect to ssh://me@host: cannot connect to the engine on the remote host: the engine closed the connection (500 Internal Server Error)
    cannot connect to ssh://me@host: cannot connect to the engine on the remote host: invalid HTTP response: invalid HTTP version
    cannot connect to ssh://me@host: cannot connect to the engine on the remote host: [2Jodd line
    cannot connect to ssh://me@host: the connection was closed, and ssh is still running
    cannot connect to ssh://me@host: the connection was closed, and ssh is still running (ssh: I will not end)
    ");
}

/// The background process of `ssh`, such as the master of its shared connections, keeps stderr open until the test ends.
#[tokio::test]
#[cfg_attr(windows, ignore = "runs a shell script instead of `ssh`")]
async fn ssh_failure_is_not_delayed_by_background_process() {
    let folder = directory("cat < hold >&2 & echo 'Connection reset' >&2; exit 255");
    let error = open(&folder, None).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to ssh://me@host: ssh failed: Connection reset");
    fs::write(folder.path().join("hold"), "").unwrap();
}

/// The paused clock does not advance while a blocking task reads the FIFO, so `ssh` has written before the timeout.
#[tokio::test(start_paused = true)]
#[cfg_attr(windows, ignore = "runs a shell script instead of `ssh`")]
async fn ssh_timeout_error_contains_stderr() {
    let folder = directory("echo 'Waiting for a jump host' >&2; echo > hold; exec sleep 1000000");
    let hold = folder.path().join("hold");
    let written = spawn_blocking(move || fs::read(hold).unwrap());
    let (outcome, _) = join(open(&folder, Some(Duration::from_secs(10))), written).await;
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.is_connect() && !error.may_have_been_executed());
    assert_eq!(
        error.to_string(),
        "timed out connecting to ssh://me@host (ssh: Waiting for a jump host) after 10s (connect_timeout)"
    );
}
