//! Decoding of a sequence of JSON documents from chunks of any size.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use serde::de::IgnoredAny;

use super::{
    budget::{Budget, Limit},
    lenient::Lenient,
};
use crate::{Error, Result, error::Kind};

/// Decodes a sequence of JSON objects from chunks.
///
/// A document that is in one chunk is decoded in place, which also finds its end. Only if that fails, the text is scanned
/// for the end.
#[derive(Debug)]
pub(crate) struct Documents {
    /// The last chunk.
    input: Bytes,
    /// The valid UTF-8 prefix of the chunk, which may end within a character.
    text: ByteString,
    /// Number of bytes of the chunk that were consumed.
    consumed: usize,
    /// The beginning of a document whose end was not received yet.
    partial: BytesMut,
    scan: Scan,
    limit: Limit,
}

/// The state of a scan for the end of a document.
#[derive(Debug, Default)]
struct Scan {
    /// Number of open braces and brackets.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// The length of the rest of the document in `bytes`, if it ends there.
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

/// Whether a byte may be between two documents.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | b' ' | b'\t' | 0x1e)
}

impl Documents {
    /// Accepts documents of up to `limit`, both as text and decoded.
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            input: Bytes::new(),
            text: ByteString::new(),
            consumed: 0,
            partial: BytesMut::new(),
            scan: Scan::default(),
            limit,
        }
    }

    /// Adds the next chunk, once all documents of the chunks before were taken.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        self.text = ByteString::try_from(chunk.clone())
            .or_else(|error| chunk.slice(..error.valid_up_to()).try_into())
            .unwrap_or_default();
        self.input = chunk;
        self.consumed = 0;
    }

    /// Returns the next document, if it was received completely; skips separators before it.
    pub(crate) fn next<T: Lenient>(&mut self) -> Result<Option<T>> {
        self.next_within(None, &mut Budget::new(self.limit))
    }

    /// Like [`next`](Self::next), for an item of a list, whose index is in errors. The list has one budget for all items.
    pub(in crate::generated) fn next_of_list<T: Lenient>(
        &mut self,
        index: usize,
        budget: &mut Budget,
    ) -> Result<Option<T>> {
        self.next_within(Some(index), budget)
    }

    fn next_within<T: Lenient>(&mut self, index: Option<usize>, budget: &mut Budget) -> Result<Option<T>> {
        if !self.is_within() {
            match self.peek() {
                None => return Ok(None),
                Some(b'{') => {}
                Some(other) => {
                    let begin = char::from(other);
                    let message = format!("not a JSON object (starts with {begin:?})");
                    return Err(Error::new(Kind::Decode(message)));
                }
            }
            if let Some(document) = self.whole(budget) {
                return Ok(Some(document));
            }
        }
        let Some(document) = self.part()? else { return Ok(None) };
        let text = super::text(&document, index)?;
        super::item(text, index, self.limit, budget).map(Some)
    }

    /// The next byte that is not a separator, if it was received.
    pub(in crate::generated) fn peek(&mut self) -> Option<u8> {
        let rest = &self.input[self.consumed..];
        let Some(begin) = rest.iter().position(|byte| !is_separator(*byte)) else {
            self.release();
            return None;
        };
        self.consumed += begin;
        self.input.get(self.consumed).copied()
    }

    /// Drops a consumed chunk, so that its memory can be reused for reading.
    fn release(&mut self) {
        (self.input, self.text, self.consumed) = (Bytes::new(), ByteString::new(), 0);
    }

    /// Consumes the byte that [`peek`](Self::peek) returned.
    pub(in crate::generated) fn skip(&mut self) {
        self.consumed += 1;
    }

    /// Whether the last chunk ended in the middle of a document.
    pub(in crate::generated) fn is_within(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Fails if the input ends in the middle of a document.
    pub(crate) fn finish(&self) -> Result<()> {
        if !self.is_within() {
            return Ok(());
        }
        Err(Error::new(Kind::Truncated("unexpected end of the response inside a JSON object".into())))
    }

    /// Decodes the document that begins here, if it is completely in this chunk.
    fn whole<T: Lenient>(&mut self, budget: &mut Budget) -> Option<T> {
        let mut deserializer = serde_json::Deserializer::from_str(self.text.get(self.consumed..)?);
        let (mut document, mut attempt) = (T::default(), *budget);
        document.fill(&mut deserializer, &mut attempt).ok()?;
        let length = deserializer.into_iter::<IgnoredAny>().byte_offset();
        if length > self.limit.bytes() {
            return None;
        }
        self.consumed += length;
        *budget = attempt;
        Some(document)
    }

    /// Adds the next bytes to the partial document, and returns it if it is complete.
    fn part(&mut self) -> Result<Option<Bytes>> {
        let rest = &self.input[self.consumed..];
        let end = self.scan.end(rest);
        let taken = self.input.slice_ref(&rest[..end.unwrap_or(rest.len())]);
        self.consumed += taken.len();
        if self.partial.len() + taken.len() > self.limit.bytes() {
            return Err(self.limit.too_long("a JSON object"));
        }
        if end.is_some() && self.partial.is_empty() {
            return Ok(Some(taken));
        }
        self.partial.extend_from_slice(&taken);
        if end.is_none() {
            self.release();
        }
        Ok(end.map(|_| self.partial.split().freeze()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn decoded<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Value>> {
        let (mut documents, mut got) = (Documents::new(Limit::item(1 << 20)), Vec::new());
        for chunk in chunks {
            documents.push(Bytes::copy_from_slice(chunk));
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
    fn decode_documents_with_any_separator_and_chunk_size() {
        for separator in ["", "\n", "\r\n", " \t\n", "\u{1e}", "\n\u{1e}"] {
            let api = format!("{separator}{}{separator}", DOCUMENTS.join(separator));
            for size in 1..=api.len() {
                let got = decoded(api.as_bytes().chunks(size)).unwrap();
                assert_eq!(got, values(&DOCUMENTS), "{separator:?} in chunks of {size}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn decode_documents_of_any_input_and_chunk_size(api in r#"([\{\}\[\]"\\\\a \n]|\{"a":1\})*"#, size in 1..20_usize) {
            let (whole, chunks) = (decoded([api.as_bytes()]), decoded(api.as_bytes().chunks(size)));
            assert_eq!(whole.map_err(|error| error.to_string()), chunks.map_err(|error| error.to_string()));
        }
    }

    #[test]
    fn decode_documents_whole_joined_and_split() {
        let chunks = [
            DOCUMENTS[0].to_owned() + "\n",
            DOCUMENTS[1].to_owned(),
            DOCUMENTS[1..].concat(),
            DOCUMENTS[2].to_owned() + "\r\n",
            DOCUMENTS[3].to_owned() + &DOCUMENTS[2][..9],
            DOCUMENTS[2][9..].to_owned(),
            DOCUMENTS[0].to_owned(),
        ];
        let whole = chunks.concat();
        assert_eq!(decoded(chunks.iter().map(String::as_bytes)).unwrap(), decoded([whole.as_bytes()]).unwrap());
    }

    #[test]
    fn decode_documents_with_invalid_utf8() {
        let api = [b"{\"a\":\"\xc3".as_slice(), b"\xa9\"}{\"b\":\"", b"\xff\"}"];
        assert!(decoded(api[..2].iter().copied()).unwrap_err().is_truncated());
        assert!(decoded(api).unwrap_err().is_decode());
        assert!(decoded([api.concat().as_slice()]).unwrap_err().is_decode());
    }

    #[test]
    fn decode_document_in_one_chunk_is_not_copied() {
        let api = Bytes::from(DOCUMENTS.concat());
        let mut documents = Documents::new(Limit::item(1 << 20));
        documents.push(api.clone());
        assert_eq!(documents.part().unwrap().unwrap().as_ptr(), api.as_ptr());
    }

    /// The memory of a chunk can be reused for reading.
    #[test]
    fn decode_documents_drops_consumed_chunks() {
        for chunk in [DOCUMENTS.concat(), DOCUMENTS[3].to_owned() + &DOCUMENTS[2][..9], "\n".to_owned()] {
            let chunk = Bytes::from(chunk);
            let mut documents = Documents::new(Limit::item(1 << 20));
            documents.push(chunk.clone());
            while documents.next::<Value>().unwrap().is_some() {}
            assert!(chunk.is_unique(), "{chunk:?}");
        }
    }

    #[test]
    fn decode_documents_ending_within_one_is_truncated() {
        let api = DOCUMENTS[1];
        for end in 1..api.len() {
            assert!(decoded(api.as_bytes()[..end].chunks(7)).unwrap_err().is_truncated(), "cut at {end}");
        }
    }

    #[test]
    fn decode_documents_that_are_not_objects() {
        for api in ["null", "[1]", "page not found\n", "}", "\u{0}", "{}x"] {
            assert!(decoded(api.as_bytes().chunks(3)).unwrap_err().is_decode(), "{api:?}");
        }
    }

    #[test]
    fn decode_document_size_is_limited() {
        let mut documents = Documents::new(Limit::item(100));
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
