//! Files that are not valid recordings.

use dockerclient_testkit::{Recording, Replay};
use insta::assert_snapshot;

use crate::file;

#[test]
fn invalid_recording_is_an_error() {
    let response =
        |response: &str| file(&format!(r#"{{"request": {{"method": "GET", "path": "/"}}, "response": {response}}}"#));
    let files = [
        String::new(),
        "{}".to_owned(),
        r#"{"format": "other", "version": 1}"#.to_owned(),
        r#"{"format": "dockerclient recording", "version": 2, "new": []}"#.to_owned(),
        file("7"),
        file(r#"{"request": {"method": "G T", "path": "/"}, "response": null}"#),
        file(r#"{"request": {"method": "GET", "path": "x"}, "response": null}"#),
        response(r#"{"status": 99}"#),
        response(r#"{"status": 102}"#),
        response(r#"{"status": 600}"#),
        response(r#"{"status": 200, "headers": {"a": "b\r\nc: d"}}"#),
        response(r#"{"status": 200, "headers": {"a b": "c"}}"#),
        response(r#"{"status": 200, "headers": {"Content-Length": "7"}}"#),
        response(r#"{"status": 200, "body": {"base64": "?"}}"#),
        response(r#"{"status": 200, "body": {"tar": []}}"#),
        response(r#"{"status": 200, "body": {"text": "a"}, "chunks": []}"#),
        response(r#"{"status": 304, "body": {"text": "a"}}"#),
        response(r#"{"status": 101}"#),
        response(r#"{"status": 200, "end": "other"}"#),
        response(r#"{"status": 101, "session": [{"other": {"text": "a"}}]}"#),
        response(&format!(r#"{{"status": 200, "body": {{"json": {}1{}}}}}"#, "[".repeat(1000), "]".repeat(1000))),
    ];
    let errors = files.iter().map(|file| Recording::from_json(file).unwrap_err().to_string());
    assert_snapshot!(errors.collect::<Vec<_>>().join("\n"), @r#"
    invalid recording: EOF while parsing a value at line 1 column 0
    invalid recording: missing field `format` at line 1 column 2
    invalid recording: the format is "other"
    unsupported version 2 of the recording's format: use 1
    invalid recording: invalid type: integer `7`, expected struct Exchange at line 1 column 66
    invalid recording: exchange 1: invalid request "G T" "/"
    invalid recording: exchange 1: invalid request "GET" "x"
    invalid recording: exchange 1: invalid status 99
    invalid recording: exchange 1: invalid status 102
    invalid recording: exchange 1: invalid status 600
    invalid recording: exchange 1: invalid header "a"
    invalid recording: exchange 1: invalid header "a b"
    invalid recording: exchange 1: invalid header "Content-Length"
    invalid recording: exchange 1: invalid content of the response: base64
    invalid recording: exchange 1: invalid content of the response: tar
    invalid recording: exchange 1: status 200 does not allow this body, chunks or session
    invalid recording: exchange 1: status 304 does not allow this body, chunks or session
    invalid recording: exchange 1: status 101 does not allow this body, chunks or session
    invalid recording: unknown variant `other`, expected one of `complete`, `client_closed`, `connection_lost` at line 1 column 151
    invalid recording: unknown variant `other`, expected one of `client`, `client_end`, `engine`, `engine_end` at line 1 column 157
    invalid recording: recursion limit exceeded at line 1 column 277
    "#);
}

#[test]
fn unreadable_file_is_an_error_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("session.json");
    let error = Replay::open(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("failed to open the recording {}: ", path.display())), "{error}");
    std::fs::write(&path, [0xff]).unwrap();
    assert!(Replay::open(&path).unwrap_err().to_string().contains("UTF-8"));
    std::fs::write(&path, "{").unwrap();
    let error = Replay::open(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: invalid recording: ", path.display())), "{error}");
}

/// Truncated and changed files are errors or valid recordings, and never cause a panic.
#[test]
fn damaged_file_is_an_error_or_another_recording() {
    let valid = file(
        r#"{"request": {"method": "POST", "path": "/v1.41/a", "query": ["a=b"], "body": {"json": {"a": [1, null]}}},
            "response": {"status": 200, "chunks": [{"frames": [{"stdout": "a"}]}, {"base64": "AA=="}]}},
           {"request": {"method": "GET", "path": "/a"},
            "response": {"status": 101, "session": [{"client": {"text": "a"}}, "client_end", "engine_end"]}}"#,
    );
    Recording::from_json(&valid).unwrap();
    for length in 0..valid.len() {
        Recording::from_json(&valid[..length]).unwrap_err();
    }
    for index in 0..valid.len() {
        for byte in ["", "\"", "{", "9", "\\", "\u{0}"] {
            let changed = format!("{}{byte}{}", &valid[..index], &valid[index + 1..]);
            if let Ok(recording) = Recording::from_json(&changed) {
                recording.to_json().unwrap();
            }
        }
    }
}
