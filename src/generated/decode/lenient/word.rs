//! Enums whose values are strings.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{Budget, number};
use crate::generated::decode::budget::ALLOCATION;

/// A generated enum whose values are strings. `build.rs` implements it.
pub(crate) trait Word: Sized {
    /// The variant of a known string.
    fn known(text: &str) -> Option<Self>;

    /// The variant of any other string.
    fn other(text: String) -> Self;
}

/// For `From<&str>`.
pub(in crate::generated) fn from_str<T: Word>(text: &str) -> T {
    T::known(text).unwrap_or_else(|| T::other(text.to_owned()))
}

/// For `From<String>`.
pub(in crate::generated) fn from_string<T: Word>(text: String) -> T {
    T::known(&text).unwrap_or_else(|| T::other(text))
}

/// For `Deserialize`: decodes a string.
pub(in crate::generated) fn deserialize<'de, D: Deserializer<'de>, T: Word>(deserializer: D) -> Result<T, D::Error> {
    struct Text<T>(PhantomData<T>);

    impl<T: Word> Visitor<'_> for Text<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok(from_str(text))
        }
    }

    deserializer.deserialize_str(Text(PhantomData))
}

/// Decodes the next value. An empty string is decoded as `None`, like `null`.
pub(in crate::generated) struct WordPlace<'a, T>(
    pub(in crate::generated) &'a mut Option<T>,
    pub(in crate::generated) &'a mut Budget,
);

impl<'de, T: Word> DeserializeSeed<'de> for WordPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Word> Visitor<'de> for WordPlace<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        *self.0 = match T::known(text) {
            None if !text.is_empty() => {
                self.1.take(text.len() + ALLOCATION)?;
                Some(T::other(text.to_owned()))
            }
            known => known,
        };
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        number::visit_arbitrary(self, map)
    }
}

#[cfg(test)]
mod tests {
    use crate::models::{CgroupVersion, Change, ChangeKind, HostConfig, Info, MountType, RestartPolicyName};

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn decode_enum_known_empty_and_unknown_values() {
        let policy = |name: &str| {
            let document = format!(r#"{{"RestartPolicy":{{"Name":{name}}}}}"#);
            decoded::<HostConfig>(&document).restart_policy.name
        };
        assert_eq!(policy(r#""on-failure""#), Some(RestartPolicyName::OnFailure));
        assert_eq!(policy(r#""no""#), Some(RestartPolicyName::No));
        assert_eq!(policy(r#""on\u002dfailure""#), Some(RestartPolicyName::OnFailure));
        assert_eq!([policy(r#""""#), policy("null")], [None, None]);
        assert_eq!(policy(r#""sometimes""#), Some(RestartPolicyName::Other("sometimes".into())));
        assert!(serde_json::from_str::<HostConfig>(r#"{"RestartPolicy":{"Name":[]}}"#).is_err());
        assert_eq!(decoded::<Info>(r#"{"CgroupVersion":2}"#).cgroup_version, Some(CgroupVersion::V2));
    }

    #[test]
    fn encode_enum_as_it_was_decoded() {
        for document in [
            r#"{"RestartPolicy":{"Name":"no"}}"#,
            r#"{"RestartPolicy":{"MaximumRetryCount":3,"Name":"on-failure"}}"#,
            r#"{"RestartPolicy":{"Name":"sometimes"}}"#,
        ] {
            assert_eq!(serde_json::to_string(&decoded::<HostConfig>(document)).unwrap(), document);
        }
    }

    #[test]
    fn enum_text_conversions() {
        let mount: MountType = "tmpfs".parse().unwrap();
        assert_eq!((&mount, mount.as_str(), format!("{mount:>7}")), (&MountType::Tmpfs, "tmpfs", "  tmpfs".to_owned()));
        assert_eq!(MountType::from("dream".to_owned()), MountType::Other("dream".to_owned()));
        assert_eq!(MountType::from("bind".to_owned()), MountType::Bind);
        assert!(mount == "tmpfs" && mount != "bind");
        assert_eq!(decoded::<MountType>(r#""npipe""#), MountType::Npipe);
        assert_eq!(serde_json::to_string(&MountType::Other("a\"b".into())).unwrap(), r#""a\"b""#);
    }

    #[test]
    fn decode_and_encode_numeric_enum() {
        for (kind, want, shown) in [
            ("0", ChangeKind::Modified, "modified"),
            ("2", ChangeKind::Deleted, "deleted"),
            ("7", ChangeKind::Other(7), "7"),
            ("1.0", ChangeKind::Added, "added"),
        ] {
            let change: Change = decoded(&format!(r#"{{"Path":"/a","Kind":{kind}}}"#));
            assert_eq!((change.kind, change.kind.to_string()), (want, shown.to_owned()), "{kind}");
        }
        assert_eq!(decoded::<Change>(r#"{"Path":"/a"}"#).kind, ChangeKind::Modified);
        assert_eq!(serde_json::to_string(&ChangeKind::Added).unwrap(), "1");
        assert_eq!(i64::from(ChangeKind::from(9)), 9);
    }
}
