//! Checks that no dependency needs a newer Rust than the manifests declare.

use serde_json::Value;

use crate::{root, shell};

/// Clippy checks the use of the standard library in this workspace (`incompatible_msrv`); `cargo xtask deps` builds with
/// the minimum version itself, if rustup can install it.
#[test]
fn dependencies_support_the_minimum_rust_version() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    for member in packages.iter().filter(|package| package["source"].is_null()) {
        let needed_by = dependencies(&metadata, &member["id"]);
        assert!(needed_by.len() > 20, "{} has more dependencies than that", member["name"]);
        for package in packages.iter().filter(|package| needed_by.contains(&&package["id"])) {
            assert!(rust(package) <= rust(member), "{} needs {:?}", package["id"], rust(package));
        }
    }
}

fn metadata() -> Value {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(["metadata", "--format-version=1", "--all-features", "--locked"]);
    // Without this, cargo would download the dependencies of other systems.
    command.arg("--filter-platform=x86_64-unknown-linux-gnu");
    serde_json::from_str(&shell::output(&mut command).unwrap()).unwrap()
}

/// The packages that a user of a package builds: all its dependencies, without dev-dependencies.
fn dependencies<'a>(metadata: &'a Value, id: &'a Value) -> Vec<&'a Value> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let mut found = vec![id];
    let mut index = 0;
    while let Some(id) = found.get(index) {
        let node = nodes.iter().find(|node| &&node["id"] == id).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let is_used = dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
            if is_used && !found.contains(&&dependency["pkg"]) {
                found.push(&dependency["pkg"]);
            }
        }
        index += 1;
    }
    found
}

/// The minimum Rust version that a package declares, as major, minor and patch.
fn rust(package: &Value) -> [u32; 3] {
    let mut version = [0; 3];
    let numbers = package["rust_version"].as_str().unwrap_or_default().split('.');
    version.iter_mut().zip(numbers).for_each(|(part, number)| *part = number.parse().unwrap_or(0));
    version
}
