//! A list of objects, decoded while it comes: no more of it is held than the item that is not whole yet.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Documents;
use crate::{Error, Result, error::Kind};

/// Takes the items of a list out of the pieces that come.
#[derive(Debug)]
pub(crate) struct List<T> {
    documents: Documents,
    items: Vec<T>,
    awaits: Awaits,
}

/// What comes next in a list.
#[derive(Debug, PartialEq)]
enum Awaits {
    Bracket,
    /// The rest of `null`, which stands for an empty list.
    Null(&'static [u8]),
    /// The first item or the end.
    Any,
    Item,
    /// A comma or the end.
    Comma,
    Nothing,
}

impl<T: DeserializeOwned> List<T> {
    /// A list whose items have up to `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self { documents: Documents::new(longest), items: Vec::new(), awaits: Awaits::Bracket }
    }

    pub(crate) fn push(&mut self, piece: Bytes) -> Result<()> {
        self.documents.push(piece);
        while self.step()? {}
        Ok(())
    }

    /// The items, once all has come.
    pub(crate) fn finish(self) -> Result<Vec<T>> {
        self.documents.finish()?;
        match self.awaits {
            Awaits::Nothing | Awaits::Null([]) => Ok(self.items),
            Awaits::Bracket => Err(Error::new(Kind::Decode("it is no list, but nothing".into()))),
            _ => Err(Error::new(Kind::Truncated("the answer ends in the middle of a list".into()))),
        }
    }

    /// Takes the next part, if it has come.
    fn step(&mut self) -> Result<bool> {
        if self.documents.is_within() {
            return self.item();
        }
        let Some(byte) = self.documents.peek() else { return Ok(false) };
        self.awaits = match (&self.awaits, byte) {
            (Awaits::Bracket, b'[') => Awaits::Any,
            (Awaits::Bracket, b'n') => Awaits::Null(b"ull"),
            (Awaits::Null([next, rest @ ..]), byte) if *next == byte => Awaits::Null(rest),
            (Awaits::Any | Awaits::Comma, b']') => Awaits::Nothing,
            (Awaits::Comma, b',') => Awaits::Item,
            (Awaits::Any | Awaits::Item, b'{') => return self.item(),
            (awaited, other) => return Err(Error::new(Kind::Decode(self.instead(awaited, char::from(other))))),
        };
        self.documents.skip();
        Ok(true)
    }

    fn item(&mut self) -> Result<bool> {
        let index = self.items.len();
        let Some(item) = self.documents.next_of_list(index)? else { return Ok(false) };
        if index == self.items.capacity() {
            // Most lists are short, and their items large.
            self.items.reserve_exact(index.max(1));
        }
        self.items.push(item);
        self.awaits = Awaits::Comma;
        Ok(true)
    }

    fn instead(&self, awaited: &Awaits, other: char) -> String {
        let index = self.items.len();
        match awaited {
            Awaits::Bracket | Awaits::Null(_) => format!("it is no list: {other:?} instead of a bracket"),
            Awaits::Any | Awaits::Item => format!("at [{index}]: {other:?} instead of a brace"),
            Awaits::Comma => format!("at [{index}]: {other:?} instead of a comma"),
            Awaits::Nothing => format!("{other:?} behind the list"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Port;

    fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Port>> {
        let mut list = List::new(1 << 10);
        pieces.into_iter().try_for_each(|piece| list.push(Bytes::copy_from_slice(piece)))?;
        list.finish()
    }

    #[test]
    fn a_list_is_the_same_wherever_it_is_cut() {
        let ports = [80, 81].map(|private_port| Port { private_port, ..Port::default() });
        let wires = [
            ("null\n", &ports[..0]),
            (" [ ] ", &ports[..0]),
            ("[{\"PrivatePort\":80}]", &ports[..1]),
            ("[\n{\"PrivatePort\":80} ,\r\n{\"PrivatePort\":81,\"new\":\"é]\"}]\n", &ports[..]),
        ];
        for (wire, want) in wires {
            for size in 1..=wire.len() {
                assert_eq!(decoded(wire.as_bytes().chunks(size)).unwrap(), want, "{wire:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_no_list_says_where() {
        let wires = [
            ("{}", "it is no list: '{' instead of a bracket"),
            ("nil", "it is no list: 'i' instead of a bracket"),
            ("[{},7]", "at [1]: '7' instead of a brace"),
            ("[{},]", "at [1]: ']' instead of a brace"),
            ("[{} {}]", "at [1]: '{' instead of a comma"),
            ("[{}]]", "']' behind the list"),
            ("[{},{\"PrivatePort\":\"x\"}]", "at [1].PrivatePort"),
            ("[{},{\"PrivatePort\":1:}]", "at [1].PrivatePort"),
        ];
        for (wire, want) in wires {
            for size in 1..=wire.len() {
                let error = decoded(wire.as_bytes().chunks(size)).unwrap_err();
                assert!(error.is_decode() && error.to_string().contains(want), "{wire:?}: {error}");
            }
        }
    }

    #[test]
    fn a_list_that_breaks_off_is_truncated() {
        let wire = "[{\"PrivatePort\":80},{\"PrivatePort\":81}]";
        assert!(decoded([" \n".as_bytes()]).unwrap_err().is_decode());
        for end in 1..wire.len() {
            assert!(decoded([&wire.as_bytes()[..end]]).unwrap_err().is_truncated(), "cut at {end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_means_the_same_in_any_pieces(wire in r#"\[([\{\}\[\], ]|\{\}|,\{"PrivatePort":1\})*"#, size in 1..9_usize) {
            let (whole, pieces) = (decoded([wire.as_bytes()]), decoded(wire.as_bytes().chunks(size)));
            assert_eq!(whole.map_err(|error| error.to_string()), pieces.map_err(|error| error.to_string()));
        }
    }
}
