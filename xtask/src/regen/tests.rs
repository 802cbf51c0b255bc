//! The committed files are current, and an overlay changes what it says and nothing else.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{
    Mode, compose, load, operations,
    versions::{Document, Source, apply_all, sources},
};
use crate::root;

/// What the build makes of the document for the gate.
#[path = "../../../build/gates.rs"]
mod gates;

#[test]
fn committed_files_are_current() {
    super::run(Mode::Check).unwrap();
}

/// What came (+), went (-) or changed (~) from one version to the next.
fn difference(old: &Value, new: &Value, path: &str, lines: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            lines.extend(gone.map(|key| format!("- {path}/{key}")));
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

/// The items of an array, by what tells them apart.
fn by_name(items: &[Value]) -> Value {
    let name = |item: &Value| item["name"].as_str().map_or_else(|| item.to_string(), |name| format!("[{name}]"));
    items.iter().map(|item| (name(item), item.clone())).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn each_version_differs_from_the_one_before_in_what_its_overlay_says() {
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
fn what_came_and_what_went_is_marked_and_nothing_else() {
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
fn a_version_without_a_file_is_as_the_one_before() {
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

/// The next bump, tried out on all that there is: the documents without it, and with it.
fn bump() -> [Vec<Document>; 2] {
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
fn a_newer_version_changes_what_its_overlay_says_and_nothing_else() {
    let documents = bump();
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
    let gone = &after["paths"]["/containers/{id}/top"]["get"];
    assert_eq!((&gone["x-until"], &gone["x-instead"]), (&json!(newest.to_string()), &json!("use exec")));
    assert_eq!(after["paths"]["/dreams"]["get"]["x-since"], next.to_string());
    assert_eq!(after["paths"]["/info"]["get"]["parameters"][0]["x-since"], next.to_string());
    assert_eq!(after["paths"]["/system/df"]["get"]["parameters"][0]["x-until"], newest.to_string());
}

#[test]
fn a_newer_version_leaves_older_ones_as_they_were() {
    let [known, bumped] = bump();
    assert_eq!(bumped.len(), known.len() + 1);
    for (old, new) in known.iter().zip(&bumped) {
        assert_eq!(old.content, new.content, "{}", old.version);
    }
}

/// What is made of the document follows, without a hand: the table of operations, and what the gate lets through.
#[test]
fn a_newer_version_changes_the_table_and_the_gate_by_what_its_overlay_says() {
    let documents = bump();
    let [newest, next] = documents.each_ref().map(|documents| documents.last().unwrap().version.to_string());
    let said = |text: &str| text.replace(&next, "NEXT").replace(&newest, "LAST");
    let documents = documents.map(|documents| compose::superset(&documents).unwrap());
    let tables = documents.each_ref().map(|document| operations::table(document).unwrap());
    assert_snapshot!(said(&new_lines(&tables)), @"
    container_top          GET    /containers/{id}/top         1.15   LAST   document
    dream_list             GET    /dreams                      NEXT   -      nothing
    ");
    let gates = documents.map(|document| gates::tables(&document).unwrap());
    let rows = new_lines(&gates);
    let names = rows.lines().map(|row| row.split([',', '=']).next().unwrap_or(row).trim());
    assert_snapshot!(names.collect::<Vec<_>>().join("\n"), @r#"
    pub(crate) const NEWEST: ApiVersion
    Operation { id: "container_list"
    Operation { id: "container_stop"
    Operation { id: "container_top"
    Operation { id: "dream_list"
    Operation { id: "system_df"
    Operation { id: "system_events"
    Operation { id: "system_info"
    &[Field { name: "LxcConf"
    "#);
    let field = |name| rows.split("Field { name: ").find(|field| field.starts_with(&format!("{name:?}"))).unwrap();
    let spans = ["Dream", "Links"].map(|name| field(name).split(", is_map").next().unwrap().replace("1, ", "1."));
    assert_snapshot!(said(&spans.join("\n")), @r#"
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
fn mistakes_are_named_with_file_and_action() {
    let mistake = |actions: Value| format!("{:#}", composed(actions).unwrap_err());
    let mut said = vec![
        mistake(json!([{ "target": "$.paths[", "update": {} }])),
        mistake(json!([{ "target": "$.paths['/nowhere']", "update": {} }])),
        mistake(json!([{ "target": "$.paths['/things']" }])),
        mistake(json!([{ "target": "$.paths['/things']", "update": {}, "remove": true }])),
        mistake(json!([{ "target": "$.paths['/things']", "update": {}, "x-instead": "use others" }])),
        mistake(json!([{ "target": "$.openapi", "update": "3.1.0" }])),
        mistake(json!([{ "target": "$.paths['/things'].get", "update": { "x-since": "1.1" } }])),
        mistake(json!([{ "target": "$.paths", "update": { "/a": { "get": operation("thing_list", &json!([])) } } }])),
        mistake(json!([{ "target": "$.paths", "update": { "/a/{b}": { "get": operation("a", &json!([])) } } }])),
        mistake(json!([{ "target": "$.components.schemas.Thing.properties", "update": { "A": {} } }])),
        mistake(json!([{ "target": "$.components.schemas.Thing.properties.Id", "update": { "$ref": "#/nowhere" } }])),
    ];
    let mut stray = overlay(json!([]));
    stray.content["extends"] = json!("v0.9.yaml");
    said.push(format!("{:#}", apply_all(&[base(), stray]).unwrap_err()));
    assert_snapshot!(said.join("\n"));
}
