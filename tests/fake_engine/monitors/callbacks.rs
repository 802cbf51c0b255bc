//! Monitors with callbacks (`monitor::run`), and lossy monitors.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    ApiVersion, DockerClient,
    monitor::{self, EventUpdate, Group, Handle, LossyItem, RetryPolicy},
};
use futures_util::{StreamExt as _, stream};

#[tokio::test]
async fn callback_is_called_in_order_and_not_after_stop() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let handle = monitor::run(stream::iter(0..1000), move |item| {
        calls.lock().unwrap().push(item);
        async { tokio::task::yield_now().await }
    });
    handle.ended().await;
    assert!(handle.has_ended());
    assert_eq!(*seen.lock().unwrap(), (0..1000).collect::<Vec<_>>());

    let count = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&count);
    let endless = monitor::run(stream::repeat(()), move |()| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { tokio::task::yield_now().await }
    });
    tokio::task::yield_now().await;
    endless.stop().await;
    let calls = count.load(Ordering::Relaxed);
    endless.stop().await;
    tokio::task::yield_now().await;
    assert_eq!(count.load(Ordering::Relaxed), calls, "stopping twice is stopping once");
}

#[tokio::test]
async fn monitor_is_stopped_by_stop_drop_or_its_group() {
    let handle = monitor::run(stream::pending::<()>(), |()| std::future::ready(()));
    handle.stop().await;

    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    drop(monitor::run(stream::pending::<()>(), move |()| {
        let _held = Arc::clone(&held);
        std::future::ready(())
    }));
    while Arc::strong_count(&alive) > 1 {
        tokio::task::yield_now().await;
    }

    let group = Group::default();
    let handles: Vec<_> =
        (0..3).map(|_| group.clone().add(monitor::run(stream::pending::<()>(), |()| std::future::ready(())))).collect();
    handles[0].stop().await;
    group.stop_all().await;
    group.stop_all().await;
    assert!(handles.iter().all(|handle| handle.has_ended()));
}

#[tokio::test]
async fn callback_receives_the_error() {
    let docker =
        DockerClient::builder().address("tcp://127.0.0.1:1").api_version(ApiVersion::new(1, 18)).build().unwrap();
    let monitor = docker.monitor_events().retry(RetryPolicy::default().attempts(0));
    let (errors, calls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (reported, called) = (Arc::clone(&errors), Arc::clone(&calls));
    let handle = monitor::run(monitor, move |update| {
        called.fetch_add(1, Ordering::Relaxed);
        if let EventUpdate::Disconnected { error, .. } = update {
            reported.lock().unwrap().push(error.to_string());
        }
        std::future::ready(())
    });
    handle.ended().await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(errors.lock().unwrap()[0].contains("Docker daemon at tcp://127.0.0.1:1"));
}

#[tokio::test]
async fn lossy_monitor_counts_dropped_items() {
    let mut lossy = monitor::lossy(stream::iter(0..100), 10);
    // Reads no item before all were received.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut items = Vec::new();
    while let Some(item) = lossy.next().await {
        items.push(item);
    }
    let want: Vec<_> = std::iter::once(LossyItem::Dropped(90)).chain((90..100).map(LossyItem::Item)).collect();
    assert_eq!(items, want);
    let lossless: Vec<_> = monitor::lossy(stream::iter(0..5), 10).collect().await;
    assert_eq!(lossless, (0..5).map(LossyItem::Item).collect::<Vec<_>>());
}

#[tokio::test]
async fn callback_can_stop_its_monitor_and_group() {
    let (own, count) = (Arc::new(OnceLock::<Handle>::new()), Arc::new(AtomicUsize::new(0)));
    let (handle, calls) = (Arc::clone(&own), Arc::clone(&count));
    let monitor = monitor::run(stream::repeat(()), move |()| {
        let (handle, calls) = (Arc::clone(&handle), Arc::clone(&calls));
        async move {
            calls.fetch_add(1, Ordering::Relaxed);
            // Not yet set if the first call is early.
            if let Some(handle) = handle.get() {
                handle.stop().await;
            }
            tokio::task::yield_now().await;
        }
    });
    let own = own.get_or_init(|| monitor);
    own.ended().await;
    assert!(count.load(Ordering::Relaxed) > 0);

    let group = Group::default();
    let all = group.clone();
    let one = group.add(monitor::run(stream::repeat(()), move |()| {
        let all = all.clone();
        async move { all.stop_all().await }
    }));
    let other = group.add(monitor::run(stream::pending::<()>(), |()| std::future::ready(())));
    tokio::join!(one.ended(), other.ended());
}
