//! Validation of a response body that is a sequence of JSON values, while it is forwarded.

use serde_json::{Deserializer, Value};

use super::document::Check;

pub(super) struct Sequence {
    check: Check,
    /// The received part of a value that is not complete.
    incomplete: Vec<u8>,
}

impl Sequence {
    pub(super) fn new(check: Check) -> Self {
        Self { check, incomplete: Vec::new() }
    }

    /// Takes the next chunk of the body. Returns the violations in the values that end in it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.incomplete.extend_from_slice(bytes);
        let mut values = Deserializer::from_slice(&self.incomplete).into_iter::<Value>();
        let (mut found, mut end) = (Vec::new(), 0);
        loop {
            match values.next() {
                Some(Ok(value)) => found.extend(self.check.violations(&value)),
                Some(Err(error)) if !error.is_eof() => {
                    found.push(error.to_string());
                    end = self.incomplete.len();
                    break;
                }
                _ => break,
            }
            end = values.byte_offset();
        }
        self.incomplete.drain(..end);
        found
    }
}
