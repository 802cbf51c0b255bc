//! Resolves symbolic links in the paths that BuildKit requests.
//!
//! BuildKit requests the sources of `COPY` by name. If one of them is a symbolic link, it needs the link and its target.
//! Links are resolved within the tree, as in a root directory: a link that points outside of it names a path in it.

use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
};

use super::{
    super::{
        ignore::{Inclusion, clean},
        pattern::Pattern,
    },
    SyncTree,
};
use crate::{
    Error, Result, platform,
    stream::{Kind, RootDir, WalkEntry},
};

/// Maximum number of links that are followed from one path, as on Linux.
const MAX_LINKS: usize = 40;

/// Limit for the length of a path, in bytes, as on Linux.
const MAX_PATH: usize = 4096;

/// Maximum memory of all paths of a request, in bytes.
const MAX_MEMORY: usize = 32 << 20;

/// Memory that a path takes in addition to its components, in bytes.
const ENTRY: usize = 64;

/// Memory that a component takes in addition to its characters, in bytes.
const PART: usize = 96;

/// Number of copies of the characters of a path.
const COPIES: usize = 3;

/// Memory that a character takes in a parsed pattern, in bytes.
const TOKEN: usize = 32;

/// The paths of a request, and those of the targets of links in them.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) paths: BTreeSet<Vec<u8>>,
    /// Paths with wildcards.
    pub(super) patterns: BTreeSet<Vec<u8>>,
}

/// Resolves `paths`, which can contain wildcards. Returns `None` if one of them is the root of the tree. Calls `check` for each
/// path and directory entry, and fails if it does.
pub(super) fn follow_links(
    tree: &SyncTree,
    paths: &[Vec<u8>],
    check: &dyn Fn() -> Result<()>,
) -> Result<Option<Followed>> {
    let mut links = Links {
        tree,
        root: tree.open()?,
        check,
        found: Followed::default(),
        seen: HashSet::new(),
        waiting: Vec::new(),
        memory: 0,
    };
    for path in paths {
        let path = clean(path);
        // A path out of the tree names nothing in it.
        if path != b".." && !path.starts_with(b"../") {
            let parts = path.split(|&byte| byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
            links.add(parts.map(Part::parse).collect(), 0)?;
        }
    }
    while let Some((path, followed)) = links.waiting.pop() {
        if path.is_empty() {
            return Ok(None);
        }
        check()?;
        links.follow(&path, followed)?;
    }
    Ok(Some(links.found))
}

/// A component of a path.
#[derive(Clone)]
struct Part {
    pattern: Vec<u8>,
    /// The name that the pattern stands for, if it has no wildcards.
    name: Option<Vec<u8>>,
}

impl Part {
    fn parse(pattern: &[u8]) -> Self {
        let mut name = Vec::with_capacity(pattern.len());
        let mut bytes = pattern.iter();
        let mut has_wildcards = false;
        while let Some(&byte) = bytes.next() {
            has_wildcards |= matches!(byte, b'*' | b'?' | b'[');
            name.extend(if byte == b'\\' { bytes.next() } else { Some(&byte) });
        }
        // A backslash can hide that a name is special.
        let is_name = !has_wildcards && !matches!(&*name, b"" | b"." | b"..");
        Self { pattern: pattern.to_vec(), name: is_name.then_some(name) }
    }

    fn literal(name: &[u8]) -> Self {
        let mut pattern = Vec::with_capacity(name.len());
        for &byte in name {
            if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\') {
                pattern.push(b'\\');
            }
            pattern.push(byte);
        }
        Self { pattern, name: Some(name.to_vec()) }
    }
}

/// Returns the components as one pattern.
fn pattern(path: &[Part]) -> Vec<u8> {
    let patterns: Vec<&[u8]> = path.iter().map(|part| &*part.pattern).collect();
    patterns.join(&b'/')
}

struct Links<'a> {
    tree: &'a SyncTree,
    root: Option<RootDir>,
    check: &'a dyn Fn() -> Result<()>,
    found: Followed,
    /// All paths that were resolved, or will be.
    seen: HashSet<Vec<u8>>,
    /// Paths that are not resolved yet, with the number of links that led to each.
    waiting: Vec<(Vec<Part>, usize)>,
    /// Memory of the paths so far, in bytes.
    memory: usize,
}

impl Links<'_> {
    /// Adds a path that was reached through `links` links.
    fn add(&mut self, path: Vec<Part>, links: usize) -> Result<()> {
        let pattern = pattern(&path);
        // The length of a path in a request is limited. Longer ones, and those with more links, cannot be opened on the engine.
        if links > MAX_LINKS || (links > 0 && pattern.len() >= MAX_PATH) {
            return Ok(());
        }
        let parsed = if path.iter().any(|part| part.name.is_none()) { TOKEN } else { 0 };
        self.memory += ENTRY + path.len() * PART + pattern.len() * (COPIES + parsed);
        if self.memory > MAX_MEMORY {
            return Err(Error::local_io("failed to read the build context: too many symbolic links"));
        }
        if self.seen.insert(pattern) {
            self.waiting.push((path, links));
        }
        Ok(())
    }

    /// Resolves the first link in a path, or adds the path to the result if there is none. Entries after a component with
    /// wildcards are not resolved, as in buildx.
    fn follow(&mut self, path: &[Part], links: usize) -> Result<()> {
        let mut entry = Vec::new();
        for (index, part) in path.iter().enumerate() {
            let Some(name) = &part.name else {
                for (link, target) in self.links_in(&entry, &part.pattern)? {
                    self.add_link(link, &target, &path[..index], &path[index + 1..], links)?;
                }
                self.found.patterns.insert(pattern(path));
                return Ok(());
            };
            if !entry.is_empty() {
                entry.push(b'/');
            }
            entry.extend_from_slice(name);
            if let Some(target) = self.target(&entry) {
                return self.add_link(entry, &target, &path[..index], &path[index + 1..], links);
            }
        }
        self.found.paths.insert(entry);
        Ok(())
    }

    /// Adds a link to the result, and its target to the paths that are resolved. `above` is the directory of the link, `rest`
    /// the part of the path after it.
    fn add_link(&mut self, link: Vec<u8>, target: &[u8], above: &[Part], rest: &[Part], links: usize) -> Result<()> {
        self.found.paths.insert(link);
        let mut path = if target.starts_with(b"/") { Vec::new() } else { above.to_vec() };
        for name in target.split(|&byte| byte == b'/') {
            match name {
                b"" | b"." => {}
                b".." => drop(path.pop()),
                name => path.push(Part::literal(name)),
            }
        }
        path.extend_from_slice(rest);
        self.add(path, links + 1)
    }

    /// Returns the links in a directory whose names match `pattern`, with their targets.
    fn links_in(&mut self, directory: &[u8], pattern: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let (Some(root), Ok(pattern)) = (&mut self.root, Pattern::new(pattern)) else { return Ok(Vec::new()) };
        let Some(path) = local(directory) else { return Ok(Vec::new()) };
        let mut links = Vec::new();
        for (name, kind) in root.list(&path).unwrap_or_default() {
            (self.check)()?;
            let name = platform::os_bytes(&name);
            if kind == Kind::Link && pattern.match_path(name).matches {
                let link = below(directory, name);
                links.extend(self.target(&link).map(|target| (link, target)));
            }
        }
        Ok(links)
    }

    /// Returns the target of a symbolic link. Returns `None` for any other entry, and for one that is not part of the tree or
    /// cannot be read: if it is selected, that is an error later.
    fn target(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        let plan = &self.tree.plan;
        let found = WalkEntry { path: local(path)?, kind: Kind::Link };
        if plan.replaces(&found) || plan.ignore.inclusion(path) != Inclusion::Included {
            return None;
        }
        self.root.as_mut()?.link(&found.path).ok()
    }
}

/// Returns the path of an entry of a directory.
fn below(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

/// Converts a path to the local system. Returns `None` if it contains a name that is not valid on this system: such
/// an entry does not exist.
fn local(path: &[u8]) -> Option<PathBuf> {
    if path.is_empty() { Some(PathBuf::new()) } else { platform::path_from_bytes(path).ok() }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::images::Context;

    /// Creates files, and links for pairs of a path and a target.
    fn folder(files: &[&str], links: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let at = folder.path().join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            at
        };
        for file in files {
            fs::write(at(file), "").unwrap();
        }
        for (link, target) in links {
            platform::symlink(target, at(link)).unwrap();
        }
        folder
    }

    /// Returns the paths and the patterns, separated by spaces; `.` for the root.
    fn follow(tree: &SyncTree, paths: &[&str]) -> String {
        let paths: Vec<Vec<u8>> = paths.iter().map(|path| path.as_bytes().to_vec()).collect();
        let Some(followed) = follow_links(tree, &paths, &|| Ok(())).unwrap() else { return ".".into() };
        let all: Vec<Vec<u8>> = followed.paths.into_iter().chain(followed.patterns).collect();
        String::from_utf8(all.join(&b' ')).unwrap()
    }

    async fn all(folder: &tempfile::TempDir) -> SyncTree {
        Context::directory(folder.path()).additional_sync_tree().await.unwrap()
    }

    #[tokio::test]
    async fn follow_links_adds_links_and_their_targets() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = folder(
            &["dir/foo", "bar", "real/a", "real/b/c"],
            &[("dir/l1", "foo"), ("l2", "dir/l1"), ("d", "real"), ("dir/up", "../d/b")],
        );
        let tree = all(&folder).await;
        for (paths, found) in [
            (vec!["l2", "bar"], "bar dir/foo dir/l1 l2"),
            (vec!["/d/a", "./d/b/"], "d real/a real/b"),
            (vec!["dir/up/c"], "d dir/up real/b/c"),
            (vec!["none/a", "dir/foo/x"], "dir/foo/x none/a"),
            (vec!["bar", "."], "."),
            (vec!["x/.."], "."),
            (vec!["../bar", ".."], ""),
            (vec!["a/../../bar"], ""),
        ] {
            assert_eq!(follow(&tree, &paths), found, "{paths:?}");
        }
    }

    #[tokio::test]
    async fn follow_links_stays_within_the_tree() {
        if !platform::symlinks_work() {
            return;
        }
        let outside = folder(&["secret"], &[]);
        let secret = outside.path().join("secret");
        let folder = folder(
            &["baz"],
            &[("abs", secret.to_str().unwrap()), ("dir/up", "../../../../etc"), ("top", "../"), ("etc/x", "/baz")],
        );
        let tree = all(&folder).await;
        let target = String::from_utf8(platform::path_bytes(&secret).into_owned()).unwrap();
        let mut found = ["abs", target.trim_start_matches('/')];
        found.sort_unstable();
        assert_eq!(follow(&tree, &["abs"]), found.join(" "));
        assert_eq!(follow(&tree, &["dir/up/x"]), "baz dir/up etc/x");
        assert_eq!(follow(&tree, &["top/baz"]), "baz top");
        assert_eq!(follow(&tree, &["top"]), ".");
        // Escaped dots are not a parent directory.
        assert_eq!(follow(&tree, &["dir/\\../\\.\\./etc/passwd"]), "dir/\\../\\.\\./etc/passwd");
    }

    #[tokio::test]
    async fn follow_links_ends_at_loops() {
        if !platform::symlinks_work() {
            return;
        }
        let mut links = vec![("l1", "l1"), ("l2", "l3"), ("l3", "l2"), ("grow", "grow/x")];
        // Windows has no such names.
        links.extend(platform::HAS_UNIX_FILES.then_some(("a", "*/a/a")));
        let folder = folder(&[], &links);
        let tree = all(&folder).await;
        assert_eq!(follow(&tree, &["l1", "l3"]), "l1 l2 l3");
        assert_eq!(follow(&tree, &["grow"]), "grow");
        follow(&tree, &["*", "*/a", "a/*/a"]);
    }

    #[tokio::test]
    async fn follow_links_expands_wildcards() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = folder(
            &["foo/bar1", "foo/bar3", "baz", "odd[1]/[x]"],
            &[
                ("dir/l1", "/foo/bar1"),
                ("dir/l2", "/foo/bar2"),
                ("dir/other", "/foo/bar3"),
                ("foo/bar2", "../baz"),
                ("odd", "odd[1]/[x]"),
            ],
        );
        let tree = all(&folder).await;
        assert_eq!(follow(&tree, &["dir/l*"]), "baz dir/l1 dir/l2 foo/bar1 foo/bar2 dir/l*");
        assert_eq!(follow(&tree, &["d?r/l1"]), "d?r/l1");
        assert_eq!(follow(&tree, &["dir/[o]ther/x"]), "dir/other foo/bar3/x dir/[o]ther/x");
        assert_eq!(follow(&tree, &["odd"]), "odd odd[1]/[x]", "a target has no wildcards");
        assert_eq!(follow(&tree, &["odd\\[1\\]/\\[x\\]"]), "odd[1]/[x]");
        assert_eq!(Part::literal(b"x*?\\").pattern, b"x\\*\\?\\\\");
        assert_eq!(follow(&tree, &["dir/["]), "dir/[");
    }

    #[tokio::test]
    async fn follow_links_ignores_links_that_are_not_in_the_tree() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = folder(&["Dockerfile", "real/a"], &[("hidden", "real"), ("replaced", "real"), ("dir", "real")]);
        fs::write(folder.path().join(".dockerignore"), "hidden").unwrap();
        let context = Context::directory(folder.path()).file("replaced", "").file("dir/b", "");
        let tree = context.sync_tree(None).await.unwrap();
        assert_eq!(follow(&tree, &["hidden/a", "replaced", "dir/b"]), "dir/b hidden/a replaced");
    }

    #[tokio::test]
    async fn follow_links_memory_is_limited() {
        let tree = all(&folder(&[], &[])).await;
        let path = |index| format!("{index}-{}", "x".repeat(4096)).into_bytes();
        let many: Vec<_> = (0..MAX_MEMORY / 4096).map(path).collect();
        let error = follow_links(&tree, &many, &|| Ok(())).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("too many symbolic links"), "{error}");
    }

    #[tokio::test]
    async fn follow_links_memory_includes_parsed_patterns() {
        if !platform::symlinks_work() {
            return;
        }
        let links: Vec<_> = (0..400).map(|index| (format!("d/{index}"), format!("x{index}"))).collect();
        let links: Vec<_> = links.iter().map(|(link, target)| (&**link, &**target)).collect();
        let folder = folder(&[], &links);
        let path = format!("d/*/{}", "?".repeat(3000)).into_bytes();
        let error = follow_links(&all(&folder).await, &[path], &|| Ok(())).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("too many symbolic links"), "{error}");
    }

    #[tokio::test]
    async fn follow_links_stops_if_the_check_fails() {
        let folder = folder(&["a", "b", "c"], &[]);
        let tree = all(&folder).await;
        // For the path, and for two entries.
        for last in 1..=3 {
            let visited = std::cell::Cell::new(0);
            let check = || {
                visited.set(visited.get() + 1);
                if visited.get() == last { Err(Error::internal("stopped")) } else { Ok(()) }
            };
            assert!(follow_links(&tree, &[b"*".to_vec()], &check).is_err());
            assert_eq!(visited.get(), last);
        }
    }
}
