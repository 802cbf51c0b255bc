//! Normalizes responses, so that two engines can be compared.
//!
//! In JSON, only the fields count that the specification has at the API version of the request. The zero value of Go is
//! equal to a missing field. Ids are numbered in order of appearance, and times, sizes and similar values are replaced by
//! their type.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dockerclient::ApiVersion;
use serde_json::{Map, Value};

use crate::{scenario::Step, wire::Response};

/// Fields whose values differ in each run.
const VOLATILE: &[&str] = &[
    "Created",
    "FinishedAt",
    "Gateway",
    "IPAddress",
    "IPPrefixLen",
    "KernelVersion",
    "MacAddress",
    "Pid",
    "Size",
    "SizeRootFs",
    "SizeRw",
    "StartedAt",
    "VirtualSize",
    "Version",
    "DockerVersion",
    "GitCommit",
    "GoVersion",
    "preread",
    "read",
    "time",
    "timeNano",
    "LastTagTime",
    "CreatedAt",
    "IPv4Address",
    "Subnet",
    "UpdatedAt",
    "Timestamp",
    "CompletedAt",
    "LastExecution",
    "PID",
    "UnlockKey",
    "Worker",
    "Manager",
];

/// Operations whose responses are compared only by the types of values.
const KINDS_ONLY: [&str; 4] = ["container_stats", "container_top", "system_info", "system_version"];

/// Operations that return unordered lists.
const UNSORTED: &[&str] = &[
    "config_list",
    "container_changes",
    "network_list",
    "plugin_list",
    "secret_list",
    "service_list",
    "task_list",
    "volume_list",
];

const HEADERS: [&str; 7] =
    ["api-version", "connection", "content-type", "docker-experimental", "ostype", "transfer-encoding", "upgrade"];

pub(crate) struct Normal {
    document: Value,
    version: ApiVersion,
    ids: BTreeMap<String, usize>,
}

impl Normal {
    pub(crate) fn new(version: ApiVersion) -> Self {
        let document = serde_json::from_str(dockerclient::OPENAPI_DOCUMENT).unwrap();
        Self { document, version, ids: BTreeMap::new() }
    }

    /// The normalized text of a response.
    pub(crate) fn text(&mut self, step: &Step, response: &Response) -> String {
        let operation = self.operation(step);
        let id = operation["operationId"].as_str().unwrap_or("none").to_owned();
        let mut lines = vec![response.status.clone()];
        for name in HEADERS {
            let whole = ["application/json", "application/x-tar", "application/octet-stream"];
            let framing = name == "transfer-encoding"
                && response.header("content-type").is_some_and(|kind| whole.contains(&kind));
            // Short JSON has a Content-Length, long JSON is chunked.
            if let (Some(value), false) =
                (response.header(name), framing || (name == "connection" && value_is_close(response)))
            {
                lines.push(format!("{name}: {value}"));
            }
        }
        if let Some(stat) = response.header("x-docker-container-path-stat") {
            let stat = BASE64_STANDARD.decode(stat).unwrap();
            let mut stat: Value = serde_json::from_slice(&stat).unwrap();
            stat["mtime"] = "<time>".into();
            lines.push(stat.to_string());
        }
        lines.extend(self.body(&operation, &id, response));
        let lines = lines.into_iter().filter(|line| !is_exception(&id, line));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn body(&mut self, operation: &Value, id: &str, response: &Response) -> Vec<String> {
        let json = response.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let streamed = id == "container_stats";
        let archive = ["image_get", "image_get_all", "container_get_archive", "container_copy", "container_export"];
        if archive.contains(&id) && !response.body.is_empty() && response.status.contains(" 200 ") {
            return archive_entries(&response.body).into_iter().map(|line| self.without_ids(&line)).collect();
        }
        if !json && !streamed {
            let text = body_text(&response.body);
            return vec![self.without_ids(&text)];
        }
        let status = response.status.split(' ').nth(1).unwrap_or_default().to_owned();
        let definition = self.resolved(&operation["responses"][&status]).clone();
        let schema = definition["content"]["application/json"]["schema"].clone();
        let joined = if id == "image_build" { with_joined_output(&response.body) } else { response.body.clone() };
        let documents = serde_json::Deserializer::from_slice(&joined).into_iter::<Value>();
        let mut lines = Vec::new();
        for document in documents {
            let Ok(mut document) = document else {
                lines.push(format!("not JSON: {}", String::from_utf8_lossy(&response.body)));
                break;
            };
            let list = if id == "volume_list" { &mut document["Volumes"] } else { &mut document };
            if let (true, Some(items)) = (id.ends_with("_list"), list.as_array_mut()) {
                items.retain(is_ours);
            }
            if id == "system_data_usage" {
                for list in document.as_object_mut().unwrap().values_mut().filter_map(Value::as_array_mut) {
                    list.retain(is_ours);
                    list.sort_by_key(|item| item["Name"].to_string());
                }
            }
            let list = if id == "volume_list" { &mut document["Volumes"] } else { &mut document };
            if let (true, Some(items)) = (UNSORTED.contains(&id), list.as_array_mut()) {
                let key = |item: &Value| format!("{}{}{}", item["Name"], item["Path"], item["Spec"]["Name"]);
                let slot = |item: &Value| item["Slot"].as_u64().unwrap_or_default();
                items.sort_by_key(|item| (key(item), slot(item), item["CreatedAt"].to_string()));
            }
            let mut found = Vec::new();
            let kinds = KINDS_ONLY.contains(&id);
            self.flatten(&schema, &document, "", kinds, &mut found);
            lines.push("document".to_owned());
            // Ids in allowed differences are not numbered.
            found.retain(|line| !is_exception(id, line));
            lines.extend(found.into_iter().map(|line| self.without_ids(&without_root(&line))));
        }
        lines
    }

    /// Adds a line with path and value for each value that counts.
    fn flatten(&self, schema: &Value, value: &Value, path: &str, kinds: bool, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(entries) => {
                let properties = self.properties(schema);
                for (name, value) in entries {
                    let node = properties.iter().rfind(|(known, node)| *known == name && self.is_known(node));
                    let node = node.map(|(_, node)| *node);
                    let open = Some(&schema["additionalProperties"]).filter(|open| !open.is_null());
                    let Some(node) = node.or(open) else { continue };
                    let path = format!("{path}.{name}");
                    match is_zero(value) {
                        true if node["x-optional"] != true || value.is_null() => {}
                        _ if kinds && !value.is_object() && !value.is_array() => {
                            found.push(format!("{path}: {}", kind(value)));
                        }
                        _ if VOLATILE.contains(&name.as_str()) => found.push(format!("{path}: {}", kind(value))),
                        _ => self.flatten(node, value, &path, kinds, found),
                    }
                }
            }
            Value::Array(items) => {
                let mut items = items.clone();
                // Tags and mounts are unordered.
                if path.ends_with("Tags") {
                    items.sort_by_key(ToString::to_string);
                } else if path.ends_with("Mounts") {
                    items.sort_by_key(|item| item["Destination"].to_string());
                }
                for (index, item) in items.iter().enumerate() {
                    self.flatten(&schema["items"], item, &format!("{path}[{index}]"), kinds, found);
                }
            }
            name if path.ends_with(".name") && is_generated(name) => found.push(format!("{path}: a generated name")),
            value if kinds => found.push(format!("{path}: {}", kind(value))),
            value => found.push(format!("{path}: {value}")),
        }
    }

    fn operation(&self, step: &Step) -> Value {
        let path = step.target.split('?').next().unwrap_or_default();
        let method = if step.method == "HEAD" { "get".to_owned() } else { step.method.to_lowercase() };
        let paths = self.document["paths"].as_object().unwrap();
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        fitting.iter().find_map(|(_, item)| item.get(&method)).cloned().unwrap_or_default()
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let reference = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(node)
    }

    fn properties<'a>(&'a self, node: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let node = self.resolved(node);
        let parts = node["allOf"].as_array().into_iter().flatten().flat_map(|part| self.properties(part));
        parts.chain(node["properties"].as_object().into_iter().flat_map(Map::iter)).collect()
    }

    fn is_known(&self, node: &Value) -> bool {
        let annotation = |name: &str| node[name].as_str().map(|version| version.parse::<ApiVersion>().unwrap());
        annotation("x-since").is_none_or(|since| since <= self.version)
            && annotation("x-until").is_none_or(|until| self.version <= until)
    }

    /// Replaces ids, full and short, by numbers, and times by a placeholder.
    fn without_ids(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut word = String::new();
        for letter in text.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() || "-:.+".contains(letter) {
                word.push(letter);
            } else {
                let word = std::mem::take(&mut word);
                // Some field names are ids, and names of tasks contain ids.
                let has_parts = word.starts_with('.') || word.rsplit('.').next().is_some_and(is_swarm_id);
                let parts = if has_parts { word.split('.').collect() } else { vec![&*word] };
                let parts: Vec<String> = parts.into_iter().map(|part| self.without_id(part)).collect();
                out.push_str(&parts.join("."));
                out.push(letter);
            }
        }
        out.trim_end().to_owned()
    }

    fn without_id(&mut self, word: &str) -> String {
        if is_swarm_id(word) {
            let next = self.ids.len();
            let number = *self.ids.entry(word.to_owned()).or_insert(next);
            return format!("<swarm id {number}>");
        }
        let prefix = ["sha256:", "container:", "file:", "dir:", "multi:"]
            .into_iter()
            .find(|prefix| word.starts_with(prefix))
            .unwrap_or_default();
        let digits = &word[prefix.len()..];
        let (digits, rest) = digits.split_at_checked(digits.len().min(64)).unwrap_or((digits, ""));
        let is_id = matches!(digits.len(), 12 | 64) && digits.chars().all(|c| c.is_ascii_hexdigit());
        if is_id {
            let next = self.ids.len();
            let number = *self.ids.entry(digits[..12].to_owned()).or_insert(next);
            return format!("{prefix}<id {number} of {}>{rest}", digits.len());
        }
        let is_time =
            word.len() > 19 && word.as_bytes()[4] == b'-' && word.as_bytes()[10] == b'T' && word.contains('Z');
        if is_time { "<time>".to_owned() } else { word.to_owned() }
    }
}

/// Whether this is an id of an object of a swarm: 25 letters and digits.
fn is_swarm_id(word: &str) -> bool {
    word.len() == 25
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_digit())
}

/// The entries of an archive, without those that engines add or that depend on the image.
fn archive_entries(bytes: &[u8]) -> Vec<String> {
    const OWN: [&str; 7] = ["bin", "dev", "etc", "proc", "sys", "tmp", ".dockerenv"];
    let mut archive = tar::Archive::new(bytes);
    let mut lines = Vec::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
        let (kind, size) = (entry.header().entry_type(), entry.size());
        let size =
            if name.ends_with("json") || name.ends_with("layer.tar") || name == "repositories" { 0 } else { size };
        if !OWN.contains(&name.trim_start_matches('/').split('/').next().unwrap()) {
            lines.push(format!(
                "{} {kind:?} {size} bytes {}",
                name.trim_end_matches('/').replace('.', " ."),
                target.unwrap_or_default()
            ));
        }
    }
    // Ids differ between engines, so entries are sorted without them.
    lines.sort_by_key(|line| {
        line.split_at_checked(64).filter(|(id, _)| !id.contains(' ')).map_or(line.clone(), |(_, rest)| rest.to_owned())
    });
    lines
}

/// The messages of a build, with consecutive stderr output joined.
fn with_joined_output(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    // A command may write a line in two parts.
    text.replace("\\u001b[0m\"}\r\n{\"stream\":\"\\u001b[91m", "").into_bytes()
}

/// Whether this is a generated container name, for example `witty_turing`.
fn is_generated(name: &Value) -> bool {
    let parts = name.as_str().and_then(|name| name.split_once('_'));
    let letters = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
    parts.is_some_and(|(adjective, surname)| {
        letters(adjective) && letters(surname.trim_end_matches(|c: char| c.is_ascii_digit()))
    })
}

fn value_is_close(response: &Response) -> bool {
    response.header("connection") == Some("close")
}

/// Whether an image, a container or a service belongs to the scenarios; the engine may have others. Tasks and nodes are
/// recognized by their state.
fn is_ours(item: &Value) -> bool {
    let names = format!("{}{}{}{}", item["Names"], item["RepoTags"], item["Name"], item["Spec"]["Name"]);
    item["Status"]["State"].is_string()
        || names.contains("conformance")
        || names.contains("busybox:latest")
        || names.contains("\"none\"")
}

/// Replaces the directory of volumes, which differs between engines.
fn without_root(line: &str) -> String {
    match (line.find(": \"/"), line.find("/volumes/")) {
        (Some(from), Some(to)) if from < to => format!("{}<root>{}", &line[..from + 3], &line[to..]),
        _ => line.to_owned(),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0001-01-01T00:00:00Z",
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(true) => false,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The text of a body that is not JSON; multiplexed output is split into stdout and stderr.
fn body_text(body: &[u8]) -> String {
    let mut streams = [String::new(), String::new(), String::new()];
    let mut rest = body;
    while let [source @ 0..=2, 0, 0, 0, a, b, c, d, payload @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (payload, after) = payload.split_at(length.min(payload.len()));
        streams[usize::from(*source)].push_str(&String::from_utf8_lossy(payload));
        rest = after;
    }
    if rest.len() == body.len() {
        return format!("text {:?}", String::from_utf8_lossy(body));
    }
    let left = String::from_utf8_lossy(rest);
    format!("stdout {:?}\nstderr {:?}\nrest {left:?}", streams[1], streams[2])
}

fn fits(template: &str, path: &str) -> bool {
    // A name may contain slashes.
    let (template, mut path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    if let (Some(at), true) = (template.iter().position(|part| *part == "{name}"), path.len() > template.len()) {
        path.drain(at..at + path.len() - template.len());
    }
    template.len() == path.len()
        && template.iter().zip(path).all(|(expected, given)| expected.starts_with('{') || *expected == given)
}

/// Whether `exceptions.txt` allows this line to differ.
fn is_exception(operation: &str, line: &str) -> bool {
    include_str!("exceptions.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).any(|exception| {
        let mut parts = exception.splitn(3, "  ");
        let (of, what) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        assert!(parts.next().is_some_and(|why| !why.trim().is_empty()), "{exception}: the reason is missing");
        (of == "any" || of == operation) && line.contains(what)
    })
}
