//! Errors of gRPC calls.

use tonic::{Code, Status};

use super::grpc_requests::is_reported;
use crate::{
    Error,
    error::{Kind, Unsupported, cause},
};

/// Converts the status of a call that failed.
///
/// A status that the engine reported is a failure of the operation, with the kind of the equivalent HTTP status if
/// there is one. Other statuses are an error of the connection, or are caused by a response that is not valid.
#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn error(status: Status) -> Error {
    if let Some(error) = cause::<Error>(&status) {
        return error.clone();
    }
    let message = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    if !is_reported(&status) {
        // tonic returns this code only for messages that are too large.
        let setting = if status.code() == Code::OutOfRange { " (max_item_size)" } else { "" };
        return Error::new(Kind::Decode(format!("{message}{setting}")));
    }
    let code = match status.code() {
        Code::InvalidArgument | Code::OutOfRange => 400,
        Code::Unauthenticated => 401,
        Code::PermissionDenied => 403,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => 409,
        Code::Unimplemented => {
            let message = format!("the engine's BuildKit does not support this call: {message}");
            return Error::new(Kind::Unsupported(Unsupported { message, required: None, negotiated: None }));
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => 0,
    };
    Error::new(Kind::OperationFailed { status: None, code, message: message.to_owned() })
}
