//! Tests that the committed files are current, and that an overlay changes only its targets.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{
    Mode, compose, load, operations,
    versions::{Document, Source, apply_all, sources},
};
use crate::root;

/// The code generation of the version check's tables.
#[path = "../../../codegen/version_tables.rs"]
mod version_tables;

#[test]
fn committed_files_are_current() {
    super::run(Mode::Check).unwrap();
}

/// Appends the paths of nodes that were added (+), removed (-) or changed (~).
fn difference(old: &Value, new: &Value, path: &str, lines: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let removed = old.keys().filter(|key| !new.contains_key(*key));
            lines.extend(removed.map(|key| format!("- {path}/{key}")));
            for (key, value) in new {
                match old.get(key) {
                    Some(before) => difference(before, value, &format!("{path}/{key}"), lines),
                    None => lines.push(format!("+ {path}/{key}")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) => difference(&by_name(old), &by_name(new), path, lines),
        _ if old == new => {}
        _ => lines.push(format!("~ {path}")),
    }
}

/// The items of an array as an object, by their name or text.
fn by_name(items: &[Value]) -> Value {
    let name = |item: &Value| item["name"].as_str().map_or_else(|| item.to_string(), |name| format!("[{name}]"));
    items.iter().map(|item| (name(item), item.clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn differences_between_versions() {
    let documents = load(&root().join("spec")).unwrap();
    let mut lines = Vec::new();
    for [old, new] in documents.array_windows() {
        lines.push(format!("{} to {}", old.version, new.version));
        difference(&old.content, &new.content, "", &mut lines);
        lines.push(String::new());
    }
    assert_snapshot!(lines.join("\n"));
}

fn base() -> Source {
    source(
        "v1.0.yaml",
        json!({
            "openapi": "3.0.3",
            "info": { "title": "t", "version": "1.0" },
            "tags": [{ "name": "things" }],
            "paths": {
                "/things": { "get": operation("thing_list", &json!([{ "name": "all", "in": "query" }])) },
                "/things/{id}": { "delete": operation("thing_delete", &json!([{ "name": "id", "in": "path" }])) },
            },
            "components": { "schemas": {
                "Thing": { "description": "d", "example": {}, "properties": {
                    "Id": { "description": "d" },
                    "Size": { "description": "d" },
                } },
            } },
        }),
    )
}

fn operation(id: &str, parameters: &Value) -> Value {
    let responses = json!({ "200": { "description": "d" } });
    json!({ "operationId": id, "tags": ["things"], "summary": "s", "parameters": parameters, "responses": responses })
}

/// An overlay of version 1.1 with these actions.
fn overlay(actions: Value) -> Source {
    let mut actions = actions;
    actions.as_array_mut().unwrap().insert(0, json!({ "target": "$.info", "update": { "version": "1.1" } }));
    source("v1.1.yaml", json!({ "overlay": "1.0.0", "extends": "v1.0.yaml", "actions": actions }))
}

fn source(name: &str, content: Value) -> Source {
    Source { version: name[1..4].parse().unwrap(), name: name.into(), content }
}

fn composed(actions: Value) -> anyhow::Result<Vec<Document>> {
    apply_all(&[base(), overlay(actions)])
}

#[test]
fn additions_and_removals_are_annotated_with_versions() {
    let documents = composed(json!([
        { "target": "$.paths", "update": { "/new": { "get": operation("new_get", &json!([])) } } },
        { "target": "$.paths['/things'].get", "update": { "parameters": [{ "name": "size", "in": "query" }] } },
        { "target": "$.paths['/things'].get.parameters[?@.name == 'all']", "remove": true, "x-instead": "use size" },
        { "target": "$.paths['/things/{id}'].delete", "remove": true },
        { "target": "$.components.schemas.Thing.properties.Size", "remove": true },
        { "target": "$.components.schemas.Thing.properties", "update": { "Name": { "description": "d" } } },
    ]));
    let whole = compose::superset(&documents.unwrap()).unwrap();
    let mut lines = Vec::new();
    difference(&base().content, &whole, "", &mut lines);
    assert_snapshot!(lines.join("\n"));
    assert_snapshot!(operations::table(&whole).unwrap());
    assert_snapshot!(format!("{:#}\n{:#}", whole["paths"]["/things"]["get"]["parameters"], whole["components"]));
}

#[test]
fn request_fields_are_annotated_by_operation() {
    let mut base = base();
    let body = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } });
    base.content["paths"]["/things"]["get"]["requestBody"] = body;
    let size = &mut base.content["components"]["schemas"]["Thing"]["properties"]["Size"];
    *size = json!({ "description": "d", "x-read-by": {} });
    let readers = |target: &str, readers: &Value| json!([{ "target": target, "update": { "x-read-by": readers } }]);
    let target = "$.components.schemas.Thing.properties";
    let read = overlay(readers(&format!("{target}.Size"), &json!({ "thing_list": {} })));
    let whole = compose::superset(&apply_all(&[base, read]).unwrap()).unwrap();
    let size = &whole["components"]["schemas"]["Thing"]["properties"]["Size"];
    assert_eq!(size["x-read-by"], json!({ "thing_list": { "x-since": "1.1" } }));
    assert!(
        version_tables::tables(&whole)
            .unwrap()
            .contains("Field { name: \"Size\", span: Span { since: ApiVersion::new(1, 1)")
    );

    let late = composed(readers(&format!("{target}.Id"), &json!({})));
    let error = compose::superset(&late.unwrap()).unwrap_err();
    assert_snapshot!(error, @"x-read-by cannot appear or disappear in 1.1: a field has it from its first version on, or never");
}

#[test]
fn version_without_a_file_equals_the_previous_one() {
    let changes = json!([
        { "target": "$.info", "update": { "version": "1.3" } },
        { "target": "$.components.schemas.Thing.properties.Size", "remove": true },
        { "target": "$.components.schemas.Thing.properties", "update": { "Name": { "description": "d" } } },
    ]);
    let overlay = source("v1.3.yaml", json!({ "overlay": "1.0.0", "extends": "v1.0.yaml", "actions": changes }));
    let documents = apply_all(&[base(), overlay]).unwrap();
    let versions = documents.iter().map(|document| &document.content["info"]["version"]);
    assert_eq!(versions.collect::<Vec<_>>(), ["1.0", "1.1", "1.2", "1.3"]);
    assert_eq!(documents[2].content["components"], base().content["components"]);
    let whole = compose::superset(&documents).unwrap();
    let things = &whole["components"]["schemas"]["Thing"]["properties"];
    assert_eq!((&things["Size"]["x-until"], &things["Name"]["x-since"]), (&json!("1.2"), &json!("1.3")));
}

/// All documents, without and with an overlay for the next version.
fn with_next_version() -> [Vec<Document>; 2] {
    let mut sources = sources(&root().join("spec")).unwrap();
    let known = apply_all(&sources).unwrap();
    let newest = sources.last().unwrap().version;
    let (next, extends) = (newest.next(), sources.last().unwrap().name.clone());
    let filters = "$.paths['/containers/json'].get.parameters[?@.name == 'filters']";
    let actions = json!([
        { "target": "$.info", "update": { "version": next.to_string() } },
        { "target": "$.paths", "update": { "/dreams": { "get": {
            "operationId": "dream_list", "tags": ["system"], "summary": "s", "responses": { "200": { "description": "d" } },
        } } } },
        { "target": "$.paths['/containers/{id}/top'].get", "remove": true, "x-instead": "use exec" },
        { "target": filters, "update": { "x-filters": { "dream": { "description": "d" } } } },
        { "target": "$.paths['/events','/info'].get", "update": { "parameters": [{ "name": "depth", "in": "query" }] } },
        { "target": "$.paths['/system/df'].get.parameters", "remove": true },
        { "target": "$.paths['/containers/{id}/stop'].post.parameters[?@.name == 't']", "remove": true },
        { "target": "$.components.schemas.HostConfig.properties", "update": { "Dream": { "description": "d" } } },
        { "target": "$.components.schemas.HostConfig.properties.Links", "remove": true, "x-instead": "use networks" },
    ]);
    let overlay = json!({ "overlay": "1.0.0", "extends": extends, "actions": actions });
    sources.push(Source { version: next, name: format!("v{next}.yaml"), content: overlay });
    [known, apply_all(&sources).unwrap()]
}

#[test]
fn new_overlay_changes_only_its_targets_in_the_union() {
    let documents = with_next_version();
    let [newest, next] = documents.each_ref().map(|documents| documents.last().unwrap().version);
    let [before, after] = documents.map(|documents| compose::superset(&documents).unwrap());
    let mut lines = Vec::new();
    difference(&before, &after, "", &mut lines);
    assert_snapshot!(lines.join("\n").replace(&next.to_string(), "NEXT"), @r#"
    ~ /info/version
    + /info/x-versions/"NEXT"
    + /paths//containers/json/get/parameters/[filters]/x-filters/dream
    + /paths//containers/{id}/top/get/x-instead
    + /paths//containers/{id}/top/get/x-until
    + /paths//containers/{id}/stop/post/parameters/[t]/x-until
    + /paths//info/get/parameters
    + /paths//events/get/parameters/[depth]
    + /paths//system/df/get/parameters/[type]/x-until
    + /paths//system/df/get/parameters/[verbose]/x-until
    + /paths//dreams
    + /components/schemas/HostConfig/properties/Links/x-instead
    + /components/schemas/HostConfig/properties/Links/x-until
    + /components/schemas/HostConfig/properties/Dream
    "#);
    let removed = &after["paths"]["/containers/{id}/top"]["get"];
    assert_eq!((&removed["x-until"], &removed["x-instead"]), (&json!(newest.to_string()), &json!("use exec")));
    assert_eq!(after["paths"]["/dreams"]["get"]["x-since"], next.to_string());
    assert_eq!(after["paths"]["/info"]["get"]["parameters"][0]["x-since"], next.to_string());
    assert_eq!(after["paths"]["/system/df"]["get"]["parameters"][0]["x-until"], newest.to_string());
}

#[test]
fn new_overlay_does_not_change_older_versions() {
    let [known, extended] = with_next_version();
    assert_eq!(extended.len(), known.len() + 1);
    for (old, new) in known.iter().zip(&extended) {
        assert_eq!(old.content, new.content, "{}", old.version);
    }
}

/// The list of operations and the tables of the version check follow the document.
#[test]
fn new_overlay_updates_operations_and_version_check() {
    let documents = with_next_version();
    let [newest, next] = documents.each_ref().map(|documents| documents.last().unwrap().version.to_string());
    let placeholders = |text: &str| text.replace(&next, "NEXT").replace(&newest, "LAST");
    let documents = documents.map(|documents| compose::superset(&documents).unwrap());
    let tables = documents.each_ref().map(|document| operations::table(document).unwrap());
    assert_snapshot!(placeholders(&new_lines(&tables)), @"
    container_top          GET    /containers/{id}/top         1.15   LAST   document
    dream_list             GET    /dreams                      NEXT   -      nothing
    ");
    let tables = documents.map(|document| version_tables::tables(&document).unwrap());
    let rows = new_lines(&tables);
    let names = rows.lines().map(|row| row.split([',', '=']).next().unwrap_or(row).trim());
    assert_snapshot!(names.collect::<Vec<_>>().join("\n"), @r#"
    pub(crate) const NEWEST: ApiVersion
    Operation { id: "container_list"
    Operation { id: "container_stop"
    Operation { id: "container_top"
    Operation { id: "dream_list"
    Operation { id: "system_data_usage"
    Operation { id: "system_events"
    Operation { id: "system_info"
    &[Field { name: "LxcConf"
    &[Field { name: "LxcConf"
    "#);
    let field = |name| rows.split("Field { name: ").find(|field| field.starts_with(&format!("{name:?}"))).unwrap();
    let spans = ["Dream", "Links"].map(|name| field(name).split(", is_map").next().unwrap().replace("1, ", "1."));
    assert_snapshot!(placeholders(&spans.join("\n")), @r#"
    "Dream", span: Span { since: ApiVersion::new(NEXT), until: NEWEST, instead: None }
    "Links", span: Span { since: OLDEST, until: ApiVersion::new(LAST), instead: Some("use networks") }
    "#);
}

/// The lines of the second text that the first does not have.
fn new_lines(texts: &[String; 2]) -> String {
    let [before, after] = texts.each_ref().map(|text| text.lines().collect::<Vec<_>>());
    after.into_iter().filter(|line| !before.contains(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn errors_name_file_and_action() {
    let error = |actions: Value| format!("{:#}", composed(actions).unwrap_err());
    let mut errors = vec![
        error(json!([{ "target": "$.paths[", "update": {} }])),
        error(json!([{ "target": "$.paths['/nowhere']", "update": {} }])),
        error(json!([{ "target": "$.paths['/things']" }])),
        error(json!([{ "target": "$.paths['/things']", "update": {}, "remove": true }])),
        error(json!([{ "target": "$.paths['/things']", "update": {}, "x-instead": "use others" }])),
        error(json!([{ "target": "$.openapi", "update": "3.1.0" }])),
        error(json!([{ "target": "$.paths['/things'].get", "update": { "x-since": "1.1" } }])),
        error(json!([{ "target": "$.paths", "update": { "/a": { "get": operation("thing_list", &json!([])) } } }])),
        error(json!([{ "target": "$.paths", "update": { "/a/{b}": { "get": operation("a", &json!([])) } } }])),
        error(json!([{ "target": "$.components.schemas.Thing.properties", "update": { "A": {} } }])),
        error(json!([{ "target": "$.components.schemas.Thing.properties.Id", "update": { "$ref": "#/nowhere" } }])),
        error(
            json!([{ "target": "$.components.schemas.Thing.properties.Id", "update": { "x-read-by": { "a": {} } } }]),
        ),
    ];
    let mut unrelated = overlay(json!([]));
    unrelated.content["extends"] = json!("v0.9.yaml");
    errors.push(format!("{:#}", apply_all(&[base(), unrelated]).unwrap_err()));
    assert_snapshot!(errors.join("\n"));
}

#[test]
fn type_annotations_are_checked() {
    let set = |set: Value| json!([{ "target": "$.components", "update": { "x-enums": { "Colour": set } } }]);
    let field = |field: Value| {
        let colour = json!({ "description": "d", "values": { "red": "d" } });
        let number =
            json!({ "description": "d", "default": "0", "values": { "0": { "name": "off", "description": "d" } } });
        json!([
            { "target": "$.components", "update": { "x-enums": { "Colour": colour, "Level": number } } },
            { "target": "$.components.schemas.Thing.properties.Size", "update": field },
        ])
    };
    let counters = |format: &str, names: Value| {
        let counter = json!({ "type": "integer", "format": format });
        json!({ "type": "object", "additionalProperties": counter, "x-known-keys": names })
    };
    for valid in [
        json!({ "type": "integer", "x-timestamp": "seconds" }),
        json!({ "type": "string", "x-timestamp": "rfc3339" }),
        json!({ "type": "integer", "x-duration": "seconds", "x-never": true }),
        json!({ "type": "string", "x-enum": "Colour" }),
        json!({ "type": "integer", "x-enum": "Level" }),
        counters("uint64", json!(["cache", "rss"])),
    ] {
        composed(field(valid.clone())).unwrap_or_else(|error| panic!("{valid}: {error:#}"));
    }
    let invalid = [
        field(json!({ "type": "integer", "x-timestamp": "rfc3339" })),
        field(json!({ "type": "integer", "x-timestamp": "hours" })),
        field(json!({ "type": "string", "x-duration": "seconds" })),
        field(json!({ "type": "integer", "x-duration": "nanoseconds", "x-never": true })),
        field(json!({ "type": "integer", "x-timestamp": "seconds", "x-duration": "seconds" })),
        field(json!({ "type": "string", "x-enum": "Shape" })),
        field(json!({ "type": "integer", "x-enum": "Colour" })),
        field(counters("int64", json!(["cache"]))),
        field(counters("uint64", json!(["cache", 1]))),
        json!([{ "target": "$.components.schemas.Thing", "update": { "x-enum": "Colour" } }]),
        set(json!({ "values": { "red": "d" } })),
        set(json!({ "description": "d", "values": {} })),
        set(json!({ "description": "d", "values": { "red": "d", "Red": "d" } })),
        set(json!({ "description": "d", "values": { "1": "d" } })),
        set(json!({ "description": "d", "values": { "other": "d" } })),
        set(json!({ "description": "d", "default": "blue", "values": { "red": "d" } })),
    ];
    let errors = invalid.map(|actions| format!("{:#}", composed(actions).unwrap_err().root_cause()));
    assert_snapshot!(errors.join("\n"));
}

#[test]
fn field_orders_and_value_sets_must_be_complete() {
    let whole = |update: Value| {
        let documents = composed(json!([{ "target": "$.components", "update": update }])).unwrap();
        super::types::complete(&compose::superset(&documents).unwrap())
    };
    let order = |names: &[&str]| whole(json!({ "schemas": { "Thing": { "x-order": names } } }));
    order(&["Size", "Id"]).unwrap();
    let outcomes = [
        order(&["Size"]),
        order(&["Size", "Id", "Size"]),
        whole(json!({ "x-enums": { "Colour": { "description": "d", "values": { "red": "d" } } } })),
    ];
    let errors = outcomes.map(|outcome| format!("{:#}", outcome.unwrap_err()));
    assert_snapshot!(errors.join("\n"), @r#"
    x-order of Thing: missing fields: {"Id"}; add them in the order in which engines send them
    x-order of Thing: Size is not a field, or is listed twice
    x-enums: Colour: no field uses it
    "#);
}
