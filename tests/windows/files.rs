//! Local directories: copied into containers and out of them, and as contexts of builds.

use std::{collections::BTreeMap, fs, path::Path};

use dockerclient::images::{BuildImage, Context};
use tempfile::TempDir;

use crate::engine::{connect, running};

/// Paths and contents of files.
const FILES: [(&str, &str); 3] = [("index.html", "index"), ("ünïcode.txt", "text"), (r"sub\deep\page.html", "page")];

/// Creates a directory with the files in `site`.
fn site() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in FILES {
        let file = folder.path().join("site").join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    folder
}

/// Returns the contents of all files in a directory, by their relative paths.
fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn directory_is_copied_in_and_out() {
    let docker = connect();
    let container = running(&docker).await;
    let (local, copy) = (site(), tempfile::tempdir().unwrap());
    container.copy_in_from(local.path().join("site"), "/tmp").await.unwrap();
    let command = "cd /tmp/site; find . -type f | sort; stat -c %a sub index.html";
    let listing = container.command("sh").args(["-c", command]).output().await.unwrap();
    assert_eq!(listing.stdout_text(), "./index.html\n./sub/deep/page.html\n./ünïcode.txt\n755\n755\n");
    container.copy_out_to("/tmp/site", copy.path()).await.unwrap();
    let expected = FILES.map(|(path, content)| (path.to_owned(), content.to_owned()));
    assert_eq!(contents(&copy.path().join("site")), expected.into());
    container.remove().force(true).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn file_name_that_windows_cannot_have_is_an_error() {
    let docker = connect();
    let container = running(&docker).await;
    container.command("mkdir").args(["/tmp/a", "/tmp/a/b:c"]).output().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    let error = container.copy_out_to("/tmp/a", copy.path()).await.unwrap_err();
    assert!(error.to_string().contains("b:c"), "{error}");
    container.remove().force(true).await.unwrap();
}

/// Builds an image with the files of the site, and checks them.
async fn check_build(dockerfile: &str, change: impl FnOnce(BuildImage) -> BuildImage) {
    let docker = connect();
    let local = site();
    fs::write(local.path().join("Dockerfile"), dockerfile).unwrap();
    fs::write(local.path().join(".dockerignore"), "site\\ünïcode.txt\r\n").unwrap();
    let image = change(docker.images().build(Context::directory(local.path()))).await.unwrap();
    let command = "cd /site; find . -type f | sort; cat sub/deep/page.html; stat -c %a index.html";
    let output = docker.run(image.name()).args(["sh", "-c", command]).output().await.unwrap();
    assert_eq!(output.stdout_text(), "./index.html\n./sub/deep/page.html\npage755\n");
    image.remove().force(true).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn image_is_built_from_a_directory() {
    check_build("FROM busybox\r\nCOPY site /site\r\nRUN true classic\r\n", |build| build).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn image_is_built_from_a_directory_with_buildkit() {
    check_build("FROM busybox\r\nCOPY site /site\r\nRUN true buildkit\r\n", |build| build.build_kit(true)).await;
}
