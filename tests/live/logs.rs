//! Log lines and log monitors.

use dockerclient::monitor::LogUpdate;
use futures_util::TryStreamExt as _;

use crate::engine::Engine;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn tty_lines_over_16_kib_have_one_timestamp() {
    let engine = Engine::under_test().await;
    let script = "awk 'BEGIN { for (i = 0; i < 40000; i++) printf \"%d\", i % 10; print \"\"; print \"next\" }'";
    let container = engine.create_with(script, |create| create.tty(true)).await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let lines = container.logs().timestamps(true).await.unwrap().lines();
    let lines: Vec<_> = lines.try_collect().await.unwrap();
    assert!(lines.iter().all(|line| line.time.is_some()), "{lines:?}");
    let texts: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
    assert_eq!(texts, ["0123456789".repeat(4000), "next".to_owned()]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn log_monitor_returns_each_line_once_until_removal() {
    let engine = Engine::under_test().await;
    let script = "for i in $(seq 50); do echo tick; echo $i; echo tock >&2; done";
    let container = engine.create(script).await;
    let mut monitor = container.monitor_logs();
    let run: Vec<String> = (1..=50).flat_map(|number| ["tick".to_owned(), number.to_string()]).collect();
    for number in 0..3 {
        let (mut stdout, mut stderr) = (Vec::new(), 0);
        loop {
            match monitor.next().await.unwrap() {
                LogUpdate::Stopped => break,
                LogUpdate::Line(line) if line.text() == "tock" => stderr += 1,
                LogUpdate::Line(line) => stdout.push(line.text().into_owned()),
                LogUpdate::Connected => {}
                other => panic!("{other:?}"),
            }
        }
        let want = if number == 0 { &[][..] } else { &run };
        assert_eq!((&*stdout, stderr), (want, want.len() / 2), "run {number}");
        container.start().await.unwrap();
        container.wait().await.unwrap();
    }
    container.remove().await.unwrap();
    while let Some(update) = monitor.next().await {
        assert!(!matches!(update, LogUpdate::Disconnected { .. }), "{update:?}");
    }
}
