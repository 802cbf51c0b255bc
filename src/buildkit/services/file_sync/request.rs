//! The headers of a request for a directory.

use http::{HeaderMap, HeaderValue};
use tonic::Status;

use crate::images::Patterns;

/// Returns the name of the directory, and the patterns of the requested part. Their memory is limited by the size of
/// the headers.
pub(super) fn parse(headers: &HeaderMap) -> Result<(String, Patterns), Status> {
    let name = values(headers, "dir-name")?.into_iter().next().unwrap_or_default();
    let name = String::from_utf8(name).map_err(|_| Status::not_found("directory not found"))?;
    let patterns = Patterns {
        include: values(headers, "include-patterns")?,
        exclude: values(headers, "exclude-patterns")?,
        follow: values(headers, "followpaths")?,
    };
    Ok((name, patterns))
}

/// Returns the values of a header. They are bytes: only newer versions of BuildKit encode other characters than those of
/// ASCII.
fn values(headers: &HeaderMap, name: &str) -> Result<Vec<Vec<u8>>, Status> {
    let is_encoded = headers
        .get(format!("{name}-encoded"))
        .is_some_and(|value| matches!(value.as_bytes(), b"1" | b"t" | b"T" | b"true" | b"TRUE" | b"True"));
    let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    if !is_encoded {
        return Ok(values.map(<[u8]>::to_vec).collect());
    }
    let decoded = values.map(decode).collect::<Option<_>>();
    decoded.ok_or_else(|| Status::invalid_argument(format!("the header {name} is not encoded correctly")))
}

/// Decodes text that Go's `url.QueryEscape` has encoded.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (hexadecimal(*bytes.next()?)? << 4) | hexadecimal(*bytes.next()?)?,
            byte => byte,
        });
    }
    Some(decoded)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn parsed(headers: &[(&str, &[u8])]) -> Result<(String, Patterns), Status> {
        let header = |(name, value): &(&str, &[u8])| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(header) {
            map.append(name, value);
        }
        parse(&map)
    }

    #[test]
    fn file_sync_request_has_a_name_and_patterns() {
        let (name, patterns) = parsed(&[
            ("dir-name", b"context"),
            ("exclude-patterns", b"a%2B+b"),
            ("exclude-patterns", b"!c"),
            ("followpaths", "\u{fc}".as_bytes()),
            ("include-patterns-encoded", b"1"),
            ("include-patterns", b"%21d%2Fe"),
            ("include-patterns", b"%22q+%C3%A9%22"),
        ])
        .unwrap();
        assert_eq!(name, "context");
        assert_eq!(patterns.exclude, [&b"a%2B+b"[..], b"!c"]);
        assert_eq!(patterns.follow, ["\u{fc}".as_bytes()]);
        assert_eq!(patterns.include, ["!d/e".as_bytes(), "\"q \u{e9}\"".as_bytes()]);
        assert_eq!(parsed(&[]).unwrap().0, "");
    }

    #[test]
    fn file_sync_request_must_be_encoded_correctly() {
        for value in [&b"%"[..], b"%1", b"%g0", b"a%2"] {
            let error = parsed(&[("followpaths", value), ("followpaths-encoded", b"true")]).unwrap_err();
            assert_eq!(error.code(), tonic::Code::InvalidArgument, "{error}");
            assert!(parsed(&[("followpaths", value), ("followpaths-encoded", b"0")]).is_ok());
        }
        assert_eq!(parsed(&[("dir-name", b"\xff")]).unwrap_err().code(), tonic::Code::NotFound);
    }
}
