//! Secrets that are mounted during a `RUN` instruction.

use super::{
    builder::Builder,
    run::Running,
    stages::{Build, Failure},
};
use crate::state::files::{File, Files, clean};

/// A flag `--mount=type=secret` of a `RUN` instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::simulate) struct SecretMount {
    pub(in crate::simulate) id: String,
    pub(in crate::simulate) path: String,
    /// Whether the command fails if there is no such secret.
    pub(in crate::simulate) required: bool,
}

impl SecretMount {
    /// Parses a flag without its leading dashes; `None` if it is another flag, or has options that are not simulated.
    pub(in crate::simulate) fn parse(flag: &str) -> Option<Self> {
        let options = flag.strip_prefix("mount=")?;
        let (mut is_secret, mut id, mut target, mut required) = (false, String::new(), String::new(), false);
        for option in options.split(',') {
            match option.split_once('=').unwrap_or((option, "true")) {
                ("type", "secret") => is_secret = true,
                ("id" | "source" | "src", value) => value.clone_into(&mut id),
                ("target" | "dst" | "destination", value) => value.clone_into(&mut target),
                ("required", value) => required = value.parse().ok()?,
                ("mode" | "uid" | "gid", _) => {}
                _ => return None,
            }
        }
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        if id.is_empty() {
            id = base(&target);
        }
        if target.is_empty() {
            target = format!("/run/secrets/{}", base(&id));
        }
        (is_secret && !id.is_empty()).then(|| Self { id, path: clean(&target), required })
    }
}

/// The files that secrets replace during a command; `None` for paths that did not exist.
pub(super) type Replaced = Vec<(String, Option<File>)>;

impl<B: Builder> Build<B> {
    /// Puts the secrets of a command into its container, and returns the replaced files.
    pub(super) async fn mount_secrets(&mut self, running: &Running) -> Result<Replaced, Failure> {
        let mut replaced = Vec::new();
        for mount in &running.secrets {
            let Some(content) = self.builder.secret(mount).await? else { continue };
            let put = |files: &mut Files| replace(files, &mount.path, File::regular(content));
            replaced.extend(self.server.state.update(|state| state.change_files(&running.container, put))?);
        }
        Ok(replaced)
    }

    /// Removes the secrets of a command from its container.
    pub(super) fn unmount_secrets(&self, running: &Running, replaced: Replaced) {
        if replaced.is_empty() {
            return;
        }
        let undo = |files: &mut Files| restore(files, replaced);
        // Fails only if the container was removed.
        let _ = self.server.state.update(|state| state.change_files(&running.container, undo));
    }
}

/// Puts a file at `path`, and returns what it and its parent directories replace.
fn replace(files: &mut Files, path: &str, file: File) -> Replaced {
    let parents = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|parent| !parent.is_empty());
    let missing = parents.filter(|parent| files.get(parent).is_none()).map(|parent| (parent.to_owned(), None));
    let mut replaced: Replaced = missing.collect();
    replaced.push((path.to_owned(), files.get(path)));
    files.put(path, file);
    replaced
}

/// Undoes [`replace`]. Directories that are no longer empty are kept.
fn restore(files: &mut Files, replaced: Replaced) {
    for (path, before) in replaced.into_iter().rev() {
        match before {
            Some(file) => files.put(&path, file),
            None if files.get(&path).is_some_and(|file| file.is_directory()) && !files.names(&path).is_empty() => {}
            None => {
                files.remove(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_mount_has_defaults() {
        let parsed = |flag: &str| SecretMount::parse(flag).map(|mount| (mount.id, mount.path, mount.required));
        let found = |id: &str, path: &str, required| Some((id.to_owned(), path.to_owned(), required));
        assert_eq!(parsed("mount=type=secret,id=token"), found("token", "/run/secrets/token", false));
        assert_eq!(parsed("mount=type=secret,target=/etc/key,required"), found("key", "/etc/key", true));
        assert_eq!(parsed("mount=type=secret,src=a/b,dst=c,required=false"), found("a/b", "/c", false));
        for other in ["mount=type=cache,target=/c", "mount=type=secret", "mount=type=secret,id=a,env=B", "network=x"] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn mounted_secret_leaves_no_files() {
        let mut files = Files::default();
        files.put("/etc/key", File::regular("old"));
        let before = files.clone();
        let mut replaced = replace(&mut files, "/run/secrets/token", File::regular("hunter2"));
        replaced.extend(replace(&mut files, "/etc/key", File::regular("new")));
        assert_eq!(files.names("/run/secrets"), ["token"]);
        files.put("/run/pid", File::regular("1"));
        restore(&mut files, replaced);
        assert_eq!(files.names("/run"), ["pid"]);
        files.remove("/run");
        assert_eq!(files, before);
    }
}
