//! What a plan says becomes a tar archive.

use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::{ignore::Verdict, plan::Plan};
use crate::{
    Error, Result,
    stream::{Packer, Writer, path_inside},
};

/// Writes what `plan` says.
pub(super) fn pack(plan: &Plan, writer: &mut Writer) -> Result<()> {
    let mut archive = Packer::new(writer);
    if let Some(directory) = &plan.directory {
        pack_directory(&mut archive, directory, plan)?;
    }
    for (path, content) in &plan.files {
        if let Some(content) = content {
            archive.bytes(path, content)?;
        }
    }
    archive.finish().map_err(|error| Error::unread(Path::new("the context"), error))
}

/// A directory on the way to an entry.
struct Parent {
    entry: DirEntry,
    path: Vec<u8>,
    is_sent: bool,
}

fn pack_directory(archive: &mut Packer<'_>, directory: &Path, plan: &Plan) -> Result<()> {
    let mut parents: Vec<Parent> = Vec::new();
    let mut walk = WalkDir::new(directory).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(directory).to_owned();
            Error::unread(&path, error.into())
        })?;
        parents.truncate(entry.depth() - 1);
        let is_directory = entry.file_type().is_dir();
        let path = path_inside(directory, entry.path());
        let verdict = match std::str::from_utf8(&path) {
            Ok(path) if plan.files.contains_key(path) => Verdict::LeftOut,
            _ => plan.ignore.verdict(&path),
        };
        if verdict == Verdict::Sent {
            // A directory that was left out is needed after all, for what lies in it.
            for parent in parents.iter_mut().filter(|parent| !parent.is_sent) {
                archive.entry(&parent.entry, &parent.path)?;
                parent.is_sent = true;
            }
            archive.entry(&entry, &path)?;
        }
        if is_directory && verdict == Verdict::LeftOut {
            walk.skip_current_dir();
        } else if is_directory {
            parents.push(Parent { entry, path, is_sent: verdict == Verdict::Sent });
        }
    }
    Ok(())
}
