//! Generates the tables for `src/generated/version_check.rs`: the API versions of each part of a request.

use std::{collections::BTreeMap, error::Error, fmt::Write as _};

use serde_json::{Map, Value};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The source of the tables.
pub(crate) fn tables(document: &Value) -> Result<String> {
    let versions = document["info"]["x-versions"].as_array().ok_or("no x-versions")?;
    let (Some(oldest), Some(newest)) = (versions.first(), versions.last()) else { return Err("no versions".into()) };
    let mut rows = Vec::new();

    let mut operations = BTreeMap::new();
    let items = document["paths"].as_object().into_iter().flat_map(Map::values);
    for operation in items.flat_map(|item| item.as_object().into_iter().flat_map(Map::values)) {
        let id = operation["operationId"].as_str().ok_or("no operationId")?;
        operations.insert(
            id,
            Bodies { document, operation: id, known: BTreeMap::new(), rows: &mut rows }.operation(operation)?,
        );
    }

    let mut text = String::new();
    writeln!(text, "/// The oldest version in the document.")?;
    writeln!(text, "pub(crate) const OLDEST: ApiVersion = {};", version(oldest)?)?;
    writeln!(text, "/// The newest version in the document.")?;
    writeln!(text, "pub(crate) const NEWEST: ApiVersion = {};", version(newest)?)?;
    writeln!(text, "static OPERATIONS: &[Operation] = &[{}];", operations.into_values().collect::<String>())?;
    writeln!(text, "static BODIES: &[&[Field]] = &[{}];", rows.concat())?;
    Ok(text)
}

/// The schemas of the request body of one operation.
struct Bodies<'a> {
    document: &'a Value,
    /// The id of the operation.
    operation: &'a str,
    /// Indexes in `rows` by the name of the schema; none if it has no field with version annotations.
    known: BTreeMap<String, Option<usize>>,
    /// The rows of all operations.
    rows: &'a mut Vec<String>,
}

impl Bodies<'_> {
    fn operation(&mut self, operation: &Value) -> Result<String> {
        let id = self.operation;
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let filters = parameters.iter().find_map(|parameter| parameter["x-filters"].as_object());
        let filters = filters.into_iter().flatten().map(|(name, filter)| (name.as_str(), filter));
        let request = &operation["requestBody"];
        let body = self.schema(&request["content"]["application/json"]["schema"])?;
        let waits_with = parameters.iter().filter(|parameter| parameter["x-waits"] == true);
        let waits_with: Vec<_> = waits_with.filter_map(|parameter| parameter["name"].as_str()).collect();
        Ok(format!(
            "Operation {{ id: {id:?}, span: {}, waits: {}, waits_with: &{waits_with:?}, streams: {}, body_is_optional: {}, body_span: {}, parameters: &[{}], filters: &[{}], body: {body:?} }},\n",
            span(operation)?,
            operation["x-waits"] == true,
            streams(operation),
            request["required"] == false,
            span(request)?,
            annotated(parameters.iter().map(|parameter| (parameter["name"].as_str().unwrap_or_default(), parameter)))?,
            annotated(filters)?,
        ))
    }

    /// The row of `schema`, of the schema that it refers to, or of its items.
    fn schema(&mut self, schema: &Value) -> Result<Option<usize>> {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.named(reference);
        }
        let parts = schema["allOf"].as_array();
        let held = [&schema["items"], &schema["additionalProperties"], parts.map_or(&Value::Null, |parts| &parts[0])];
        held.into_iter().find(|held| held.is_object()).map_or(Ok(None), |held| self.schema(held))
    }

    fn named(&mut self, reference: &str) -> Result<Option<usize>> {
        if let Some(known) = self.known.get(reference) {
            return Ok(*known);
        }
        let schema =
            reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer)).ok_or("dangling")?;
        let mut fields = self.fields(schema)?;
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let part = part["$ref"].as_str().and_then(|r| self.document.pointer(&r[1..])).unwrap_or(part);
            fields.push_str(&self.fields(part)?);
        }
        let row = (!fields.is_empty()).then(|| {
            self.rows.push(format!("&[{fields}],\n"));
            self.rows.len() - 1
        });
        self.known.insert(reference.to_owned(), row);
        Ok(row)
    }

    fn fields(&mut self, schema: &Value) -> Result<String> {
        let mut fields = String::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let inside = self.schema(property)?;
            let sent = self.sent(name, property)?;
            if inside.is_some() || is_annotated(&sent) {
                let is_map = property["additionalProperties"].is_object();
                write!(
                    fields,
                    "Field {{ name: {name:?}, span: {}, is_map: {is_map}, inside: {inside:?} }},",
                    span(&sent)?
                )?;
            }
        }
        Ok(fields)
    }

    /// The field `property`, with the version annotations that hold for requests of this operation.
    fn sent(&self, name: &str, property: &Value) -> Result<Value> {
        let mut sent = property.clone();
        if let Some(readers) = property.get("x-read-by") {
            let reader = readers.get(self.operation);
            let reader = reader.ok_or_else(|| format!("{}: missing in x-read-by of {name}", self.operation))?;
            for annotation in ["x-since", "x-until", "x-instead"] {
                if let Some(version) = reader.get(annotation) {
                    sent[annotation] = version.clone();
                }
            }
        }
        Ok(sent)
    }
}

/// Whether the response is a stream.
fn streams(operation: &Value) -> bool {
    let responses = operation["responses"].as_object().into_iter().flat_map(Map::values);
    let mut media = responses.flat_map(|response| response["content"].as_object().into_iter().flat_map(Map::values));
    media.any(|media| media["x-stream"] == true || media["schema"]["format"] == "binary")
}

fn annotated<'a>(parts: impl Iterator<Item = (&'a str, &'a Value)>) -> Result<String> {
    let mut text = String::new();
    for (name, part) in parts.filter(|(_, part)| is_annotated(part)) {
        write!(text, "({name:?}, {}),", span(part)?)?;
    }
    Ok(text)
}

fn is_annotated(part: &Value) -> bool {
    part.get("x-since").is_some() || part.get("x-until").is_some()
}

fn span(part: &Value) -> Result<String> {
    let bound = |annotation: &str, otherwise: &str| part.get(annotation).map_or(Ok(otherwise.to_owned()), version);
    let instead = part["x-instead"].as_str();
    Ok(format!(
        "Span {{ since: {}, until: {}, instead: {instead:?} }}",
        bound("x-since", "OLDEST")?,
        bound("x-until", "NEWEST")?
    ))
}

fn version(text: &Value) -> Result<String> {
    let (major, minor) = text.as_str().and_then(|text| text.split_once('.')).ok_or("not a version")?;
    Ok(format!("ApiVersion::new({major}, {minor})"))
}
