//! How generated types are decoded: in place, and leniently. Serde's own derive gathers all fields before it makes an
//! object of them, and every large type would be moved through each object that it is in.

use serde_json::Value;
use syn::{Expr, Ident, ImplItem, Item, ItemStruct, Path, Stmt, Token, parse_quote, punctuated::Punctuated};

use super::pleasant;

/// Fields without which an answer says nothing: absent, they are an error and not a zero.
const ESSENTIAL: [&str; 3] = ["Id", "ID", "StatusCode"];

/// The decoding of `item`, whose fields have their last form.
pub(crate) fn implementations(item: &mut ItemStruct, schema: &Value) -> [Item; 3] {
    underive(item, "Deserialize");
    let name = &item.ident;
    let object = object(item, schema);
    [
        object,
        parse_quote! {
            impl<'de> crate::wire::lenient::Lenient<'de> for #name {
                fn fill<D: ::serde::Deserializer<'de>>(&mut self, deserializer: D) -> ::std::result::Result<(), D::Error> {
                    crate::wire::object::fill(self, deserializer)
                }
            }
        },
        parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    crate::wire::object::object(deserializer)
                }
            }
        },
    ]
}

/// The fields of `item` by name and by number. The numbers of those that it takes from another type come last.
fn object(item: &ItemStruct, schema: &Value) -> Item {
    let name = &item.ident;
    let (whole, own): (Vec<_>, Vec<_>) = item.fields.iter().partition(|field| pleasant::is_flattened(field));
    let idents: Vec<&Ident> = own.iter().filter_map(|field| field.ident.as_ref()).collect();
    let names: Vec<String> = own.iter().map(|field| pleasant::wire_name(field)).collect();
    let numbers: Vec<usize> = (0..own.len()).collect();
    let count = own.len();
    assert!(whole.len() <= 1, "{name} takes its fields from more than one type");

    let essential = numbers.iter().zip(&names).find(|(_, name)| essential(schema) == Some(name));
    let essential: Expr = match essential {
        Some((number, name)) => parse_quote!(::std::option::Option::Some((#number, #name))),
        None => parse_quote!(::std::option::Option::None),
    };
    let (other_field, other_read): (Expr, Expr) = match whole.first() {
        Some(field) => {
            let (ident, ty) = (&field.ident, &field.ty);
            (
                parse_quote!(<#ty as crate::wire::object::Object>::field(other)? + #count),
                parse_quote!(crate::wire::object::Object::read(&mut self.#ident, other - #count, fields)),
            )
        }
        None => (
            parse_quote!(return ::std::option::Option::None),
            parse_quote!(::std::result::Result::Err(::serde::de::Error::custom(other))),
        ),
    };
    parse_quote! {
        impl crate::wire::object::Object for #name {
            const ESSENTIAL: ::std::option::Option<(usize, &'static str)> = #essential;

            fn field(name: &str) -> ::std::option::Option<usize> {
                ::std::option::Option::Some(match name {
                    #(#names => #numbers,)*
                    other => #other_field,
                })
            }

            fn read<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                field: usize,
                fields: &mut A,
            ) -> ::std::result::Result<(), A::Error> {
                match field {
                    #(#numbers => crate::wire::object::next(&mut self.#idents, fields),)*
                    other => #other_read,
                }
            }
        }
    }
}

/// The field of a type with this schema that is essential.
pub(crate) fn essential(schema: &Value) -> Option<&str> {
    let required = schema["required"].as_array().into_iter().flatten();
    required.filter_map(Value::as_str).find(|name| ESSENTIAL.contains(name))
}

/// Lets the answer of a generated method be decoded by `wire::value`.
pub(crate) fn answers_here(method: &mut ImplItem) {
    let ImplItem::Fn(method) = method else { return };
    let Some(Stmt::Expr(Expr::Match(by_status), _)) = method.block.stmts.last_mut() else { return };
    let theirs: Expr = parse_quote!({ ResponseValue::from_response(response).await });
    for arm in by_status.arms.iter_mut().filter(|arm| *arm.body == theirs) {
        arm.body = parse_quote!(crate::wire::value::of(response).await);
    }
}

/// Takes a trait out of those that are derived for `item`.
pub(crate) fn underive(item: &mut ItemStruct, derived: &str) {
    for attribute in item.attrs.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
        let Ok(all) = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated) else { continue };
        let is_kept = |path: &Path| path.segments.last().is_none_or(|last| last.ident != derived);
        let kept = all.into_iter().filter(is_kept).collect::<Punctuated<Path, Token![,]>>();
        *attribute = parse_quote!(#[derive(#kept)]);
    }
}
