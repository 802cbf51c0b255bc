//! Runs the same scenarios on the fake engine and on a real engine, and compares the responses.
//!
//! `scenarios.txt` lists the requests, `exceptions.txt` the allowed differences with their reasons.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::{env, thread, time::Duration};

use dockerclient::ApiVersion;
use dockerclient_testkit::{Call, FakeEngine, Response};

mod normal;
mod scenario;
mod wire;

use self::{normal::Normal, scenario::Scenario};

const SCENARIOS: &str = include_str!("scenarios.txt");

/// The steps of a scenario, and their responses in normal form.
type Outcome = Vec<(String, String)>;

fn play(address: &str, scenario: &Scenario, version: ApiVersion) -> Outcome {
    let mut normal = Normal::new(version);
    let mut outcome = Outcome::new();
    let mut variables = vec![("began".to_owned(), wire::unix_time_in(Duration::ZERO).into_bytes())];
    for step in &scenario.steps {
        let response = wire::exchange(address, step, version, &variables);
        if let Some((name, field)) = &step.keep {
            let value = serde_json::from_slice::<serde_json::Value>(&response.body).unwrap_or_default();
            let value = value[field].as_str().unwrap_or("nothing").as_bytes().to_vec();
            variables.push((name.clone(), if field == "*" { response.body.clone() } else { value }));
        }
        if step.compared {
            outcome.push((step.line.clone(), normal.text(step, &response)));
        }
    }
    wire::clean_up(address, version);
    outcome
}

/// The differences between two engines, in the scenarios whose title contains `title`.
fn differences(real: &str, fake_engine: impl Fn() -> FakeEngine, version: ApiVersion, title: &str) -> Vec<String> {
    let scenarios = scenario::all(SCENARIOS);
    let selected = scenarios.iter().filter(|scenario| scenario.is_for(version) && scenario.title.contains(title));
    selected.flat_map(|scenario| differences_twice(real, &fake_engine, version, scenario)).collect()
}

/// Repeats a scenario with differences: a busy engine sometimes reports late that a container was paused.
fn differences_twice(
    real: &str,
    fake_engine: impl Fn() -> FakeEngine,
    version: ApiVersion,
    scenario: &Scenario,
) -> Vec<String> {
    let first = differences_in(real, &fake_engine, version, scenario);
    if first.is_empty() { first } else { differences_in(real, &fake_engine, version, scenario) }
}

fn differences_in(
    real: &str,
    fake_engine: impl Fn() -> FakeEngine,
    version: ApiVersion,
    scenario: &Scenario,
) -> Vec<String> {
    let engine = fake_engine();
    wire::clean_up(real, version);
    let address = engine.address();
    let (expected, got) = thread::scope(|scope| {
        let got = scope.spawn(|| play(&address, scenario, version));
        (play(real, scenario, version), got.join().unwrap())
    });
    let steps = expected.iter().zip(&got).filter(|(expected, got)| expected != got);
    let differences = steps
        .map(|((line, expected), (_, got))| format!("{}\n  {line}\n{}", scenario.title, difference(expected, got)));
    differences.collect()
}

/// The lines that only one of the two has: `-` the real engine, `+` the fake engine.
fn difference(real: &str, fake: &str) -> String {
    let only = |mark: char, these: &str, those: &str| {
        let those: Vec<&str> = those.lines().collect();
        let lines = these.lines().filter(|line| !those.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    match only('-', real, fake) + &only('+', fake, real) {
        lines if lines.is_empty() => {
            let first = real.lines().zip(fake.lines()).enumerate().find(|(_, (real, fake))| real != fake);
            format!("only the order or number of lines differs, first at: {first:?}\n")
        }
        lines => lines,
    }
}

fn fake_engine() -> FakeEngine {
    FakeEngine::builder().lenient().newest_api("1.41").build()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine"]
async fn fake_engine_matches_a_real_engine() {
    let address = env::var("DOCKERCLIENT_TEST_ENGINE").expect("DOCKERCLIENT_TEST_ENGINE names a unix socket");
    let version = env::var("DOCKERCLIENT_TEST_API").expect("DOCKERCLIENT_TEST_API is a version").parse().unwrap();
    let title = env::var("DOCKERCLIENT_TEST_SCENARIO").unwrap_or_default();
    let found = differences(&address, fake_engine, version, &title);
    assert!(found.is_empty(), "{} differences at API {version}:\n\n{}", found.len(), found.join("\n"));
}

/// Verifies that the comparison finds differences, at the changed operation.
#[tokio::test(flavor = "multi_thread")]
async fn deliberate_changes_are_reported_as_differences() {
    let changes = [
        ("/wait", Call::to("container_wait").responds(|_| Response::json(200, "{\"StatusCode\":8}"))),
        ("/start", Call::to("container_start").responds(|_| Response::empty(200))),
        ("/logs", Call::to("container_logs").truncate_after(160)),
        ("/json", Call::to("container_inspect").fails(404, "No such container: that")),
    ];
    let real = fake_engine();
    let version = ApiVersion::new(1, 18);
    let scenarios = scenario::all(SCENARIOS);
    let scenario = scenarios.iter().find(|scenario| scenario.title.contains("container lifecycle")).unwrap();
    assert_eq!(differences_in(&real.address(), fake_engine, version, scenario), Vec::<String>::new());
    for (place, change) in changes {
        let changed = || {
            let engine = fake_engine();
            engine.expect(change.clone().any_times());
            engine
        };
        let found = differences_in(&real.address(), changed, version, scenario);
        assert!(!found.is_empty(), "{place}");
        assert!(found.iter().any(|difference| difference.contains(place)), "{place}: {}", found.join("\n"));
    }
}
