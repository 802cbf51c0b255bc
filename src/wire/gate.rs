//! The gate: nothing is sent that the spoken version of the API does not know.
//!
//! An engine ignores options it does not know without a word, and answers 404 to
//! operations it does not know, as it does for missing objects. Only the client
//! can tell the truth about that. What each version knows is derived from the
//! document by `build.rs`.

use reqwest::Request;
use serde_json::Value;

use crate::{
    ApiVersion, Error, Result,
    error::{Kind, Unsupported},
};

include!(concat!(env!("OUT_DIR"), "/gates.rs"));

/// Since when and until when something is part of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    since: ApiVersion,
    until: ApiVersion,
    /// What to use after that.
    instead: Option<&'static str>,
}

impl Span {
    fn contains(self, version: ApiVersion) -> bool {
        (self.since..=self.until).contains(&version)
    }
}

/// What the gate and the hooks know of an operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    span: Span,
    /// The answer begins only when the work is done.
    waits: bool,
    /// Up to this version, engines begin the answer only with its first item, whenever that comes.
    late_until: Option<ApiVersion>,
    /// The answer goes on for as long as it takes.
    pub(crate) streams: bool,
    pub(crate) body_is_optional: bool,
    body_span: Span,
    /// Query and header parameters that not every version knows.
    parameters: &'static [(&'static str, Span)],
    /// Keys of `filters` that not every version knows.
    filters: &'static [(&'static str, Span)],
    /// The fields of a JSON body, as an index into [`BODIES`].
    body: Option<usize>,
}

impl Operation {
    /// Whether the head of the answer may take as long as it takes.
    pub(crate) fn is_late(&self, version: ApiVersion) -> bool {
        self.waits || self.late_until.is_some_and(|last| version <= last)
    }
}

/// A field of a request's body that not every version knows, or that holds such fields.
#[derive(Debug)]
struct Field {
    name: &'static str,
    span: Span,
    /// Its own fields are keys that the caller chose.
    is_map: bool,
    /// The fields inside it, as an index into [`BODIES`].
    inside: Option<usize>,
}

/// What is known of the operation `id`.
pub(crate) fn operation(id: &str) -> Option<&'static Operation> {
    OPERATIONS.binary_search_by_key(&id, |operation| operation.id).ok().map(|index| &OPERATIONS[index])
}

/// Fails unless `version` knows the operation and all that `request` asks of it.
pub(crate) fn check(operation: &Operation, version: ApiVersion, request: &Request) -> Result<()> {
    let refused = |what: &str, span: Span| Err(unsupported(what, span, version));
    if !operation.span.contains(version) {
        return refused("", operation.span);
    }
    for (name, span) in operation.parameters {
        let given = request.headers().contains_key(*name) || request.url().query_pairs().any(|(key, _)| key == *name);
        if given && !span.contains(version) {
            return refused(&format!("the option {name:?} "), *span);
        }
    }
    if !operation.filters.is_empty() {
        let filters = request.url().query_pairs().find(|(key, _)| key == "filters");
        let filters = filters.and_then(|(_, json)| serde_json::from_str::<Value>(&json).ok()).unwrap_or_default();
        for (key, span) in operation.filters {
            if filters.get(key).is_some() && !span.contains(version) {
                return refused(&format!("the filter {key:?} "), *span);
            }
        }
    }
    let body = request.body().and_then(reqwest::Body::as_bytes);
    if body.is_some_and(|body| !says_nothing(body)) && !operation.body_span.contains(version) {
        return refused("the body ", operation.body_span);
    }
    if let (Some(index), Some(body)) = (operation.body, body) {
        let body = serde_json::from_slice(body).unwrap_or_default();
        if let Some((path, span)) = unknown_field(index, &body, version) {
            return refused(&format!("the field {path:?} "), span);
        }
    }
    Ok(())
}

/// The first field in `body` that `version` does not know.
fn unknown_field(index: usize, body: &Value, version: ApiVersion) -> Option<(String, Span)> {
    let fields = BODIES.get(index)?;
    fields.iter().find_map(|field| {
        let value = body.get(field.name)?;
        if !field.span.contains(version) {
            return Some((field.name.to_owned(), field.span));
        }
        let (path, span) = match value {
            Value::Object(entries) if field.is_map => {
                entries.values().find_map(|item| unknown_inside(field, item, version))
            }
            value => unknown_inside(field, value, version),
        }?;
        Some((format!("{}.{path}", field.name), span))
    })
}

fn unknown_inside(field: &Field, value: &Value, version: ApiVersion) -> Option<(String, Span)> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| unknown_field(field.inside?, item, version)),
        value => unknown_field(field.inside?, value, version),
    }
}

/// Whether a body might as well not be there.
pub(super) fn says_nothing(body: &[u8]) -> bool {
    body.is_empty() || body == b"{}"
}

fn unsupported(what: &str, span: Span, spoken: ApiVersion) -> Error {
    if spoken < span.since {
        return Error::needs(what, span.since, spoken);
    }
    let gone = ApiVersion::new(span.until.major(), span.until.minor() + 1);
    let mut message = format!("{what}is gone since API {gone}, and {spoken} is spoken");
    if let Some(instead) = span.instead {
        message = format!("{message}; {instead}");
    }
    Error::new(Kind::Unsupported(Unsupported { message, needed: Some(span.until), spoken: Some(spoken) }))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// What is said to a request of the operation `id`, if it is refused.
    fn said(id: &str, minor: u16, query: &str, body: &str) -> Option<String> {
        let url = format!("http://engine/?{query}").parse().unwrap();
        let mut request = Request::new(Method::POST, url);
        *request.body_mut() = (!body.is_empty()).then(|| body.to_owned().into());
        check(operation(id).unwrap(), ApiVersion::new(1, minor), &request).err().map(|error| error.to_string())
    }

    #[test]
    fn every_operation_is_known_by_its_name_and_has_a_version() {
        for one in OPERATIONS {
            assert!(std::ptr::eq(operation(one.id).unwrap(), one));
            let allowed = |minor| said(one.id, minor, "", "").is_none();
            let versions = (OLDEST.minor()..=NEWEST.minor()).filter(|minor| allowed(*minor));
            let (first, last) = (one.span.since.minor(), one.span.until.minor());
            assert!(versions.eq(first..=last), "{}", one.id);
        }
    }

    #[test]
    fn options_and_filters_are_told_apart_by_version() {
        assert_eq!(said("container_logs", 35, "until=1", ""), None);
        let until = said("container_logs", 34, "until=1", "").unwrap();
        assert_eq!(until, "the option \"until\" needs API 1.35, but 1.34 is spoken");
        let filters = "filters=%7B%22label%22%3A%5B%22a%22%5D%7D";
        assert_eq!(said("container_prune", 29, filters, ""), None);
        let label = said("container_prune", 28, filters, "").unwrap();
        assert_eq!(label, "the filter \"label\" needs API 1.29, but 1.28 is spoken");
        let gone = said("image_list", 41, "filter=a", "").unwrap();
        assert_eq!(
            gone,
            "the option \"filter\" is gone since API 1.41, and 1.41 is spoken; use the filter \"reference\""
        );
    }

    #[test]
    fn fields_are_found_in_objects_lists_and_maps() {
        let path = |minor, body| {
            said("container_create", minor, "", body).map(|said| said.split('"').nth(1).unwrap().to_owned())
        };
        let subpath = r#"{"HostConfig":{"Mounts":[{},{"VolumeOptions":{"Subpath":"a"}}]}}"#;
        assert_eq!(path(45, subpath), None);
        assert_eq!(path(44, subpath).unwrap(), "HostConfig.Mounts.VolumeOptions.Subpath");
        assert_eq!(path(24, subpath).unwrap(), "HostConfig.Mounts");
        let priority = r#"{"NetworkingConfig":{"EndpointsConfig":{"back":{},"GwPriority":{"GwPriority":1}}}}"#;
        assert_eq!(path(48, priority), None);
        assert_eq!(path(47, priority).unwrap(), "NetworkingConfig.EndpointsConfig.GwPriority");
        assert_eq!(path(21, priority).unwrap(), "NetworkingConfig");
    }

    #[test]
    fn a_body_that_says_nothing_is_none() {
        assert_eq!(said("container_start", 24, "", "{}"), None);
        assert_eq!(said("container_start", 23, "", r#"{"Privileged":true}"#), None);
        assert!(said("container_start", 24, "", r#"{"Privileged":true}"#).unwrap().starts_with("the body is gone"));
    }
}
