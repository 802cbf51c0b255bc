//! Fields with a special Rust type: timestamps, durations, enums, and counters by name.

use serde_json::Value;
use syn::{Expr, Ident, LitStr, Type, parse_quote};

/// The kind of such a field.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `Option<Timestamp>`.
    Timestamp(Ident),
    /// `Option<Duration>`.
    Duration(Ident),
    /// `Option<StopTimeout>`.
    Timeout,
    /// `Option` of an enum whose values are texts.
    Text(Ident),
    /// An enum whose values are numbers.
    Number(Ident),
    /// A map of counters. Strings are allocated only for names that are not among these, which are sorted.
    Counters(Vec<LitStr>),
}

impl Kind {
    /// The kind of the field `property`, if it has one.
    pub(crate) fn of(property: &Value, document: &Value) -> Option<Self> {
        if property["format"] == "date-time" {
            return Some(Self::Timestamp(ident("Rfc3339")));
        }
        if let Some(unit) = property["x-timestamp"].as_str() {
            return Some(Self::Timestamp(unit_of(unit)));
        }
        if property["x-never"] == true {
            return Some(Self::Timeout);
        }
        if let Some(unit) = property["x-duration"].as_str() {
            return Some(Self::Duration(unit_of(unit)));
        }
        if let Some(names) = property["x-known-keys"].as_array() {
            let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.sort_unstable();
            return Some(Self::Counters(names.iter().map(|name| parse_quote!(#name)).collect()));
        }
        let name = property["x-enum"].as_str()?;
        let is_number = document["components"]["x-enums"][name].get("default").is_some();
        Some(if is_number { Self::Number(ident(name)) } else { Self::Text(ident(name)) })
    }

    /// The Rust type.
    pub(crate) fn rust_type(&self) -> Type {
        match self {
            Self::Timestamp(_) => parse_quote!(::std::option::Option<crate::Timestamp>),
            Self::Duration(_) => parse_quote!(::std::option::Option<::std::time::Duration>),
            Self::Timeout => parse_quote!(::std::option::Option<crate::models::StopTimeout>),
            Self::Text(name) => parse_quote!(::std::option::Option<#name>),
            Self::Number(name) => parse_quote!(#name),
            Self::Counters(_) => parse_quote!(::std::collections::HashMap<::std::borrow::Cow<'static, str>, u64>),
        }
    }

    /// Whether a field without a value has the default of its type, instead of `None`.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Counters(_))
    }

    /// The path of the function for `serialize_with`, unless the type implements the serialization.
    pub(crate) fn serialize_with(&self) -> Option<String> {
        match self {
            Self::Timestamp(unit) if unit == "Rfc3339" => None,
            Self::Timestamp(unit) => {
                Some(format!("crate::generated::decode::lenient::time::write_{}", unit.to_string().to_lowercase()))
            }
            Self::Duration(unit) => {
                Some(format!("crate::generated::decode::lenient::duration::write_{}", unit.to_string().to_lowercase()))
            }
            Self::Timeout | Self::Text(_) | Self::Number(_) | Self::Counters(_) => None,
        }
    }

    /// The expression that fills the field `ident` with the next value.
    pub(crate) fn read(&self, ident: &Ident, is_optional: bool) -> Expr {
        match self {
            Self::Timestamp(unit) => {
                parse_quote!(fields.next_value_seed(crate::generated::decode::lenient::time::TimestampPlace {
                    place: &mut self.#ident,
                    unit: crate::generated::decode::lenient::time::Unit::#unit,
                }))
            }
            Self::Duration(unit) => {
                parse_quote!(fields.next_value_seed(crate::generated::decode::lenient::duration::DurationPlace {
                    place: &mut self.#ident,
                    unit: crate::generated::decode::lenient::duration::Unit::#unit,
                    keeps_zero: #is_optional,
                }))
            }
            Self::Timeout => {
                parse_quote!(fields.next_value_seed(crate::generated::decode::lenient::duration::TimeoutPlace(&mut self.#ident)))
            }
            Self::Text(_) => {
                parse_quote!(fields.next_value_seed(crate::generated::decode::lenient::word::WordPlace(&mut self.#ident, budget)))
            }
            Self::Number(_) => parse_quote!(crate::generated::decode::object::next(&mut self.#ident, fields, budget)),
            Self::Counters(names) => {
                parse_quote!(fields.next_value_seed(crate::generated::decode::lenient::counters::CountersPlace {
                    place: &mut self.#ident,
                    names: &[#(#names),*],
                    budget,
                }))
            }
        }
    }

    /// The expression of the value of the field `ident` that is serialized even if it is empty.
    pub(crate) fn complete(&self, ident: &Ident, is_optional: bool) -> Expr {
        let written: Expr = match self {
            Self::Timestamp(unit) => parse_quote!(crate::generated::serialize_complete::timestamp(
                &self.#ident,
                crate::generated::decode::lenient::time::Unit::#unit,
            )),
            Self::Duration(unit) => parse_quote!(crate::generated::serialize_complete::duration_count(
                &self.#ident,
                crate::generated::decode::lenient::duration::Unit::#unit,
            )),
            Self::Text(_) => parse_quote!(crate::generated::serialize_complete::text(&self.#ident)),
            Self::Timeout | Self::Number(_) | Self::Counters(_) => return parse_quote!(&self.#ident),
        };
        if is_optional {
            parse_quote!(crate::generated::serialize_complete::nullable(self.#ident.is_none(), #written))
        } else {
            written
        }
    }
}

/// The variant for a unit, for example `Seconds` for `seconds`.
fn unit_of(unit: &str) -> Ident {
    ident(&super::variant_names::variant(unit))
}

pub(crate) fn ident(name: &str) -> Ident {
    syn::parse_str(name).unwrap_or_else(|error| panic!("{name:?}: {error}"))
}
