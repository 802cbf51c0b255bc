//! The messages with which BuildKit copies directory trees ("diff copy"), as in its library fsutil.
//!
//! The sender lists all entries, in a fixed order, and then an entry without attributes. The receiver requests files by their
//! index in this list, at any time, and the sender sends their content. Each of the two ends with a separate packet.

use bytes::Bytes;
use prost::Message;

/// Types of packets.
pub(crate) mod kind {
    pub(crate) const STAT: i32 = 0;
    pub(crate) const REQUEST: i32 = 1;
    pub(crate) const DATA: i32 = 2;
    pub(crate) const END: i32 = 3;
    pub(crate) const ERROR: i32 = 4;
}

/// A packet.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Packet {
    /// One of the types in [`kind`].
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    /// The attributes of an entry, or `None` after the last one.
    #[prost(message, optional, tag = "2")]
    pub(crate) stat: Option<Stat>,
    /// The index of the file that is requested or sent.
    #[prost(uint32, tag = "3")]
    pub(crate) id: u32,
    /// A part of a file, or nothing at its end; or an error message.
    #[prost(bytes = "bytes", tag = "4")]
    pub(crate) data: Bytes,
}

/// The attributes of an entry. Paths are bytes, because they need not be UTF-8.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Stat {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) path: Bytes,
    /// Type and permissions, with Go's bits; see [`go_mode`].
    #[prost(uint32, tag = "2")]
    pub(crate) mode: u32,
    #[prost(uint32, tag = "3")]
    pub(crate) uid: u32,
    #[prost(uint32, tag = "4")]
    pub(crate) gid: u32,
    /// Length, in bytes.
    #[prost(int64, tag = "5")]
    pub(crate) size: i64,
    /// Time of the last change, in nanoseconds since 1970.
    #[prost(int64, tag = "6")]
    pub(crate) modified: i64,
    /// The target of a symbolic link, or the path of an entry before that is the same file.
    #[prost(bytes = "bytes", tag = "7")]
    pub(crate) link: Bytes,
    /// Major number of a device.
    #[prost(int64, tag = "8")]
    pub(crate) device_major: i64,
    /// Minor number of a device.
    #[prost(int64, tag = "9")]
    pub(crate) device_minor: i64,
}

/// Unix bits for the type of a file.
const TYPE: u32 = 0o170_000;

/// Types of files and special permissions, with the bits that Unix and Go use. A socket is like a regular file, as in fsutil.
const TYPES: [(u32, u32); 5] = [
    (0o040_000, 1 << 31),
    (0o120_000, 1 << 27),
    (0o060_000, 1 << 26),
    (0o020_000, (1 << 26) | (1 << 21)),
    (0o010_000, 1 << 25),
];
const SPECIAL: [(u32, u32); 3] = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];

/// Converts a Unix mode to a Go mode (`os.FileMode`).
pub(crate) fn go_mode(mode: u32) -> u32 {
    let kind = TYPES.iter().find(|(unix, _)| *unix == (mode & TYPE)).map_or(0, |(_, go)| *go);
    let special = SPECIAL.iter().filter(|(unix, _)| (mode & unix) != 0).map(|(_, go)| go).sum::<u32>();
    kind | special | (mode & 0o777)
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::fsutil::types::{
        self,
        packet::PacketType::{PacketData, PacketFin, PacketReq, PacketStat},
    };

    use super::*;

    #[test]
    fn fsutil_mode_has_the_bits_of_go() {
        for (unix, go) in [
            (0o100_644, 0o644),
            (0o040_755, (1 << 31) | 0o755),
            (0o120_777, 134_218_239),
            (0o010_644, 33_554_852),
            (0o060_600, (1 << 26) | 0o600),
            (0o020_600, (1 << 26) | (1 << 21) | 0o600),
            (0o140_755, 0o755),
            (0o104_755, 8_389_101),
            (0o041_777, (1 << 31) | (1 << 20) | 0o777),
            (0o102_755, (1 << 22) | 0o755),
        ] {
            assert_eq!(go_mode(unix), go, "{unix:o}");
        }
    }

    #[test]
    fn fsutil_packets_have_the_fields_of_buildkit() {
        let stat = Stat {
            path: "a/b".into(),
            mode: 1,
            uid: 2,
            gid: 3,
            size: 4,
            modified: -5,
            link: "c".into(),
            device_major: 6,
            device_minor: 7,
        };
        let packet = Packet { kind: kind::ERROR, stat: Some(stat), id: 8, data: "d".into() };
        let decoded = types::Packet::decode(&*packet.encode_to_vec()).unwrap();
        let stat = types::Stat {
            path: "a/b".into(),
            mode: 1,
            uid: 2,
            gid: 3,
            size: 4,
            mod_time: -5,
            linkname: "c".into(),
            devmajor: 6,
            devminor: 7,
            xattrs: Default::default(),
        };
        let expected = types::Packet { r#type: 4, stat: Some(stat), id: 8, data: b"d".to_vec() };
        assert_eq!(decoded, expected);
        let kinds = [kind::STAT, kind::REQUEST, kind::DATA, kind::END];
        assert_eq!(kinds, [PacketStat, PacketReq, PacketData, PacketFin].map(i32::from));
    }
}
