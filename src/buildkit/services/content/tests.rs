//! Tests with an engine that reads and writes blobs.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use bytes::Bytes;
use hmac_sha256::Hash;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::{super::test_engine::Call, messages::action, store::MAX_WRITES, *};

const INFO: &str = "/containerd.services.content.v1.Content/Info";
const READ: &str = "/containerd.services.content.v1.Content/Read";
const WRITE: &str = "/containerd.services.content.v1.Content/Write";

const HEADERS: [(&str, &str); 1] = [(STORE, "local:cache")];

// gRPC codes.
const INVALID_ARGUMENT: &str = "3";
const NOT_FOUND: &str = "5";
const ALREADY_EXISTS: &str = "6";
const PERMISSION_DENIED: &str = "7";
const FAILED_PRECONDITION: &str = "9";
const OUT_OF_RANGE: &str = "11";
const UNIMPLEMENTED: &str = "12";
const INTERNAL: &str = "13";

/// The code and the message of an error.
type Failure = (String, String);

/// A folder in which the directory `cache` is a store, and the services that offer it.
struct Fixture {
    folder: TempDir,
    store: Arc<ContentStore>,
    services: Arc<Services>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(ContentStore::target(folder.path().join("cache")));
        let services = offering(&store);
        Self { folder, store, services }
    }

    /// Returns the number of files and directories in the store, of which one contains the blobs.
    fn count(&self) -> usize {
        self.folder.path().join("cache").read_dir().unwrap().count()
    }

    fn blob(&self, data: &str) -> Option<Vec<u8>> {
        fs::read(self.store.path(&Digest::parse(&digest(data)).unwrap())).ok()
    }

    async fn write(&self) -> Call {
        Call::start(&self.services, WRITE, &HEADERS).await
    }

    /// Writes a blob as BuildKit does.
    async fn add(&self, data: &str) -> Result<(), Failure> {
        let mut call = self.write().await;
        ask(&mut call, &stat(data)).await?;
        ask(&mut call, &part(0, data)).await?;
        ask(&mut call, &commit(data)).await.map(|_| ())
    }

    async fn info(&self, digest: &str) -> Result<Info, Failure> {
        let request = InfoRequest { digest: digest.into() };
        let mut call = Call::with_message(&self.services, INFO, &HEADERS, &request).await;
        Ok(call.next::<InfoResponse>().await?.unwrap().info.unwrap())
    }

    async fn read(&self, digest: &str, offset: i64, size: i64) -> Result<Vec<ReadResponse>, Failure> {
        let request = ReadRequest { digest: digest.into(), offset, size };
        let mut call = Call::with_message(&self.services, READ, &HEADERS, &request).await;
        let mut parts = Vec::new();
        while let Some(part) = call.next().await? {
            parts.push(part);
        }
        Ok(parts)
    }
}

fn offering(store: &Arc<ContentStore>) -> Arc<Services> {
    let stores = BTreeMap::from([("local:cache".to_owned(), Arc::clone(store))]);
    Arc::new(Services { stores, ..Services::none() })
}

fn digest(data: &str) -> String {
    let mut hash = Hash::new();
    hash.update(data);
    Digest::of(hash).to_string()
}

fn stat(data: &str) -> WriteRequest {
    let (total, expected) = (data.len() as i64, digest(data));
    WriteRequest { action: action::STAT, reference: "layer".into(), total, expected, ..Default::default() }
}

fn part(offset: i64, data: &str) -> WriteRequest {
    let data = Bytes::copy_from_slice(data.as_bytes());
    WriteRequest { action: action::WRITE, offset, data, ..Default::default() }
}

fn commit(data: &str) -> WriteRequest {
    WriteRequest { action: action::COMMIT, offset: data.len() as i64, ..stat(data) }
}

/// Sends a message, and returns its response.
async fn ask(call: &mut Call, request: &WriteRequest) -> Result<WriteResponse, Failure> {
    call.send(request);
    call.next().await.map(Option::unwrap)
}

async fn code_of(call: &mut Call, request: &WriteRequest) -> String {
    ask(call, request).await.unwrap_err().0
}

#[tokio::test]
async fn content_is_written_in_parts_and_read() {
    let fixture = Fixture::new();
    let mut call = fixture.write().await;
    let response = ask(&mut call, &stat("abcdef")).await.unwrap();
    assert_eq!((response.offset, response.total, &*response.digest), (0, 6, ""));
    assert!(response.started_at.is_some() && response.updated_at.is_some());
    assert_eq!(ask(&mut call, &part(0, "abc")).await.unwrap().offset, 3);
    assert_eq!(ask(&mut call, &part(3, "def")).await.unwrap().offset, 6);
    assert_eq!(fixture.blob("abcdef"), None);
    let response = ask(&mut call, &commit("abcdef")).await.unwrap();
    assert_eq!((response.action, response.offset, response.digest), (action::COMMIT, 6, digest("abcdef")));
    assert_eq!(call.next::<WriteResponse>().await, Ok(None));
    assert_eq!((fixture.blob("abcdef").as_deref(), fixture.count()), (Some(&b"abcdef"[..]), 1));

    let info = fixture.info(&digest("abcdef")).await.unwrap();
    assert_eq!((info.digest, info.size), (digest("abcdef"), 6));
    assert!(info.created_at.is_some_and(|time| time.seconds > 0));
    for (offset, size, expected) in
        [(0, 0, "abcdef"), (-1, -1, "abcdef"), (2, 3, "cde"), (2, 0, "cdef"), (5, 9, "f"), (6, 1, "")]
    {
        let parts = fixture.read(&digest("abcdef"), offset, size).await.unwrap();
        let data: Vec<_> = parts.iter().map(|part| &*part.data).collect();
        assert_eq!(data.concat(), expected.as_bytes(), "{offset} {size}");
        assert!(parts.iter().all(|part| part.offset == offset.max(0)));
    }
    assert_eq!(fixture.read(&digest("abcdef"), 7, 1).await.unwrap_err().0, OUT_OF_RANGE);
}

#[tokio::test]
async fn content_is_read_in_messages_of_limited_size() {
    let fixture = Fixture::new();
    let data = "0123456789".repeat(100_000);
    fixture.add(&data).await.unwrap();
    let parts = fixture.read(&digest(&data), 0, 0).await.unwrap();
    let lengths: Vec<_> = parts.iter().map(|part| part.data.len()).collect();
    assert_eq!(lengths, [256 << 10, 256 << 10, 256 << 10, 1_000_000 - 3 * (256 << 10)]);
    assert!(parts.iter().map(|part| &*part.data).collect::<Vec<_>>().concat() == data.as_bytes());
    assert_eq!(parts[3].offset, 3 * (256 << 10));
}

#[tokio::test]
async fn content_write_in_one_message_or_restarted() {
    let fixture = Fixture::new();
    let mut call = fixture.write().await;
    let whole = WriteRequest {
        action: action::COMMIT,
        reference: "layer".into(),
        data: Bytes::from_static(b"abc"),
        ..Default::default()
    };
    assert_eq!(ask(&mut call, &whole).await.unwrap().digest, digest("abc"));
    let mut call = fixture.write().await;
    ask(&mut call, &stat("xy")).await.unwrap();
    assert_eq!(ask(&mut call, &part(0, "a")).await.unwrap().offset, 1);
    assert_eq!(ask(&mut call, &part(0, "xy")).await.unwrap().offset, 2);
    ask(&mut call, &commit("xy")).await.unwrap();
    assert_eq!((fixture.blob("abc").is_some(), fixture.blob("xy").is_some()), (true, true));
}

#[tokio::test]
async fn content_that_exists_is_not_written_again() {
    let fixture = Fixture::new();
    fixture.add("abc").await.unwrap();
    assert_eq!(code_of(&mut fixture.write().await, &stat("abc")).await, ALREADY_EXISTS);
    // A blob of another length is damaged.
    fs::write(fixture.store.path(&Digest::parse(&digest("abc")).unwrap()), "ab").unwrap();
    fixture.add("abc").await.unwrap();
    assert_eq!((fixture.blob("abc").as_deref(), fixture.count()), (Some(&b"abc"[..]), 1));
}

#[tokio::test]
async fn content_with_another_digest_or_length_is_not_kept() {
    let fixture = Fixture::new();
    for (begin, end, code) in [
        (stat("abx"), commit("abx"), FAILED_PRECONDITION),
        (stat("abc"), commit("abx"), FAILED_PRECONDITION),
        (stat("abcd"), WriteRequest { offset: 3, ..commit("abcd") }, FAILED_PRECONDITION),
        (stat("abc"), WriteRequest { total: 4, ..commit("abc") }, FAILED_PRECONDITION),
        (stat("ab"), commit("ab"), OUT_OF_RANGE),
        (stat("abc"), WriteRequest { offset: 2, ..commit("abc") }, OUT_OF_RANGE),
        (stat("abc"), WriteRequest { offset: -1, ..commit("abc") }, OUT_OF_RANGE),
        (stat("abc"), WriteRequest { action: 3, ..commit("abc") }, INVALID_ARGUMENT),
    ] {
        let mut call = fixture.write().await;
        ask(&mut call, &begin).await.unwrap();
        let found = match ask(&mut call, &part(0, "abc")).await {
            Ok(_) => code_of(&mut call, &end).await,
            Err((code, _)) => code,
        };
        assert_eq!(found, code, "{end:?}");
        let blobs = fixture.folder.path().join("cache/blobs/sha256").read_dir().unwrap().count();
        assert_eq!((blobs, fixture.count()), (0, 1), "{end:?}");
    }
}

#[tokio::test]
async fn content_names_are_digests_only() {
    let fixture = Fixture::new();
    fixture.add("abc").await.unwrap();
    fs::write(fixture.folder.path().join("secret"), "hunter2").unwrap();
    let (digits, upper) = ("0".repeat(61), digest("abc").to_uppercase().replace("SHA256", "sha256"));
    let traversal = format!("sha256:../{digits}");
    for name in ["", "../secret", "sha256:../../../secret", "sha256:", &upper, &traversal, "sha512:00", "index.json"] {
        assert_eq!(fixture.info(name).await.unwrap_err().0, INVALID_ARGUMENT, "{name}");
        assert_eq!(fixture.read(name, 0, 0).await.unwrap_err().0, INVALID_ARGUMENT, "{name}");
        if !name.is_empty() {
            let request = WriteRequest { expected: name.into(), ..stat("x") };
            assert_eq!(code_of(&mut fixture.write().await, &request).await, INVALID_ARGUMENT, "{name}");
        }
    }
    assert_eq!(fixture.info(&digest("x")).await.unwrap_err().0, NOT_FOUND);
    assert_eq!(fixture.read(&digest("x"), 0, 0).await.unwrap_err().0, NOT_FOUND);
    // References are not paths.
    let mut call = fixture.write().await;
    for request in [stat("x"), part(0, "x"), commit("x")] {
        ask(&mut call, &WriteRequest { reference: "../../x".into(), ..request }).await.unwrap();
    }
    assert_eq!((fixture.count(), fixture.folder.path().read_dir().unwrap().count()), (1, 2));
    let unnamed = WriteRequest { reference: String::new(), ..stat("y") };
    assert_eq!(code_of(&mut fixture.write().await, &unnamed).await, INVALID_ARGUMENT);
}

#[tokio::test]
async fn content_store_is_chosen_by_its_id() {
    let fixture = Fixture::new();
    fixture.add("abc").await.unwrap();
    let request = InfoRequest { digest: digest("abc") };
    let cases: [(&[(&str, &str)], &str); 3] =
        [(&[], INVALID_ARGUMENT), (&[(STORE, "local:other")], NOT_FOUND), (&[(STORE, "cache")], NOT_FOUND)];
    for (headers, code) in cases {
        let mut call = Call::with_message(&fixture.services, INFO, headers, &request).await;
        assert_eq!(call.next::<InfoResponse>().await.unwrap_err().0, code, "{headers:?}");
    }
    let mut call = Call::with_message(&Arc::new(Services::none()), INFO, &HEADERS, &request).await;
    assert_eq!(call.next::<InfoResponse>().await.unwrap_err().0, UNIMPLEMENTED);
    assert!(!Services::none().methods().contains(&INFO));
    assert!([INFO, READ, WRITE].iter().all(|method| fixture.services.methods().contains(method)));
}

#[tokio::test]
async fn content_of_a_source_cannot_be_written() {
    let fixture = Fixture::new();
    fixture.add("abc").await.unwrap();
    let store = Arc::new(ContentStore::source(fixture.folder.path().join("cache")));
    let source = Fixture { services: offering(&store), store, ..fixture };
    assert_eq!(source.info(&digest("abc")).await.unwrap().size, 3);
    let code = source.write().await.next::<WriteResponse>().await.unwrap_err().0;
    assert_eq!((&*code, source.count()), (PERMISSION_DENIED, 1));
    for method in ["List", "Update", "Delete", "Status", "ListStatuses", "Abort"] {
        let path = format!("/containerd.services.content.v1.Content/{method}");
        let code = Call::start(&source.services, &path, &HEADERS).await.next::<InfoResponse>().await.unwrap_err().0;
        assert_eq!(code, UNIMPLEMENTED, "{method}");
    }
}

#[tokio::test]
async fn content_write_that_ends_early_leaves_nothing() {
    let fixture = Fixture::new();
    let mut call = fixture.write().await;
    ask(&mut call, &stat("abc")).await.unwrap();
    ask(&mut call, &part(0, "ab")).await.unwrap();
    assert_eq!(fixture.count(), 2);
    call.close();
    assert_eq!((call.next::<WriteResponse>().await, fixture.count()), (Ok(None), 1));

    let mut call = fixture.write().await;
    ask(&mut call, &stat("abc")).await.unwrap();
    assert_eq!(fixture.count(), 2);
    drop(call);
    let removed = async {
        while fixture.count() > 1 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), removed).await.unwrap();
}

#[tokio::test]
async fn content_writes_are_limited() {
    let fixture = Fixture::new();
    let mut calls = Vec::new();
    for _ in 0..MAX_WRITES {
        let mut call = fixture.write().await;
        ask(&mut call, &stat("abc")).await.unwrap();
        calls.push(call);
    }
    let mut waiting = fixture.write().await;
    waiting.send(&stat("abc"));
    timeout(Duration::from_millis(100), waiting.next::<WriteResponse>()).await.unwrap_err();
    assert_eq!(fixture.count(), 1 + MAX_WRITES);
    // Reads do not wait.
    assert_eq!(fixture.info(&digest("abc")).await.unwrap_err().0, NOT_FOUND);
    drop(calls.pop());
    let response = timeout(Duration::from_secs(10), waiting.next::<WriteResponse>()).await.unwrap();
    assert_eq!(response.unwrap().unwrap().offset, 0);
}

#[tokio::test]
async fn content_messages_that_are_too_large_are_rejected() {
    let fixture = Fixture::new();
    let large = WriteRequest { data: vec![0; MAX_PART].into(), ..stat("abc") };
    assert_eq!(code_of(&mut fixture.write().await, &large).await, OUT_OF_RANGE);
    let name = "x".repeat(MAX_REQUEST);
    assert_eq!(fixture.info(&name).await.unwrap_err().0, OUT_OF_RANGE);
    assert!(!fixture.folder.path().join("cache").exists());
}

#[tokio::test]
async fn content_write_failure_is_kept_for_the_error() {
    let fixture = Fixture::new();
    fs::write(fixture.folder.path().join("cache"), "").unwrap();
    let unchecked = WriteRequest { expected: String::new(), ..stat("abc") };
    let (code, message) = ask(&mut fixture.write().await, &unchecked).await.unwrap_err();
    assert!(code == INTERNAL && message.starts_with("failed to write "), "{code} {message}");
    let failure = fixture.store.failure(&format!("error writing layer blob: {message}: unknown")).unwrap();
    assert_eq!((failure.to_string(), failure.kind()), (message, crate::ErrorKind::LocalIo));
    assert!(fixture.store.failure("exit code: 1").is_none());
}

#[test]
fn content_store_debug_output_shows_the_directory() {
    let text = format!("{:?}", ContentStore::source(Path::new("/cache").into()));
    assert!(text.contains("/cache"), "{text}");
}
