//! Generated types that people like to hold, and that accept what engines send.
//!
//! Go's zero values become Rust's: a field is a plain `String`, `i64`, `bool`,
//! `Vec` or `HashMap` that is empty when absent and not sent when empty. Only what
//! the document marks `x-optional` is an `Option`.

use serde_json::Value;
use syn::{
    Block, Field, Fields, GenericArgument, ImplItem, Item, ItemMod as Module, ItemStruct, PathArguments, Stmt, Type,
    parse_quote,
};

use super::decode;

/// Rewrites the types in `file` by what `document` says of them, and drops what is of no use.
pub(crate) fn polish(file: &mut syn::File, document: &Value) {
    let schemas = &document["components"]["schemas"];
    file.items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        if let Item::Impl(methods) = item {
            // It would put a limit on whole responses, and panics.
            methods.items.retain(|item| !matches!(item, ImplItem::Fn(method) if method.sig.ident == "new"));
            methods.items.iter_mut().for_each(decode::answers_here);
        }
        let Item::Mod(Module { ident, content: Some((_, items)), .. }) = item else { continue };
        if ident != "types" {
            continue;
        }
        items.retain(|item| matches!(item, Item::Struct(_)));
        for index in 0..items.len() {
            let Item::Struct(item) = &mut items[index] else { continue };
            let schema = &schemas[item.ident.to_string()];
            structure(item, schema, schemas);
            let decoding = decode::implementations(item, schema);
            let debug = discreet_debug(item, schema);
            items.extend(decoding.into_iter().chain(debug));
        }
    }
}

fn structure(item: &mut ItemStruct, schema: &Value, schemas: &Value) {
    append(&mut item.attrs, &marks(schema));
    let Fields::Named(fields) = &mut item.fields else { return };
    for field in &mut fields.named {
        let name = wire_name(field);
        match property(schema, &name) {
            Some(property) => self::field(field, &name, schema, property, schemas),
            None => flattened(field),
        }
    }
}

fn field(field: &mut Field, name: &str, schema: &Value, property: &Value, schemas: &Value) {
    let text = property["description"].as_str().unwrap_or_else(|| referenced(property, schemas));
    field.attrs = vec![parse_quote!(#[doc = #text])];
    append(&mut field.attrs, &marks(property));

    let mut plain = without_option(&field.ty);
    if property["x-boxed"] == true {
        boxed(&mut plain);
    }
    let serde = if property["x-set"] == true {
        field.ty = parse_quote!(::std::collections::BTreeSet<::std::string::String>);
        parse_quote!(#[serde(rename = #name, serialize_with = "crate::wire::lenient::write_set", skip_serializing_if = "crate::wire::lenient::is_zero")])
    } else if property["x-optional"] == true {
        field.ty = parse_quote!(::std::option::Option<#plain>);
        parse_quote!(#[serde(rename = #name, skip_serializing_if = "::std::option::Option::is_none")])
    } else if decode::essential(schema) == Some(name) {
        field.ty = plain;
        parse_quote!(#[serde(rename = #name)])
    } else {
        field.ty = plain;
        parse_quote!(#[serde(rename = #name, skip_serializing_if = "crate::wire::lenient::is_zero")])
    };
    field.attrs.push(serde);
    rename(field);
}

/// Puts a type, or the values of a map, on the heap by itself.
fn boxed(ty: &mut Type) {
    if let Type::Path(path) = &mut *ty
        && let Some(last) = path.path.segments.last_mut().filter(|last| last.ident == "HashMap")
        && let PathArguments::AngleBracketed(arguments) = &mut last.arguments
        && let Some(GenericArgument::Type(value)) = arguments.args.last_mut()
    {
        return boxed(value);
    }
    *ty = parse_quote!(::std::boxed::Box<#ty>);
}

/// A type with secrets gets a `Debug` that does not tell them, in place of the derived one.
fn discreet_debug(item: &mut ItemStruct, schema: &Value) -> Option<Item> {
    let is_secret = |field: &&Field| property(schema, &wire_name(field)).is_some_and(|p| p["x-secret"] == true);
    if !item.fields.iter().any(|field| is_secret(&field)) {
        return None;
    }
    decode::underive(item, "Debug");
    let name = &item.ident;
    let calls = item.fields.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let label = ident.to_string();
        let call: Stmt = if is_secret(&field) {
            parse_quote!(debug.field(#label, &if self.#ident.is_empty() { "" } else { "[redacted]" });)
        } else {
            parse_quote!(debug.field(#label, &self.#ident);)
        };
        Some(call)
    });
    let calls: Vec<Stmt> = calls.collect();
    let label = name.to_string();
    let body: Block = parse_quote!({
        let mut debug = f.debug_struct(#label);
        #(#calls)*
        debug.finish()
    });
    Some(parse_quote! {
        /// Does not tell secrets.
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result #body
        }
    })
}

/// A field that stands for the fields of another type.
fn flattened(field: &mut Field) {
    field.ty = without_option(&field.ty);
    field.attrs = vec![
        parse_quote!(#[doc = "What stands beside the other fields on the wire."]),
        parse_quote!(#[serde(flatten)]),
    ];
}

/// Whether this stands for the fields of another type.
pub(crate) fn is_flattened(field: &Field) -> bool {
    field.attrs.contains(&parse_quote!(#[serde(flatten)]))
}

/// Abbreviations that the generator splits before the wrong letter, as `IPv4` and `ExecIDs`.
const SPLIT: [(&str, &str); 5] =
    [("i_pv", "ipv"), ("i_ps", "ips"), ("i_ds", "ids"), ("i_ops", "iops"), ("cid_rs", "cidrs")];

fn rename(field: &mut Field) {
    if let Some(ident) = &mut field.ident {
        let name = SPLIT.iter().fold(ident.to_string(), |name, (split, whole)| name.replace(split, whole));
        *ident = syn::Ident::new(&name, ident.span());
    }
}

/// The name of a field on the wire.
pub(crate) fn wire_name(field: &Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Anything but a rename is not of interest.
        let _ = attribute.parse_nested_meta(|meta| {
            let value =
                if meta.input.peek(syn::Token![=]) { Some(meta.value()?.parse::<syn::LitStr>()?) } else { None };
            if let (true, Some(value)) = (meta.path.is_ident("rename"), value) {
                name = value.value();
            }
            Ok(())
        });
    }
    name
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.chain([schema]).find_map(|part| part["properties"].get(name))
}

/// The description of what `property` refers to.
fn referenced<'a>(property: &Value, schemas: &'a Value) -> &'a str {
    let name = property["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    schemas[name]["description"].as_str().unwrap_or_default()
}

/// Since and until when, for the docs.
fn marks(part: &Value) -> String {
    match (part["x-since"].as_str(), part["x-until"].as_str()) {
        (Some(since), Some(until)) => format!("From API {since} to {until}."),
        (Some(since), None) => format!("Since API {since}."),
        (None, Some(until)) => format!("Until API {until}."),
        (None, None) => String::new(),
    }
}

fn append(attributes: &mut Vec<syn::Attribute>, text: &str) {
    if !text.is_empty() {
        let last =
            attributes.iter().rposition(|attribute| attribute.path().is_ident("doc")).map_or(0, |index| index + 1);
        attributes.splice(last..last, [parse_quote!(#[doc = ""]), parse_quote!(#[doc = #text])]);
    }
}

/// `T`, of `Option<T>` or of `T`.
fn without_option(ty: &Type) -> Type {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option")
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return inner.clone();
    }
    ty.clone()
}
