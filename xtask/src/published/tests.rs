//! Tests of the comparison with Docker's published documents.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{compare, digest::Digest, explained::explained, facts::Form, responses::Witness, wrong};

#[test]
fn differences_are_explained() {
    super::check().unwrap();
}

/// A Swagger document of one operation with this parameter and these fields of the response.
fn swagger(parameter: &Value, properties: &Value) -> Value {
    let response = json!({ "schema": { "type": "array", "items": { "$ref": "#/definitions/Thing" } } });
    let operation = json!({ "parameters": [parameter], "responses": { "200": response } });
    json!({ "paths": { "/things/{id}": { "get": operation } }, "definitions": { "Thing": { "properties": properties } } })
}

fn published() -> Digest {
    let filters = "- `before`=(`<id>`)\n  - `id=<ID>`, `name=<name>` a name\n- kind=(`a`|`b`)\nnot `this`";
    let filters = json!({ "in": "query", "name": "filters", "description": filters });
    let all = json!({ "in": "query", "name": "all" });
    let mut digest = Digest::default();
    digest.add(25, &swagger(&all, &json!({ "Id": {}, "Size": {} })), Form::Swagger);
    digest.add(26, &swagger(&filters, &json!({ "Id": {}, "State": { "properties": { "Up": {} } } })), Form::Swagger);
    digest
}

fn ours() -> Digest {
    let thing = json!({ "properties": { "Id": {}, "State": { "properties": { "Up": {}, "Pid": {} } } } });
    let filters = json!({ "in": "query", "name": "filters", "x-filters": { "before": {}, "id": {}, "size": {} } });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Thing" }] });
    let body = json!({ "content": { "application/json": { "schema": schema } } });
    let operation = json!({ "parameters": [filters], "responses": { "201": body } });
    let document =
        json!({ "paths": { "/things/{name}": { "get": operation } }, "components": { "schemas": { "Thing": thing } } });
    let mut digest = Digest::default();
    (25..28).for_each(|minor| digest.add(minor, &document, Form::OpenApi));
    digest
}

#[test]
fn digest_round_trips() {
    let digest = published();
    let text = digest.to_text().unwrap();
    assert_snapshot!(text, @"
    # Names in Docker's published API documents, by operation, with the versions of names that not all versions have.
    # Written by `cargo xtask published <directory>`; see CONTRIBUTING.md.
    GET /things/{} @1.25-1.26
        filter@1.26: before id kind name
        query: all@1.25 filters@1.26
        response: Id Size@1.25 State@1.26
        response State@1.26: Up
    ");
    let mut again = digest;
    again.operations.values_mut().for_each(|operation| operation.schemas.clear());
    assert_eq!(Digest::from_text(&text).unwrap(), again);
}

#[test]
fn differences_need_rows_and_rows_need_differences() {
    let differences = compare::differences(&published(), &ours());
    assert_snapshot!(wrong(&differences, &BTreeSet::new()).join("\n"), @"
    + | `GET /things/{} response State.Pid` | - | 1.26 |
    + | `GET /things/{}?all` | 1.25 | - |
    + | `GET /things/{}?filters` | 1.26 | 1.25-1.26 |
    + | `GET /things/{}?filters=kind` | 1.26 | - |
    + | `GET /things/{}?filters=name` | 1.26 | - |
    + | `GET /things/{}?filters=size` | - | 1.26 |
    + | `Thing.Size` | 1.25 | - |
    + | `Thing.State` | 1.26 | 1.25-1.26 |
    ");
    let rows = explained("| `Thing.Size`, `Thing.Colour` | 1.25 | - | Never sent. |").unwrap();
    let wrong = wrong(&differences, &rows);
    assert!(wrong.contains(&"- | `Thing.Colour` | 1.25 | - |".to_owned()), "{wrong:?}");
    assert!(!wrong.iter().any(|row| row.contains("Thing.Size")), "{wrong:?}");
}

#[test]
fn rows_without_a_reason_are_rejected() {
    for row in
        ["| `A.B` | 1.25 | - |  |", "| `A.B` | 1.25 | - |", "| `A.B` | 1.30-1.25 | - | x |", "| `A.B` | 25 | - | x |"]
    {
        assert!(explained(row).is_err(), "{row}");
    }
    assert!(explained("| `A.B` | 1.25 | - | x |\n| `A.B` | 1.25 | - | y |").is_err());
}

#[test]
fn fields_of_responses_are_compared_with_published_names() {
    let (published, ours) = (published(), ours());
    let explained = explained("| `Thing.State` | 1.26 | 1.25-1.26 | Sent. |").unwrap();
    let witness = Witness { published: &published, ours: &ours, explained: &explained };
    let wrong = |minor, body| witness.check("GET /things/{}", minor, body).unwrap();
    assert_eq!(wrong(26, r#"[{ "Id": 1, "State": { "Up": true } }] [{ "State": null }]"#), [""; 0]);
    assert_eq!(wrong(26, r#"[{ "Id": 1, "Size": 1, "State": { "Ups": true } }]"#), ["Size", "State.Ups"]);
    // Only our document has the name at this version, and the difference is explained.
    assert_eq!(wrong(25, r#"{ "Size": 1, "State": {} }"#), [""; 0]);
    assert_eq!(wrong(25, r#"{ "Ids": [] }"#), ["Ids"]);
    // The keys of a map are not names.
    assert_eq!(wrong(26, r#"{ "Id": { "any": { "key": 1 } }, "State": { "a": { "Up": 1 } } }"#), [""; 0]);
    assert!(witness.check("GET /other", 26, "{}").is_err() && witness.check("GET /things/{}", 40, "{}").is_err());
}
