//! Generates the deserialization of types: lenient, and in place. The code of serde's derive collects all fields before it
//! builds an object, so large values would be moved through each object that contains them.

use std::{collections::BTreeSet, iter};

use serde_json::Value;
use syn::{Expr, Ident, Item, ItemStruct, Path, Token, parse_quote, punctuated::Punctuated};

use super::{field_types::Kind, types};

/// Fields without which a response is invalid: if one is absent, decoding fails.
const ESSENTIAL: [&str; 3] = ["Id", "ID", "StatusCode"];

/// The implementations for `item`, whose fields have their final form.
pub(crate) fn implementations(item: &mut ItemStruct, schema: &Value, document: &Value) -> [Item; 3] {
    remove_derive(item, "Deserialize");
    let name = &item.ident;
    let object = object(item, schema, document);
    [
        object,
        parse_quote! {
            impl crate::generated::decode::lenient::Lenient for #name {
                fn fill<'de, D: ::serde::Deserializer<'de>>(
                    &mut self,
                    deserializer: D,
                    budget: &mut crate::generated::Budget,
                ) -> ::std::result::Result<(), D::Error> {
                    crate::generated::decode::object::fill(self, deserializer, budget)
                }
            }
        },
        parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    crate::generated::decode::object::object(deserializer, &mut crate::generated::Budget::unlimited())
                }
            }
        },
    ]
}

/// The implementation of `Object` for `item`. The fields of a flattened type have the last numbers.
fn object(item: &ItemStruct, schema: &Value, document: &Value) -> Item {
    let name = &item.ident;
    let (flattened, own): (Vec<_>, Vec<_>) = item.fields.iter().partition(|field| types::is_flattened(field));
    let idents: Vec<&Ident> = own.iter().filter_map(|field| field.ident.as_ref()).collect();
    let names: Vec<String> = own.iter().map(|field| types::wire_name(field)).collect();
    let accepted: Vec<Vec<&str>> = names.iter().map(|name| accepted(schema, name)).collect();
    let numbers: Vec<usize> = (0..own.len()).collect();
    let count = own.len();
    let cases: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    assert!(cases.len() == count, "two fields of {name} differ only in case, which decoding does not distinguish");
    assert!(flattened.len() <= 1, "{name} has fields of more than one other type");

    let essential_name = essential(schema);
    let essential = numbers.iter().zip(&names).find(|(_, name)| essential_name == Some(name));
    let essential: Expr = match essential {
        Some((number, name)) => parse_quote!(::std::option::Option::Some((#number, #name))),
        None => parse_quote!(::std::option::Option::None),
    };
    let reads = idents.iter().zip(&names).map(|(ident, name)| -> Expr {
        if essential_name == Some(name) {
            parse_quote!(crate::generated::decode::object::next_essential(&mut self.#ident, #name, fields, budget))
        } else if let Some((kind, is_optional)) = kind(schema, name, document) {
            kind.read(ident, is_optional)
        } else {
            parse_quote!(crate::generated::decode::object::next(&mut self.#ident, fields, budget))
        }
    });
    let own_in_other_case: Expr = parse_quote!(crate::generated::decode::object::position(&[#(#names),*], name));
    let (other_field, in_other_case, other_read): (Expr, Expr, Expr) = match flattened.first() {
        Some(field) => {
            let (ident, ty) = (&field.ident, &field.ty);
            (
                parse_quote!(<#ty as crate::generated::decode::object::Object>::field(other)? + #count),
                parse_quote!(#own_in_other_case.or_else(|| {
                    ::std::option::Option::Some(<#ty as crate::generated::decode::object::Object>::field_in_other_case(name)? + #count)
                })),
                parse_quote!(crate::generated::decode::object::Object::read(&mut self.#ident, other - #count, fields, budget)),
            )
        }
        None => (
            parse_quote!(return ::std::option::Option::None),
            own_in_other_case,
            parse_quote!(::std::result::Result::Err(::serde::de::Error::custom(other))),
        ),
    };
    parse_quote! {
        impl crate::generated::decode::object::Object for #name {
            const ESSENTIAL: ::std::option::Option<(usize, &'static str)> = #essential;

            fn field(name: &str) -> ::std::option::Option<usize> {
                ::std::option::Option::Some(match name {
                    #(#(#accepted)|* => #numbers,)*
                    other => #other_field,
                })
            }

            #[cold]
            #[inline(never)]
            fn field_in_other_case(name: &str) -> ::std::option::Option<usize> {
                #in_other_case
            }

            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                field: usize,
                fields: &mut A,
                budget: &mut crate::generated::Budget,
            ) -> ::std::result::Result<(), A::Error> {
                match field {
                    #(#numbers => #reads,)*
                    other => #other_read,
                }
            }
        }
    }
}

/// The names under which responses may contain the field `name`.
fn accepted<'a>(schema: &'a Value, name: &'a str) -> Vec<&'a str> {
    let aliases = types::property(schema, name).and_then(|property| property["x-aliases"].as_array());
    iter::once(name).chain(aliases.into_iter().flatten().filter_map(Value::as_str)).collect()
}

/// The essential field of a type with this schema.
pub(crate) fn essential(schema: &Value) -> Option<&str> {
    let required = schema["required"].as_array().into_iter().flatten();
    required.filter_map(Value::as_str).find(|name| ESSENTIAL.contains(name))
}

/// The kind of the field of this name, if it has one, and whether the field is optional.
fn kind(schema: &Value, name: &str, document: &Value) -> Option<(Kind, bool)> {
    let property = types::property(schema, name)?;
    Some((Kind::of(property, document)?, property["x-optional"] == true))
}

/// Removes a trait from those that are derived for `item`.
pub(crate) fn remove_derive(item: &mut ItemStruct, derived: &str) {
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let Ok(all) = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { continue };
        let is_kept = |path: &Path| path.segments.last().is_none_or(|last| last.ident != derived);
        let kept = all.into_iter().filter(is_kept).collect::<Punctuated<Path, Token![,]>>();
        *attribute = parse_quote!(#[derive(#kept)]);
    }
}
