//! Writes `spec/operations.txt`: one line per operation, for reviews of a new API version.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

/// The table, in the order of the document.
pub(super) fn table(document: &Value) -> Result<String> {
    let oldest = document["info"]["x-versions"][0].as_str().context("no versions")?;
    let mut text =
        format!("{:<22} {:<6} {:<28} {:<6} {:<6} {}\n", "operation", "method", "path", "since", "until", "response");
    for (path, item) in document["paths"].as_object().context("no paths")? {
        for (method, operation) in item.as_object().context("no operations")? {
            writeln!(
                text,
                "{:<22} {:<6} {:<28} {:<6} {:<6} {}",
                operation["operationId"].as_str().unwrap_or_default(),
                method.to_uppercase(),
                path,
                operation["x-since"].as_str().unwrap_or(oldest),
                operation["x-until"].as_str().unwrap_or("-"),
                kind(method, operation),
            )?;
        }
    }
    Ok(text)
}

/// The form of a successful response.
fn kind(method: &str, operation: &Value) -> &'static str {
    let responses = &operation["responses"];
    if operation["x-hijack"] == true {
        // A WebSocket handshake is a GET request.
        return if method == "get" { "websocket" } else { "two-way stream" };
    }
    let content = ["200", "201"].iter().find_map(|status| responses[status]["content"].as_object());
    let Some((media_type, media)) = content.and_then(|content| content.iter().next()) else {
        return "nothing";
    };
    match media_type.as_str() {
        "application/json" if media["x-stream"] == true => "stream of documents",
        "application/json" => "document",
        "text/plain" if media["schema"]["format"] != "binary" => "text",
        _ => "stream of bytes",
    }
}
