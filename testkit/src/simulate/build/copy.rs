//! `COPY` and `ADD` instructions.

use std::sync::Arc;

use serde_json::Value;

use super::{
    builder::Builder,
    stages::{Build, Failure, StepResult},
};
use crate::{
    simulate::dockerfile::{Instruction, split_words},
    state::{
        files::{Files, Kind, clean},
        ids,
    },
};

impl<B: Builder> Build<B> {
    pub(super) fn copy(&mut self, step: &Instruction) -> StepResult {
        let names = serde_json::from_str::<Vec<String>>(&step.rest).unwrap_or_else(|_| split_words(&step.rest));
        let Some((target, names)) = names.split_last().filter(|(_, names)| !names.is_empty()) else {
            return Err(failure(step, "no source files were specified"));
        };
        let stage = step.flags.iter().find_map(|flag| flag.strip_prefix("from="));
        let from = match stage {
            Some(stage) => self.stage(stage)?,
            None => self.context.clone(),
        };
        let mut sources = Vec::new();
        for name in names {
            let found = matching(&from, &clean(name));
            match (found.is_empty(), stage) {
                (true, _) if name.contains(['*', '?']) => return Err(failure(step, "no source files were specified")),
                (true, Some(_)) => return Err(failure(step, &format!("stat {name}: file does not exist"))),
                (true, None) => {
                    let why = format!(
                        "file not found in build context or excluded by .dockerignore: stat {name}: file does not exist"
                    );
                    return Err(failure(step, &why));
                }
                (false, _) => sources.extend(found),
            }
        }
        let mut copied = Files::default();
        sources.iter().enumerate().for_each(|(at, source)| copied.copy_tree(&format!("/{at}"), &from, source));
        let folder = |path: &String| from.get(path).is_some_and(|file| file.is_directory());
        let kind = match &sources[..] {
            [source] if folder(source) => "dir",
            [_] => "file",
            _ => "multi",
        };
        let hash = ids::of(&copied.contents());
        let created_by = format!("/bin/sh -c #(nop) {} {kind}:{hash} in {target} ", step.keyword);
        if self.use_cached(&created_by) {
            return Ok(());
        }
        let server = Arc::clone(&self.server);
        server.state.update(|state| {
            let base = self.image.as_ref().and_then(|id| state.images.iter().find(|image| image.id == *id));
            let mut files = base.map(|base| base.image.files.clone()).unwrap_or_default();
            copy_to(&mut files, &from, &sources, &self.absolute(target), step.keyword == "ADD");
            self.add_image(state, files, &created_by, None);
        });
        self.print_image_id();
        Ok(())
    }

    /// The files of another stage or an image.
    fn stage(&self, name: &str) -> Result<Files, Failure> {
        let number = name.parse::<usize>().ok().and_then(|number| self.stages.get(number));
        let stage = self.stages.iter().find(|(stage, _)| stage == name).or(number);
        let image = stage.map_or(name, |(_, image)| image);
        let files = self.server.state.read(|state| state.image(image).map(|image| image.image.files.clone()));
        files.map_err(|_| Failure::Other(format!("invalid from flag value {name}: No such image: {name}")))
    }

    /// An absolute path; relative ones start at the working directory.
    fn absolute(&self, path: &str) -> String {
        let folder = Some(&self.config["WorkingDir"]).and_then(Value::as_str).filter(|_| !path.starts_with('/'));
        folder.map_or_else(|| path.to_owned(), |folder| format!("{folder}/{path}"))
    }
}

fn failure(step: &Instruction, why: &str) -> Failure {
    Failure::Other(format!("{} failed: {why}", step.keyword))
}

/// Copies sources to the target; into it if it is a directory.
fn copy_to(files: &mut Files, from: &Files, sources: &[String], target: &str, unpacks: bool) {
    let resolved = files.resolved(target, true);
    let exists = files.get(&resolved).is_some_and(|file| file.is_directory());
    let is_directory = target.ends_with('/') || target.ends_with("/.") || exists || sources.len() > 1;
    for source in sources {
        let Some(file) = from.get(source) else { continue };
        let name = source.rsplit_once('/').map_or(&**source, |(_, name)| name);
        match &file.kind {
            // Only the contents of a directory are copied.
            Kind::Directory => files.copy_tree(&resolved, from, source),
            Kind::Regular(content) if unpacks && content.get(257..262) == Some(b"ustar") => {
                // An invalid archive is unpacked up to the error.
                drop(files.unpack(content, &resolved, false));
            }
            _ if is_directory => files.copy_tree(&clean(&format!("{resolved}/{name}")), from, source),
            _ => files.copy_tree(&resolved, from, source),
        }
    }
}

/// The paths that match a pattern, in which `*` and `?` match within a name.
fn matching(files: &Files, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?']) {
        return files.get(pattern).map(|_| pattern.to_owned()).into_iter().collect();
    }
    let parts: Vec<&[u8]> = pattern.split('/').map(str::as_bytes).collect();
    let matches = |path: &&str| {
        let names: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
        names.len() == parts.len() && names.iter().zip(&parts).all(|(name, part)| matches(name, part))
    };
    files.tree("/").map(|(path, _)| path).filter(matches).map(str::to_owned).collect()
}

/// Whether the whole name matches. Backtracks only to the last `*`, so the time is at most quadratic.
fn matches(mut name: &[u8], mut pattern: &[u8]) -> bool {
    // The name and the pattern at the last `*`.
    let mut backtrack: Option<(&[u8], &[u8])> = None;
    loop {
        match (name, pattern) {
            (_, [b'*', rest @ ..]) => {
                pattern = rest;
                backtrack = Some((name, rest));
            }
            ([first, after @ ..], [expected, rest @ ..]) if *expected == b'?' || first == expected => {
                (name, pattern) = (after, rest);
            }
            ([], []) => return true,
            _ => {
                let Some(([_, after @ ..], rest)) = backtrack else { return false };
                (name, pattern) = (after, rest);
                backtrack = Some((after, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::files::File;

    #[test]
    fn patterns_match_within_a_name() {
        let mut files = Files::default();
        ["/a.txt", "/b.txt", "/d/c.txt"].iter().for_each(|path| files.put(path, File::regular("x")));
        assert_eq!(matching(&files, "/*.txt"), ["/a.txt", "/b.txt"]);
        assert_eq!(matching(&files, "/?/c*"), ["/d/c.txt"]);
        assert_eq!(matching(&files, "/d"), ["/d"]);
        assert!(matching(&files, "/nosuch").is_empty());
    }

    #[test]
    fn patterns_with_many_stars_take_bounded_time() {
        let pattern = "*a".repeat(30) + "*b";
        assert!(!matches("a".repeat(200).as_bytes(), pattern.as_bytes()));
        assert!(matches(("a".repeat(200) + "b").as_bytes(), pattern.as_bytes()));
        assert!(matches(b"", b"*") && matches(b"ab", b"**?") && !matches(b"ab", b"a") && !matches(b"a", b"ab*"));
    }

    #[test]
    fn copy_into_directories_and_of_directory_contents() {
        let (mut from, mut files) = (Files::default(), Files::default());
        from.put("/d/f", File::regular("x"));
        from.put("/g", File::regular("y"));
        copy_to(&mut files, &from, &["/g".to_owned()], "/h", false);
        copy_to(&mut files, &from, &["/g".to_owned()], "/in/", false);
        copy_to(&mut files, &from, &["/d".to_owned()], "/spilled", false);
        let paths: Vec<&str> = files.tree("/").map(|(path, _)| path).collect();
        assert_eq!(paths, ["/h", "/in", "/in/g", "/spilled", "/spilled/f"]);
    }
}
