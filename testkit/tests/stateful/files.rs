//! Files of containers.

use dockerclient_testkit::{FakeEngine, Image, Program};
use futures_util::TryStreamExt as _;

use crate::{archive, logged, shell, unpacked};

#[tokio::test]
async fn copy_in_copy_out_and_program_files() {
    let sorter = Program::new(|process| async move {
        let Some(input) = process.file("/work/input") else { return 1 };
        let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
        lines.sort_unstable();
        process.write_file("/work/output", lines.concat());
        process.remove_file("/work/input");
        0
    });
    let image = Image::new("sorter").cmd(["sort"]).program(["sort"], sorter).file("/etc/sorter.conf", "ascending");
    let engine = FakeEngine::builder().image(image).build();
    for version in ["1.15", "1.41"] {
        let docker = engine.client(version);
        let container = docker.containers().create("sorter").await.unwrap();
        let newer = engine.client("1.41").container(container.id());
        newer.copy_in("/", archive(&[("work/input", "b\na\n")])).await.unwrap();
        container.start().await.unwrap();
        assert_eq!(container.wait().await.unwrap().code(), Some(0));
        let output = container.copy_out("/work/output").await.unwrap().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(unpacked(&output.concat()), [("output".to_owned(), "a\nb\n".to_owned())]);
        let changes = container.changes().await.unwrap();
        let paths: Vec<&str> = changes.iter().map(|change| &*change.path).collect();
        assert_eq!(paths, ["/work", "/work/output"]);
        let all = container.export().await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
        assert!(unpacked(&all).contains(&("etc/sorter.conf".to_owned(), "ascending".to_owned())));
    }
}

#[tokio::test]
async fn stat_of_links_directories_and_missing_paths() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let container = docker.containers().create("busybox").cmd(["true"]).await.unwrap();
    let shell = container.stat("/bin/sh").await.unwrap();
    assert!(shell.is_link());
    assert_eq!(shell.link_target, "/bin/busybox");
    assert!(container.stat("/tmp").await.unwrap().is_directory());
    assert!(container.stat("/nosuch").await.unwrap_err().is_not_found());
    assert_eq!(container.copy_in("/etc/passwd", archive(&[("f", "")])).await.unwrap_err().status(), Some(500));
}

#[tokio::test]
async fn shell_file_commands() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let script =
        "mkdir -p /a/b; echo one > /a/b/c; echo two >> /a/b/c; cat /a/b/c; ls /a; rm -r /a; ls /a || echo gone";
    let container = shell(&docker, script).await.unwrap();
    assert_eq!(logged(&container).await, "one\ntwo\nb\ngone\n");
}
