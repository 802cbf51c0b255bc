//! Writing of a build context as a tar archive.

use std::path::Path;

use super::{ignore::Inclusion, plan::Plan};
use crate::{
    Error, Result,
    platform::path_bytes,
    stream::{Kind, Owner, Packer, RootDir, Walk, WalkEntry, Writer},
};

/// Writes the archive of `plan`.
pub(super) fn pack(mut plan: Plan, writer: &mut Writer) -> Result<()> {
    let mut archive = Packer::new(writer, Owner::Root);
    if let Some(mut root) = plan.directory.take() {
        pack_directory(&mut archive, &mut root, &plan)?;
    }
    for (path, content) in &plan.files {
        if let Some(content) = content {
            archive.bytes(path, content)?;
        }
    }
    archive.finish().map_err(|error| Error::read_failed(Path::new("the context"), error))
}

/// A parent directory of an entry.
struct Parent {
    found: WalkEntry,
    is_sent: bool,
}

fn pack_directory(archive: &mut Packer<'_>, root: &mut RootDir, plan: &Plan) -> Result<()> {
    let mut parents: Vec<Parent> = Vec::new();
    let mut walk = Walk::default();
    walk.enter(root, Path::new(""))?;
    while let Some(found) = walk.next() {
        // While all entries are excluded, no write fails.
        archive.check_reader()?;
        parents.truncate(walk.depth());
        let path = path_bytes(&found.path);
        let inclusion = if plan.replaces(&found) { Inclusion::Excluded } else { plan.ignore.inclusion(&path) };
        if inclusion == Inclusion::Included {
            // An excluded directory is sent if an entry below it is included.
            for parent in parents.iter_mut().filter(|parent| !parent.is_sent) {
                archive.entry(root, &parent.found, &path_bytes(&parent.found.path))?;
                parent.is_sent = true;
            }
            archive.entry(root, &found, &path)?;
        }
        if found.kind == Kind::Directory && inclusion != Inclusion::Excluded {
            walk.enter(root, &found.path)?;
            parents.push(Parent { found, is_sent: inclusion == Inclusion::Included });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{
        super::{Context, plan::plan},
        *,
    };
    use crate::{ApiVersion, stream};

    /// Without the explicit check, the thread would traverse the whole directory, because no write fails.
    #[tokio::test]
    async fn packing_stops_when_dropped_even_if_all_files_are_excluded() {
        let directory = tempfile::TempDir::new().unwrap();
        for name in ["Dockerfile", "a", "b"] {
            fs::write(directory.path().join(name), "").unwrap();
        }
        fs::write(directory.path().join(".dockerignore"), "*").unwrap();
        let plan = plan(Context::directory(directory.path()), None, ApiVersion::new(1, 41)).unwrap();
        let (begin, begun) = std::sync::mpsc::channel::<()>();
        let (done, outcome) = tokio::sync::oneshot::channel();
        let stream = stream::write_stream(move |writer| {
            let _ = begun.recv();
            let _ = done.send(pack(plan, writer));
            Ok(())
        });
        drop(stream);
        begin.send(()).unwrap();
        assert!(outcome.await.unwrap().is_err());
    }
}
