//! Copying files into and out of containers.

use dockerclient::{ApiVersion, Upload};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, supported_since, version},
    transfers::archive,
};

/// The API version that introduced the archive endpoints.
const ARCHIVE: ApiVersion = ApiVersion::new(1, 20);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_in_copy_out_and_stat() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let upload = || Upload::from(archive(&[("greeting", "hello")]));
    if supported_since(20, container.copy_in("/tmp", upload()).await).is_some() {
        let stat = container.stat("/tmp/greeting").await.unwrap();
        assert_eq!((&*stat.name, stat.size, stat.permissions(), stat.is_directory()), ("greeting", 5, 0o644, false));
        assert!(container.stat("/bin").await.unwrap().is_directory());
        assert!(container.stat("/nowhere").await.unwrap_err().is_not_found());
        assert!(container.copy_in("/nowhere", upload()).await.unwrap_err().is_not_found());
        let error = container.copy_in("/etc/passwd", upload()).await.unwrap_err();
        assert!(error.message().unwrap().contains("not a directory"), "{error}");
        let onto_a_directory = Upload::from(archive(&[("etc", "hello")]));
        let onto = container.copy_in("/", onto_a_directory).no_overwrite_dir_non_dir(true).await;
        assert!(onto.unwrap_err().status().is_some());
    } else {
        assert!(container.stat("/bin").await.unwrap_err().is_unsupported());
    }
    // Below API 1.20, this calls `POST /containers/{id}/copy`.
    let bytes = container.copy_out("/etc/passwd").await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
    let mut entries = tar::Archive::new(&*bytes);
    let names: Vec<_> = entries.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("passwd")]);
    assert!(container.copy_out("/nowhere").await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_in_keeps_the_owners_of_the_archive() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_uid(5);
    header.set_gid(6);
    archive.append_data(&mut header, "owned", std::io::empty()).unwrap();
    let archive = archive.into_inner().unwrap();
    supported_since(30, container.copy_in("/tmp", archive.clone()).copy_uid_gid(true).await);
    if version() >= ARCHIVE {
        container.copy_in("/tmp", archive).await.unwrap();
        let stat = engine.direct().container(container.id()).command("stat").args(["-c", "%u:%g", "/tmp/owned"]);
        assert_eq!(stat.output().await.unwrap().stdout_text(), "5:6\n");
    }
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_in_from_and_copy_out_to_preserve_directories() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let directory = tempfile::TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    fs::create_dir_all(at("site/css")).unwrap();
    fs::write(at("site/css/all.css"), "p {}").unwrap();
    fs::write(at("site/run"), "#!/bin/sh\necho ran\n").unwrap();
    fs::set_permissions(at("site/run"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("run", at("site/start")).unwrap();
    if supported_since(20, container.copy_in_from(at("site"), "/tmp").await).is_some() {
        let ran = engine.direct().container(container.id()).command("/tmp/site/start").output().await.unwrap();
        assert_eq!(ran.stdout_text(), "ran\n");
        container.copy_in_from(at("site/."), "/etc").await.unwrap();
        container.copy_in_from(at("site/run"), "/etc/css").await.unwrap();
        assert!(container.stat("/etc/css/run").await.unwrap().size > 0);
        container.copy_out_to("/tmp/site", at("back")).await.unwrap();
        assert_eq!(fs::read_to_string(at("back/site/css/all.css")).unwrap(), "p {}");
        assert_eq!(fs::read_link(at("back/site/start")).unwrap(), std::path::Path::new("run"));
        assert_eq!(fs::metadata(at("back/site/run")).unwrap().permissions().mode() & 0o777, 0o755);
        container.copy_out_to("/tmp/site/.", at("flat")).await.unwrap();
        assert!(at("flat/css/all.css").is_file());
        assert!(container.copy_in_from(at("site"), "/nowhere").await.unwrap_err().is_not_found());
    }
    if supported_since(20, container.copy_out_to("/etc/passwd", at("etc")).await).is_some() {
        assert!(at("etc/passwd").is_file());
        assert!(container.copy_out_to("/nowhere", at("none")).await.unwrap_err().is_not_found());
    }
    assert!(!at("none").exists());
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_in_from_sets_owners_and_follows_links_as_docker_cp() {
    use std::{fs, os::unix::fs as unix};

    use crate::command_line;

    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let directory = tempfile::TempDir::new().unwrap();
    let at = |path: &str| directory.path().join(path);
    fs::create_dir(at("site")).unwrap();
    fs::write(at("site/index.html"), "hello").unwrap();
    unix::symlink("site", at("current")).unwrap();
    unix::symlink("index.html", at("site/start")).unwrap();
    for path in ["site", "site/index.html", "site/start", "current"] {
        unix::lchown(at(path), Some(1234), Some(5678)).unwrap();
    }
    let direct = engine.direct();
    let docker = direct.container(container.id());
    let shell = async |command: &str| {
        docker.command("sh").args(["-c", command]).output().await.unwrap().stdout_text().into_owned()
    };
    let seen = async |directory: &str| {
        shell(&format!("cd {directory} && find . -mindepth 1 -exec stat -c '%n %F %u:%g' {{}} + | sort")).await
    };
    shell("mkdir /ours /theirs /ours/link /theirs/link /given").await;
    let copy = |name: &str, to: &str| container.copy_in_from(at(name), to);
    if supported_since(20, copy("site", "/ours").keep_owner(true).await).is_none() {
        return;
    }
    copy("current", "/ours").keep_owner(true).await.unwrap();
    copy("current", "/ours/link").keep_owner(true).follow_link(true).await.unwrap();
    let to = |path: &str| format!("{}:{path}", container.id());
    for arguments in [
        ["cp", "site", &to("/theirs/")].as_slice(),
        &["cp", "current", &to("/theirs/")],
        &["cp", "-L", "current", &to("/theirs/link/")],
    ] {
        command_line::run(&engine.real_address(), directory.path(), arguments).await.unwrap();
    }
    let ours = seen("/ours").await;
    assert!(ours.contains("./link/current/index.html regular file 1234:5678"), "{ours}");
    assert_eq!(ours, seen("/theirs").await);

    copy("site/index.html", "/given").owner(5, 6).await.unwrap();
    assert_eq!(seen("/given").await, "./index.html regular file 5:6\n");
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_in_from_with_copy_uid_gid_uses_the_container_user() {
    let engine = Engine::under_test().await;
    let file = tempfile::NamedTempFile::with_prefix("owned").unwrap();
    let script = "stat -c %u:%g /tmp/owned*";
    let container = engine.create_with(script, |create| create.user("root")).await;
    let copied = container.copy_in_from(file.path(), "/tmp").owner(5, 6).copy_uid_gid(true).await;
    if supported_since(30, copied).is_some() {
        container.start().await.unwrap();
        container.wait().await.unwrap();
        let logs = container.logs().await.unwrap().capture().await.unwrap();
        assert_eq!(logs.stdout_text(), "0:0\n");
    }
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_out_to_twice_replaces_hard_links() {
    use std::{fs, os::unix::fs::MetadataExt as _};

    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let write = "mkdir /data && cd /data && echo hello > a && ln a b && ln -s a c";
    let shell = engine.direct().container(container.id()).command("sh");
    assert!(shell.args(["-c", write]).status().await.unwrap().code().is_none_or(|code| code == 0));
    let directory = tempfile::TempDir::new().unwrap();
    for _ in 0..2 {
        if supported_since(20, container.copy_out_to("/data", directory.path()).await).is_none() {
            return;
        }
        let at = |name: &str| directory.path().join("data").join(name);
        assert_eq!(fs::metadata(at("a")).unwrap().ino(), fs::metadata(at("b")).unwrap().ino());
        assert_eq!(fs::read_to_string(at("c")).unwrap(), "hello\n");
    }
}
