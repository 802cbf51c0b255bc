//! Decoding of a list of objects while it is received. Only the item that is not complete yet is buffered.

use bytes::Bytes;

use super::{
    Documents,
    budget::{Budget, Limit},
    lenient::{Lenient, collection},
};
use crate::{Error, Result, error::Kind};

/// Decodes the items of a list from chunks.
#[derive(Debug)]
pub(crate) struct List<T> {
    documents: Documents,
    limit: Limit,
    budget: Budget,
    items: Vec<T>,
    expected: Expected,
}

/// The next token of a list.
#[derive(Debug, PartialEq)]
enum Expected {
    Bracket,
    /// The rest of `null`, which is an empty list.
    Null(&'static [u8]),
    /// The first item or the end.
    Any,
    Item,
    /// A comma or the end.
    Comma,
    Nothing,
}

impl<T: Lenient> List<T> {
    /// Accepts a list whose items together are up to `limit` when decoded, each with a text of up to `limit`.
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            documents: Documents::new(limit),
            limit,
            budget: Budget::new(limit),
            items: Vec::new(),
            expected: Expected::Bracket,
        }
    }

    pub(crate) fn push(&mut self, chunk: Bytes) -> Result<()> {
        self.documents.push(chunk);
        while self.step()? {}
        Ok(())
    }

    /// Returns the items, once all chunks were added.
    pub(crate) fn finish(self) -> Result<Vec<T>> {
        self.documents.finish()?;
        match self.expected {
            Expected::Nothing | Expected::Null([]) => Ok(self.items),
            Expected::Bracket => Err(Error::new(Kind::Decode("empty, expected a list".into()))),
            _ => Err(Error::new(Kind::Truncated("unexpected end of the response inside a list".into()))),
        }
    }

    /// Consumes the next token or item, if it was received. Returns whether there was one.
    fn step(&mut self) -> Result<bool> {
        if self.documents.is_within() {
            return self.item();
        }
        let Some(byte) = self.documents.peek() else { return Ok(false) };
        self.expected = match (&self.expected, byte) {
            (Expected::Bracket, b'[') => Expected::Any,
            (Expected::Bracket, b'n') => Expected::Null(b"ull"),
            (Expected::Null([next, rest @ ..]), byte) if *next == byte => Expected::Null(rest),
            (Expected::Any | Expected::Comma, b']') => Expected::Nothing,
            (Expected::Comma, b',') => Expected::Item,
            (Expected::Any | Expected::Item, b'{') => return self.item(),
            (expected, other) => return Err(Error::new(Kind::Decode(self.unexpected(expected, char::from(other))))),
        };
        self.documents.skip();
        Ok(true)
    }

    fn item(&mut self) -> Result<bool> {
        let index = self.items.len();
        let Some(item) = self.documents.next_of_list(index, &mut self.budget)? else { return Ok(false) };
        collection::reserve(&mut self.items, &mut self.budget)
            .map_err(|_: serde_json::Error| self.limit.too_long("a list"))?;
        self.items.push(item);
        self.expected = Expected::Comma;
        Ok(true)
    }

    fn unexpected(&self, expected: &Expected, other: char) -> String {
        let index = self.items.len();
        match expected {
            Expected::Bracket | Expected::Null(_) => format!("not a list (starts with {other:?})"),
            Expected::Any | Expected::Item => format!("at [{index}]: expected an object, found {other:?}"),
            Expected::Comma => format!("at [{index}]: expected a comma, found {other:?}"),
            Expected::Nothing => format!("unexpected {other:?} after the list"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Port;

    fn decoded<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Port>> {
        let mut list = List::new(Limit::response(1 << 10));
        chunks.into_iter().try_for_each(|chunk| list.push(Bytes::copy_from_slice(chunk)))?;
        list.finish()
    }

    #[test]
    fn decode_list_in_any_chunk_size() {
        let ports = [80, 81].map(|private_port| Port { private_port, ..Port::default() });
        let wires = [
            ("null\n", &ports[..0]),
            (" [ ] ", &ports[..0]),
            ("[{\"PrivatePort\":80}]", &ports[..1]),
            ("[\n{\"PrivatePort\":80} ,\r\n{\"PrivatePort\":81,\"new\":\"é]\"}]\n", &ports[..]),
        ];
        for (api, want) in wires {
            for size in 1..=api.len() {
                assert_eq!(decoded(api.as_bytes().chunks(size)).unwrap(), want, "{api:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn decode_list_errors_have_the_position() {
        let wires = [
            ("{}", "not a list (starts with '{')"),
            ("nil", "not a list (starts with 'i')"),
            ("[{},7]", "at [1]: expected an object, found '7'"),
            ("[{},]", "at [1]: expected an object, found ']'"),
            ("[{} {}]", "at [1]: expected a comma, found '{'"),
            ("[{}]]", "unexpected ']' after the list"),
            ("[{},{\"PrivatePort\":\"x\"}]", "at [1].PrivatePort"),
            ("[{},{\"PrivatePort\":1:}]", "at [1].PrivatePort"),
        ];
        for (api, want) in wires {
            for size in 1..=api.len() {
                let error = decoded(api.as_bytes().chunks(size)).unwrap_err();
                assert!(error.is_decode() && error.to_string().contains(want), "{api:?}: {error}");
            }
        }
    }

    #[test]
    fn decode_list_truncated() {
        let api = "[{\"PrivatePort\":80},{\"PrivatePort\":81}]";
        assert!(decoded([" \n".as_bytes()]).unwrap_err().is_decode());
        for end in 1..api.len() {
            assert!(decoded([&api.as_bytes()[..end]]).unwrap_err().is_truncated(), "cut at {end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn decode_list_of_any_input_and_chunk_size(api in r#"\[([\{\}\[\], ]|\{\}|,\{"PrivatePort":1\})*"#, size in 1..9_usize) {
            let (whole, chunks) = (decoded([api.as_bytes()]), decoded(api.as_bytes().chunks(size)));
            assert_eq!(whole.map_err(|error| error.to_string()), chunks.map_err(|error| error.to_string()));
        }
    }
}
