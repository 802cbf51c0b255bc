//! Tests of archives.

use super::*;

#[tokio::test]
async fn export_of_an_archive_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("out.tar"), "old").unwrap();
    let target = archive(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let large = vec![b'x'; 3 << 20];
    let (code, message) = engine.send(None, vec![part(b"one"), part(b""), part(&large)]).await;
    assert_eq!(code, OK, "{message}");
    target.finish().unwrap();
    let content = fs::read(folder.path().join("out.tar")).unwrap();
    assert!(content == [&b"one"[..], &large].concat());
    assert_eq!(names(folder.path()), ["out.tar".to_owned()].into());

    let (code, message) = engine.send(None, vec![part(b"two")]).await;
    assert_eq!(code, INVALID_ARGUMENT, "{message}");
    assert!(target.finish().unwrap_err().is_decode());
    assert!(fs::read(folder.path().join("out.tar")).unwrap() == content);
}

#[tokio::test]
async fn export_of_an_archive_that_is_cancelled_keeps_the_old() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("out.tar"), "old").unwrap();
    let target = archive(&folder);
    let engine = Engine::new(&[Some(&target)]).await;
    let call = engine.call(None);
    call.send(part(b"new"));
    let is_one = || names(folder.path()).len() == 1;
    wait_until(|| !is_one()).await;
    drop(call.response);
    wait_until(is_one).await;
    assert_eq!(fs::read(folder.path().join("out.tar")).unwrap(), b"old");
    assert!(target.finish().unwrap_err().is_truncated());
}

#[tokio::test]
async fn export_of_an_archive_that_is_reset_is_not_complete() {
    use tokio::io::AsyncWriteExt as _;

    /// An HTTP/2 frame.
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream][..], payload].concat()
    }

    let target = Arc::new(ExportTarget::writer(Box::new(tokio::io::sink())));
    let targets = [Some(Arc::clone(&target))];
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let server = serve_http2(near, move |request| {
        let targets = targets.clone();
        async move { receive(&targets, request).await }
    });
    let server = tokio::spawn(server);
    // The settings, the headers `:method: POST`, `:scheme: http` and `:path: /`, and a part of the archive.
    let (settings, headers) = (frame(4, 0, 0, &[]), frame(1, 4, 1, &[0x83, 0x86, 0x84]));
    let preface = &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..];
    let sent = [preface, &settings, &headers, &frame(0, 0, 1, &part(b"new"))].concat();
    far.write_all(&sent).await.unwrap();
    wait_until(|| lock(&target.state).started == 1).await;
    far.write_all(&frame(3, 0, 1, &[0; 4])).await.unwrap();
    // This test and the server have the target.
    wait_until(|| Arc::strong_count(&target) == 2).await;
    assert!(!target.is_complete());
    server.abort();
}

#[tokio::test]
async fn export_of_an_archive_to_a_writer() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let target = Arc::new(ExportTarget::writer(Box::new(tokio::io::BufWriter::new(near))));
    let engine = Engine::new(&[Some(&target)]).await;
    let (code, message) = engine.send(None, vec![part(b"one"), part(b"two")]).await;
    assert_eq!(code, OK, "{message}");
    target.finish().unwrap();
    let mut written = String::new();
    far.read_to_string(&mut written).await.unwrap();
    assert_eq!(written, "onetwo");

    let (near, far) = tokio::io::duplex(1);
    drop(far);
    let target = Arc::new(ExportTarget::writer(Box::new(near)));
    let engine = Engine::new(&[Some(&target)]).await;
    let (code, message) = engine.send(None, vec![part(b"one")]).await;
    assert_eq!(code, INTERNAL, "{message}");
    assert_eq!(target.finish().unwrap_err().kind(), ErrorKind::LocalIo);
}
