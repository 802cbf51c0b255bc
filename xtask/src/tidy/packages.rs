//! What users build with: nothing that they depend on needs a newer Rust than is promised.

use serde_json::Value;

use crate::{root, shell};

/// Rust 1.88.1 as 1, 88, 1.
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|number| number.parse().unwrap()).collect()
}

/// Clippy holds this workspace's own code against the standard library of that version (`incompatible_msrv`). Only a
/// compiler of that age could tell whether it knows the language, too.
#[test]
fn no_dependency_needs_a_newer_rust_than_the_manifest_says() {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args([
        "metadata",
        "--format-version=1",
        "--all-features",
        "--locked",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]);
    let metadata: Value = serde_json::from_str(&shell::output(&mut command).unwrap()).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = |id: &Value| packages.iter().find(|package| &package["id"] == id).unwrap();
    let promised = |name: &str| {
        let own = packages.iter().find(|package| package["name"] == name && package["source"].is_null()).unwrap();
        own["rust_version"].as_str().map(version).unwrap()
    };
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    for member in ["dockerclient", "dockerclient-testkit", "xtask"] {
        let mut seen = Vec::new();
        let mut next: Vec<&Value> =
            nodes.iter().map(|node| &node["id"]).filter(|id| package(id)["name"] == member).collect();
        while let Some(id) = next.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let needed = package(id)["rust_version"].as_str().map(version).unwrap_or_default();
            assert!(needed <= promised(member), "{member} needs {} {needed:?}", package(id)["name"]);
            let node = nodes.iter().find(|node| &node["id"] == id).unwrap();
            let used = node["deps"].as_array().unwrap().iter().filter(|dependency| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev")
            });
            next.extend(used.map(|dependency| &dependency["pkg"]));
        }
        assert!(seen.len() > 20, "{member} has more dependencies than that");
    }
}
