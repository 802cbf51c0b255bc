//! Generates the serialization with all fields, in the order in which engines send them.

use serde_json::Value;
use syn::{Expr, Item, ItemStruct, Stmt, parse_quote};

use super::{field_types::Kind, types};

/// The implementations for `item`, whose fields have their final form.
pub(crate) fn implementations(item: &ItemStruct, schema: &Value, document: &Value) -> [Item; 3] {
    let name = &item.ident;
    let order = order(schema);
    let place = |wire_name: &str| order.iter().position(|name| *name == wire_name).unwrap_or(order.len());
    let mut fields: Vec<_> = item.fields.iter().map(|field| (types::wire_name(field), field)).collect();
    fields.sort_by_key(|(name, field)| (!types::is_flattened(field), place(name)));
    let entries = fields.iter().map(|(wire_name, field)| -> Stmt {
        let ident = &field.ident;
        if types::is_flattened(field) {
            return parse_quote!(crate::generated::serialize_complete::Object::entries(&self.#ident, map, version)?;);
        }
        let (Some(property), Some(ident)) = (types::property(schema, wire_name), ident) else {
            return parse_quote!({});
        };
        let entry: Expr = match Kind::of(property, document) {
            Some(kind) if !kind.is_plain() && !matches!(kind, Kind::Timeout) => {
                let value = kind.complete(ident, property["x-optional"] == true);
                parse_quote!(map.serialize_entry(#wire_name, &#value)?)
            }
            _ => parse_quote!(crate::generated::serialize_complete::entry(map, #wire_name, &self.#ident, version)?),
        };
        match (version(property, "x-since"), version(property, "x-until")) {
            (None, None) => parse_quote!(#entry;),
            (since, until) => {
                let since = since.unwrap_or_else(|| parse_quote!(crate::ApiVersion::OLDEST));
                let until = until.unwrap_or_else(|| parse_quote!(crate::ApiVersion::NEWEST));
                parse_quote!(if (#since..=#until).contains(&version) || !crate::generated::decode::lenient::is_zero(&self.#ident) {
                    #entry;
                })
            }
        }
    });
    let entries: Vec<Stmt> = entries.collect();
    [
        parse_quote! {
            impl crate::generated::serialize_complete::Object for #name {
                fn entries<M: ::serde::ser::SerializeMap>(
                    &self,
                    map: &mut M,
                    version: crate::ApiVersion,
                ) -> ::std::result::Result<(), M::Error> {
                    #(#entries)*
                    ::std::result::Result::Ok(())
                }
            }
        },
        parse_quote! {
            impl crate::generated::serialize_complete::Complete for #name {
                fn complete<S: ::serde::Serializer>(
                    &self,
                    serializer: S,
                    version: crate::ApiVersion,
                ) -> ::std::result::Result<S::Ok, S::Error> {
                    crate::generated::serialize_complete::object(self, serializer, version)
                }
            }
        },
        parse_quote! {
            impl crate::models::Model for #name {}
        },
    ]
}

/// The names of the fields in the order of engines: `x-order` or, by default, the order of the document.
fn order(schema: &Value) -> Vec<&str> {
    if let Some(order) = schema["x-order"].as_array() {
        return order.iter().filter_map(Value::as_str).collect();
    }
    let parts = schema["allOf"].as_array().into_iter().flatten();
    parts.chain([schema]).filter_map(|part| part["properties"].as_object()).flatten().map(|(name, _)| &**name).collect()
}

/// The version of an annotation, as an expression.
fn version(property: &Value, annotation: &str) -> Option<Expr> {
    let (major, minor) = property[annotation].as_str()?.split_once('.')?;
    let (major, minor) = (major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?);
    Some(parse_quote!(crate::ApiVersion::new(#major, #minor)))
}
