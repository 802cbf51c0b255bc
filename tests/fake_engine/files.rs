//! Local files that are copied into containers (`copy_in_from`).

use std::{fs, path::Path};

use dockerclient::{Result, containers::CopyInFrom};
use dockerclient_testkit::{FakeEngine, Response};
use tempfile::TempDir;

use crate::local_files::symlink;

/// A temporary directory that contains `site`, with a file and a directory.
pub(crate) fn site() -> TempDir {
    let directory = TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    fs::create_dir_all(at("site/css")).unwrap();
    fs::write(at("site/css/all.css"), "p {}").unwrap();
    fs::write(at("site/index.html"), "hello").unwrap();
    directory
}

/// The names of the entries that are sent for `local`, all of which are owned by root.
pub(crate) async fn sent(local: &Path) -> Result<Vec<String>> {
    let sent = sent_with(local, |copy| copy).await?;
    Ok(sent.into_iter().map(|entry| entry.strip_suffix(" 0:0").unwrap().to_owned()).collect())
}

/// The names and owners of the entries that are sent for `local`.
pub(crate) async fn sent_with(local: &Path, options: impl FnOnce(CopyInFrom) -> CopyInFrom) -> Result<Vec<String>> {
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    let outcome = options(engine.client("1.20").container("web").copy_in_from(local, "/srv")).await;
    let requests = engine.requests();
    if let Err(error) = outcome {
        assert!(requests.is_empty(), "{error}, although something was sent");
        return Err(error);
    }
    assert_eq!(requests[0].line, "PUT /v1.20/containers/web/archive?path=%2Fsrv");
    let mut archive = tar::Archive::new(&*requests[0].bytes);
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let (user, group) = (entry.header().uid().unwrap(), entry.header().gid().unwrap());
        format!("{} {user}:{group}", String::from_utf8_lossy(&entry.path_bytes()))
    });
    Ok(entries.collect())
}

#[tokio::test]
async fn copy_in_from_sends_a_directory_or_its_content() {
    let directory = site();
    let whole = ["site/", "site/css/", "site/css/all.css", "site/index.html"];
    assert_eq!(sent(&directory.path().join("site")).await.unwrap(), whole);
    assert_eq!(sent(&directory.path().join("site/")).await.unwrap(), whole);
    assert_eq!(sent(&directory.path().join("site/css/..")).await.unwrap(), whole);
    let inside = ["css/", "css/all.css", "index.html"];
    assert_eq!(sent(&directory.path().join("site/.")).await.unwrap(), inside);
    assert_eq!(sent(&directory.path().join("site/index.html")).await.unwrap(), ["index.html"]);
}

#[tokio::test]
async fn copy_in_from_sends_links_as_links() {
    let directory = site();
    symlink("index.html", directory.path().join("site/start")).unwrap();
    let whole = ["site/", "site/css/", "site/css/all.css", "site/index.html", "site/start"];
    assert_eq!(sent(&directory.path().join("site")).await.unwrap(), whole);
    assert_eq!(sent(&directory.path().join("site/start")).await.unwrap(), ["start"]);
}

#[tokio::test]
async fn copy_in_from_follows_a_link_if_set() {
    let directory = site();
    let at = |path: &str| directory.path().join(path);
    symlink("index.html", at("site/start")).unwrap();
    symlink("site", at("current")).unwrap();
    symlink("current/start", at("page")).unwrap();
    let options = |copy: CopyInFrom| copy.follow_link(true);
    let sent = async |path: &str| sent_with(&at(path), options).await.unwrap();
    assert_eq!(
        sent("current").await,
        ["current/ 0:0", "current/css/ 0:0", "current/css/all.css 0:0", "current/index.html 0:0", "current/start 0:0"]
    );
    assert_eq!(sent("page").await, ["page 0:0"]);
    assert_eq!(sent("site/css").await, ["css/ 0:0", "css/all.css 0:0"]);
    symlink("ghost", at("dangling")).unwrap();
    assert!(sent_with(&at("dangling"), options).await.unwrap_err().is_local_io());
}

#[tokio::test]
async fn copy_in_from_sets_the_owner() {
    let directory = site();
    let local = directory.path().join("site/css");
    assert_eq!(sent_with(&local, |copy| copy.owner(33, 34)).await.unwrap(), ["css/ 33:34", "css/all.css 33:34"]);
    // An ID of more than seven octal digits.
    assert_eq!(sent_with(&local, |copy| copy.owner(u32::MAX, 1)).await.unwrap()[0], format!("css/ {}:1", u32::MAX));
}

#[tokio::test]
async fn copy_in_from_missing_path_is_an_error_before_sending() {
    let directory = site();
    for (path, message) in [("ghost", "ghost: no such file or directory"), ("site/index.html/.", "is not a directory")]
    {
        let error = sent(&directory.path().join(path)).await.unwrap_err();
        assert!(error.is_local_io() && error.to_string().ends_with(message), "{error}");
        assert_eq!(error.operation(), Some("container_put_archive"));
    }
}

#[tokio::test]
async fn copy_in_from_requires_api_1_20() {
    let directory = site();
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    let error = engine.client("1.19").container("web").copy_in_from(directory.path(), "/srv").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to copy files to container web: requires API 1.20 or later; the negotiated version is 1.19"
    );
    let copy = engine.client("1.29").container("web").copy_in_from(directory.path(), "/srv");
    let call = copy.copy_uid_gid(true).await;
    assert!(call.unwrap_err().is_unsupported());
    assert_eq!(engine.request_lines(), "");
}
