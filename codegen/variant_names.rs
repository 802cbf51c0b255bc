//! Names of the variants of generated enums.

/// The variant for `value`, for example `OnFailure` for `on-failure`.
pub(crate) fn variant(value: &str) -> String {
    let words = value.split(|symbol: char| !symbol.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}
