//! The part of a tree that a BuildKit request selects.

use std::{collections::BTreeSet, ops::Bound};

use super::{
    super::{
        ignore::{Ignore, Inclusion},
        pattern::PatternMatch,
    },
    SyncTree,
    follow_links::follow_links,
};
use crate::{Error, Result};

/// The patterns of a request.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// Patterns of entries to send, with everything below them. Without these and `follow`, everything is sent.
    pub(crate) include: Vec<Vec<u8>>,
    /// Lines of a `.dockerignore`, with entries not to send. These take precedence.
    pub(crate) exclude: Vec<Vec<u8>>,
    /// Paths to send, in which symbolic links are followed, within the tree.
    pub(crate) follow: Vec<Vec<u8>>,
}

/// The entries that a request selects.
pub(crate) struct Filter {
    /// `None` for everything.
    include: Option<Include>,
    exclude: Ignore,
}

struct Include {
    paths: BTreeSet<Vec<u8>>,
    patterns: Ignore,
}

impl SyncTree {
    /// Applies `patterns` to the tree. It blocks, because it reads links. Fails if a pattern is not valid, or if `check` fails,
    /// which is called repeatedly.
    pub(crate) fn filter(&self, patterns: &Patterns, check: impl Fn() -> Result<()>) -> Result<Filter> {
        let invalid = |reason: &str| Error::invalid_input(format!("BuildKit sent an invalid pattern: {reason}"));
        let followed = if patterns.follow.is_empty() { None } else { follow_links(self, &patterns.follow, &check)? };
        let include = match followed {
            None if patterns.include.is_empty() => None,
            followed => {
                let followed = followed.unwrap_or_default();
                let patterns = Ignore::from_patterns(patterns.include.iter().chain(&followed.patterns));
                Some(Include { paths: followed.paths, patterns: patterns.map_err(invalid)? })
            }
        };
        Ok(Filter { include, exclude: Ignore::from_lines(&patterns.exclude).map_err(invalid)? })
    }
}

impl Filter {
    /// Returns whether `path` is one to send, and whether a path below it may be, regardless of what is excluded.
    pub(super) fn selection(&self, path: &[u8]) -> PatternMatch {
        let all = PatternMatch { matches: true, may_match_below: true };
        let Some(include) = &self.include else { return all };
        let parents = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(end, _)| &path[..end]);
        if parents.chain([path]).any(|path| include.paths.contains(path)) {
            return all;
        }
        let matched = include.patterns.selection(path);
        let may_match_below = || {
            let below = [path, b"/"].concat();
            let mut next = include.paths.range::<[u8], _>((Bound::Included(&*below), Bound::Unbounded));
            next.next().is_some_and(|next| next.starts_with(&below))
        };
        PatternMatch { may_match_below: matched.may_match_below || may_match_below(), ..matched }
    }

    /// Returns whether `path` is excluded.
    pub(super) fn inclusion(&self, path: &[u8]) -> Inclusion {
        self.exclude.inclusion(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::Context;

    #[tokio::test]
    async fn sync_filter_selects_paths_and_their_descendants() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Context::directory(folder.path()).additional_sync_tree().await.unwrap();
        let follow = [&b"a/b"[..], b"a-c", b"*.d"].map(<[u8]>::to_vec).into();
        let filter = tree.filter(&Patterns { follow, ..Patterns::default() }, || Ok(())).unwrap();
        let selection = |path: &str| {
            let matched = filter.selection(path.as_bytes());
            (matched.matches, matched.may_match_below)
        };
        for path in ["a/b", "a/b/c", "a-c", "a-c/x", "x.d", "x.d/y"] {
            assert_eq!(selection(path), (true, true), "{path}");
        }
        assert_eq!(selection("a"), (false, true));
        for path in ["a/c", "a/bc", "b", "a-cd", "x/y.d"] {
            assert_eq!(selection(path), (false, false), "{path}");
        }
    }

    #[tokio::test]
    async fn sync_filter_rejects_invalid_patterns() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Context::directory(folder.path()).additional_sync_tree().await.unwrap();
        let patterns = || vec![b"a".to_vec(), b"[".to_vec()];
        for patterns in [
            Patterns { include: patterns(), ..Patterns::default() },
            Patterns { exclude: patterns(), ..Patterns::default() },
            Patterns { follow: patterns(), ..Patterns::default() },
        ] {
            let error = tree.filter(&patterns, || Ok(())).map(|_| ()).unwrap_err();
            assert!(error.to_string().contains("invalid pattern: `[` without `]`"), "{patterns:?}: {error}");
        }
    }
}
