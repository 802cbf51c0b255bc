//! Sequences of JSON documents: progress, events, statistics.

use std::marker::PhantomData;

use bytes::{Buf, Bytes, BytesMut};
use serde::de::DeserializeOwned;

use super::Decoder;
use crate::{Error, Result, error::Kind, wire};

/// What a document of a sequence becomes.
pub(crate) trait Document: Sized {
    /// Its form on the wire.
    type Wire: DeserializeOwned;

    /// What it says.
    fn read(wire: Self::Wire) -> Result<Self>;

    /// The document that `bytes` are.
    fn decode(bytes: &[u8]) -> Result<Self> {
        Self::read(wire::decode(bytes)?)
    }
}

/// Makes items of a sequence of documents.
///
/// Old engines put nothing between two documents, others a line end, a carriage
/// return and a line end, or a record separator. A document is an object; one that
/// came in one piece is decoded where it lies, which also tells where it ends. Only
/// if that fails is its end looked for.
#[derive(Debug)]
pub(crate) struct DocumentDecoder<T> {
    documents: Documents,
    decoded: PhantomData<fn() -> T>,
}

impl<T: Document> DocumentDecoder<T> {
    /// Takes documents of up to `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self { documents: Documents::new(longest), decoded: PhantomData }
    }
}

impl<T: Document> Decoder for DocumentDecoder<T> {
    type Item = T;

    fn push(&mut self, bytes: Bytes) {
        self.documents.input = bytes;
    }

    fn next(&mut self) -> Result<Option<T>> {
        if let Some(wire) = self.documents.whole()? {
            return T::read(wire).map(Some);
        }
        self.documents.next()?.map(|document| T::decode(&document)).transpose()
    }

    fn finish(&self) -> Result<()> {
        self.documents.finish()
    }
}

/// Finds where each document of a sequence ends.
#[derive(Debug)]
struct Documents {
    /// What came last, as far as it is not used up.
    input: Bytes,
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
    fn new(longest: usize) -> Self {
        Self { input: Bytes::new(), gathered: BytesMut::new(), scan: Scan::default(), longest }
    }

    fn next(&mut self) -> Result<Option<Bytes>> {
        if self.gathered.is_empty() && !self.skip_separators()? {
            return Ok(None);
        }
        let end = self.scan.end(&self.input);
        let came = self.input.split_to(end.unwrap_or(self.input.len()));
        if self.gathered.len() + came.len() > self.longest {
            return Err(Error::new(Kind::Decode(format!("a document of over {} bytes", self.longest))));
        }
        if end.is_some() && self.gathered.is_empty() {
            return Ok(Some(came));
        }
        self.gathered.extend_from_slice(&came);
        Ok(end.map(|_| self.gathered.split().freeze()))
    }

    /// The next document, if all of it came in one piece and it can be decoded.
    fn whole<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        if !self.gathered.is_empty() || !self.skip_separators()? {
            return Ok(None);
        }
        let mut documents = serde_json::Deserializer::from_slice(&self.input).into_iter();
        let Some(Ok(document)) = documents.next() else { return Ok(None) };
        let length = documents.byte_offset();
        if length > self.longest {
            return Ok(None);
        }
        self.input.advance(length);
        Ok(Some(document))
    }

    fn finish(&self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        Err(Error::new(Kind::Truncated("the answer ends in the middle of a document".into())))
    }

    /// Drops what may stand between two documents. Whether a document begins then.
    fn skip_separators(&mut self) -> Result<bool> {
        let begin = self.input.iter().position(|byte| !is_separator(*byte));
        self.input.advance(begin.unwrap_or(self.input.len()));
        match self.input.first() {
            None => Ok(false),
            Some(b'{') => Ok(true),
            Some(other) => {
                let begin = char::from(*other);
                Err(Error::new(Kind::Decode(format!("a document that begins with {begin:?} instead of a brace"))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(wire: &[u8], size: usize) -> Result<Vec<Bytes>> {
        let (mut decoder, mut got) = (Documents::new(1 << 20), Vec::new());
        for piece in wire.chunks(size) {
            decoder.input = Bytes::copy_from_slice(piece);
            while let Some(document) = decoder.next()? {
                got.push(document);
            }
        }
        decoder.finish()?;
        Ok(got)
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
                assert_eq!(decoded(wire.as_bytes(), size).unwrap(), DOCUMENTS, "{separator:?} in pieces of {size}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_means_the_same_in_any_pieces(wire in r#"([\{\}\[\]"\\\\a \n]|\{"a":1\})*"#, size in 1..20_usize) {
            let (whole, pieces) = (decoded(wire.as_bytes(), usize::MAX), decoded(wire.as_bytes(), size));
            assert_eq!(whole.map_err(|error| error.to_string()), pieces.map_err(|error| error.to_string()));
        }
    }

    impl Document for serde_json::Value {
        type Wire = Self;

        fn read(wire: Self) -> Result<Self> {
            Ok(wire)
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
        let (mut decoder, mut got) = (DocumentDecoder::<serde_json::Value>::new(1 << 20), Vec::new());
        for piece in &pieces {
            decoder.push(piece.clone().into());
            while let Some(item) = decoder.next().unwrap() {
                got.push(item);
            }
        }
        decoder.finish().unwrap();
        let want = decoded(pieces.concat().as_bytes(), usize::MAX).unwrap();
        let want: Vec<serde_json::Value> = want.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn a_document_in_one_piece_is_not_copied() {
        let wire = Bytes::from(DOCUMENTS.concat());
        let mut decoder = Documents::new(1 << 20);
        decoder.input = wire.clone();
        assert_eq!(decoder.next().unwrap().unwrap().as_ptr(), wire.as_ptr());
    }

    #[test]
    fn a_sequence_that_ends_within_a_document_is_truncated() {
        let wire = DOCUMENTS[1];
        for end in 1..wire.len() {
            assert!(decoded(&wire.as_bytes()[..end], 7).unwrap_err().is_truncated(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for wire in ["null", "[1]", "page not found\n", "}", "\u{0}", "{}x"] {
            assert!(decoded(wire.as_bytes(), 3).unwrap_err().is_decode(), "{wire:?}");
        }
    }

    #[test]
    fn a_document_without_end_is_given_up() {
        let mut decoder = Documents::new(100);
        decoder.input = "{".into();
        for _ in 0..9 {
            assert_eq!(decoder.next().unwrap(), None);
            decoder.input = "          ".into();
        }
        assert_eq!(decoder.next().unwrap(), None, "91 bytes");
        decoder.input = "          ".into();
        assert!(decoder.next().unwrap_err().is_decode());
    }
}
