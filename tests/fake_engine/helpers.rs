//! Credential helpers: responses, failures and timeouts.

use std::{fs, future::Future, os::unix::fs::PermissionsExt as _, pin::pin, time::Duration};

use futures_util::{FutureExt as _, future};
use insta::assert_snapshot;

use crate::{
    credentials::{assert_no_secret, client, lookup, lookup_error},
    home::Home,
};

/// A home whose default credential helper is the shell script `script`.
pub(crate) fn home_with_helper(script: &str) -> Home {
    Home::new(r#"{ "credsStore": "test" }"#).with_helper("test", script)
}

#[tokio::test]
async fn helper_returns_password_token_or_nothing() {
    let lower = home_with_helper(r#"echo '{"username":"me","SECRET":"s3cret"}'"#);
    assert_eq!(
        lookup(&client(&lower), "host").await,
        r#"{"password":"s3cret","serveraddress":"host","username":"me"}"#
    );
    let token = home_with_helper(r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"s3cret"}'"#);
    assert_eq!(lookup(&client(&token), "host").await, r#"{"identitytoken":"s3cret","serveraddress":"host"}"#);
    for nothing in [
        "echo credentials not found in native keychain; exit 1",
        "echo credentials not found in native keychain >&2; exit 1",
        r#"echo '{"ServerURL":"","Username":"","Secret":""}'"#,
    ] {
        assert_eq!(lookup(&client(&home_with_helper(nothing)), "host").await, "nothing", "{nothing}");
    }
}

#[tokio::test]
async fn failed_helper_error_contains_no_credentials() {
    let mut text = String::new();
    for script in [
        "echo the session has expired >&2; exit 3",
        "echo s3cret; exit 1",
        "echo '  warning  ' >&2; echo; echo ' s3cret '; exit 1",
        r#"echo '{"Username":"me","Secret":"s3cret"}'; exit 1"#,
        "exit 1",
        "kill -9 $$",
        "echo s3cret",
        r#"echo '{"Username":"me","Secret":5s3cret}'"#,
        r#"echo '{"Username":"me","Secret":["s3cret"]}'"#,
        r#"echo '{"Username":"me","Secret":null}'"#,
        r#"echo '["me","s3cret"]'"#,
        "",
    ] {
        let error = lookup_error(&home_with_helper(script)).await;
        assert_no_secret(&error);
        assert!(error.is_credentials() && !error.is_timeout());
        text += &format!("{error}\n");
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn helper_output_is_bounded() {
    let error = lookup_error(&home_with_helper("exec cat /dev/zero")).await;
    assert!(error.is_credentials());
    let source = std::error::Error::source(&error).unwrap();
    assert_snapshot!(format!("{error}: {source}"), @"failed to read the output of docker-credential-test: longer than 1048576 bytes");

    let response = r#"echo '{"Username":"me","Secret":"s3cret"}'"#;
    let noisy = format!("head -c 1000000 /dev/zero >&2; {response}");
    assert!(lookup(&client(&home_with_helper(&noisy)), "host").await.contains("me"));
    let error = lookup_error(&home_with_helper("yes no | head -c 1000000 >&2; exit 1")).await;
    assert!(error.to_string().len() < 1700, "1024 bytes, of which line ends are escaped: {error}");
}

/// The process that a helper leaves behind, such as an agent, holds its output open until the test ends.
#[tokio::test]
async fn process_left_behind_by_helper_does_not_delay_the_call() {
    let response = r#"echo '{"Username":"me","Secret":"s3cret"}'"#;
    for (script, outcome) in [(response, "me"), ("echo locked >&2; exit 1", "locked")] {
        let home = home_with_helper(&format!("cat < hold >&2 & {script}"));
        let hold = home.path().join("hold");
        assert!(std::process::Command::new("mkfifo").arg(&hold).status().unwrap().success());
        let result = match client(&home).credentials("host").await {
            Ok(credentials) => credentials.unwrap().username,
            Err(error) => error.to_string(),
        };
        assert!(result.contains(outcome), "{result}");
        fs::write(hold, "").unwrap();
    }
}

#[tokio::test]
async fn helper_must_be_an_executable_on_the_path() {
    let home = home_with_helper("exit 0");
    let file = home.path().join("docker-credential-test");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(lookup_error(&home).await, @"failed to find docker-credential-test in PATH");

    let nowhere = home.builder().address("tcp://127.0.0.1:1").credential_helper_path("").build().unwrap();
    assert_snapshot!(nowhere.credentials("host").await.unwrap_err(), @"failed to find docker-credential-test in PATH");
    let here = home.builder().address("tcp://127.0.0.1:1").credential_helper_path(".:relative").build().unwrap();
    assert!(here.credentials("host").await.unwrap_err().is_credentials());

    for name in ["../test", "/bin/sh", "a\\\\b", "a\\u0000"] {
        home.configure(&format!(r#"{{ "credsStore": "{name}" }}"#));
        let error = lookup_error(&home).await;
        assert!(error.is_bad_request() && error.to_string().starts_with("invalid credential helper name "), "{error}");
    }
}

/// A home whose helper writes its process ID and then hangs, and a future of that ID.
fn hanging_helper() -> (Home, impl Future<Output = String>) {
    let home = home_with_helper("echo $$ > alive; exec sleep 1000000");
    let alive = home.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&alive).status().unwrap().success());
    let process = tokio::task::spawn_blocking(move || fs::read_to_string(alive).unwrap().trim().to_owned());
    (home, process.map(Result::unwrap))
}

fn exists(process: &str) -> bool {
    let mut signal = std::process::Command::new("sh");
    signal.args(["-c", r#"kill -0 "$0" 2> /dev/null"#, process]).status().unwrap().success()
}

/// The paused clock advances only after the blocking thread has read the process ID, that is, once the helper runs.
#[tokio::test(start_paused = true)]
async fn helper_timeout_kills_the_process() {
    let (home, process) = hanging_helper();
    let docker = client(&home);
    let (outcome, process) = future::join(docker.credentials("host"), process).await;
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.is_credentials() && !error.is_connect());
    assert_snapshot!(error, @"docker-credential-test did not exit within 60s (credential_helper_timeout)");
    assert!(!exists(&process));

    let (home, process) = hanging_helper();
    let limited = home
        .builder()
        .address("tcp://127.0.0.1:1")
        .credential_helper_timeout(Duration::from_millis(2))
        .build()
        .unwrap();
    let (outcome, _) = future::join(limited.credentials("host"), process).await;
    assert_snapshot!(outcome.unwrap_err(), @"docker-credential-test did not exit within 2ms (credential_helper_timeout)");
}

#[tokio::test]
async fn dropped_call_kills_the_helper() {
    let (home, process) = hanging_helper();
    let docker = client(&home);
    let process = {
        let call = pin!(docker.credentials("host"));
        match future::select(call, pin!(process)).await {
            future::Either::Left((outcome, _)) => panic!("{outcome:?}"),
            future::Either::Right((process, _)) => process,
        }
    };
    while exists(&process) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
