//! Files into containers, and out of them, on a real engine.

use dockerclient::{ApiVersion, Upload, containers::CopyInOptions, exec::ExecOptions};
use futures_util::TryStreamExt as _;

use crate::{
    engine::{Engine, known_since, version},
    transfers::archive,
};

const ARCHIVE: ApiVersion = ApiVersion::new(1, 20);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn archives_go_in_and_come_out() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let upload = || Upload::from(archive(&[("greeting", "hello")]));
    if known_since(20, container.copy_in("/tmp", upload()).await).is_some() {
        let stat = container.stat("/tmp/greeting").await.unwrap();
        assert_eq!((&*stat.name, stat.size, stat.permissions(), stat.is_directory()), ("greeting", 5, 0o644, false));
        assert!(container.stat("/bin").await.unwrap().is_directory());
        assert!(container.stat("/nowhere").await.unwrap_err().is_not_found());
        assert!(container.copy_in("/nowhere", upload()).await.unwrap_err().is_not_found());
        let error = container.copy_in("/etc/passwd", upload()).await.unwrap_err();
        assert!(error.message().unwrap().contains("not a directory"), "{error}");
        let onto_a_directory = Upload::from(archive(&[("etc", "hello")]));
        let options = CopyInOptions::default().keep_kinds();
        assert!(container.copy_in_with("/", onto_a_directory, &options).await.unwrap_err().status().is_some());
    } else {
        assert!(container.stat("/bin").await.unwrap_err().is_unsupported());
    }
    // Whatever the version calls it.
    let bytes = container.copy_out("/etc/passwd").await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
    let mut entries = tar::Archive::new(&*bytes);
    let names: Vec<_> = entries.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
    assert_eq!(names, [std::path::Path::new("passwd")]);
    assert!(container.copy_out("/nowhere").await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn files_belong_to_who_the_archive_says_or_to_the_user_of_the_container() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_uid(5);
    header.set_gid(6);
    archive.append_data(&mut header, "owned", std::io::empty()).unwrap();
    let archive = archive.into_inner().unwrap();
    let options = CopyInOptions::default().give_to_user();
    known_since(30, container.copy_in_with("/tmp", archive.clone(), &options).await);
    if version() >= ARCHIVE {
        container.copy_in("/tmp", archive).await.unwrap();
        let owner = engine
            .direct()
            .container(container.id())
            .exec(&ExecOptions::new(["stat", "-c", "%u:%g", "/tmp/owned"]))
            .await
            .unwrap();
        assert_eq!(owner.output.stdout, b"5:6\n");
    }
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn directories_go_in_and_come_out_as_they_are() {
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
    if known_since(20, container.copy_in_from(at("site"), "/tmp").await).is_some() {
        let ran = engine.direct().container(container.id()).exec(&ExecOptions::new(["/tmp/site/start"])).await.unwrap();
        assert_eq!(ran.output.stdout, b"ran\n");
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
    if known_since(20, container.copy_out_to("/etc/passwd", at("etc")).await).is_some() {
        assert!(at("etc/passwd").is_file());
        assert!(container.copy_out_to("/nowhere", at("none")).await.unwrap_err().is_not_found());
    }
    assert!(!at("none").exists());
}
