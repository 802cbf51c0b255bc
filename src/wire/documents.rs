//! JSON documents that come one behind the other, cut anywhere.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use serde::de::DeserializeOwned;

use crate::{Error, Result, error::Kind};

/// Takes documents out of the pieces that come.
///
/// A document is an object. One that came in one piece is decoded where it lies, which also tells where it ends; only
/// if that fails is its end looked for.
#[derive(Debug)]
pub(crate) struct Documents {
    /// The piece that came last.
    input: Bytes,
    /// The same, up to where it is no text: a piece may end within a character.
    text: ByteString,
    /// How much of it is used up.
    used: usize,
    /// The beginning of a document whose end has not come.
    gathered: BytesMut,
    scan: Scan,
    longest: usize,
}

/// Where in a document the scan is.
#[derive(Debug, Default)]
struct Scan {
    /// How many braces and brackets are open.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// How many of `bytes` belong to the document, if it ends in them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, byte) in bytes.iter().enumerate() {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                match byte {
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(index + 1);
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }
}

/// What may stand between two documents.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b' ' | b'\t' | 0x1e)
}

impl Documents {
    /// Takes documents of up to `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self {
            input: Bytes::new(),
            text: ByteString::new(),
            used: 0,
            gathered: BytesMut::new(),
            scan: Scan::default(),
            longest,
        }
    }

    /// Takes the next piece, once there is no document left in those before.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.text = ByteString::try_from(piece.clone())
            .or_else(|error| piece.slice(..error.valid_up_to()).try_into())
            .unwrap_or_default();
        self.input = piece;
        self.used = 0;
    }

    /// The next document, if all of it has come; what stands before it is skipped.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        self.next_within(None)
    }

    /// The same, where the document is an item of a list, which an error tells.
    pub(super) fn next_of_list<T: DeserializeOwned>(&mut self, index: usize) -> Result<Option<T>> {
        self.next_within(Some(index))
    }

    fn next_within<T: DeserializeOwned>(&mut self, index: Option<usize>) -> Result<Option<T>> {
        if !self.is_within() {
            match self.peek() {
                None => return Ok(None),
                Some(b'{') => {}
                Some(other) => {
                    let begin = char::from(other);
                    let message = format!("a document that begins with {begin:?} instead of a brace");
                    return Err(Error::new(Kind::Decode(message)));
                }
            }
            if let Some(document) = self.whole() {
                return Ok(Some(document));
            }
        }
        self.part()?.map(|document| super::decode_within(&document, index)).transpose()
    }

    /// The next byte that is no separator, if it has come.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = &self.input[self.used..];
        let Some(begin) = rest.iter().position(|byte| !is_separator(*byte)) else {
            self.release();
            return None;
        };
        self.used += begin;
        self.input.get(self.used).copied()
    }

    /// Lets go of a piece that is used up: whoever reads uses its memory again.
    fn release(&mut self) {
        (self.input, self.text, self.used) = (Bytes::new(), ByteString::new(), 0);
    }

    /// Takes the byte that [`peek`](Self::peek) tells.
    pub(super) fn skip(&mut self) {
        self.used += 1;
    }

    /// Whether what came last ended in the middle of a document.
    pub(super) fn is_within(&self) -> bool {
        !self.gathered.is_empty()
    }

    /// Fails if what came ends in the middle of a document.
    pub(crate) fn finish(&self) -> Result<()> {
        if !self.is_within() {
            return Ok(());
        }
        Err(Error::new(Kind::Truncated("the answer ends in the middle of a document".into())))
    }

    /// The document that begins here, if all of it came in one piece and it can be decoded.
    fn whole<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut documents = serde_json::Deserializer::from_str(self.text.get(self.used..)?).into_iter();
        let document = documents.next()?.ok()?;
        let length = documents.byte_offset();
        if length > self.longest {
            return None;
        }
        self.used += length;
        Some(document)
    }

    /// Gathers the document that begins here, and returns it if it ends here.
    fn part(&mut self) -> Result<Option<Bytes>> {
        let rest = &self.input[self.used..];
        let end = self.scan.end(rest);
        let came = self.input.slice_ref(&rest[..end.unwrap_or(rest.len())]);
        self.used += came.len();
        if self.gathered.len() + came.len() > self.longest {
            return Err(Error::new(Kind::Decode(format!("a document of over {} bytes", self.longest))));
        }
        if end.is_some() && self.gathered.is_empty() {
            return Ok(Some(came));
        }
        self.gathered.extend_from_slice(&came);
        if end.is_none() {
            self.release();
        }
        Ok(end.map(|_| self.gathered.split().freeze()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Value>> {
        let (mut documents, mut got) = (Documents::new(1 << 20), Vec::new());
        for piece in pieces {
            documents.push(Bytes::copy_from_slice(piece));
            while let Some(document) = documents.next()? {
                got.push(document);
            }
        }
        documents.finish()?;
        Ok(got)
    }

    fn values(documents: &[&str]) -> Vec<Value> {
        documents.iter().map(|document| serde_json::from_str(document).unwrap()).collect()
    }

    const DOCUMENTS: [&str; 4] = [
        r#"{}"#,
        r#"{"status":"exec_create: sh -c \"}{\"","id":"a"}"#,
        r#"{"a":[{"b":{}},"]",["\\"]],"c":"é\u001e"}"#,
        r#"{"n":1}"#,
    ];

    #[test]
    fn documents_are_the_same_whatever_stands_between_and_wherever_they_are_cut() {
        for separator in ["", "\n", "\r\n", " \t\n", "\u{1e}", "\n\u{1e}"] {
            let wire = format!("{separator}{}{separator}", DOCUMENTS.join(separator));
            for size in 1..=wire.len() {
                let got = decoded(wire.as_bytes().chunks(size)).unwrap();
                assert_eq!(got, values(&DOCUMENTS), "{separator:?} in pieces of {size}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_means_the_same_in_any_pieces(wire in r#"([\{\}\[\]"\\\\a \n]|\{"a":1\})*"#, size in 1..20_usize) {
            let (whole, pieces) = (decoded([wire.as_bytes()]), decoded(wire.as_bytes().chunks(size)));
            assert_eq!(whole.map_err(|error| error.to_string()), pieces.map_err(|error| error.to_string()));
        }
    }

    #[test]
    fn documents_that_come_alone_together_or_in_parts_are_the_same() {
        let pieces = [
            DOCUMENTS[0].to_owned() + "\n",
            DOCUMENTS[1].to_owned(),
            DOCUMENTS[1..].concat(),
            DOCUMENTS[2].to_owned() + "\r\n",
            DOCUMENTS[3].to_owned() + &DOCUMENTS[2][..9],
            DOCUMENTS[2][9..].to_owned(),
            DOCUMENTS[0].to_owned(),
        ];
        let whole = pieces.concat();
        assert_eq!(decoded(pieces.iter().map(String::as_bytes)).unwrap(), decoded([whole.as_bytes()]).unwrap());
    }

    #[test]
    fn what_is_no_text_is_an_error_where_it_is() {
        let wire = [b"{\"a\":\"\xc3".as_slice(), b"\xa9\"}{\"b\":\"", b"\xff\"}"];
        assert!(decoded(wire[..2].iter().copied()).unwrap_err().is_truncated());
        assert!(decoded(wire).unwrap_err().is_decode());
        assert!(decoded([wire.concat().as_slice()]).unwrap_err().is_decode());
    }

    #[test]
    fn a_document_in_one_piece_is_not_copied() {
        let wire = Bytes::from(DOCUMENTS.concat());
        let mut documents = Documents::new(1 << 20);
        documents.push(wire.clone());
        assert_eq!(documents.part().unwrap().unwrap().as_ptr(), wire.as_ptr());
    }

    /// So that whoever reads can use its memory for what comes next.
    #[test]
    fn a_piece_that_is_used_up_is_let_go_of() {
        for piece in [DOCUMENTS.concat(), DOCUMENTS[3].to_owned() + &DOCUMENTS[2][..9], "\n".to_owned()] {
            let piece = Bytes::from(piece);
            let mut documents = Documents::new(1 << 20);
            documents.push(piece.clone());
            while documents.next::<Value>().unwrap().is_some() {}
            assert!(piece.is_unique(), "{piece:?}");
        }
    }

    #[test]
    fn a_sequence_that_ends_within_a_document_is_truncated() {
        let wire = DOCUMENTS[1];
        for end in 1..wire.len() {
            assert!(decoded(wire.as_bytes()[..end].chunks(7)).unwrap_err().is_truncated(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for wire in ["null", "[1]", "page not found\n", "}", "\u{0}", "{}x"] {
            assert!(decoded(wire.as_bytes().chunks(3)).unwrap_err().is_decode(), "{wire:?}");
        }
    }

    #[test]
    fn a_document_without_end_is_given_up() {
        let mut documents = Documents::new(100);
        documents.push("{".into());
        for _ in 0..9 {
            assert_eq!(documents.next::<Value>().unwrap(), None);
            documents.push("          ".into());
        }
        assert_eq!(documents.next::<Value>().unwrap(), None, "91 bytes");
        documents.push("          ".into());
        assert!(documents.next::<Value>().unwrap_err().is_decode());
    }
}
