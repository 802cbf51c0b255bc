//! Files that a build takes from its context or from another stage.

use std::sync::Arc;

use serde_json::Value;

use super::stages::{Build, Done, Failure};
use crate::{
    simulate::dockerfile::{Instruction, quoted},
    state::{
        files::{Files, Kind, clean},
        ids,
    },
};

impl Build {
    pub(super) fn copy(&mut self, step: &Instruction) -> Done {
        let names = serde_json::from_str::<Vec<String>>(&step.rest).unwrap_or_else(|_| quoted(&step.rest));
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
        let mut taken = Files::default();
        sources.iter().enumerate().for_each(|(at, source)| taken.graft(&format!("/{at}"), &from, source));
        let folder = |path: &String| from.get(path).is_some_and(|file| file.is_directory());
        let kind = match &sources[..] {
            [source] if folder(source) => "dir",
            [_] => "file",
            _ => "multi",
        };
        let hash = ids::of(&taken.contents());
        let created_by = format!("/bin/sh -c #(nop) {} {kind}:{hash} in {target} ", step.word);
        if self.is_cached(&created_by) {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        shared.state.change(|world| {
            let base = self.image.as_ref().and_then(|id| world.images.iter().find(|image| image.id == *id));
            let mut files = base.map(|base| base.image.files.clone()).unwrap_or_default();
            place(&mut files, &from, &sources, &self.absolute(target), step.word == "ADD");
            self.add_image(world, files, &created_by, None);
        });
        self.tell_image();
        Ok(())
    }

    /// The files of another stage, or of an image.
    fn stage(&self, name: &str) -> Result<Files, Failure> {
        let number = name.parse::<usize>().ok().and_then(|number| self.stages.get(number));
        let stage = self.stages.iter().find(|(stage, _)| stage == name).or(number);
        let wanted = stage.map_or(name, |(_, image)| image);
        let files = self.shared.state.look(|world| world.image(wanted).map(|image| image.image.files.clone()));
        files.map_err(|_| Failure {
            message: format!("invalid from flag value {name}: No such image: {name}"),
            code: None,
        })
    }

    /// A path, from where the image works.
    fn absolute(&self, path: &str) -> String {
        let folder = Some(&self.config["WorkingDir"]).and_then(Value::as_str).filter(|_| !path.starts_with('/'));
        folder.map_or_else(|| path.to_owned(), |folder| format!("{folder}/{path}"))
    }
}

fn failure(step: &Instruction, why: &str) -> Failure {
    Failure { message: format!("{} failed: {why}", step.word), code: None }
}

/// Puts sources where they are wanted: into a directory, if the target is one.
fn place(files: &mut Files, from: &Files, sources: &[String], target: &str, unpacks: bool) {
    let resolved = files.resolved(target, true);
    let is_folder = files.get(&resolved).is_some_and(|file| file.is_directory());
    let into = target.ends_with('/') || target.ends_with("/.") || is_folder || sources.len() > 1;
    for source in sources {
        let Some(file) = from.get(source) else { continue };
        let name = source.rsplit_once('/').map_or(&**source, |(_, name)| name);
        match &file.kind {
            // Of a directory, what is in it.
            Kind::Directory => files.graft(&resolved, from, source),
            Kind::Regular(content) if unpacks && content.get(257..262) == Some(b"ustar") => {
                // An archive that is broken is copied as far as it goes.
                drop(files.unpack(content, &resolved, false));
            }
            _ if into => files.graft(&clean(&format!("{resolved}/{name}")), from, source),
            _ => files.graft(&resolved, from, source),
        }
    }
}

/// The paths that fit a pattern, which may hold `*` and `?` within a name.
fn matching(files: &Files, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?']) {
        return files.get(pattern).map(|_| pattern.to_owned()).into_iter().collect();
    }
    let parts: Vec<&[u8]> = pattern.split('/').map(str::as_bytes).collect();
    let fits = |path: &&str| {
        let names: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
        names.len() == parts.len() && names.iter().zip(&parts).all(|(name, part)| fits(name, part))
    };
    files.tree("/").map(|(path, _)| path).filter(fits).map(str::to_owned).collect()
}

fn fits(name: &[u8], pattern: &[u8]) -> bool {
    match (name, pattern) {
        ([], []) => true,
        (_, [b'*', rest @ ..]) => (0..=name.len()).any(|at| fits(&name[at..], rest)),
        ([_, name @ ..], [b'?', rest @ ..]) => fits(name, rest),
        ([first, name @ ..], [wanted, rest @ ..]) => first == wanted && fits(name, rest),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::files::File;

    #[test]
    pub(super) fn patterns_fit_within_a_name() {
        let mut files = Files::default();
        ["/a.txt", "/b.txt", "/d/c.txt"].iter().for_each(|path| files.put(path, File::regular("x")));
        assert_eq!(matching(&files, "/*.txt"), ["/a.txt", "/b.txt"]);
        assert_eq!(matching(&files, "/?/c*"), ["/d/c.txt"]);
        assert_eq!(matching(&files, "/d"), ["/d"]);
        assert!(matching(&files, "/nosuch").is_empty());
    }

    #[test]
    pub(super) fn sources_go_into_directories_and_directories_are_spilled() {
        let (mut from, mut files) = (Files::default(), Files::default());
        from.put("/d/f", File::regular("x"));
        from.put("/g", File::regular("y"));
        place(&mut files, &from, &["/g".to_owned()], "/h", false);
        place(&mut files, &from, &["/g".to_owned()], "/in/", false);
        place(&mut files, &from, &["/d".to_owned()], "/spilled", false);
        let paths: Vec<&str> = files.tree("/").map(|(path, _)| path).collect();
        assert_eq!(paths, ["/h", "/in", "/in/g", "/spilled", "/spilled/f"]);
    }
}
