//! The messages of containerd's content service (`containerd.services.content.v1`), with the fields that are used.

use std::time::{SystemTime, UNIX_EPOCH};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bytes::Bytes;
use prost::Message;

/// Actions of messages that write a blob.
pub(super) mod action {
    /// Requests the state of the blob.
    pub(in super::super) const STAT: i32 = 0;
    /// Writes data.
    pub(in super::super) const WRITE: i32 = 1;
    /// Writes data, if there is any, and completes the blob.
    pub(in super::super) const COMMIT: i32 = 2;
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InfoRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct InfoResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<Info>,
}

/// The attributes of a blob.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Info {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    /// Length, in bytes.
    #[prost(int64, tag = "2")]
    pub(super) size: i64,
    #[prost(message, optional, tag = "3")]
    pub(super) created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    /// The first byte to read. Negative numbers mean 0.
    #[prost(int64, tag = "2")]
    pub(super) offset: i64,
    /// Maximum number of bytes to read; if it is not positive, all.
    #[prost(int64, tag = "3")]
    pub(super) size: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadResponse {
    #[prost(int64, tag = "1")]
    pub(super) offset: i64,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) data: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteRequest {
    /// One of the numbers in [`action`].
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    /// The name of the write; in the first message.
    #[prost(string, tag = "2")]
    pub(super) reference: String,
    /// The length of the whole blob, in bytes, if it is positive.
    #[prost(int64, tag = "3")]
    pub(super) total: i64,
    /// The expected digest of the whole blob; empty if there is none.
    #[prost(string, tag = "4")]
    pub(super) expected: String,
    /// The position of the data: the end of the previous data, or 0 to start again.
    #[prost(int64, tag = "5")]
    pub(super) offset: i64,
    #[prost(bytes = "bytes", tag = "6")]
    pub(super) data: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteResponse {
    /// The action of the request.
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) started_at: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub(super) updated_at: Option<Timestamp>,
    /// Number of bytes that are written.
    #[prost(int64, tag = "4")]
    pub(super) offset: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    /// The digest of a complete blob.
    #[prost(string, tag = "6")]
    pub(super) digest: String,
}

pub(super) fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: signed(since.as_secs()), nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default() }
}

/// Returns a number in the form of the messages.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn content_messages_have_the_fields_of_containerd() {
        let time = || Some(Timestamp { seconds: 1, nanos: 0 });
        let info = Info { digest: "d".into(), size: 2, created_at: time(), updated_at: time() };
        let encoded = b"\x0a\x0d\x0a\x01d\x10\x02\x1a\x02\x08\x01\x22\x02\x08\x01";
        assert_eq!(InfoResponse { info: Some(info) }.encode_to_vec(), encoded);
        assert_eq!(InfoRequest::decode(&b"\x0a\x01d"[..]).unwrap().digest, "d");

        let read = ReadRequest { digest: "d".into(), offset: 1, size: 2 };
        assert_eq!(ReadRequest::decode(&b"\x0a\x01d\x10\x01\x18\x02"[..]).unwrap(), read);
        let part = ReadResponse { offset: 1, data: "abc".into() };
        assert_eq!(part.encode_to_vec(), b"\x08\x01\x12\x03abc");

        let encoded = b"\x08\x02\x12\x01r\x18\x03\x22\x01d\x28\x04\x32\x01x\x3a\x06\x0a\x01k\x12\x01v";
        let write = WriteRequest {
            action: action::COMMIT,
            reference: "r".into(),
            total: 3,
            expected: "d".into(),
            offset: 4,
            data: "x".into(),
        };
        assert_eq!(WriteRequest::decode(&encoded[..]).unwrap(), write, "labels are ignored");
        let response = WriteResponse {
            action: action::WRITE,
            started_at: time(),
            updated_at: time(),
            offset: 3,
            total: 4,
            digest: "d".into(),
        };
        assert_eq!(response.encode_to_vec(), b"\x08\x01\x12\x02\x08\x01\x1a\x02\x08\x01\x20\x03\x28\x04\x32\x01d");
    }

    #[test]
    fn content_timestamps_are_unix_time() {
        let time = UNIX_EPOCH + Duration::new(7, 900);
        assert_eq!(timestamp(time), Timestamp { seconds: 7, nanos: 900 });
        assert_eq!(timestamp(UNIX_EPOCH - Duration::from_secs(1)), Timestamp { seconds: 0, nanos: 0 });
        assert_eq!(signed(u64::MAX), i64::MAX);
    }
}
