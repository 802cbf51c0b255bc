//! A body of documents, each held against its schema on its way through.

use serde_json::{Deserializer, Value};

use super::document::Check;

pub(super) struct Sequence {
    check: Check,
    /// What came of a document that is not complete.
    begun: Vec<u8>,
}

impl Sequence {
    pub(super) fn new(check: Check) -> Self {
        Self { check, begun: Vec::new() }
    }

    /// What does not fit in the documents that end in `bytes`.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.begun.extend_from_slice(bytes);
        let mut documents = Deserializer::from_slice(&self.begun).into_iter::<Value>();
        let (mut found, mut end) = (Vec::new(), 0);
        loop {
            match documents.next() {
                Some(Ok(document)) => found.extend(self.check.of(&document)),
                Some(Err(error)) if !error.is_eof() => {
                    found.push(error.to_string());
                    end = self.begun.len();
                    break;
                }
                _ => break,
            }
            end = documents.byte_offset();
        }
        self.begun.drain(..end);
        found
    }
}
