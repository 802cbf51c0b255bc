//! The version check: rejects operations, options and fields that the negotiated API version does not support.
//!
//! Engines silently ignore unknown options, and respond with 404 to unknown operations as they do for missing objects, so
//! only the client can report this. `build.rs` generates the tables of what each version supports from the OpenAPI document.

use reqwest::{Request, Url};
use serde_json::Value;

use crate::{
    ApiVersion, Error, Result,
    error::{Kind, Unsupported},
};

mod fields;
mod unchanged;

pub(crate) use self::unchanged::Unchanged;

include!(concat!(env!("OUT_DIR"), "/gates.rs"));

/// The API versions that have an operation, parameter or field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    since: ApiVersion,
    until: ApiVersion,
    /// Advice on what to use after `until`.
    instead: Option<&'static str>,
}

impl Span {
    fn contains(self, version: ApiVersion) -> bool {
        (self.since..=self.until).contains(&version)
    }
}

/// An operation, with the API versions of its parts.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    span: Span,
    /// Whether engines send the response headers only when the work is done, or with the first item.
    waits: bool,
    /// The query parameters with which engines send them late.
    waits_with: &'static [&'static str],
    /// Whether the response is a stream.
    pub(crate) streams: bool,
    pub(crate) body_is_optional: bool,
    body_span: Span,
    /// Query and header parameters that not all versions support.
    parameters: &'static [(&'static str, Span)],
    /// Keys of `filters` that not all versions support.
    filters: &'static [(&'static str, Span)],
    /// The fields of a JSON body, as an index into [`BODIES`].
    body: Option<usize>,
}

impl Operation {
    /// Whether the response headers of a request to `url` may be sent late, so that they have no time limit.
    pub(crate) fn is_late(&self, url: &Url) -> bool {
        self.waits
            || !self.waits_with.is_empty() && url.query_pairs().any(|(name, _)| self.waits_with.contains(&&*name))
    }
}

/// A field of a request body that not all versions support, or that contains such fields.
#[derive(Debug)]
struct Field {
    name: &'static str,
    span: Span,
    /// Whether it is a map, whose keys are not field names.
    is_map: bool,
    /// The fields inside it, as an index into [`BODIES`].
    inside: Option<usize>,
}

/// Returns the operation `id`. Generated methods look theirs up when they are compiled.
pub(super) const fn operation(id: &str) -> Option<&'static Operation> {
    let mut index = 0;
    while index < OPERATIONS.len() {
        if is_same(OPERATIONS[index].id.as_bytes(), id.as_bytes()) {
            return Some(&OPERATIONS[index]);
        }
        index += 1;
    }
    None
}

/// Whether two texts are equal; `==` is not available in constants.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// Fails unless `version` supports the operation and all options, filters and fields of `request`. Fields may be `unchanged`.
pub(crate) fn check(
    operation: &Operation,
    version: ApiVersion,
    request: &Request,
    unchanged: Option<&Unchanged>,
) -> Result<()> {
    let rejected = |what: &str, span: Span| Err(unsupported(what, span, version));
    if !operation.span.contains(version) {
        return rejected("", operation.span);
    }
    for (name, span) in unsupported_of(operation.parameters, version) {
        if request.headers().contains_key(*name) || request.url().query_pairs().any(|(key, _)| key == *name) {
            return rejected(&format!("option {name:?} "), *span);
        }
    }
    if unsupported_of(operation.filters, version).next().is_some() {
        let filters = request.url().query_pairs().find(|(key, _)| key == "filters");
        let filters = filters.and_then(|(_, json)| serde_json::from_str::<Value>(&json).ok()).unwrap_or_default();
        for (key, span) in unsupported_of(operation.filters, version) {
            if filters.get(key).is_some() {
                return rejected(&format!("filter {key:?} "), *span);
            }
        }
    }
    let body = request.body().and_then(reqwest::Body::as_bytes);
    if body.is_some_and(|body| !is_empty_body(body)) && !operation.body_span.contains(version) {
        return rejected("request body ", operation.body_span);
    }
    if let (Some(index), Some(body)) = (operation.body, body)
        && let Some(mut unknown) = fields::unknown(index, body, version)
    {
        if let Some(unchanged) = unchanged {
            match unchanged.unsupported(index, body, version) {
                Some(changed) => unknown = changed,
                None => return Ok(()),
            }
        }
        return rejected(&format!("field {:?} ", unknown.0), unknown.1);
    }
    Ok(())
}

/// The parts that `version` does not support, which are looked up in the request.
fn unsupported_of(
    parts: &'static [(&'static str, Span)],
    version: ApiVersion,
) -> impl Iterator<Item = &'static (&'static str, Span)> {
    parts.iter().filter(move |(_, span)| !span.contains(version))
}

/// Whether a body has no fields.
pub(super) fn is_empty_body(body: &[u8]) -> bool {
    body.is_empty() || body == b"{}"
}

fn unsupported(part: &str, span: Span, negotiated: ApiVersion) -> Error {
    if negotiated < span.since {
        return Error::requires(part, span.since, negotiated);
    }
    let gone = ApiVersion::new(span.until.major(), span.until.minor() + 1);
    let mut message = format!("{part}was removed in API {gone}; the negotiated version is {negotiated}");
    if let Some(instead) = span.instead {
        message = format!("{message}; {instead}");
    }
    Error::new(Kind::Unsupported(Unsupported { message, required: Some(span.until), negotiated: Some(negotiated) }))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    /// The error message for a request of the operation `id`, if it is rejected.
    fn rejection(id: &str, minor: u16, query: &str, body: &str) -> Option<String> {
        let url = format!("http://engine/?{query}").parse().unwrap();
        let mut request = Request::new(Method::POST, url);
        *request.body_mut() = (!body.is_empty()).then(|| body.to_owned().into());
        check(operation(id).unwrap(), ApiVersion::new(1, minor), &request, None).err().map(|error| error.to_string())
    }

    #[test]
    fn version_check_finds_every_operation() {
        for one in OPERATIONS {
            assert!(std::ptr::eq(operation(one.id).unwrap(), one));
            let allowed = |minor| rejection(one.id, minor, "", "").is_none();
            let versions = (OLDEST.minor()..=NEWEST.minor()).filter(|minor| allowed(*minor));
            let (first, last) = (one.span.since.minor(), one.span.until.minor());
            assert!(versions.eq(first..=last), "{}", one.id);
        }
    }

    #[test]
    fn version_check_of_options_and_filters() {
        assert_eq!(rejection("container_logs", 35, "until=1", ""), None);
        let until = rejection("container_logs", 34, "until=1", "").unwrap();
        assert_eq!(until, "option \"until\" requires API 1.35 or later; the negotiated version is 1.34");
        let filters = "filters=%7B%22label%22%3A%5B%22a%22%5D%7D";
        assert_eq!(rejection("container_prune", 29, filters, ""), None);
        let label = rejection("container_prune", 28, filters, "").unwrap();
        assert_eq!(label, "filter \"label\" requires API 1.29 or later; the negotiated version is 1.28");
        let gone = rejection("image_list", 41, "filter=a", "").unwrap();
        assert_eq!(
            gone,
            "option \"filter\" was removed in API 1.41; the negotiated version is 1.41; use the filter \"reference\""
        );
    }

    #[test]
    fn version_check_of_fields_in_objects_lists_and_maps() {
        let path = |minor, body| {
            rejection("container_create", minor, "", body).map(|message| message.split('"').nth(1).unwrap().to_owned())
        };
        let subpath = r#"{"HostConfig":{"Mounts":[{},{"VolumeOptions":{"Subpath":"a"}}]}}"#;
        assert_eq!(path(45, subpath), None);
        assert_eq!(path(44, subpath).unwrap(), "HostConfig.Mounts.VolumeOptions.Subpath");
        assert_eq!(path(24, subpath).unwrap(), "HostConfig.Mounts");
        let priority = r#"{"NetworkingConfig":{"EndpointsConfig":{"back":{},"GwPriority":{"GwPriority":1}}}}"#;
        assert_eq!(path(48, priority), None);
        assert_eq!(path(47, priority).unwrap(), "NetworkingConfig.EndpointsConfig.GwPriority");
        assert_eq!(path(21, priority).unwrap(), "NetworkingConfig");
        let networks = |minor| rejection("service_create", minor, "", r#"{"Networks":[{"Target":"back"}]}"#);
        assert_eq!(networks(43), None);
        assert!(networks(44).unwrap().contains("use TaskTemplate.Networks"), "{:?}", networks(44));
    }

    /// At API 1.30, of a service with fields of API 1.38 and 1.40.
    fn unchanged_rejection(body: &str) -> Option<String> {
        let read = serde_json::json!({"TaskTemplate": {"ContainerSpec":
            {"Init": false, "DNSConfig": {}, "Sysctls": {"a": "1"}}}});
        let mut request = Request::new(Method::POST, "http://engine/".parse().unwrap());
        *request.body_mut() = Some(format!(r#"{{"TaskTemplate":{{"ContainerSpec":{body}}}}}"#).into());
        let unchanged = Unchanged::new(&read).unwrap();
        let checked = check(operation("service_update").unwrap(), ApiVersion::new(1, 30), &request, Some(&unchanged));
        checked.err().map(|error| error.to_string().split('"').nth(1).unwrap().to_owned())
    }

    #[test]
    fn version_check_ignores_unchanged_fields_that_engines_keep() {
        assert_eq!(unchanged_rejection(r#"{"Init":false,"DNSConfig":{}}"#), None);
        assert_eq!(unchanged_rejection(r#"{"Init":true}"#).unwrap(), "TaskTemplate.ContainerSpec.Init");
        // Engines remove it, because the version lacks it.
        assert_eq!(unchanged_rejection(r#"{"Sysctls":{"a":"1"}}"#).unwrap(), "TaskTemplate.ContainerSpec.Sysctls");
    }

    #[test]
    fn response_header_timeout_applies_to_fast_operations() {
        let is_late = |one: &Operation, query: &str| one.is_late(&format!("http://engine/?{query}").parse().unwrap());
        let fast: Vec<_> = OPERATIONS.iter().filter(|one| !is_late(one, "all=true")).map(|one| one.id).collect();
        let expected = "build_cancel buildkit_grpc buildkit_session \
                        config_create config_delete config_inspect config_list config_update container_attach \
                        container_attach_websocket container_checkpoint_list container_exec container_inspect container_list container_pause \
                        container_rename container_resize container_stats container_top container_unpause \
                        container_update exec_inspect exec_resize exec_start image_attestations image_inspect \
                        image_tag network_inspect network_list node_delete node_inspect node_list \
                        node_update plugin_inspect plugin_list plugin_set secret_create secret_delete \
                        secret_inspect secret_list secret_update \
                        service_delete service_inspect service_list swarm_inspect swarm_unlock_key swarm_update \
                        system_info system_ping system_ping_head system_version task_inspect task_list volume_update";
        assert_eq!(fast.join(" "), expected);
        for (id, query) in [("container_list", "size=true"), ("container_inspect", "size=true"), ("image_list", "")] {
            assert!(is_late(operation(id).unwrap(), query), "{id}");
        }
    }

    #[test]
    fn version_check_ignores_empty_bodies() {
        assert_eq!(rejection("container_start", 24, "", "{}"), None);
        assert_eq!(rejection("container_start", 23, "", r#"{"Privileged":true}"#), None);
        assert!(
            rejection("container_start", 24, "", r#"{"Privileged":true}"#)
                .unwrap()
                .starts_with("request body was removed")
        );
    }
}
