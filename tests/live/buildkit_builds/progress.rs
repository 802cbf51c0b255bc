//! The progress of builds.

use dockerclient::images::{BuildGraph, BuildStep, BuildTrace, ProgressItem, StepState};

use super::{build, built, engine_with_buildkit};

fn graph(traces: &[BuildTrace]) -> BuildGraph {
    let mut graph = BuildGraph::new();
    traces.iter().for_each(|trace| graph.add(trace));
    graph
}

/// Returns the step with `word` in its name.
fn step<'a>(graph: &'a BuildGraph, word: &str) -> &'a BuildStep {
    graph.steps().find(|step| step.name().contains(word)).unwrap_or_else(|| panic!("{word}: {graph:?}"))
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn graph_of_a_build_has_steps_with_states_and_output() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let name = engine.name("graph");
    let dockerfile = format!("FROM busybox\nRUN echo {name}; echo two; printf three\nRUN sleep 0.2\n");
    let files = [("Dockerfile", &*dockerfile)];
    let build = || build(&docker, &files);
    let (_, traces) = built(&engine, build()).await.unwrap();
    let first = graph(&traces);
    let (one, two) = (step(&first, "RUN echo"), step(&first, "RUN sleep"));
    assert_eq!(one.output().collect::<Vec<_>>(), [&*name, "two", "three"]);
    assert_eq!(one.state(), StepState::Completed);
    assert_eq!((two.state(), two.inputs()), (StepState::Completed, [one.digest().to_owned()].as_slice()));
    assert!(one.completed() <= two.started() && two.duration().as_millis() >= 200, "{two:?}");
    assert!(one.number() < two.number() && first.started() <= one.started(), "{first:?}");
    assert!(first.completed() >= 2 && first.completed() <= first.total(), "{first:?}");

    let (_, traces) = built(&engine, build()).await.unwrap();
    let again = graph(&traces);
    assert_eq!((step(&again, "RUN echo").state(), step(&again, "RUN echo").output().count()), (StepState::Cached, 0));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn graph_of_a_failed_build_has_the_failed_step() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let files = [("Dockerfile", "FROM busybox\nRUN echo before; exit 3\nRUN true\n")];
    let mut progress = build(&engine.direct(), &files).no_cache(true).progress().await.unwrap();
    let mut graph = BuildGraph::new();
    let error = loop {
        match progress.try_next().await {
            Ok(Some(ProgressItem::Trace(trace))) => graph.add(&trace),
            Ok(Some(_)) => {}
            Ok(None) => panic!("the build did not fail"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Some(3));
    let failed = step(&graph, "RUN echo before");
    assert_eq!((failed.state(), failed.output().collect::<Vec<_>>()), (StepState::Failed, vec!["before"]));
    assert!(failed.error().is_some_and(|error| error.contains("exit code: 3")), "{failed:?}");
    let states: Vec<StepState> = graph.steps().map(BuildStep::state).collect();
    assert!(!states.contains(&StepState::Running), "{graph:?}");
}

#[cfg(feature = "progress")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn show_writes_the_progress_of_a_build_as_lines() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let files = [("Dockerfile", "FROM busybox\nRUN echo hello\n")];
    let progress = build(&engine.direct(), &files).no_cache(true).progress().await.unwrap();
    let mut shown = Vec::new();
    let image = progress.show(dockerclient::images::Screen::lines(&mut shown)).await.unwrap();
    engine.remove_later(format!("/images/{}?force=1", image.name()));
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.starts_with("#1 ") && shown.contains("RUN echo hello\n") && shown.contains(" hello\n"), "{shown}");
    assert!(shown.lines().filter(|line| line.contains("DONE")).count() > 1, "{shown}");
}
