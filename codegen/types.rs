//! Post-processes the generated types.
//!
//! Go's zero values are Rust's defaults: a field is a plain `String`, `i64`, `bool`, `Vec` or `HashMap`, which is empty if
//! it is absent, and is not sent if it is empty. Only fields with `x-optional` in the document are an `Option`.

use serde_json::Value;
use syn::{
    Block, Field, Fields, GenericArgument, ImplItem, Item, ItemMod as Module, ItemStruct, PathArguments, Stmt, Type,
    parse_quote,
};

use super::{deserialize_impls, enums, field_types::Kind, methods, serialize_complete};

/// Rewrites the types in `file` with the annotations in `document`, and removes unused code.
pub(crate) fn process(file: &mut syn::File, document: &Value) {
    let schemas = &document["components"]["schemas"];
    let may_be_empty = methods::may_be_empty(document);
    file.items.retain(|item| match item {
        Item::Mod(module) => module.ident != "prelude",
        // Asserts that the client implements progenitor's `ClientHooks`, which the rewritten methods do not use.
        Item::Const(item) => item.ident != "_",
        _ => true,
    });
    for item in &mut file.items {
        if let Item::Impl(methods) = item {
            // `Client::new` would limit the time of whole responses, and can panic.
            methods.items.retain(|item| !matches!(item, ImplItem::Fn(method) if method.sig.ident == "new"));
            methods.items.iter_mut().for_each(|method| methods::rewrite(method, &may_be_empty));
        }
        let Item::Mod(Module { ident, content: Some((_, items)), .. }) = item else { continue };
        if ident != "types" {
            continue;
        }
        items.retain(|item| matches!(item, Item::Struct(_)));
        for index in 0..items.len() {
            let Item::Struct(item) = &mut items[index] else { continue };
            let schema = &schemas[item.ident.to_string()];
            structure(item, schema, document);
            let decoding = deserialize_impls::implementations(item, schema, document);
            let complete = serialize_complete::implementations(item, schema, document);
            let debug = redacted_debug(item, schema);
            items.extend(decoding.into_iter().chain(complete).chain(debug));
        }
        items.extend(enums::enums(document));
    }
}

fn structure(item: &mut ItemStruct, schema: &Value, document: &Value) {
    append(&mut item.attrs, &versions(schema));
    let Fields::Named(fields) = &mut item.fields else { return };
    for field in &mut fields.named {
        let name = wire_name(field);
        match property(schema, &name) {
            Some(property) => self::field(field, &name, schema, property, document),
            None => flattened(field),
        }
    }
}

fn field(field: &mut Field, name: &str, schema: &Value, property: &Value, document: &Value) {
    let schemas = &document["components"]["schemas"];
    let text = property["description"].as_str().unwrap_or_else(|| referenced(property, schemas));
    field.attrs = vec![parse_quote!(#[doc = #text])];
    append(&mut field.attrs, &versions(property));

    let mut plain = without_option(&field.ty);
    if property["x-boxed"] == true {
        boxed(&mut plain);
    }
    let kind = Kind::of(property, document);
    let serde = if let Some(kind) = kind {
        field.ty = kind.rust_type();
        typed_serde(name, &kind)
    } else if property["x-set"] == true {
        field.ty = parse_quote!(::std::collections::BTreeSet<::std::string::String>);
        parse_quote!(#[serde(rename = #name, serialize_with = "crate::generated::decode::lenient::write_set", skip_serializing_if = "crate::generated::decode::lenient::is_zero")])
    } else if property["x-optional"] == true {
        field.ty = parse_quote!(::std::option::Option<#plain>);
        parse_quote!(#[serde(rename = #name, skip_serializing_if = "::std::option::Option::is_none")])
    } else if deserialize_impls::essential(schema) == Some(name) {
        field.ty = plain;
        parse_quote!(#[serde(rename = #name)])
    } else {
        field.ty = plain;
        parse_quote!(#[serde(rename = #name, skip_serializing_if = "crate::generated::decode::lenient::is_zero")])
    };
    field.attrs.push(serde);
    rename(field);
}

/// The serde attribute of a field of this kind.
fn typed_serde(name: &str, kind: &Kind) -> syn::Attribute {
    if kind.is_plain() {
        return parse_quote!(#[serde(rename = #name, skip_serializing_if = "crate::generated::decode::lenient::is_zero")]);
    }
    match kind.serialize_with() {
        Some(function) => {
            parse_quote!(#[serde(rename = #name, serialize_with = #function, skip_serializing_if = "::std::option::Option::is_none")])
        }
        None => parse_quote!(#[serde(rename = #name, skip_serializing_if = "::std::option::Option::is_none")]),
    }
}

/// Boxes a type, or the values of a map.
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

/// For a type with secrets, replaces the derived `Debug` by one that redacts them.
fn redacted_debug(item: &mut ItemStruct, schema: &Value) -> Option<Item> {
    let is_secret = |field: &&Field| property(schema, &wire_name(field)).is_some_and(|p| p["x-secret"] == true);
    if !item.fields.iter().any(|field| is_secret(&field)) {
        return None;
    }
    deserialize_impls::remove_derive(item, "Debug");
    let name = &item.ident;
    let calls = item.fields.iter().filter_map(|field| {
        let ident = field.ident.as_ref()?;
        let label = ident.to_string();
        let call: Stmt = if is_secret(&field) {
            parse_quote!(debug.field(#label, &crate::redacted::Redacted(&self.#ident));)
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
        /// Redacts secrets, such as the values of environment variables.
        impl ::std::fmt::Debug for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result #body
        }
    })
}

/// Flattens a field: its type has some of the fields of the object.
fn flattened(field: &mut Field) {
    field.ty = without_option(&field.ty);
    field.attrs =
        vec![parse_quote!(#[doc = "Fields that are at the same level in JSON."]), parse_quote!(#[serde(flatten)])];
}

/// Whether a field is flattened.
pub(crate) fn is_flattened(field: &Field) -> bool {
    field.attrs.contains(&parse_quote!(#[serde(flatten)]))
}

/// Abbreviations that the generator splits before the wrong letter, such as `IPv4` and `ExecIDs`.
const SPLIT: [(&str, &str); 7] = [
    ("i_pv", "ipv"),
    ("i_ps", "ips"),
    ("i_ds", "ids"),
    ("i_ops", "iops"),
    ("cid_rs", "cidrs"),
    ("c_as", "cas"),
    ("cp_us", "cpus"),
];

fn rename(field: &mut Field) {
    if let Some(ident) = &mut field.ident {
        let name = SPLIT.iter().fold(ident.to_string(), |name, (split, whole)| name.replace(split, whole));
        *ident = syn::Ident::new(&name, ident.span());
    }
}

/// The name of a field in JSON.
pub(crate) fn wire_name(field: &Field) -> String {
    let mut name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        // Only `rename` is of interest.
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

/// The schema of the field of this name.
pub(crate) fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.chain([schema]).find_map(|part| part["properties"].get(name))
}

/// The description of the schema that `property` refers to.
fn referenced<'a>(property: &Value, schemas: &'a Value) -> &'a str {
    let name = property["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
    schemas[name]["description"].as_str().unwrap_or_default()
}

/// The API versions of a field or type, for its documentation.
fn versions(part: &Value) -> String {
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

/// The type `T` for `Option<T>` or `T`.
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
