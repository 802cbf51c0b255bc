//! Generates the enums of the document (`components.x-enums`).

use serde_json::Value;
use syn::{Arm, Expr, Ident, Item, Variant, parse_quote};

use super::{field_types::ident, variant_names::variant};

/// A value of an enum.
struct Entry {
    /// The value as engines send it.
    value: String,
    variant: Ident,
    text: String,
    /// The name that `Display` writes for a number.
    name: String,
}

/// The enums, with their implementations.
pub(crate) fn enums(document: &Value) -> Vec<Item> {
    let sets = document["components"]["x-enums"].as_object();
    sets.into_iter().flatten().flat_map(|(name, set)| definition(&ident(name), set)).collect()
}

fn definition(name: &Ident, set: &Value) -> Vec<Item> {
    let entries: Vec<Entry> = set["values"].as_object().into_iter().flatten().map(entry).collect();
    let text = set["description"].as_str().unwrap_or_default();
    match set["default"].as_str() {
        Some(default) => numbers(name, text, &entries, default),
        None => texts(name, text, &entries),
    }
}

fn entry((value, text): (&String, &Value)) -> Entry {
    let name = text["name"].as_str().unwrap_or(value).to_owned();
    let text = text.as_str().or(text["description"].as_str()).unwrap_or_default().to_owned();
    Entry { value: value.clone(), variant: ident(&variant(&name)), text, name }
}

fn texts(name: &Ident, text: &str, entries: &[Entry]) -> Vec<Item> {
    let variants =
        entries.iter().map(|Entry { variant, text, .. }| -> Variant { parse_quote!(#[doc = #text] #variant) });
    let to_text = entries.iter().map(|Entry { variant, value, .. }| -> Arm { parse_quote!(Self::#variant => #value,) });
    let from_text =
        entries.iter().map(|Entry { variant, value, .. }| -> Arm { parse_quote!(#value => Self::#variant,) });
    let item: Item = parse_quote! {
        #[doc = #text]
        #[doc = ""]
        #[doc = "Engines may send other values; they are kept as [`Other`](Self::Other)."]
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            #[doc = "A value that this version of the crate does not define."]
            Other(::std::string::String),
        }
    };
    let methods: Item = parse_quote! {
        impl #name {
            #[doc = "Returns the value as engines write it."]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    #(#to_text)*
                    Self::Other(value) => value,
                }
            }
        }
    };
    let word: Item = parse_quote! {
        impl crate::generated::decode::lenient::word::Word for #name {
            fn known(text: &str) -> ::std::option::Option<Self> {
                ::std::option::Option::Some(match text {
                    #(#from_text)*
                    _ => return ::std::option::Option::None,
                })
            }

            fn other(text: ::std::string::String) -> Self {
                Self::Other(text)
            }
        }
    };
    let mut items = vec![item, methods, word];
    items.extend(text_conversions(name));
    items
}

fn text_conversions(name: &Ident) -> [Item; 9] {
    [
        parse_quote! {
            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.pad(self.as_str())
                }
            }
        },
        parse_quote! {
            impl ::std::str::FromStr for #name {
                type Err = ::std::convert::Infallible;

                fn from_str(text: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                    ::std::result::Result::Ok(text.into())
                }
            }
        },
        parse_quote! {
            impl ::std::convert::From<&str> for #name {
                fn from(text: &str) -> Self {
                    crate::generated::decode::lenient::word::from_str(text)
                }
            }
        },
        parse_quote! {
            impl ::std::convert::From<::std::string::String> for #name {
                fn from(text: ::std::string::String) -> Self {
                    crate::generated::decode::lenient::word::from_string(text)
                }
            }
        },
        parse_quote! {
            impl ::std::convert::AsRef<str> for #name {
                fn as_ref(&self) -> &str {
                    self.as_str()
                }
            }
        },
        parse_quote! {
            impl ::std::cmp::PartialEq<str> for #name {
                fn eq(&self, other: &str) -> bool {
                    self.as_str() == other
                }
            }
        },
        parse_quote! {
            impl ::std::cmp::PartialEq<&str> for #name {
                fn eq(&self, other: &&str) -> bool {
                    self.as_str() == *other
                }
            }
        },
        parse_quote! {
            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }
        },
        parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    crate::generated::decode::lenient::word::deserialize(deserializer)
                }
            }
        },
    ]
}

fn numbers(name: &Ident, text: &str, entries: &[Entry], default: &str) -> Vec<Item> {
    let number = |value: &str| value.parse::<i64>().unwrap_or_default();
    let variants = entries.iter().map(|Entry { variant, text, value, .. }| -> Variant {
        if value == default {
            parse_quote!(#[doc = #text] #[default] #variant)
        } else {
            parse_quote!(#[doc = #text] #variant)
        }
    });
    let to_number = entries.iter().map(|Entry { variant, value, .. }| -> Arm {
        let number = number(value);
        parse_quote!(#name::#variant => #number,)
    });
    let from_number = entries.iter().map(|Entry { variant, value, .. }| -> Arm {
        let number = number(value);
        parse_quote!(#number => Self::#variant,)
    });
    let shown = entries.iter().map(|Entry { variant, name, .. }| -> Expr {
        parse_quote!(if let Self::#variant = self { return f.pad(#name); })
    });
    let item: Item = parse_quote! {
        #[doc = #text]
        #[doc = ""]
        #[doc = "Engines may send other numbers; they are kept as [`Other`](Self::Other)."]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants,)*
            #[doc = "A number that this version of the crate does not define."]
            Other(i64),
        }
    };
    vec![
        item,
        parse_quote! {
            impl ::std::convert::From<i64> for #name {
                fn from(number: i64) -> Self {
                    match number {
                        #(#from_number)*
                        other => Self::Other(other),
                    }
                }
            }
        },
        parse_quote! {
            impl ::std::convert::From<#name> for i64 {
                fn from(value: #name) -> Self {
                    match value {
                        #(#to_number)*
                        #name::Other(number) => number,
                    }
                }
            }
        },
        parse_quote! {
            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    #(#shown)*
                    ::std::fmt::Display::fmt(&i64::from(*self), f)
                }
            }
        },
        parse_quote! {
            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                    serializer.serialize_i64((*self).into())
                }
            }
        },
        parse_quote! {
            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    i64::deserialize(deserializer).map(Self::from)
                }
            }
        },
        parse_quote! {
            impl crate::generated::decode::lenient::Lenient for #name {
                fn fill<'de, D: ::serde::Deserializer<'de>>(
                    &mut self,
                    deserializer: D,
                    budget: &mut crate::generated::Budget,
                ) -> ::std::result::Result<(), D::Error> {
                    let mut number = i64::from(*self);
                    number.fill(deserializer, budget)?;
                    *self = number.into();
                    ::std::result::Result::Ok(())
                }
            }
        },
        parse_quote! {
            impl crate::generated::serialize_complete::Complete for #name {
                fn complete<S: ::serde::Serializer>(
                    &self,
                    serializer: S,
                    _: crate::ApiVersion,
                ) -> ::std::result::Result<S::Ok, S::Error> {
                    serializer.serialize_i64((*self).into())
                }
            }
        },
    ]
}
