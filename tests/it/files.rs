//! Files of this machine on their way into containers.

use std::{fs, os::unix::fs::symlink, path::Path};

use dockerclient::Result;
use dockerclient_testkit::{Engine, Reply};
use tempfile::TempDir;

/// A directory `site` with something in it.
fn site() -> TempDir {
    let directory = TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    fs::create_dir_all(at("site/css")).unwrap();
    fs::write(at("site/css/all.css"), "p {}").unwrap();
    fs::write(at("site/index.html"), "hello").unwrap();
    symlink("index.html", at("site/start")).unwrap();
    directory
}

/// The names and owners of what is sent for `local`.
async fn sent(local: &Path) -> Result<Vec<String>> {
    let engine = Engine::answering(|_| Reply::empty(200));
    let outcome = engine.client("1.20").container("web").copy_in_from(local, "/srv").await;
    let requests = engine.requests();
    if let Err(error) = outcome {
        assert!(requests.is_empty(), "{error}, although something was sent");
        return Err(error);
    }
    assert_eq!(requests[0].line, "PUT /v1.20/containers/web/archive?path=%2Fsrv");
    let mut archive = tar::Archive::new(&*requests[0].bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        assert_eq!((entry.header().uid().unwrap(), entry.header().gid().unwrap()), (0, 0));
        String::from_utf8(entry.path_bytes().into_owned()).unwrap()
    });
    Ok(entries.collect())
}

#[tokio::test]
async fn a_directory_is_sent_under_its_name_or_without() {
    let directory = site();
    let whole = ["site/", "site/css/", "site/css/all.css", "site/index.html", "site/start"];
    assert_eq!(sent(&directory.path().join("site")).await.unwrap(), whole);
    assert_eq!(sent(&directory.path().join("site/")).await.unwrap(), whole);
    assert_eq!(sent(&directory.path().join("site/css/..")).await.unwrap(), whole);
    let inside = ["css/", "css/all.css", "index.html", "start"];
    assert_eq!(sent(&directory.path().join("site/.")).await.unwrap(), inside);
    assert_eq!(sent(&directory.path().join("site/index.html")).await.unwrap(), ["index.html"]);
    assert_eq!(sent(&directory.path().join("site/start")).await.unwrap(), ["start"], "links are links");
}

#[tokio::test]
async fn what_is_not_there_is_an_error_before_anything_is_sent() {
    let directory = site();
    for (path, said) in [("ghost", "ghost cannot be read"), ("site/index.html/.", "is no directory")] {
        let error = sent(&directory.path().join(path)).await.unwrap_err();
        assert!(error.is_bad_request() && error.to_string().ends_with(said), "{error}");
        assert_eq!(error.operation(), Some("container_archive_put"));
    }
}

#[tokio::test]
async fn old_engines_take_no_files() {
    let directory = site();
    let engine = Engine::answering(|_| Reply::empty(200));
    let error = engine.client("1.19").container("web").copy_in_from(directory.path(), "/srv").await.unwrap_err();
    assert_eq!(error.to_string(), "container archive put: needs API 1.20, but 1.19 is spoken");
    assert_eq!(engine.lines(), "");
}
