//! A tree of files, as a container, an image or a volume has it.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use bytes::Bytes;
use tar::{Archive, Builder, EntryType, Header};

/// Paths are absolute, without a slash at the end; the root itself is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<String, File>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    owner: (u64, u64),
    /// In seconds since 1970.
    pub(crate) modified: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Regular(Bytes),
    /// A symbolic link, and where it leads.
    Link(String),
}

/// How often a path may lead on by links.
const LINKS: usize = 40;

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

    fn header(&self) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(match self.kind {
            Kind::Directory => EntryType::Directory,
            Kind::Regular(_) => EntryType::Regular,
            Kind::Link(_) => EntryType::Symlink,
        });
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.modified);
        header.set_size(self.size());
        header
    }
}

impl Files {
    /// The file at `path`, if there is one. The root is a directory.
    pub(crate) fn get(&self, path: &str) -> Option<File> {
        if path == "/" { Some(File::directory()) } else { self.0.get(path).cloned() }
    }

    /// Puts a file at `path`, with the directories that lead there.
    pub(crate) fn put(&mut self, path: &str, file: File) {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|parent| !parent.is_empty());
        for parent in parents {
            if !self.0.get(parent).is_some_and(File::is_directory) {
                self.0.insert(parent.to_owned(), File::directory());
            }
        }
        match self.0.get_mut(path) {
            _ if path == "/" => {}
            // What is in a directory stays there.
            Some(known) if known.is_directory() && file.is_directory() => *known = file,
            _ => {
                self.remove(path);
                self.0.insert(path.to_owned(), file);
            }
        }
    }

    /// Removes what is at `path`, with all that is in it.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        let inside = below(path);
        self.0.retain(|known, _| !known.starts_with(&inside));
        self.0.remove(path).is_some()
    }

    /// Removes all that is in the directory `path`.
    pub(crate) fn empty(&mut self, path: &str) {
        let inside = below(path);
        self.0.retain(|known, _| !known.starts_with(&inside));
    }

    /// All that is at `path` and in it, by paths that begin behind it.
    pub(crate) fn tree(&self, path: &str) -> impl Iterator<Item = (&str, &File)> {
        let inside = below(path);
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

    /// Puts a whole tree at `path`.
    pub(crate) fn graft(&mut self, path: &str, tree: &Self, from: &str) {
        for (rest, file) in tree.tree(from) {
            self.put(&clean(&format!("{path}/{rest}")), file.clone());
        }
    }

    /// Where `path` leads, by the links on the way; and by a link at its end, if `follow` says so.
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
                Some(Kind::Link(target)) if (follow || !rest.is_empty()) && links < LINKS => {
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

    /// All paths and contents, to tell trees apart.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let content = |file: &File| match &file.kind {
            Kind::Directory => b"/".to_vec(),
            Kind::Regular(content) => content.to_vec(),
            Kind::Link(target) => target.clone().into_bytes(),
        };
        self.0.iter().flat_map(|(path, file)| [path.as_bytes(), &content(file)].concat()).collect()
    }

    /// How many bytes are in all files.
    pub(crate) fn size(&self) -> u64 {
        self.0.values().map(File::size).sum()
    }

    /// What is other than in `base`: 0 changed, 1 added, 2 deleted. A directory changes with what is in it.
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
        // Of what is gone, only the topmost is told.
        let gone = base.0.keys().filter(|path| !self.0.contains_key(*path));
        let gone: Vec<&String> =
            gone.filter(|path| parent(path).is_empty() || self.0.contains_key(&parent(path))).collect();
        changes.extend(gone.into_iter().map(|path| (path.clone(), 2)));
        let parents: Vec<String> = changes.keys().map(|path| parent(path)).collect();
        for parent in parents.into_iter().filter(|parent| !parent.is_empty()) {
            changes.entry(parent).or_insert(0);
        }
        changes
    }

    /// An archive of what is at `path`, which is called `name` there; without a name only of what is in it.
    pub(crate) fn pack(&self, path: &str, name: &str) -> Bytes {
        let mut archive = Builder::new(Vec::new());
        if path == "/" && !name.is_empty() {
            add(&mut archive, name, &File::directory());
        }
        for (rest, file) in self.tree(path) {
            let rest = if name.is_empty() { rest.trim_start_matches('/') } else { rest };
            let name = format!("{}{rest}", name.trim_end_matches('/'));
            if !name.is_empty() {
                add(&mut archive, &name, file);
            }
        }
        // Writing to memory does not fail.
        archive.into_inner().unwrap_or_default().into()
    }

    /// Takes an archive apart, into the directory `at`.
    pub(crate) fn unpack(&mut self, archive: &[u8], at: &str, directories_stay: bool) -> Result<(), String> {
        let broken = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
            _ => "archive/tar: invalid tar header".to_owned(),
        };
        // What is shorter than a header is cut off.
        if !archive.is_empty() && archive.len() < 512 {
            return Err("unexpected EOF".to_owned());
        }
        for entry in Archive::new(archive).entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let path = self.resolved(&clean(&format!("{at}/{}", clean(&format!("/{name}")))), false);
            let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
            let kind = match (entry.header().entry_type(), target) {
                (EntryType::Directory, _) => Kind::Directory,
                (EntryType::Symlink, Some(target)) => Kind::Link(target),
                (EntryType::Link, Some(target)) => {
                    let other = self.resolved(&clean(&format!("{at}/{target}")), false);
                    self.get(&other).map_or(Kind::Regular(Bytes::new()), |file| file.kind)
                }
                _ => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content).map_err(broken)?;
                    Kind::Regular(content.into())
                }
            };
            let is = self.get(&path).map(|file| file.is_directory());
            if let (Some(is), true) = (is, directories_stay)
                && is != (kind == Kind::Directory)
            {
                let (old, new) = if is { ("directory", "non-directory") } else { ("non-directory", "directory") };
                return Err(format!("cannot overwrite {old} {path:?} with {new} {at:?}"));
            }
            let header = entry.header();
            let owner = (header.uid().unwrap_or(0), header.gid().unwrap_or(0));
            let mode = if matches!(kind, Kind::Link(_)) { 0o777 } else { header.mode().unwrap_or(0o644) & 0o7777 };
            let modified = header.mtime().unwrap_or(0);
            self.put(&path, File { kind, mode, owner, modified });
        }
        Ok(())
    }
}

fn add(archive: &mut Builder<Vec<u8>>, name: &str, file: &File) {
    let mut header = file.header();
    let name = if file.is_directory() { format!("{}/", name.trim_end_matches('/')) } else { name.to_owned() };
    let content = match &file.kind {
        Kind::Regular(content) => &content[..],
        Kind::Directory | Kind::Link(_) => &[],
    };
    if let Kind::Link(target) = &file.kind {
        // A target that is too long for a header is cut off.
        let _ = header.set_link_name_literal(target);
    }
    // Names as engines write them are none that the crate lets pass.
    let short = header.as_old_mut().name.get_mut(..name.len()).map(|place| place.copy_from_slice(name.as_bytes()));
    header.set_cksum();
    let added = match short {
        Some(()) => archive.append(&header, content),
        None => archive.append_data(&mut header, name.trim_start_matches('/'), content),
    };
    debug_assert!(added.is_ok(), "{name}: {added:?}");
}

/// What the paths in a directory begin with.
fn below(path: &str) -> String {
    if path == "/" { "/".to_owned() } else { format!("{path}/") }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned)
}

/// The path without what leads nowhere.
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
    fn a_tree_comes_out_of_an_archive_as_it_went_in() {
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
    fn nothing_leaves_the_tree() {
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
    fn changes_are_told_with_the_directories_they_are_in() {
        let base = files(&[("/d/f", File::regular("x")), ("/gone/f", File::regular("x")), ("/etc", File::directory())]);
        let mut now = base.clone();
        now.put("/d/f", File::regular("y"));
        now.put("/etc/new/f", File::regular("z"));
        assert!(now.remove("/gone"));
        let changes: Vec<(String, u8)> = now.changes_since(&base).into_iter().collect();
        let told = [("/d", 0), ("/d/f", 0), ("/etc", 0), ("/etc/new", 1), ("/etc/new/f", 1), ("/gone", 2)];
        assert_eq!(changes, told.map(|(path, kind)| (path.to_owned(), kind)));
        assert_eq!(now.size(), 2);
    }
}
