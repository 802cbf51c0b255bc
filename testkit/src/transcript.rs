//! What was asked and what was answered, for people to read.

use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use crate::Request;

#[derive(Debug, Default)]
pub(crate) struct Transcript(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    request: Request,
    operation: Option<&'static str>,
    answer: Option<String>,
}

impl Transcript {
    /// Notes a request, and returns its number.
    pub(crate) fn asked(&self, request: &Request) -> usize {
        self.with(|entries| {
            entries.push(Entry { request: request.clone(), operation: None, answer: None });
            entries.len() - 1
        })
    }

    pub(crate) fn is_for(&self, number: usize, operation: &'static str) {
        self.with(|entries| entries[number].operation = Some(operation));
    }

    pub(crate) fn answered(&self, number: usize, answer: &str) {
        self.with(|entries| entries[number].answer = Some(answer.to_owned()));
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

    /// A line a request: its operation, its line, its body if that is text, and the status of its answer.
    pub(crate) fn text(&self) -> String {
        self.with(|entries| {
            let mut text = String::new();
            for Entry { request, operation, answer } in entries {
                let (operation, answer) = (operation.unwrap_or("-"), answer.as_deref().unwrap_or("no answer yet"));
                // Writing to a string does not fail.
                let _ = writeln!(text, "{operation:<18} {}{} -> {answer}", request.line, body(request));
            }
            text
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Vec<Entry>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The body in a line. Credentials are not shown.
fn body(request: &Request) -> String {
    match request.body.trim() {
        "" => String::new(),
        _ if request.path() == "/auth" => " (credentials)".to_owned(),
        text if text.starts_with('{') => format!(" {text}"),
        _ => format!(" ({} bytes)", request.bytes.len()),
    }
}
