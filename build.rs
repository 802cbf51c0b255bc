//! Generates the client and the types from `spec/docker.json` with progenitor, and the tables of the version check.

use std::{env, error::Error, fs, path::PathBuf};

use serde_json::Value;

#[path = "codegen/deserialize_impls.rs"]
mod deserialize_impls;
#[path = "codegen/enums.rs"]
mod enums;
#[path = "codegen/field_types.rs"]
mod field_types;
#[path = "codegen/methods.rs"]
mod methods;
#[path = "codegen/prepare_spec.rs"]
mod prepare_spec;
#[path = "codegen/serialize_complete.rs"]
mod serialize_complete;
#[path = "codegen/types.rs"]
mod types;
#[path = "codegen/variant_names.rs"]
mod variant_names;
#[path = "codegen/version_tables.rs"]
mod version_tables;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=spec/docker.json");
    println!("cargo::rerun-if-changed=codegen");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let document: Value = serde_json::from_str(&fs::read_to_string("spec/docker.json")?)?;
    fs::write(out.join("client.rs"), client(&document)?)?;
    fs::write(out.join("gates.rs"), version_tables::tables(&document)?)?;
    Ok(())
}

/// The source of the generated client and its types.
fn client(document: &Value) -> Result<String, Box<dyn Error>> {
    let prepared = serde_json::from_value(prepare_spec::prepared(document))?;
    let mut settings = progenitor::GenerationSettings::new();
    settings
        .with_derive("PartialEq")
        .with_hooks(progenitor::HooksMode::Expected)
        .with_inner_type("crate::generated::Hooks".parse()?);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&prepared)?;
    let mut file = syn::parse2(tokens)?;
    types::process(&mut file, document);
    let source = prettyplease::unparse(&file);
    assert!(!source.contains("self.exec("), "a generated method makes its call itself; see codegen/methods.rs");
    Ok(source)
}
