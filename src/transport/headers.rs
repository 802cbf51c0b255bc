//! Headers of every request to the engine, from `config.json` and from the program.

use std::fmt;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT},
};

use crate::{Error, Result};

/// The default `User-Agent`: name and version of this crate.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("dockerclient-rs/", env!("CARGO_PKG_VERSION")));

/// Headers that are ignored in `config.json`, as the Docker CLI does.
const NOT_CONFIGURABLE: [HeaderName; 5] = [CONTENT_LENGTH, HOST, TRAILER, TRANSFER_ENCODING, USER_AGENT];

/// Headers that belong to the transport and cannot be set.
const RESERVED: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, HOST, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Headers. `Debug` shows only their names, because values may be secrets.
#[derive(Clone)]
pub(crate) struct Headers(HeaderMap);

impl Headers {
    /// Creates the headers from those in `config.json` and the default `User-Agent`.
    pub(crate) fn new(configured: &[(String, String)]) -> Result<Self> {
        let mut headers = HeaderMap::from_iter([(USER_AGENT, AGENT)]);
        for (name, value) in configured {
            let (name, value) = parse(name, value).map_err(|error| error.in_source("HttpHeaders in config.json"))?;
            if !NOT_CONFIGURABLE.contains(&name) {
                headers.insert(name, value);
            }
        }
        Ok(Self(headers))
    }

    /// Sets a header of the program, and replaces an earlier one of that name.
    pub(crate) fn insert(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = custom_header(name, value)?;
        self.0.insert(name, value);
        Ok(())
    }

    /// Adds these headers to a request, except those that it already has.
    pub(crate) fn apply(&self, request: &mut HeaderMap) {
        for (name, value) in &self.0 {
            request.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// Parses a header that the program adds to all requests or to one. Errors do not contain the value, which may be a secret.
pub(crate) fn custom_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let (name, value) = parse(name, value)?;
    if RESERVED.contains(&name) {
        return Err(Error::invalid_input(format!("invalid header {name:?}: it is set by the transport")));
    }
    Ok((name, value))
}

fn parse(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let parsed_name = name.parse().map_err(|_| Error::invalid_input(format!("invalid header name {name:?}")))?;
    let value = HeaderValue::from_bytes(value.trim().as_bytes());
    let mut value = value.map_err(|_| Error::invalid_input(format!("invalid value of header {name:?}")))?;
    value.set_sensitive(true);
    Ok((parsed_name, value))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(configured: &[(&str, &str)]) -> Result<Headers> {
        let configured: Vec<_> = configured.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Headers::new(&configured)
    }

    fn applied(headers: &Headers, request: HeaderMap) -> String {
        let mut request = request;
        headers.apply(&mut request);
        let mut lines: Vec<_> = request.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        lines.sort();
        lines.join(", ")
    }

    #[test]
    fn headers_from_config_json() {
        let configured =
            headers(&[("X-A", " b "), ("User-Agent", "me"), ("host", "h"), ("Content-Length", "7")]).unwrap();
        assert_eq!(configured.0["x-a"], "b");
        let agent = concat!("user-agent: \"dockerclient-rs/", env!("CARGO_PKG_VERSION"), "\"");
        assert_eq!(applied(&configured, HeaderMap::new()), format!("{agent}, x-a: Sensitive"));
    }

    #[test]
    fn header_precedence() {
        let mut own = headers(&[("X-A", "configured"), ("X-B", "configured")]).unwrap();
        own.insert("x-a", "own").unwrap();
        own.insert("User-Agent", "own").unwrap();
        let mut request = HeaderMap::from_iter([(HeaderName::from_static("x-b"), HeaderValue::from_static("request"))]);
        own.apply(&mut request);
        let value = |name: &str| request[name].to_str().unwrap().to_owned();
        assert_eq!(["x-a", "x-b", "user-agent"].map(value), ["own", "request", "own"]);
    }

    #[test]
    fn invalid_headers() {
        let mut own = headers(&[]).unwrap();
        let errors = [
            own.insert("a b", "s3cret").unwrap_err(),
            own.insert("X-A", "s3\ncret").unwrap_err(),
            own.insert("Content-Length", "7").unwrap_err(),
            headers(&[("a b", "s3cret")]).unwrap_err(),
        ];
        insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
        invalid header name "a b"
        invalid value of header "X-A"
        invalid header "content-length": it is set by the transport
        HttpHeaders in config.json: invalid header name "a b"
        "#);
        assert!(!format!("{own:?}").contains("s3cret"));
    }
}
