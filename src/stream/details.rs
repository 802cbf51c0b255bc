//! The attributes of log lines.

use std::{borrow::Cow, fmt};

use bytes::{Buf as _, Bytes};

/// Attribute with the id of the node.
const NODE: &str = "com.docker.swarm.node.id";

/// Attribute with the id of the service.
const SERVICE: &str = "com.docker.swarm.service.id";

/// Attribute with the id of the task.
const TASK: &str = "com.docker.swarm.task.id";

/// Maximum length of encoded details, in bytes, so that the memory of unfinished lines is bounded. Longer ones are
/// text.
const MAX_LENGTH: usize = 64 << 10;

/// The attributes of a log line: those of the swarm, and those that the options of the log driver add (`labels`, `env`,
/// `tag`). A field of [`Line`](super::Line); empty unless details were requested.
///
/// Engines write them before each line, with keys and values encoded as in a URL. Engines before 17.06 do not encode
/// them: values that contain a comma, a space, `%` or `+` are not read correctly. Attributes that are longer than 64
/// KiB are left in the text of the line.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let mut lines = docker.service("web").logs().details(true).await?.lines();
/// while let Some(line) = lines.try_next().await? {
///     println!("{} | {}", line.details.task_id().unwrap_or("-"), line.text());
///     println!("{:?}", line.details.get("com.example.team"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct LogDetails(Bytes);

impl LogDetails {
    /// Removes details and the space after them, if `bytes` begin with them: pairs with `=`, separated by commas, or
    /// nothing.
    pub(super) fn take(bytes: &mut Bytes) -> Option<Self> {
        let mut begin = bytes.iter().take(MAX_LENGTH);
        let end = begin.position(|&byte| byte == b' ' || byte == b'\n').filter(|&end| bytes[end] == b' ')?;
        let is_pair = |pair: &[u8]| pair.iter().position(|&byte| byte == b'=').is_some_and(|end| end > 0);
        if end > 0 && !bytes[..end].split(|&byte| byte == b',').all(is_pair) {
            return None;
        }
        let details = bytes.split_to(end);
        bytes.advance(1);
        Some(Self(details))
    }

    /// Removes the same details and the space after them, if there are some and `bytes` begin with them.
    pub(super) fn take_again(&self, bytes: &mut Bytes) {
        if !self.is_empty() && bytes.strip_prefix(&*self.0).is_some_and(|rest| rest.first() == Some(&b' ')) {
            bytes.advance(self.0.len() + 1);
        }
    }

    /// Returns a copy that does not keep the chunk that it was received in.
    pub(super) fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Returns whether there are no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of an attribute.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.iter().find_map(|(known, value)| (known == key).then_some(value))
    }

    /// Returns all attributes, as keys and values, in the order of the engine: sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.pairs().map(|(key, value)| (decoded(key), decoded(value)))
    }

    /// Returns the id of the task that wrote the line, if it is of a service.
    #[must_use]
    pub fn task_id(&self) -> Option<&str> {
        self.id(TASK)
    }

    /// Returns the id of the service, if the line is of a service.
    #[must_use]
    pub fn service_id(&self) -> Option<&str> {
        self.id(SERVICE)
    }

    /// Returns the id of the node that the task runs on, if the line is of a service.
    #[must_use]
    pub fn node_id(&self) -> Option<&str> {
        self.id(NODE)
    }

    /// The value of an attribute whose key and value need no encoding.
    fn id(&self, key: &str) -> Option<&str> {
        let (_, value) = self.pairs().find(|(known, _)| *known == key.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// The encoded attributes.
    fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let pairs = self.0.split(|&byte| byte == b',').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let end = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            (&pair[..end], pair.get(end + 1..).unwrap_or_default())
        })
    }
}

/// Decodes text that Go's `url.QueryEscape` has encoded. Invalid UTF-8 is replaced.
fn decoded(text: &[u8]) -> Cow<'_, str> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return String::from_utf8_lossy(text);
    }
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    Cow::Owned(percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned())
}

impl fmt::Debug for LogDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Writes the decoded attributes: `key=value`, separated by commas, as `docker service logs --details` does.
impl fmt::Display for LogDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{key}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(text: &'static str) -> (Option<LogDetails>, Bytes) {
        let mut bytes = Bytes::from_static(text.as_bytes());
        (LogDetails::take(&mut bytes), bytes)
    }

    #[test]
    fn log_details_are_decoded() {
        let (details, rest) = take("a=1,b%2Cc=x%3Dy+%C3%BC%2B,empty= text a=b");
        let details = details.unwrap();
        assert_eq!(&*rest, b"text a=b");
        let pairs: Vec<_> = details.iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let want = [("a", "1"), ("b,c", "x=y ü+"), ("empty", "")];
        assert_eq!(pairs, want.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!((details.get("b,c").as_deref(), details.get("b")), (Some("x=y ü+"), None));
        assert_eq!(details.to_string(), "a=1,b,c=x=y ü+,empty=");
        assert_eq!(details.task_id(), None);
    }

    #[test]
    fn log_details_of_a_service_have_ids() {
        let text =
            "com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,com.docker.swarm.task.id=t1,team=a hello";
        let details = take(text).0.unwrap();
        assert_eq!((details.node_id(), details.service_id(), details.task_id()), (Some("n1"), Some("s1"), Some("t1")));
        assert_eq!(details.get("team").as_deref(), Some("a"));
    }

    #[test]
    fn text_without_details_is_unchanged() {
        for text in ["hello world", "a=b,c d", "=b c", "a=b\nc d", "a=b", "", ",a=b c", "a=b,, c"] {
            let (details, rest) = take(text);
            assert_eq!((details, &*rest), (None, text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn log_details_that_are_too_long_are_text() {
        for (length, is_details) in [(MAX_LENGTH - 1, true), (MAX_LENGTH, false)] {
            let mut bytes = Bytes::from(format!("a={} text", "x".repeat(length - 2)));
            assert_eq!(LogDetails::take(&mut bytes).is_some(), is_details, "{length}");
        }
    }

    #[test]
    fn empty_log_details_are_one_space() {
        let (details, rest) = take("  hello");
        let details = details.unwrap();
        assert!(details.is_empty() && details.iter().next().is_none());
        assert_eq!((&*rest, format!("{details:?}").as_str()), (&b" hello"[..], "{}"));
    }
}
