//! The file tree of a container, image or volume.

use std::collections::BTreeMap;

use bytes::Bytes;

mod archive;

/// Files by absolute path without a trailing slash. The root is not included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<String, File>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    owner: (u64, u64),
    /// Modification time, in seconds since 1970.
    pub(crate) modified: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Regular(Bytes),
    /// A symbolic link and its target.
    Link(String),
}

/// The maximum number of symbolic links that are followed in a path.
const MAX_LINKS: usize = 40;

impl File {
    pub(crate) fn directory() -> Self {
        Self { kind: Kind::Directory, mode: 0o755, owner: (0, 0), modified: now() }
    }

    pub(crate) fn regular(content: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Regular(content.into()), mode: 0o644, owner: (0, 0), modified: now() }
    }

    pub(crate) fn link(target: &str) -> Self {
        Self { kind: Kind::Link(target.to_owned()), mode: 0o777, owner: (0, 0), modified: now() }
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.kind {
            Kind::Regular(content) => content.len() as u64,
            Kind::Directory | Kind::Link(_) => 0,
        }
    }
}

impl Files {
    /// The file at `path`, if there is one. The root is a directory.
    pub(crate) fn get(&self, path: &str) -> Option<File> {
        if path == "/" { Some(File::directory()) } else { self.0.get(path).cloned() }
    }

    /// Puts a file at `path`, and creates its parent directories.
    pub(crate) fn put(&mut self, path: &str, file: File) {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|parent| !parent.is_empty());
        for parent in parents {
            if !self.0.get(parent).is_some_and(File::is_directory) {
                self.0.insert(parent.to_owned(), File::directory());
            }
        }
        match self.0.get_mut(path) {
            _ if path == "/" => {}
            // Replacing a directory keeps its contents.
            Some(known) if known.is_directory() && file.is_directory() => *known = file,
            _ => {
                self.remove(path);
                self.0.insert(path.to_owned(), file);
            }
        }
    }

    /// Creates a directory, unless `path` exists.
    pub(crate) fn create_directory(&mut self, path: &str) {
        if self.get(path).is_none() {
            self.put(path, File::directory());
        }
    }

    /// Removes the file or directory at `path` with its contents.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        let inside = prefix(path);
        self.0.retain(|known, _| !known.starts_with(&inside));
        self.0.remove(path).is_some()
    }

    /// Removes the contents of the directory `path`.
    pub(crate) fn clear_directory(&mut self, path: &str) {
        let inside = prefix(path);
        self.0.retain(|known, _| !known.starts_with(&inside));
    }

    /// The file at `path` and its descendants, with their paths relative to it.
    pub(crate) fn tree(&self, path: &str) -> impl Iterator<Item = (&str, &File)> {
        let inside = prefix(path);
        let (path, cut) = (path.to_owned(), inside.len() - 1);
        self.0
            .iter()
            .filter(move |(known, _)| **known == path || known.starts_with(&inside))
            .map(move |(known, file)| (&known[cut..], file))
    }

    /// The names in a directory.
    pub(crate) fn names(&self, path: &str) -> Vec<&str> {
        let names = self.tree(path).map(|(rest, _)| rest.trim_start_matches('/'));
        names.filter(|rest| !rest.is_empty() && !rest.contains('/')).collect()
    }

    /// Copies the files at `from` in another tree to `path`.
    pub(crate) fn copy_tree(&mut self, path: &str, tree: &Self, from: &str) {
        for (rest, file) in tree.tree(from) {
            self.put(&clean(&format!("{path}/{rest}")), file.clone());
        }
    }

    /// Resolves the symbolic links in `path`; one in the last component only if `follow` is set.
    pub(crate) fn resolved(&self, path: &str, follow: bool) -> String {
        let (mut done, mut links) = (String::new(), 0);
        let mut rest: Vec<String> = parts(path).rev().collect();
        while let Some(part) = rest.pop() {
            if part == ".." {
                done.truncate(done.rfind('/').unwrap_or(0));
                continue;
            }
            let next = format!("{done}/{part}");
            match self.0.get(&next).map(|file| &file.kind) {
                Some(Kind::Link(target)) if (follow || !rest.is_empty()) && links < MAX_LINKS => {
                    links += 1;
                    if target.starts_with('/') {
                        done.clear();
                    }
                    rest.extend(parts(target).rev());
                }
                _ => done = next,
            }
        }
        if done.is_empty() { "/".to_owned() } else { done }
    }

    /// All paths and contents, as input of a hash.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let content = |file: &File| match &file.kind {
            Kind::Directory => b"/".to_vec(),
            Kind::Regular(content) => content.to_vec(),
            Kind::Link(target) => target.clone().into_bytes(),
        };
        self.0.iter().flat_map(|(path, file)| [path.as_bytes(), &content(file)].concat()).collect()
    }

    /// Size of all files, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.0.values().map(File::size).sum()
    }

    /// The differences from `base`: 0 changed, 1 added, 2 deleted. A directory is changed if its contents are.
    pub(crate) fn changes_since(&self, base: &Self) -> BTreeMap<String, u8> {
        let mut changes = BTreeMap::new();
        for (path, file) in &self.0 {
            match base.0.get(path) {
                None => drop(changes.insert(path.clone(), 1)),
                Some(before) if before != file => drop(changes.insert(path.clone(), 0)),
                Some(_) => {}
            }
        }
        let parent = |path: &str| path.rfind('/').map(|at| path[..at].to_owned()).unwrap_or_default();
        // For a removed tree, only its root is listed.
        let removed = base.0.keys().filter(|path| !self.0.contains_key(*path));
        let removed: Vec<&String> =
            removed.filter(|path| parent(path).is_empty() || self.0.contains_key(&parent(path))).collect();
        changes.extend(removed.into_iter().map(|path| (path.clone(), 2)));
        let parents: Vec<String> = changes.keys().map(|path| parent(path)).collect();
        for parent in parents.into_iter().filter(|parent| !parent.is_empty()) {
            changes.entry(parent).or_insert(0);
        }
        changes
    }
}

/// The prefix of the paths in a directory.
fn prefix(path: &str) -> String {
    if path == "/" { "/".to_owned() } else { format!("{path}/") }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned)
}

/// Normalizes a path: absolute, without empty components, `.` and `..`.
pub(crate) fn clean(path: &str) -> String {
    let mut clean: Vec<String> = Vec::new();
    for part in parts(path) {
        if part == ".." {
            clean.pop();
        } else {
            clean.push(part);
        }
    }
    format!("/{}", clean.join("/"))
}

fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, File)]) -> Files {
        let mut files = Files::default();
        all.iter().for_each(|(path, file)| files.put(path, file.clone()));
        files
    }

    #[test]
    fn tree_round_trips_through_an_archive() {
        let long = format!("/d/{}", "n".repeat(150));
        let tree = files(&[("/d/f", File::regular("hello")), ("/l", File::link("d/f")), (&long, File::regular("x"))]);
        let mut copy = Files::default();
        copy.unpack(&tree.pack("/", ""), "/", false).unwrap();
        assert_eq!(copy, tree);
        let mut part = Files::default();
        part.unpack(&tree.pack("/d", "other"), "/", false).unwrap();
        assert_eq!(part.names("/other").len(), 2);
        assert_eq!(tree.names("/"), ["d", "l"]);
    }

    #[test]
    fn paths_and_links_stay_within_the_tree() {
        let mut tree = files(&[("/l", File::link("/../../etc")), ("/loop", File::link("loop"))]);
        assert_eq!(tree.resolved("/l/passwd", true), "/etc/passwd");
        assert_eq!(tree.resolved("/loop/x", true), "/loop/x");
        assert_eq!(tree.resolved("/../..", true), "/");
        let archive = files(&[("/f", File::regular("x"))]).pack("/", "");
        tree.unpack(&archive, "/a/../b", false).unwrap();
        assert!(tree.get("/b/f").is_some());
        assert_eq!(tree.unpack(b"garbage", "/", false), Err("unexpected EOF".to_owned()));
        tree.unpack(&[], "/", false).unwrap();
    }

    #[test]
    fn changes_include_parent_directories() {
        let base = files(&[("/d/f", File::regular("x")), ("/gone/f", File::regular("x")), ("/etc", File::directory())]);
        let mut now = base.clone();
        now.put("/d/f", File::regular("y"));
        now.put("/etc/new/f", File::regular("z"));
        assert!(now.remove("/gone"));
        let changes: Vec<(String, u8)> = now.changes_since(&base).into_iter().collect();
        let expected = [("/d", 0), ("/d/f", 0), ("/etc", 0), ("/etc/new", 1), ("/etc/new/f", 1), ("/gone", 2)];
        assert_eq!(changes, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert_eq!(now.size(), 2);
    }
}
