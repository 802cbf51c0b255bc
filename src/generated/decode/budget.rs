//! The memory that decoding may use.
//!
//! A response is small compared with what it decodes to: 20 bytes of JSON can become an object of 500. So the bytes
//! received are limited, and decoders account for what they allocate.

use crate::{Error, error::Kind, transport::Limits};

/// Bytes that an allocation takes in addition to the requested size: the allocator's own data, and rounding.
pub(in crate::generated) const ALLOCATION: usize = 16;

/// A maximum size in bytes, both of the text and of the values decoded from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    bytes: usize,
    /// The method of the client's builder that sets it.
    setting: &'static str,
}

impl Limit {
    /// The limit of a response that is not a stream.
    pub(crate) fn response(bytes: usize) -> Self {
        Self { bytes, setting: "max_response_size" }
    }

    /// The limit of an item of a stream.
    pub(crate) fn item(bytes: usize) -> Self {
        Self { bytes, setting: "max_item_size" }
    }

    pub(in crate::generated) fn bytes(self) -> usize {
        self.bytes
    }

    /// The cause of an error that `what` exceeds the limit.
    pub(in crate::generated) fn exceeded(self, what: &str) -> String {
        let Self { bytes, setting } = self;
        format!("{what} is larger than {bytes} bytes ({setting})")
    }

    /// The error that a received text exceeds the limit.
    pub(in crate::generated) fn too_long(self, what: &str) -> Error {
        Error::new(Kind::Decode(self.exceeded(what)))
    }
}

impl Limits {
    /// The limit of a response that is not a stream.
    pub(in crate::generated) fn response(&self) -> Limit {
        Limit::response(self.max_response_size)
    }
}

/// The memory left for decoding, and the cause if decoding failed for a reason that serde's error does not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    left: usize,
    failure: Option<Failure>,
}

/// A reason why decoding failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::generated) enum Failure {
    /// The decoded values exceed the budget.
    TooLarge,
    /// The field of this name is absent or null, and the object is meaningless without it.
    Missing(&'static str),
}

impl Budget {
    pub(in crate::generated) fn new(limit: Limit) -> Self {
        Self { left: limit.bytes, failure: None }
    }

    /// Creates an unlimited budget, for JSON that comes from the caller.
    pub(crate) fn unlimited() -> Self {
        Self { left: usize::MAX, failure: None }
    }

    /// Accounts for `bytes` that are about to be allocated.
    pub(in crate::generated) fn take<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.fail(Failure::TooLarge)),
        }
    }

    /// Records `failure`, and returns the error that ends decoding.
    #[cold]
    pub(in crate::generated) fn fail<E: serde::de::Error>(&mut self, failure: Failure) -> E {
        self.failure = Some(failure);
        match failure {
            Failure::TooLarge => E::custom("the decoded value is too large"),
            Failure::Missing(name) => E::missing_field(name),
        }
    }

    pub(in crate::generated) fn failure(&self) -> Option<Failure> {
        self.failure
    }
}
