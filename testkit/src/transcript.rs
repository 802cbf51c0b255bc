//! The requests that were received and the statuses of their responses.

use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use crate::Request;

#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: Mutex<Vec<Entry>>,
    /// Whether bodies and headers of requests are not kept.
    only_lines: bool,
}

#[derive(Debug)]
struct Entry {
    request: Request,
    operation: Option<&'static str>,
    response: Option<String>,
}

impl Transcript {
    /// A transcript that does not keep bodies and headers of requests.
    pub(crate) fn of_lines() -> Self {
        Self { only_lines: true, ..Self::default() }
    }

    /// Records a request, and returns its number.
    pub(crate) fn record_request(&self, request: &Request) -> usize {
        let request = match self.only_lines {
            true => Request::new(request.line.clone(), Vec::new(), Bytes::new()),
            false => request.clone(),
        };
        self.with(|entries| {
            entries.push(Entry { request, operation: None, response: None });
            entries.len() - 1
        })
    }

    pub(crate) fn set_operation(&self, number: usize, operation: &'static str) {
        self.with(|entries| entries[number].operation = Some(operation));
    }

    pub(crate) fn record_response(&self, number: usize, response: &str) {
        self.with(|entries| entries[number].response = Some(response.to_owned()));
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.with(|entries| entries.iter().map(|entry| entry.request.clone()).collect())
    }

    pub(crate) fn calls_to(&self, operation: &str) -> Vec<Request> {
        self.with(|entries| {
            let calls = entries.iter().filter(|entry| entry.operation == Some(operation));
            calls.map(|entry| entry.request.clone()).collect()
        })
    }

    /// One line per request: operation, request line, body if it is JSON, and status of the response.
    pub(crate) fn text(&self) -> String {
        self.with(|entries| {
            let mut text = String::new();
            for Entry { request, operation, response } in entries {
                let operation = operation.unwrap_or("-");
                let response = response.as_deref().unwrap_or("no response yet");
                // Writing to a string does not fail.
                let _ = writeln!(text, "{operation:<18} {}{} -> {response}", request.line, body(request));
            }
            text
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        f(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The body on one line. Credentials are omitted.
fn body(request: &Request) -> String {
    match request.body.trim() {
        "" => String::new(),
        _ if request.path() == "/auth" => " (credentials)".to_owned(),
        text if text.starts_with('{') => format!(" {text}"),
        _ => format!(" ({} bytes)", request.bytes.len()),
    }
}
