//! Programs that keep credentials: those that behave, and those that do not.

use std::{fs, future::Future, os::unix::fs::PermissionsExt as _, path::Path, pin::pin, time::Duration};

use futures_util::{FutureExt as _, future};
use insta::assert_snapshot;

use crate::{
    credentials::{client, helped_by, is_discreet, refused, told},
    home::Home,
};

#[tokio::test]
async fn a_helper_may_know_a_token_or_nothing() {
    let token = helped_by(r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"s3cret"}'"#);
    assert_eq!(told(&client(&token), "host").await, r#"{"identitytoken":"s3cret","serveraddress":"host"}"#);
    for nothing in [
        "echo credentials not found in native keychain; exit 1",
        "echo credentials not found in native keychain >&2; exit 1",
        r#"echo '{"ServerURL":"","Username":"","Secret":""}'"#,
    ] {
        assert_eq!(told(&client(&helped_by(nothing)), "host").await, "nothing", "{nothing}");
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_an_error_in_its_words_but_without_its_answer() {
    let mut text = String::new();
    for script in [
        "echo the session has expired >&2; exit 3",
        "echo the keychain is locked; exit 1",
        "echo '  warning  ' >&2; echo; echo ' no such keychain '; exit 1",
        r#"echo '{"Username":"me","Secret":"s3cret"}'; exit 1"#,
        "exit 1",
        "kill -9 $$",
        "echo s3cret",
        r#"echo '{"Username":"me","Secret":5s3cret}'"#,
        r#"echo '{"Username":"me","Secret":["s3cret"]}'"#,
        r#"echo '{"username":"me","secret":"s3cret"}'"#,
        "",
    ] {
        let error = refused(&helped_by(script)).await;
        is_discreet(&error);
        assert!(error.is_credentials() && !error.is_timeout());
        text += &format!("{error}\n");
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn a_helper_that_never_stops_talking_is_stopped() {
    let error = refused(&helped_by("exec cat /dev/zero")).await;
    assert!(error.is_credentials());
    let source = std::error::Error::source(&error).unwrap();
    assert_snapshot!(format!("{error}: {source}"), @"docker-credential-test was not heard out: it says more than 1048576 bytes");

    let answer = r#"echo '{"Username":"me","Secret":"s3cret"}'"#;
    let noisy = format!("head -c 1000000 /dev/zero >&2; {answer}");
    assert!(told(&client(&helped_by(&noisy)), "host").await.contains("me"));
    let error = refused(&helped_by("yes no | head -c 1000000 >&2; exit 1")).await;
    assert!(error.to_string().len() < 1200, "{error}");
}

#[tokio::test]
async fn a_helper_is_a_program_on_the_path() {
    let home = helped_by("exit 0");
    let file = home.path().join("docker-credential-test");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!(refused(&home).await, @"docker-credential-test is not on the PATH");

    let nowhere = home.builder().address("tcp://127.0.0.1:1").credential_helper_path("").build().unwrap();
    assert_snapshot!(nowhere.credentials("host").await.unwrap_err(), @"docker-credential-test is not on the PATH");
    let here = home.builder().address("tcp://127.0.0.1:1").credential_helper_path(".:relative").build().unwrap();
    assert!(here.credentials("host").await.unwrap_err().is_credentials());

    for name in ["../test", "/bin/sh", "a\\\\b", "a\\u0000"] {
        home.configure(&format!(r#"{{ "credsStore": "{name}" }}"#));
        let error = refused(&home).await;
        assert!(
            error.is_bad_request() && error.to_string().starts_with("no credential helper can be named"),
            "{error}"
        );
    }
}

/// A user whose helper tells its process, and then hangs; and what it will tell.
fn hanging() -> (Home, impl Future<Output = String>) {
    let home = helped_by("echo $$ > alive; exec sleep 1000000");
    let alive = home.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&alive).status().unwrap().success());
    let process = tokio::task::spawn_blocking(move || fs::read_to_string(alive).unwrap().trim().to_owned());
    (home, process.map(Result::unwrap))
}

fn exists(process: &str) -> bool {
    Path::new("/proc").join(process).exists()
}

/// Time stands still until the helper is there: the clock of the test waits for the thread that reads of it.
#[tokio::test(start_paused = true)]
async fn a_helper_that_takes_too_long_is_killed_and_nothing_is_left_of_it() {
    let (home, process) = hanging();
    let docker = client(&home);
    let (outcome, process) = future::join(docker.credentials("host"), process).await;
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.is_credentials() && !error.is_connect());
    assert_snapshot!(error, @"docker-credential-test did not answer within 60s");
    assert!(!exists(&process));

    let (home, process) = hanging();
    let hasty = home
        .builder()
        .address("tcp://127.0.0.1:1")
        .credential_helper_timeout(Duration::from_millis(2))
        .build()
        .unwrap();
    let (outcome, _) = future::join(hasty.credentials("host"), process).await;
    assert_snapshot!(outcome.unwrap_err(), @"docker-credential-test did not answer within 2ms");
}

#[tokio::test]
async fn a_helper_is_killed_with_the_call_that_waits_for_it() {
    let (home, process) = hanging();
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
