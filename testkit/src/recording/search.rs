//! Searches redacted exchanges for texts that remain, also in encoded form.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode;
use serde_json::Value;

use super::{
    content::Content,
    file::{Event, Exchange},
    pattern,
    texts::Texts,
};

/// The number of encodings in each other that are decoded, such as base64 in JSON in JSON.
const MAX_DEPTH: usize = 3;

/// Shorter texts, in bytes, occur in decoded base64 by chance.
const MIN_IN_BASE64: usize = 3;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a text remains in an exchange, for example in binary data, in base64, or across the boundary of two chunks.
pub(super) fn finds(texts: &Texts, exchange: &Exchange) -> bool {
    if texts.forms().is_empty() {
        return false;
    }
    let request = &exchange.request;
    let mut parts = vec![request.path.clone().into_bytes()];
    parts.extend(request.query.iter().chain(request.headers.values()).map(|text| text.clone().into_bytes()));
    request.body.iter().for_each(|body| add_content(body, &mut parts));
    if let Some(response) = &exchange.response {
        parts.extend(response.headers.values().map(|text| text.clone().into_bytes()));
        response.contents().for_each(|content| add_content(content, &mut parts));
        parts.extend(joined_values(response.body.iter().chain(response.chunks.iter().flatten())));
        let events = response.session.iter().flatten();
        let from_client = events.clone().filter_map(|event| match event {
            Event::Client(content) => Some(content),
            _ => None,
        });
        let from_engine = events.filter_map(|event| match event {
            Event::Engine(content) => Some(content),
            _ => None,
        });
        parts.push(joined(from_client));
        let output = joined(response.body.iter().chain(response.chunks.iter().flatten()).chain(from_engine));
        parts.extend(demultiplexed(&output));
        parts.push(output);
    }
    parts.iter().any(|part| is_in(texts, part, MAX_DEPTH))
}

/// Whether a text is in another one, also in encoded form.
pub(super) fn finds_in_text(texts: &Texts, text: &str) -> bool {
    is_in(texts, text.as_bytes(), MAX_DEPTH)
}

/// The texts of a content, in which a secret may be encoded.
fn add_content(content: &Content, parts: &mut Vec<Vec<u8>>) {
    match content {
        Content::Json(value) => add_value(value, parts),
        Content::JsonLines(values) => values.iter().for_each(|value| add_value(value, parts)),
        Content::Tar(entries) => parts.extend(entries.iter().map(|entry| entry.clone().into_bytes())),
        Content::Text(_) | Content::Frames(_) | Content::Base64(_) => {
            parts.push(content.bytes().unwrap_or_default().into());
        }
        Content::Bytes(_) => {}
    }
}

fn add_value(value: &Value, parts: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => parts.push(text.clone().into_bytes()),
        Value::Number(number) => parts.push(number.to_string().into_bytes()),
        Value::Array(values) => values.iter().for_each(|value| add_value(value, parts)),
        Value::Object(fields) => {
            for (name, value) in fields {
                parts.push(name.clone().into_bytes());
                add_value(value, parts);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The texts that a field has in all messages, such as `stream` in the output of a build.
fn joined_values<'a>(contents: impl Iterator<Item = &'a Content>) -> Vec<Vec<u8>> {
    let mut joined: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let documents = contents.flat_map(|content| match content {
        Content::Json(value) => std::slice::from_ref(value),
        Content::JsonLines(values) => values.as_slice(),
        _ => &[],
    });
    for (name, value) in documents.filter_map(Value::as_object).flatten() {
        joined.entry(name).or_default().extend_from_slice(value.as_str().unwrap_or_default().as_bytes());
    }
    joined.into_values().collect()
}

/// The bytes that one side sent, without the boundaries of chunks. JSON has no redacted text in two documents.
fn joined<'a>(contents: impl Iterator<Item = &'a Content>) -> Vec<u8> {
    let is_json = |content: &Content| matches!(content, Content::Json(_) | Content::JsonLines(_));
    let bytes = contents.filter(|content| !is_json(content)).map(|content| content.bytes().unwrap_or_default());
    bytes.collect::<Vec<_>>().concat()
}

/// The output of each source, if the bytes begin with frames. The last frame may be incomplete.
fn demultiplexed(mut bytes: &[u8]) -> [Vec<u8>; 3] {
    let mut sources = [const { Vec::new() }; 3];
    while let Some((head, rest)) = bytes.split_first_chunk::<8>() {
        let [source, 0, 0, 0, length @ ..] = head else { break };
        let Some(output) = sources.get_mut(usize::from(*source)) else { break };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (payload, rest) = rest.split_at(length.min(rest.len()));
        output.extend_from_slice(payload);
        bytes = rest;
    }
    sources
}

fn is_in(texts: &Texts, bytes: &[u8], depth: usize) -> bool {
    let contains = |bytes: &[u8], text: &str| {
        pattern::parts(bytes).iter().any(|part| part.windows(text.len()).any(|window| window == text.as_bytes()))
    };
    if texts.forms().iter().any(|text| contains(bytes, text)) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let long: Vec<&String> = texts.forms().iter().filter(|text| text.len() >= MIN_IN_BASE64).collect();
    let unescaped = bytes.contains(&b'\\').then(|| unescaped(bytes));
    let decoded = bytes.contains(&b'%').then(|| percent_decode(bytes).collect());
    unescaped.into_iter().chain(decoded).any(|decoded: Vec<u8>| is_in(texts, &decoded, depth))
        || base64_texts(bytes).iter().any(|decoded| {
            long.iter().any(|text| contains(decoded, text))
                || (decoded.is_ascii() && !long.is_empty() && is_in(texts, decoded, depth))
        })
}

/// The bytes with the escapes of JSON strings decoded once.
pub(super) fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let [first, after @ ..] = rest {
        rest = after;
        let [escape, after @ ..] = rest else {
            decoded.push(*first);
            break;
        };
        if *first != b'\\' {
            decoded.push(*first);
            continue;
        }
        rest = after;
        match escape {
            b'n' => decoded.push(b'\n'),
            b'r' => decoded.push(b'\r'),
            b't' => decoded.push(b'\t'),
            b'b' => decoded.push(8),
            b'f' => decoded.push(12),
            b'u' => {
                let unit = |bytes: &[u8]| {
                    let digits = str::from_utf8(bytes.get(..4)?).ok()?;
                    u16::from_str_radix(digits, 16).ok()
                };
                let units = [unit(rest), rest.get(4..6).filter(|next| *next == b"\\u").and_then(|_| unit(&rest[6..]))];
                let character = char::decode_utf16(units.into_iter().flatten()).next();
                let length = match character {
                    Some(Ok(character)) if character.len_utf16() == 2 => 10,
                    Some(_) => 4,
                    None => 0,
                };
                let character = character.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER);
                decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[length.min(rest.len())..];
            }
            other => decoded.push(*other),
        }
    }
    decoded
}

/// The decoded parts that may be base64, with any of the alphabets, beginning at any character.
fn base64_texts(bytes: &[u8]) -> Vec<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let words = bytes.split(|byte| !is_base64(byte)).filter(|word| word.len() > MIN_IN_BASE64);
    let standard = |word: &[u8]| -> Vec<u8> {
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        word.iter().map(standard).collect()
    };
    let decode = |word: &[u8]| {
        // One character is less than a byte.
        let length = if word.len() % 4 == 1 { word.len() - 1 } else { word.len() };
        BASE64.decode(&word[..length]).ok()
    };
    let words: Vec<Vec<u8>> = words.map(standard).collect();
    words.iter().flat_map(|word| (0..4).filter_map(|start| decode(word.get(start..)?))).collect()
}
