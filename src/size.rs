//! [`Size`], a size in bytes, as a number or a string.

use std::{fmt, str::FromStr};

use crate::{Error, Result};

/// A size in bytes: a number (`512 << 20`), or a string as in the Docker CLI (`"512m"`, `"1.5g"`).
///
/// A string is a number, optionally with a fraction and a unit: `b`, `k`, `m`, `g`, `t` or `p`, also as `kb` or `kib`,
/// in upper or lower case. Each unit is 1024 times the previous one. `"-1"` is [`UNLIMITED`](Self::UNLIMITED).
///
/// Methods take `impl Into<Size>`. If the string is not valid, the call fails
/// ([`is_bad_request`](crate::Error::is_bad_request)) before anything is sent; [`str::parse`] fails immediately.
///
/// # Examples
///
/// ```
/// use dockerclient::Size;
///
/// assert_eq!(Size::from("512m").bytes(), Some(512 << 20));
/// assert_eq!("1.5 KiB".parse::<Size>()?, Size::from(1536));
/// assert_eq!(Size::from("much").bytes(), None);
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Size(Value);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Value {
    Bytes(u64),
    Unlimited,
    /// An invalid string. A call with it fails.
    Invalid(String),
}

impl Size {
    /// No limit, for settings that are documented to accept it. Written as `-1`, also in the API.
    pub const UNLIMITED: Self = Self(Value::Unlimited);

    /// Returns the number of bytes; `None` if the size is unlimited or was created from an invalid string.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        match self.0 {
            Value::Bytes(bytes) => Some(bytes),
            Value::Unlimited | Value::Invalid(_) => None,
        }
    }

    /// Returns the number of bytes, in the form of the API. Fails if the size is unlimited or not valid.
    pub(crate) fn to_bytes(&self) -> Result<i64> {
        let Value::Bytes(bytes) = self.0 else { return Err(self.invalid()) };
        i64::try_from(bytes).map_err(|_| self.invalid())
    }

    /// Returns the number of bytes, or -1 if unlimited, in the form of the API. Fails if the size is not valid.
    pub(crate) fn to_bytes_or_unlimited(&self) -> Result<i64> {
        if *self == Self::UNLIMITED { Ok(-1) } else { self.to_bytes() }
    }

    fn invalid(&self) -> Error {
        Error::invalid_input(format!(
            "invalid size \"{}\": expected a number of bytes, or a number with the unit b, k, m, g, t or p",
            self.to_string().escape_debug()
        ))
    }
}

/// Parses a string as the Docker CLI does.
fn parse(text: &str) -> Option<Value> {
    if text == "-1" {
        return Some(Value::Unlimited);
    }
    let end = text.rfind(|char: char| char.is_ascii_digit() || char == '.' || char == ' ')? + 1;
    let (number, unit) = text.split_at(end);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let unit = unit.to_ascii_lowercase();
    let factor = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit) {
        "" if unit == "ib" => return None,
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        "p" => 1_u64 << 50,
        _ => return None,
    };
    if let Ok(number) = number.parse::<u64>() {
        return number.checked_mul(factor).map(Value::Bytes);
    }
    let bytes = number.parse::<f64>().ok()? * factor as f64;
    (bytes >= 0.0 && bytes < i64::MAX as f64).then_some(Value::Bytes(bytes as u64))
}

impl From<u64> for Size {
    fn from(bytes: u64) -> Self {
        Self(Value::Bytes(bytes))
    }
}

impl From<&str> for Size {
    fn from(text: &str) -> Self {
        Self(parse(text).unwrap_or_else(|| Value::Invalid(text.to_owned())))
    }
}

impl From<String> for Size {
    fn from(text: String) -> Self {
        Self(parse(&text).unwrap_or(Value::Invalid(text)))
    }
}

impl FromStr for Size {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let size = Self::from(text);
        if let Value::Invalid(_) = size.0 { Err(size.invalid()) } else { Ok(size) }
    }
}

/// Formats as the number of bytes, `-1` if unlimited, or the invalid string unchanged.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::Bytes(bytes) => write!(f, "{bytes}"),
            Value::Unlimited => f.write_str("-1"),
            Value::Invalid(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_parsed_like_the_docker_cli() {
        for (text, bytes) in [
            ("0", 0),
            ("32", 32),
            ("32b", 32),
            ("32B", 32),
            ("32k", 32 << 10),
            ("32K", 32 << 10),
            ("32kb", 32 << 10),
            ("32Kb", 32 << 10),
            ("32kib", 32 << 10),
            ("32KIB", 32 << 10),
            ("32Mb", 32 << 20),
            ("32Gb", 32 << 30),
            ("32Tb", 32 << 40),
            ("32Pb", 32 << 50),
            ("32 kb", 32 << 10),
            ("32.5kB", 33280),
            ("32.5 kB", 33280),
            ("1.5", 1),
            (".5k", 512),
            ("9007199254740993", 9_007_199_254_740_993),
        ] {
            assert_eq!(Size::from(text).to_bytes().ok(), Some(bytes), "{text}");
            assert_eq!(text.parse::<Size>().unwrap().to_bytes().unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn invalid_size_fails_when_used() {
        for text in [
            "", "hello", "-32", "-1k", " 32 ", "32m b", "32bm", "32ib", "32kbb", "32kx", "32kibs", "32 e", "32.5.1k",
            "nan", "inf", "16384p", "1e40", "k", ".", "32µ", "９",
        ] {
            let size = Size::from(text);
            assert_eq!(size, Size::from(text.to_owned()));
            assert_eq!(size.bytes(), None, "{text}");
            let error = size.to_bytes().unwrap_err();
            assert!(error.is_bad_request(), "{text}");
            assert!(error.to_string().contains("invalid size"), "{error}");
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert!(Size::from(u64::MAX).to_bytes().is_err());
    }

    #[test]
    fn unlimited_size() {
        assert_eq!(Size::from("-1"), Size::UNLIMITED);
        assert_eq!(Size::UNLIMITED.to_bytes_or_unlimited().unwrap(), -1);
        assert!(Size::UNLIMITED.to_bytes().is_err());
        assert_eq!(Size::from("1k").to_bytes_or_unlimited().unwrap(), 1024);
    }

    #[test]
    fn size_display_can_be_parsed() {
        for size in [Size::from(1536), Size::UNLIMITED] {
            assert_eq!(size.to_string().parse::<Size>().unwrap(), size);
        }
    }
}
