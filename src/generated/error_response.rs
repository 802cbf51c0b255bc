//! Errors from the bodies of error responses, in all formats that engines and proxies use.
//!
//! | body | sent by |
//! |---|---|
//! | plain text | Docker, for requests below API 1.24 |
//! | `{"message"}` | Docker, since API 1.24 |
//! | `{"cause","message","response"}` | Podman |
//! | `{"errorDetail":{"code","message"},"error"}` | Podman 5, for a push that fails before its progress begins |
//! | an HTML page | a proxy |
//! | empty | engines that close the connection early, and responses to `HEAD` |

use http::StatusCode;
use serde_json::Value;

use crate::{
    Error,
    error::{self, Kind},
};

/// The response of a TLS port to plain HTTP, before any engine reads the request.
const TLS_REQUIRED: &str = "Client sent an HTTP request to an HTTPS server.";

/// Returns the error for a response with this status and body. Its message is at most a few kilobytes long.
pub(crate) fn error(status: StatusCode, body: &[u8]) -> Error {
    let status = status.as_u16();
    match serde_json::from_slice(body) {
        Ok(Value::Object(document)) => from_document(status, &document).unwrap_or_else(|| without_message(status)),
        Ok(Value::Array(_)) => without_message(status),
        // A part of such a document.
        Err(_) if [&b"{"[..], b"[{", b"[\""].iter().any(|begin| body.trim_ascii_start().starts_with(begin)) => {
            without_message(status)
        }
        _ => from_text(status, &error::text(body)),
    }
}

type Object = serde_json::Map<String, Value>;

fn from_document(status: u16, document: &Object) -> Option<Error> {
    if let Some(detail) = field(document, "errorDetail").and_then(Value::as_object) {
        let message = text(detail, "message").or_else(|| text(document, "error"))?;
        let code = field(detail, "code").and_then(Value::as_i64).unwrap_or_default();
        return Some(Error::new(Kind::OperationFailed { status: Some(status), code, message }));
    }
    let message = text(document, "message").or_else(|| text(document, "error"))?;
    Some(engine(status, message))
}

/// The value of a field, whose name may differ in case.
fn field<'a>(document: &'a Object, name: &str) -> Option<&'a Value> {
    document
        .get(name)
        .or_else(|| document.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The text of a field, trimmed, if there is any.
fn text(document: &Object, name: &str) -> Option<String> {
    let text = field(document, name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn from_text(status: u16, text: &str) -> Error {
    if text == TLS_REQUIRED {
        return Error::new(Kind::Connect(
            "the engine requires TLS; set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or call `tls` on the builder".into(),
        ));
    }
    if text.starts_with('<') {
        let title = title(text).unwrap_or_else(|| reason(status));
        return engine(status, format!("{title} (an HTML page: is there a proxy in front of the engine?)"));
    }
    engine(status, if text.is_empty() { reason(status) } else { text }.to_owned())
}

/// The error for a JSON body that is not an error of an engine, and may have confidential values.
fn without_message(status: u16) -> Error {
    engine(status, format!("{} (the response has no error message)", reason(status)).trim_start().to_owned())
}

fn engine(status: u16, message: String) -> Error {
    Error::new(Kind::Status { status, message })
}

/// The title of an HTML page, if it has one.
fn title(page: &str) -> Option<&str> {
    let start = find(page, "<title>")? + "<title>".len();
    let title = page[start..].get(..find(&page[start..], "</title>")?)?.trim();
    (!title.is_empty()).then_some(title)
}

/// The position of `tag` in `page`, in upper or lower case.
fn find(page: &str, tag: &str) -> Option<usize> {
    page.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

/// The standard reason phrase of a status.
fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(body: impl AsRef<[u8]>) -> Error {
        super::error(StatusCode::INTERNAL_SERVER_ERROR, body.as_ref())
    }

    #[test]
    fn error_bodies_of_all_formats() {
        let gone = "no such image";
        for (body, message) in [
            ("no such image\n", gone),
            (r#"{"message":" no such image\n"}"#, gone),
            (r#"{"Message":"no such image"}"#, gone),
            (r#"{"cause":"image not known","message":"no such image","response":404}"#, gone),
            (r#"{"error":"no such image"}"#, gone),
            ("", "Internal Server Error"),
            (" \n", "Internal Server Error"),
            (r#"{"message":""}"#, "Internal Server Error (the response has no error message)"),
            (r#"{"error":1}"#, "Internal Server Error (the response has no error message)"),
            (r#"["TOKEN=hunter2"#, "Internal Server Error (the response has no error message)"),
            ("\n[{\"Env\":[\"TOKEN=hunter2", "Internal Server Error (the response has no error message)"),
            (r#"{"Env":["TOKEN=hunter2"#, "Internal Server Error (the response has no error message)"),
            ("[8] System error", "[8] System error"),
            (r#"["TOKEN=hunter2"]"#, "Internal Server Error (the response has no error message)"),
            (r#""no such image""#, r#""no such image""#),
        ] {
            let error = error(body);
            assert_eq!(
                (error.status(), error.message(), error.is_operation_failed()),
                (Some(500), Some(message), false),
                "{body}"
            );
        }
        assert_eq!(error(b"not utf-8: \xff\r\n").message(), Some("not utf-8: \u{fffd}"));
    }

    #[test]
    fn error_body_of_a_failed_push_is_a_failure_with_its_status() {
        for body in [
            r#"{"errorDetail":{"message":"authentication required"},"error":"authentication required"}"#,
            r#"{"errorDetail":{},"error":"authentication required"}"#,
        ] {
            let error = error(body);
            assert_eq!((error.status(), error.message()), (Some(500), Some("authentication required")));
            assert!(error.is_operation_failed() && error.code().is_none(), "{body}");
        }
        let coded = error(r#"{"errorDetail":{"code":401,"message":"no"}}"#);
        assert_eq!((coded.code(), coded.to_string()), (Some(401), "no (500)".to_owned()));
    }

    #[test]
    fn error_body_that_is_html_is_not_the_message() {
        let page = "<!DOCTYPE html>\n<HTML><head><Title>\n502 Bad Gateway</tiTLE></head><body>…";
        let message = "502 Bad Gateway (an HTML page: is there a proxy in front of the engine?)";
        assert_eq!(error(page).message(), Some(message));
        for page in ["<html>", "<title></title>", "<title>é"] {
            assert!(error(page).message().unwrap().starts_with("Internal Server Error ("), "{page}");
        }
    }

    #[test]
    fn error_body_of_any_length_is_truncated() {
        for body in ["x".repeat(1 << 16), format!(r#"{{"message":"{}"}}"#, "x".repeat(1 << 16))] {
            assert_eq!(error(body).message().map(str::len), Some(8 << 10));
        }
    }
}
