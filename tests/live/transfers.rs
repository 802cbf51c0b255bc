//! Archives in and out, and images to registries and back.

use std::io::Read as _;

use dockerclient::{
    ApiVersion, Upload,
    images::{
        Archive, BuildOptions, ImportOptions, ProgressItem, PullOptions, PushOptions, RemoveOptions, TagOptions,
        bare_id,
    },
    models::AuthConfig,
};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, short, version};

/// A tar archive of these files.
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

/// The names, and the content of the file `name`, in an archive.
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

pub(crate) fn registry_with_account() -> String {
    std::env::var("DOCKERCLIENT_TEST_REGISTRY_WITH_ACCOUNT").unwrap()
}

async fn collect(mut download: dockerclient::Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(piece) = download.try_next().await.unwrap() {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn files_come_out_of_containers() {
    let engine = Engine::under_test().await;
    let container = engine.create("mkdir /made; echo content > /made/file").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
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
async fn files_of_containers_and_images_become_files_here() {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    let engine = Engine::under_test().await;
    let container =
        engine.create("mkdir /made; echo content > /made/file; ln -s file /made/link; chmod 700 /made").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
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
    let entry = entries.next().await.unwrap().unwrap();
    assert_eq!((entry.path(), entry.size()), (Path::new("file"), 8));
    assert_eq!(entry.try_collect::<Vec<_>>().await.unwrap(), ["content\n"]);
    assert!(entries.next().await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_file_system_becomes_an_image() {
    let engine = Engine::under_test().await;
    let name = engine.name("imported");
    let mut options = ImportOptions::default().repository(&name).tag("1");
    if version() >= ApiVersion::new(1, 18) {
        options = options.change("CMD [\"/hello\"]");
    }
    let bytes = archive(&[("hello", "hello")]);
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = bytes.chunks(100).map(|piece| Ok(piece.to_vec())).collect();
    let upload = Upload::from_stream(futures_util::stream::iter(pieces));
    let id = engine.images().import(upload, &options).await.unwrap();
    engine.remove_later(format!("/images/{id}?force=1"));
    let image = engine.image(format!("{name}:1")).inspect().await.unwrap();
    assert_eq!(image.id, id);
    if version() >= ApiVersion::new(1, 18) {
        assert_eq!(image.config.unwrap().cmd, ["/hello"]);
    }
    let error = engine.images().import(vec![1; 1000], &ImportOptions::default()).await.unwrap_err();
    assert!(error.message().unwrap().contains("tar"), "{error}");
    let nowhere = Archive::Url("http://127.0.0.1:1/a.tar".into());
    let error = engine.images().import(nowhere, &ImportOptions::default()).await.unwrap_err();
    assert!(error.message().is_some(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_image_is_built_and_a_step_that_fails_tells_its_exit_code() {
    let engine = Engine::under_test().await;
    let name = engine.name("built");
    let dockerfile = "FROM busybox\nCOPY file /file\nRUN echo printed by a step; cat /file\nCMD [\"cat\", \"/file\"]\n";
    let context = archive(&[("Dockerfile", dockerfile), ("file", "content\n")]);
    let options = BuildOptions::default().name(format!("{name}:1")).no_cache().force_remove();
    let id = engine.images().build(context.clone(), &options).await.unwrap();
    engine.remove_later(format!("/images/{name}:1?force=1"));
    let image = engine.image(&id).inspect().await.unwrap();
    assert_eq!(engine.image(format!("{name}:1")).inspect().await.unwrap().id, image.id);

    let mut progress = engine.images().build_progress(context.clone(), &options).await.unwrap();
    let mut printed = String::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Output(text) = item {
            printed += &text;
        }
    }
    assert!(printed.contains("\nprinted by a step\n") && printed.contains("\ncontent\n"), "{printed}");

    let quiet = engine.images().build(context, &options.quiet()).await.unwrap();
    assert_eq!(bare_id(&quiet).len(), 64, "{quiet}");

    let failing = archive(&[("Dockerfile", "FROM busybox\nRUN exit 3\n")]);
    let error = engine.images().build(failing, &BuildOptions::default().force_remove()).await.unwrap_err();
    assert!(error.is_failure() && error.message().unwrap().contains("exit 3"), "{error}");
    assert_eq!((error.code(), error.operation()), (Some(3), Some("image_build")));
    let none = engine.images().build(archive(&[("file", "")]), &BuildOptions::default()).await.unwrap_err();
    assert_eq!(none.status(), Some(500), "{none}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn options_of_a_build_that_came_later_work_from_then_on() {
    let engine = Engine::under_test().await;
    let context = archive(&[("other", "FROM busybox\nRUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes\n")]);
    let options = BuildOptions::default().dockerfile("other").memory(64 << 20).memory_swap(-1).cpuset_cpus("0");
    let outcome = engine.images().build_progress(context, &options.cpu_shares(512).no_cache()).await;
    if version() < ApiVersion::new(1, 18) {
        assert!(outcome.unwrap_err().is_unsupported());
        return;
    }
    let items: Vec<ProgressItem> = outcome.unwrap().try_collect().await.unwrap();
    assert!(items.contains(&ProgressItem::Output("67108864\n".into())), "{items:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn images_are_saved_and_loaded() {
    let engine = Engine::under_test().await;
    let name = engine.name("saved");
    let context = archive(&[("Dockerfile", "FROM busybox\nCOPY name /\n"), ("name", &name)]);
    engine.images().build(context, &BuildOptions::default().name(&name)).await.unwrap();
    engine.remove_later(format!("/images/{name}?force=1"));
    let image = engine.image(&name);
    let id = image.inspect().await.unwrap().id;

    let one = collect(image.save().await.unwrap()).await;
    let two = collect(engine.images().save([&*name, "busybox"]).await.unwrap()).await;
    assert!(unpacked(&one, "repositories").1.contains(&name));
    assert!(unpacked(&two, "repositories").1.contains("busybox"));

    image.remove(&RemoveOptions::default().force()).await.unwrap();
    let download = std::io::Cursor::new(one);
    let loaded = engine.images().load(Upload::from_reader(download)).await.unwrap();
    assert_eq!(loaded.iter().map(|name| short(name)).collect::<Vec<_>>(), [format!("{name}:latest")]);
    assert_eq!(image.inspect().await.unwrap().id, id);

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), two).unwrap();
    image.remove(&RemoveOptions::default().force()).await.unwrap();
    let mut progress = engine.images().load_progress(Upload::from_file(file.path()).await.unwrap()).await.unwrap();
    let mut tells = false;
    while let Some(item) = progress.try_next().await.unwrap() {
        tells |= matches!(item, ProgressItem::Status(_));
    }
    assert!(tells || version() < ApiVersion::new(1, 23));
    assert_eq!(progress.finish().await.unwrap().len(), 2);

    let error = engine.images().load(vec![1; 1000]).await.unwrap_err();
    assert!(error.is_failure(), "{error}");
    assert!(engine.image("acme/ghost").save().await.unwrap_err().is_not_found());
    let none: [&str; 0] = [];
    assert!(engine.images().save(none).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_image_goes_to_a_registry_and_comes_back() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry(), engine.name("pushed"));
    engine.image("busybox").tag(&TagOptions::new(&repository).tag("1")).await.unwrap();
    engine.remove_later(format!("/images/{repository}:1?force=1"));
    let image = engine.image(format!("{repository}:1"));
    let pushed = image.push(&PushOptions::default()).await.unwrap();
    assert_eq!((pushed.len(), &*pushed[0].tag), (1, "1"));

    image.remove(&RemoveOptions::default()).await.unwrap();
    let mut progress = image.pull_progress(&PullOptions::default()).await.unwrap();
    let mut about = Vec::new();
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Status(status) = item {
            about.extend(status.id);
        }
    }
    assert!(about.contains(&"1".to_owned()), "{about:?}");
    let pulled = progress.finish().await.unwrap();
    assert_eq!(pulled.digest.as_deref(), Some(&*pushed[0].digest));
    let by_digest = engine.image(format!("{repository}@{}", pushed[0].digest)).pull(&PullOptions::default()).await;
    assert_eq!(by_digest.unwrap().image.inspect().await.unwrap().id, image.inspect().await.unwrap().id);

    #[cfg(feature = "progress")]
    {
        let mut shown = Vec::new();
        let screen = dockerclient::images::Screen::lines(&mut shown);
        let pulled = image.pull_progress(&PullOptions::default()).await.unwrap().show(screen).await.unwrap();
        assert_eq!(pulled.digest.as_deref(), Some(&*pushed[0].digest));
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with("1: Pulling from acme/") && shown.contains("\nDigest: sha256:"), "{shown}");
    }

    let missing = engine.image(format!("{repository}:2")).pull(&PullOptions::default()).await.unwrap_err();
    assert!(missing.is_not_found() || missing.is_failure(), "{missing}");
    assert!(engine.image(&repository).push(&PushOptions::default()).await.unwrap_err().message().is_some());
    assert!(engine.image("No Name").pull(&PullOptions::default()).await.unwrap_err().is_bad_request());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_registry_that_wants_an_account_gets_it() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry_with_account(), engine.name("private"));
    engine.image("busybox").tag(&TagOptions::new(&repository)).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    let image = engine.image(&repository);
    let account = |password: &str| AuthConfig {
        username: "me".into(),
        password: password.into(),
        serveraddress: registry_with_account(),
        ..Default::default()
    };
    for options in [PushOptions::default(), PushOptions::default().credentials(account("wrong"))] {
        let error = image.push(&options).await.unwrap_err();
        assert!(error.is_failure(), "{error}");
    }
    image.push(&PushOptions::default().credentials(account("secret"))).await.unwrap();
    assert!(image.pull(&PullOptions::default()).await.is_err());
    image.pull(&PullOptions::default().credentials(account("secret"))).await.unwrap();

    // The image is here already; only a build that pulls has to show the account.
    if version() >= ApiVersion::new(1, 16) {
        let context = || archive(&[("Dockerfile", &format!("FROM {repository}\n"))]);
        let options = BuildOptions::default().pull();
        assert!(engine.images().build(context(), &options).await.is_err());
        let options = options.credentials(registry_with_account(), account("secret"));
        engine.images().build(context(), &options).await.unwrap();
    }
}
