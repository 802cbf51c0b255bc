//! Traversal of the files of a tree: sorted by name, directories before their entries, as BuildKit requires.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::{OsStr, OsString},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    vec,
};

use super::{super::ignore::Inclusion, SyncTree, filter::Filter};
use crate::{
    Error, Result,
    error::cause,
    platform,
    stream::{Kind, RootDir},
};

/// Type and permissions of a file from memory.
const FILE: u32 = 0o100_644;

/// Type and permissions of a directory that only files from memory are in.
const DIRECTORY: u32 = 0o040_755;

/// A traversal of a tree. It blocks.
pub(crate) struct SyncWalk<'a> {
    tree: &'a SyncTree,
    filter: &'a Filter,
    root: Option<RootDir>,
    /// The directories that the walk is in.
    levels: Vec<Level>,
    /// The entries that are returned next.
    ready: VecDeque<SyncEntry>,
}

/// An entry that is sent.
#[derive(Debug)]
pub(crate) struct SyncEntry {
    /// Path, relative to the root.
    pub(crate) path: PathBuf,
    /// Type and permissions.
    pub(crate) mode: u32,
    /// Length, in bytes; 0 for a directory.
    pub(crate) size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub(crate) modified: i64,
    /// The target of a symbolic link.
    pub(crate) target: Option<Vec<u8>>,
    /// The major and minor number of a device.
    pub(crate) device: (u32, u32),
    /// The numbers of the filesystem and of the file, if the file has several names.
    pub(crate) inode: Option<(u64, u64)>,
}

/// A directory that the walk is in.
struct Level {
    path: PathBuf,
    /// The entries that were not visited yet.
    nodes: vec::IntoIter<(OsString, Node)>,
    /// The directory itself, if it was not sent. It is sent if an entry below it is.
    unsent: Option<Node>,
}

/// The source of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Disk {
        kind: Kind,
        /// Whether files from memory are below this directory.
        has_files: bool,
    },
    /// A file from memory.
    File,
    /// A directory that only files from memory are in.
    Directory,
}

/// How to send an entry.
struct Choice {
    is_sent: bool,
    /// Whether the entries on the disk below it are visited.
    lists: bool,
    /// Whether the files from memory below it are visited.
    has_files: bool,
}

impl SyncTree {
    /// Starts a traversal of the entries that `filter` selects.
    pub(crate) fn walk<'a>(&'a self, filter: &'a Filter) -> Result<SyncWalk<'a>> {
        let mut walk = SyncWalk { tree: self, filter, root: self.open()?, levels: Vec::new(), ready: VecDeque::new() };
        let choice = Choice { is_sent: true, lists: true, has_files: !self.plan.files.is_empty() };
        walk.enter(PathBuf::new(), &choice, None)?;
        Ok(walk)
    }
}

impl SyncWalk<'_> {
    /// Returns the next entry. Calls `check` for each entry that is visited, and fails if it does.
    pub(crate) fn next(&mut self, check: impl Fn() -> Result<()>) -> Result<Option<SyncEntry>> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            check()?;
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            match level.nodes.next() {
                Some((name, node)) => {
                    let path = level.path.join(name);
                    self.visit(path, node)?;
                }
                None => drop(self.levels.pop()),
            }
        }
    }

    fn visit(&mut self, path: PathBuf, node: Node) -> Result<()> {
        let choice = self.choose(&path, node);
        if choice.is_sent {
            let entry = match entry(self.tree, &mut self.root, &path, node) {
                Err(error) if kind(&error) == Some(io::ErrorKind::NotFound) => return Ok(()),
                entry => entry?,
            };
            for level in &mut self.levels {
                if let Some(node) = level.unsent.take() {
                    self.ready.push_back(self::entry(self.tree, &mut self.root, &level.path, node)?);
                }
            }
            self.ready.push_back(entry);
        }
        if choice.lists || choice.has_files {
            let unsent = (!choice.is_sent).then_some(node);
            self.enter(path, &choice, unsent)?;
        }
        Ok(())
    }

    /// Applies the rules of the tree, and the patterns of the request.
    fn choose(&self, path: &Path, node: Node) -> Choice {
        let bytes = &*platform::path_bytes(path);
        let selection = self.filter.selection(bytes);
        let inclusion = match node {
            Node::Disk { .. } => both(self.tree.plan.ignore.inclusion(bytes), || self.filter.inclusion(bytes)),
            Node::File if self.tree.internal.iter().any(|name| name.as_bytes() == bytes) => {
                self.filter.inclusion(bytes)
            }
            Node::File => Inclusion::Included,
            Node::Directory => Inclusion::Partial,
        };
        let is_reachable = selection.matches || selection.may_match_below;
        let is_directory = matches!(node, Node::Disk { kind: Kind::Directory, .. });
        Choice {
            is_sent: inclusion == Inclusion::Included && selection.matches,
            lists: is_directory && inclusion != Inclusion::Excluded && is_reachable,
            has_files: matches!(node, Node::Disk { has_files: true, .. } | Node::Directory) && is_reachable,
        }
    }

    /// Lists a directory, whose entries are visited next.
    fn enter(&mut self, path: PathBuf, choice: &Choice, unsent: Option<Node>) -> Result<()> {
        let listed = match &mut self.root {
            Some(root) if choice.lists => root.list(&path),
            _ => Ok(Vec::new()),
        };
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => match kind(&error) {
                // Removed since it was visited.
                Some(io::ErrorKind::NotFound) if !path.as_os_str().is_empty() => Vec::new(),
                // Its entries were not necessarily requested.
                Some(io::ErrorKind::PermissionDenied) if unsent.is_some() => Vec::new(),
                _ => return Err(error),
            },
        };
        let nodes = listed.into_iter().map(|(name, kind)| (name, Node::Disk { kind, has_files: false }));
        let nodes = if choice.has_files { self.tree.with_files(&path, nodes) } else { nodes.collect() };
        self.levels.push(Level { path, nodes: nodes.into_iter(), unsent });
        Ok(())
    }
}

impl SyncTree {
    /// Adds the files from memory to the entries of a directory, sorted by name.
    fn with_files(&self, path: &Path, listed: impl Iterator<Item = (OsString, Node)>) -> Vec<(OsString, Node)> {
        let mut nodes: BTreeMap<OsString, Node> = listed.collect();
        let prefix = match std::str::from_utf8(&platform::path_bytes(path)) {
            Ok("") => String::new(),
            Ok(path) => format!("{path}/"),
            Err(_) => return nodes.into_iter().collect(),
        };
        let files = self.plan.files.range::<str, _>((Bound::Included(&*prefix), Bound::Unbounded));
        for (file, content) in files {
            let Some(name) = file.strip_prefix(&*prefix) else { break };
            match (name.split_once('/'), content) {
                (Some((directory, _)), _) => {
                    let node = nodes.entry(directory.into()).or_insert(Node::Directory);
                    *node = match *node {
                        Node::Disk { kind: Kind::Directory, .. } => {
                            Node::Disk { kind: Kind::Directory, has_files: true }
                        }
                        _ => Node::Directory,
                    };
                }
                (None, Some(_)) => _ = nodes.insert(name.into(), Node::File),
                (None, None) => _ = nodes.remove(OsStr::new(name)),
            }
        }
        nodes.into_iter().collect()
    }
}

/// Returns an entry with its attributes. Fails if it was replaced by one of another type since its directory was listed.
fn entry(tree: &SyncTree, root: &mut Option<RootDir>, path: &Path, node: Node) -> Result<SyncEntry> {
    let (Node::Disk { kind, .. }, Some(root)) = (node, root) else {
        return Ok(from_memory(tree, path));
    };
    let status = root.status(path)?;
    if status.kind != kind {
        return Err(root.replaced(path));
    }
    Ok(SyncEntry {
        path: path.to_owned(),
        mode: status.mode,
        size: if kind == Kind::Directory { 0 } else { status.size },
        modified: status.modified,
        target: if kind == Kind::Link { Some(root.link(path)?) } else { None },
        device: status.device,
        inode: status.inode,
    })
}

/// Returns a file from memory, or a directory that only such files are in.
fn from_memory(tree: &SyncTree, path: &Path) -> SyncEntry {
    let content = tree.plan.file(path);
    SyncEntry {
        path: path.to_owned(),
        mode: if content.is_some() { FILE } else { DIRECTORY },
        size: content.map_or(0, |content| content.len() as u64),
        modified: tree.created,
        target: None,
        device: (0, 0),
        inode: None,
    }
}

/// Returns the inclusion by two sets of rules.
fn both(one: Inclusion, other: impl Fn() -> Inclusion) -> Inclusion {
    match one {
        Inclusion::Excluded => Inclusion::Excluded,
        Inclusion::Included => other(),
        Inclusion::Partial if other() == Inclusion::Excluded => Inclusion::Excluded,
        Inclusion::Partial => Inclusion::Partial,
    }
}

/// Returns the kind of the error of the operating system.
fn kind(error: &Error) -> Option<io::ErrorKind> {
    cause::<io::Error>(error).map(io::Error::kind)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::{super::Context, Patterns},
        *,
    };

    /// Creates files, and directories for paths that end with a slash.
    fn folder(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in paths {
            let at = folder.path().join(path);
            if path.ends_with('/') {
                fs::create_dir_all(at).unwrap();
            } else {
                fs::create_dir_all(at.parent().unwrap()).unwrap();
                fs::write(at, "content").unwrap();
            }
        }
        folder
    }

    /// Returns the path of an entry in the form that is sent.
    fn sent_path(entry: &SyncEntry) -> String {
        String::from_utf8(platform::path_bytes(&entry.path).into_owned()).unwrap()
    }

    /// Returns the paths of the entries, separated by spaces; those of directories end with a slash.
    fn walk(tree: &SyncTree, patterns: &Patterns) -> String {
        let filter = tree.filter(patterns, || Ok(())).unwrap();
        let mut walk = tree.walk(&filter).unwrap();
        let mut paths = Vec::new();
        while let Some(entry) = walk.next(|| Ok(())).unwrap() {
            let slash = if entry.mode & 0o170_000 == DIRECTORY & 0o170_000 { "/" } else { "" };
            paths.push(format!("{}{slash}", sent_path(&entry)));
        }
        paths.join(" ")
    }

    fn patterns(include: &[&str], exclude: &[&str], follow: &[&str]) -> Patterns {
        let owned = |patterns: &[&str]| patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
        Patterns { include: owned(include), exclude: owned(exclude), follow: owned(follow) }
    }

    async fn all(folder: &tempfile::TempDir) -> SyncTree {
        Context::directory(folder.path()).additional_sync_tree().await.unwrap()
    }

    #[tokio::test]
    async fn sync_walk_is_sorted_by_path_components() {
        let folder = folder(&["a/b/c", "a/b.txt", "a-b", "a.txt", "a/b/d/", "B", "a0", "ä/x"]);
        let tree = all(&folder).await;
        let sent = walk(&tree, &Patterns::default());
        assert_eq!(sent, "B a/ a/b/ a/b/c a/b/d/ a/b.txt a-b a.txt a0 ä/ ä/x");
    }

    #[tokio::test]
    async fn sync_walk_applies_include_and_exclude_patterns() {
        let folder = folder(&["a/b/c", "a/b/d", "a/e", "f", "g/h.rs", "g/i"]);
        let tree = all(&folder).await;
        let cases: [(&[&str], &[&str], &str); 9] = [
            (&["a/b"], &[], "a/ a/b/ a/b/c a/b/d"),
            (&["a/b/c", "f"], &[], "a/ a/b/ a/b/c f"),
            (&["**/*.rs", "f/x"], &[], "g/ g/h.rs"),
            (&["a", "!a/b"], &[], "a/ a/e"),
            (&["none"], &[], ""),
            (&[""], &[], ""),
            (&[], &["a", "!a/b/d"], "a/ a/b/ a/b/d f g/ g/h.rs g/i"),
            (&[], &["*", "!**/i"], "g/ g/i"),
            (&["a", "g"], &["a/b", "**/*.rs"], "a/ a/e g/ g/i"),
        ];
        for (include, exclude, sent) in cases {
            assert_eq!(walk(&tree, &patterns(include, exclude, &[])), sent, "{include:?} {exclude:?}");
        }
    }

    #[tokio::test]
    async fn sync_walk_applies_dockerignore_twice_without_change() {
        let folder = folder(&["Dockerfile", "a/b", "a/c", "d"]);
        let rules = "Dockerfile\n.dockerignore\na\n!a/c\n";
        fs::write(folder.path().join(".dockerignore"), rules).unwrap();
        let tree = Context::directory(folder.path()).sync_tree(None).await.unwrap();
        let rules: Vec<&str> = rules.lines().collect();
        assert_eq!(walk(&tree, &patterns(&[], &rules, &[])), "a/ a/c d");
        let internal = patterns(&[], &[], &["Dockerfile", "Dockerfile.dockerignore", ".dockerignore"]);
        assert_eq!(walk(&tree, &internal), ".dockerignore Dockerfile");
    }

    #[tokio::test]
    async fn sync_walk_merges_files_from_memory() {
        let folder = folder(&["a/x", "a/z", "b", "c/d", "e", ".dockerignore"]);
        fs::write(folder.path().join(".dockerignore"), "c\nmemory\n").unwrap();
        let context = Context::directory(folder.path()).dockerfile_from("FROM a");
        let context = ["a/y", "a/z", "b/deep/file", "c/new", "memory"]
            .into_iter()
            .fold(context, |context, path| context.file(path, "12345"));
        let tree = context.sync_tree(None).await.unwrap();
        let dockerfile = tree.dockerfile().unwrap();
        let files = "a/ a/x a/y a/z b/ b/deep/ b/deep/file c/ c/new e memory";
        assert_eq!(walk(&tree, &Patterns::default()), format!("{dockerfile} .dockerignore {files}"));
        let hidden = patterns(&[], &["c", "memory", ".dockerignore", dockerfile], &[]);
        assert_eq!(walk(&tree, &hidden), files, "added files are sent even if they are excluded");
        assert_eq!(walk(&tree, &patterns(&[], &[], &["b/deep"])), "b/ b/deep/ b/deep/file");

        let filter = tree.filter(&patterns(&["a/z", "c"], &[], &[]), || Ok(())).unwrap();
        let mut walk = tree.walk(&filter).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = walk.next(|| Ok(())).unwrap() {
            entries.push((sent_path(&entry), entry.mode & 0o777, entry.size, entry.modified));
        }
        let modified = |path: &str| {
            folder.path().join(path).metadata().unwrap().modified().unwrap().duration_since(std::time::UNIX_EPOCH)
        };
        assert_eq!(entries[0].3, i64::try_from(modified("a").unwrap().as_nanos()).unwrap());
        assert_eq!(entries[1], ("a/z".to_owned(), 0o644, 5, tree.created));
        assert_eq!(entries[3], ("c/new".to_owned(), 0o644, 5, tree.created));
    }

    #[tokio::test]
    async fn sync_walk_skips_entries_that_disappear() {
        let folder = folder(&["a/b", "c", "d/e"]);
        let tree = all(&folder).await;
        let filter = tree.filter(&Patterns::default(), || Ok(())).unwrap();
        let mut walk = tree.walk(&filter).unwrap();
        let mut next = || walk.next(|| Ok(())).unwrap().map(|entry| entry.path);
        assert_eq!(next(), Some("a".into()));
        for file in ["a/b", "c"] {
            fs::remove_file(folder.path().join(file)).unwrap();
        }
        assert_eq!((next(), next(), next()), (Some("d".into()), Some("d/e".into()), None));
    }

    #[tokio::test]
    async fn sync_walk_fails_if_an_entry_is_replaced() {
        for by_a_link in [false, true] {
            if by_a_link && !platform::symlinks_work() {
                continue;
            }
            let (folder, outside) = (folder(&["a", "b/c"]), folder(&["c"]));
            let tree = all(&folder).await;
            let filter = tree.filter(&Patterns::default(), || Ok(())).unwrap();
            let mut walk = tree.walk(&filter).unwrap();
            assert!(walk.next(|| Ok(())).unwrap().is_some());
            let replaced = folder.path().join("b");
            fs::remove_dir_all(&replaced).unwrap();
            if by_a_link {
                platform::symlink(outside.path(), &replaced).unwrap();
            } else {
                fs::write(&replaced, "").unwrap();
            }
            let error = walk.next(|| Ok(())).unwrap_err();
            assert!(error.to_string().ends_with("replaced while the directory was read"), "{error}");
        }
    }

    #[tokio::test]
    async fn sync_walk_stops_if_the_check_fails() {
        let folder = folder(&["a", "b"]);
        let tree = all(&folder).await;
        let filter = tree.filter(&patterns(&["none"], &[], &[]), || Ok(())).unwrap();
        let mut walk = tree.walk(&filter).unwrap();
        let visited = std::cell::Cell::new(0);
        let check = || {
            visited.set(visited.get() + 1);
            if visited.get() == 2 { Err(Error::internal("stopped")) } else { Ok(()) }
        };
        assert!(walk.next(check).is_err());
        assert_eq!(visited.get(), 2);
    }
}
