//! Generates the wire layer from `spec/docker.json`: clients and types with
//! progenitor, and the tables of the gate.

use std::{env, error::Error, fs, path::PathBuf};

use serde_json::Value;

#[path = "build/decode.rs"]
mod decode;
#[path = "build/gates.rs"]
mod gates;
#[path = "build/narrow.rs"]
mod narrow;
#[path = "build/pleasant.rs"]
mod pleasant;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=spec/docker.json");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let document: Value = serde_json::from_str(&fs::read_to_string("spec/docker.json")?)?;
    fs::write(out.join("wire.rs"), wire(&document)?)?;
    fs::write(out.join("gates.rs"), gates::tables(&document)?)?;
    Ok(())
}

/// The source of the generated client and its types.
fn wire(document: &Value) -> Result<String, Box<dyn Error>> {
    let narrowed = serde_json::from_value(narrow::narrowed(document))?;
    let mut settings = progenitor::GenerationSettings::new();
    settings
        .with_derive("PartialEq")
        .with_hooks(progenitor::HooksMode::Expected)
        .with_inner_type("crate::wire::Hooks".parse()?);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&narrowed)?;
    let mut file = syn::parse2(tokens)?;
    pleasant::polish(&mut file, document);
    let source = prettyplease::unparse(&file);
    assert!(!source.contains("from_response"), "an answer is left to progenitor's decoding; see build/decode.rs");
    Ok(source)
}
