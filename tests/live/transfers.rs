//! Archives, image builds, and pushes and pulls.

use std::io::Read as _;

use dockerclient::{
    ApiVersion, Size, Upload,
    images::{Archive, Image, ProgressItem, bare_id},
    models::AuthConfig,
};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, short, version};

/// Returns a tar archive of these files.
pub(crate) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Returns all paths in an archive, and the content of the file whose path ends with `name`.
fn unpacked(archive: &[u8], name: &str) -> (Vec<String>, String) {
    let (mut names, mut content) = (Vec::new(), String::new());
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        if names.last().is_some_and(|last| last.ends_with(name)) {
            entry.read_to_string(&mut content).unwrap();
        }
    }
    (names, content)
}

pub(crate) fn registry() -> String {
    std::env::var("DOCKERCLIENT_TEST_REGISTRY").unwrap()
}

pub(crate) fn registry_with_auth() -> String {
    std::env::var("DOCKERCLIENT_TEST_REGISTRY_WITH_ACCOUNT").unwrap()
}

async fn collect(mut download: dockerclient::Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = download.try_next().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_and_export_download_container_files() {
    let engine = Engine::under_test().await;
    let container = engine.running_after("mkdir /made; echo content > /made/file").await;
    match container.copy("/made").await {
        Ok(copy) => {
            let (names, content) = unpacked(&collect(copy).await, "file");
            assert!(names.iter().any(|name| name.ends_with("file")) && content == "content\n", "{names:?}");
            assert!(container.copy("/no/such/file").await.unwrap_err().is_not_found());
        }
        Err(error) => assert!(version() >= ApiVersion::new(1, 24) && error.is_unsupported(), "{error}"),
    }
    let (names, content) = unpacked(&collect(container.export().await.unwrap()).await, "made/file");
    assert!(names.contains(&"bin/busybox".to_owned()) && content == "content\n");
    assert!(engine.container("ghost").export().await.unwrap_err().is_not_found());
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn unpack_extracts_copied_exported_and_saved_archives() {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    let engine = Engine::under_test().await;
    let script = "mkdir /made; echo content > /made/file; ln -s file /made/link; chmod 700 /made";
    let container = engine.running_after(script).await;
    let directory = tempfile::TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    container.copy_out("/made").await.unwrap().unpack(at("copy")).await.unwrap();
    let made = if version() < ApiVersion::new(1, 20) { at("copy") } else { at("copy/made") };
    assert_eq!(fs::read_to_string(made.join("link")).unwrap(), "content\n");
    container.export().await.unwrap().unpack(at("whole")).await.unwrap();
    assert_eq!(fs::read_to_string(at("whole/made/file")).unwrap(), "content\n");
    assert_eq!(fs::metadata(at("whole/made")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(at("whole/bin/busybox").is_file() && at("whole/etc/hosts").is_file());
    engine.image("busybox").save().await.unwrap().unpack(at("image")).await.unwrap();
    assert!(at("image/manifest.json").is_file());

    let mut entries = container.copy_out("/made/file").await.unwrap().entries();
    let entry = entries.try_next().await.unwrap().unwrap();
    assert_eq!((entry.path(), entry.size()), (Path::new("file"), 8));
    assert_eq!(entry.try_collect::<Vec<_>>().await.unwrap(), ["content\n"]);
    assert!(entries.try_next().await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn import_creates_an_image_from_an_archive() {
    let engine = Engine::under_test().await;
    let name = engine.name("imported");
    let bytes = archive(&[("hello", "hello")]);
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> = bytes.chunks(100).map(|chunk| Ok(chunk.to_vec())).collect();
    let upload = Upload::from_stream(futures_util::stream::iter(chunks));
    let mut import = engine.images().import(upload).name(format!("{name}:1"));
    if version() >= ApiVersion::new(1, 18) {
        import = import.change("CMD [\"/hello\"]");
    }
    let imported = import.await.unwrap();
    engine.remove_later(format!("/images/{}?force=1", imported.name()));
    let image = engine.image(format!("{name}:1")).inspect().await.unwrap();
    assert_eq!(image.id, imported.name());
    if version() >= ApiVersion::new(1, 18) {
        assert_eq!(image.config.unwrap().cmd, ["/hello"]);
    }
    let error = engine.images().import(vec![1; 1000]).await.unwrap_err();
    assert!(error.message().unwrap().contains("tar"), "{error}");
    let nowhere = Archive::Url("http://127.0.0.1:1/a.tar".into());
    let error = engine.images().import(nowhere).await.unwrap_err();
    assert!(error.message().is_some(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_returns_the_image_or_the_exit_code_of_a_failed_step() {
    let engine = Engine::under_test().await;
    let name = engine.name("built");
    let dockerfile = "FROM busybox\nCOPY file /file\nRUN echo printed by a step; cat /file\nCMD [\"cat\", \"/file\"]\n";
    let context = archive(&[("Dockerfile", dockerfile), ("file", "content\n")]);
    let build = || {
        let build = engine.images().build(context.clone()).tag(format!("{name}:1"));
        build.no_cache(true).force_rm(true)
    };
    let remove_later = |image: &Image| engine.remove_later(format!("/images/{}?force=1", image.name()));
    let built = build().await.unwrap();
    remove_later(&built);
    let image = built.inspect().await.unwrap();
    assert_eq!(engine.image(format!("{name}:1")).inspect().await.unwrap().id, image.id);

    let mut progress = build().progress().await.unwrap();
    let mut printed = String::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Output(text) = item {
            printed += &text;
        }
    }
    remove_later(&progress.finish().await.unwrap());
    assert!(printed.contains("\nprinted by a step\n") && printed.contains("\ncontent\n"), "{printed}");

    let quiet = build().quiet(true).await.unwrap();
    remove_later(&quiet);
    assert_eq!(bare_id(quiet.name()).len(), 64, "{quiet:?}");

    let failing = archive(&[("Dockerfile", "FROM busybox\nRUN exit 3\n")]);
    let error = engine.images().build(failing).force_rm(true).await.unwrap_err();
    assert!(error.is_operation_failed() && error.message().unwrap().contains("exit 3"), "{error}");
    assert_eq!((error.code(), error.operation()), (Some(3), Some("image_build")));
    let none = engine.images().build(archive(&[("file", "")])).await.unwrap_err();
    assert_eq!(none.status(), Some(500), "{none}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn newer_build_options_work_since_their_version() {
    let engine = Engine::under_test().await;
    let context = archive(&[("other", "FROM busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n")]);
    let build = engine.images().build(context).dockerfile("other").no_cache(true);
    let build = build.memory("64m").memory_swap(Size::UNLIMITED).cpuset_cpus("0").cpu_shares(512);
    let outcome = build.progress().await;
    if version() < ApiVersion::new(1, 18) {
        assert!(outcome.unwrap_err().is_unsupported());
        return;
    }
    let items: Vec<ProgressItem> = outcome.unwrap().try_collect().await.unwrap();
    let printed: String = items
        .iter()
        .filter_map(|item| match item {
            ProgressItem::Output(text) => Some(&**text),
            _ => None,
        })
        .collect();
    engine.remove_steps_later(&printed);
    assert!(items.contains(&ProgressItem::Output("67108864\n".into())), "{items:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn save_and_load_images() {
    let engine = Engine::under_test().await;
    let name = engine.name("saved");
    let context = archive(&[("Dockerfile", "FROM busybox\nCOPY name /\n"), ("name", &name)]);
    engine.images().build(context).tag(&name).await.unwrap();
    engine.remove_later(format!("/images/{name}?force=1"));
    let image = engine.image(&name);
    let id = image.inspect().await.unwrap().id;

    let one = collect(image.save().await.unwrap()).await;
    let two = collect(engine.images().save([&*name, "busybox"]).await.unwrap()).await;
    assert!(unpacked(&one, "repositories").1.contains(&name));
    assert!(unpacked(&two, "repositories").1.contains("busybox"));

    image.remove().force(true).await.unwrap();
    let download = std::io::Cursor::new(one);
    let loaded = engine.images().load(Upload::from_reader(download)).await.unwrap();
    assert_eq!(loaded.iter().map(|image| short(image.name())).collect::<Vec<_>>(), [format!("{name}:latest")]);
    assert_eq!(image.inspect().await.unwrap().id, id);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), two).unwrap();
    image.remove().force(true).await.unwrap();
    let mut progress = engine.images().load(Upload::from_file(file.path()).await.unwrap()).progress().await.unwrap();
    let mut has_status = false;
    while let Some(item) = progress.try_next().await.unwrap() {
        has_status |= matches!(item, ProgressItem::Status(_));
    }
    assert!(has_status || version() < ApiVersion::new(1, 23));
    assert_eq!(progress.finish().await.unwrap().len(), 2);

    let error = engine.images().load(vec![1; 1000]).await.unwrap_err();
    assert!(error.is_operation_failed(), "{error}");
    assert!(engine.image("acme/ghost").save().await.unwrap_err().is_not_found());
    let none: [&str; 0] = [];
    assert!(engine.images().save(none).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_and_pull_an_image() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry(), engine.name("pushed"));
    let image = engine.image("busybox").tag(format!("{repository}:1")).await.unwrap();
    engine.remove_later(format!("/images/{repository}:1?force=1"));
    let pushed = image.push().await.unwrap();
    assert_eq!((pushed.len(), &*pushed[0].tag), (1, "1"));

    image.remove().await.unwrap();
    let mut progress = image.pull().progress().await.unwrap();
    let mut ids = Vec::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Status(status) = item {
            ids.extend(status.id);
        }
    }
    assert!(ids.contains(&"1".to_owned()), "{ids:?}");
    let pulled = progress.finish().await.unwrap();
    assert_eq!(pulled.digest.as_deref(), Some(&*pushed[0].digest));
    let by_digest = engine.image(format!("{repository}@{}", pushed[0].digest)).pull().await;
    assert_eq!(by_digest.unwrap().inspect().await.unwrap().id, image.inspect().await.unwrap().id);

    #[cfg(feature = "progress")]
    {
        let mut shown = Vec::new();
        let screen = dockerclient::images::Screen::lines(&mut shown);
        let pulled = image.pull().progress().await.unwrap().show(screen).await.unwrap();
        assert_eq!(pulled.digest.as_deref(), Some(&*pushed[0].digest));
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with("1: Pulling from acme/") && shown.contains("\nDigest: sha256:"), "{shown}");
    }

    let missing = engine.image(format!("{repository}:2")).pull().await.unwrap_err();
    assert!(missing.is_not_found() || missing.is_operation_failed(), "{missing}");
    assert!(engine.image(&repository).push().await.unwrap_err().message().is_some());
    assert!(engine.image("No Name").pull().await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn push_pull_and_build_send_explicit_credentials() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry_with_auth(), engine.name("private"));
    let image = engine.image("busybox").tag(&repository).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    let credentials = |password: &str| AuthConfig {
        username: "me".into(),
        password: password.into(),
        serveraddress: registry_with_auth(),
        ..Default::default()
    };
    for push in [image.push(), image.push().credentials(credentials("wrong"))] {
        let error = push.await.unwrap_err();
        assert!(error.is_operation_failed(), "{error}");
    }
    image.push().credentials(credentials("secret")).await.unwrap();
    assert!(image.pull().await.is_err());
    image.pull().credentials(credentials("secret")).await.unwrap();

    // The engine has the image, so credentials are required only by a build with `pull`.
    if version() >= ApiVersion::new(1, 16) {
        let context = archive(&[("Dockerfile", &format!("FROM {repository}\n"))]);
        let build = || engine.images().build(context.clone()).pull(true);
        assert!(build().await.is_err());
        build().credentials(registry_with_auth(), credentials("secret")).await.unwrap();
    }
}
