//! Updates of objects that have a version: the engine rejects an update if the object has changed since it was read.

use crate::Error;

/// Maximum number of attempts of an update if the object changes in the meantime.
pub(crate) const ATTEMPTS: usize = 5;

/// Whether the engine rejected an update because the object has changed since it was read.
pub(crate) fn is_out_of_sequence(error: &Error) -> bool {
    // Engines send 500; 409 would be the right status.
    let is_expected = matches!(error.status(), Some(409 | 500));
    is_expected && error.message().is_some_and(|message| message.contains("update out of sequence"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn out_of_sequence_is_a_status_with_its_message() {
        let grpc = "rpc error: code = Unknown desc = update out of sequence";
        for (status, message, want) in [
            (500, grpc, true),
            (500, "rpc error: code = 2 desc = update out of sequence", true),
            (409, grpc, true),
            (400, grpc, false),
            (500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded", false),
        ] {
            let error = Error::new(Kind::Status { status, message: message.into() });
            assert_eq!(is_out_of_sequence(&error), want, "{error}");
        }
        assert!(!is_out_of_sequence(&Error::invalid_input("update out of sequence")));
    }
}
