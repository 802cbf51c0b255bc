//! The key under which BuildKit keeps its copy of a directory.

use std::path::Path;

use hmac_sha256::Hash;

use crate::{environment::Environment, platform, regular_file};

/// Files with an id of the user, in the directory of the Docker CLI's configuration: of buildx, and of the CLI before it.
const NODE_IDS: [&str; 2] = ["buildx/.buildNodeID", ".buildNodeID"];

/// Maximum size of such a file, in bytes.
const MAX_SIZE: u64 = 4096;

/// Returns the key of the directory at this absolute path without links; `None` for files from memory.
///
/// It must not be that of a directory on another machine: BuildKit compares only attributes of files, not their content.
pub(super) fn shared_key(directory: Option<&Path>) -> String {
    key(&Environment::of_process(), directory)
}

fn key(environment: &Environment, directory: Option<&Path>) -> String {
    let home = environment.path(platform::HOME).map_or(b"".as_slice(), |home| platform::os_bytes(home.as_os_str()));
    let directory = directory.map_or(b"".as_slice(), |directory| platform::os_bytes(directory.as_os_str()));
    let mut hash = Hash::new();
    for part in [&*identity(environment), home, directory] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().map(|byte| format!("{byte:02x}")).concat()
}

/// Returns an id of the user or the machine, or nothing if there is none.
fn identity(environment: &Environment) -> Vec<u8> {
    let configuration = environment.config_directory();
    let mut node_ids = configuration.iter().flat_map(|directory| NODE_IDS.map(|name| directory.join(name)));
    let id = node_ids.find_map(|path| regular_file::read(&path, MAX_SIZE).ok().filter(|id| !id.is_empty()));
    id.unwrap_or_else(platform::machine_id)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn shared_key_depends_on_user_and_directory() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let environment = Environment::from([(platform::HOME, home.to_str().unwrap())]);
        let key = |directory: &str| key(&environment, Some(Path::new(directory)));
        let before = key("/site");
        assert_eq!(before.len(), 64);
        assert!(before.bytes().all(|byte| byte.is_ascii_hexdigit()), "{before}");
        assert_eq!(before, key("/site"));
        assert_ne!(before, key("/other"));

        let id = home.join(".docker/buildx");
        fs::create_dir_all(&id).unwrap();
        fs::write(id.join(".buildNodeID"), "fdc5cb0a05a83334").unwrap();
        let after = key("/site");
        assert_ne!(before, after);
        fs::write(home.join(".docker/.buildNodeID"), "an older id").unwrap();
        assert_eq!(after, key("/site"), "the id of buildx takes precedence");
    }

    #[test]
    fn shared_key_parts_are_separate() {
        let key = |home, directory: &str| key(&Environment::from([(platform::HOME, home)]), Some(Path::new(directory)));
        assert_ne!(key("/none/a", "/b"), key("/none/a/b", ""));
    }
}
