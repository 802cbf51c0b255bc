//! Build contexts in untrusted directories: no content from outside of them is in an image or an error message.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
};

use dockerclient::images::Context;
use tempfile::TempDir;

use crate::{
    command_line::{self, BUILD},
    engine::Engine,
};

/// Directories with symlinks to a secret file or to the environment of this process.
fn hostile_trees(secret: &Path) -> Vec<TempDir> {
    let print = "FROM busybox\nCOPY .dockerignore /x\nRUN tr '\\000' '\\n' < /x | grep hun[t]er2\n";
    let new = |change: &dyn Fn(&Path)| {
        let directory = TempDir::new().unwrap();
        change(directory.path());
        directory
    };
    vec![
        new(&|root| {
            fs::write(root.join(OsStr::from_bytes(b"D\xff")), print).unwrap();
            symlink(OsStr::from_bytes(b"D\xff"), root.join("Dockerfile")).unwrap();
            symlink("/proc/self/environ", root.join(".dockerignore")).unwrap();
        }),
        new(&|root| {
            fs::write(root.join("Dockerfile"), print).unwrap();
            symlink(secret, root.join(".dockerignore")).unwrap();
        }),
        new(&|root| {
            fs::write(root.join("Dockerfile"), print).unwrap();
            symlink(secret, root.join("Dockerfile.dockerignore")).unwrap();
        }),
        // Podman reads `.containerignore`.
        new(&|root| {
            fs::write(root.join("Dockerfile"), print.replace(".dockerignore", ".containerignore")).unwrap();
            symlink(secret, root.join(".containerignore")).unwrap();
        }),
        new(&|root| {
            let print = print.replace(".dockerignore", "Dockerfile.containerignore");
            fs::write(root.join("Dockerfile"), print).unwrap();
            symlink(secret, root.join("Dockerfile.containerignore")).unwrap();
        }),
        new(&|root| symlink(secret, root.join("Dockerfile")).unwrap()),
        new(&|root| {
            fs::write(root.join("Dockerfile"), "FROM busybox\nCOPY link /x\nRUN cat /x\n").unwrap();
            symlink(secret, root.join("link")).unwrap();
        }),
        new(&|root| {
            fs::write(root.join("Dockerfile"), "FROM busybox\nCOPY . /x\nRUN cat /x/directory/secret\n").unwrap();
            symlink(secret.parent().unwrap(), root.join("directory")).unwrap();
        }),
    ]
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn secrets_outside_the_context_are_not_in_images_or_errors() {
    let engine = Engine::under_test().await;
    let outside = TempDir::new().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "hunter2secret").unwrap();
    fs::write(outside.path().join("Dockerfile"), "FROM busybox\nCOPY . /x\nRUN grep -r hun[t]er2 /x\n").unwrap();
    for tree in hostile_trees(&secret) {
        let context = || Context::directory(tree.path());
        for context in [context(), context().dockerfile(outside.path().join("Dockerfile"))] {
            let (mut printed, mut errors) = (String::new(), String::new());
            match engine.images().build(context).no_cache(true).force_rm(true).progress().await {
                Ok(mut progress) => loop {
                    match progress.try_next().await {
                        Ok(Some(item)) => printed += &format!("{item:?}"),
                        Ok(None) => break,
                        Err(error) => break errors = format!("{error} {error:?}"),
                    }
                },
                Err(error) => errors = format!("{error} {error:?}"),
            }
            engine.remove_steps_later(&printed);
            assert!(!printed.contains("hunter2") && !errors.contains("hunter2"), "{printed} {errors}");
            assert_ne!(errors, "", "{printed}");
        }
    }
}

/// The environment of the Docker CLI also contains the secret.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn secrets_outside_the_context_are_not_printed_by_docker_cli() {
    let engine = Engine::under_test().await;
    let outside = TempDir::new().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "hunter2secret").unwrap();
    for tree in hostile_trees(&secret) {
        let theirs = command_line::run(&engine.real_address(), tree.path(), &BUILD).await;
        let printed = theirs.unwrap_err();
        engine.remove_steps_later(&printed);
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
