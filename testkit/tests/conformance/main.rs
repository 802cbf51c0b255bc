//! Runs the same scenarios on the fake engine and on a real engine, and compares the responses.
//!
//! `scenarios.txt` lists the requests, and `swarm_scenarios.txt` those for an engine that may be part of a swarm.
//! `exceptions.txt` lists the allowed differences with their reasons.

#![cfg(unix)] // the real engine listens on a Unix socket
#![allow(clippy::unwrap_used)] // a panic fails the test

use std::{
    env, thread,
    time::{Duration, Instant},
};

use dockerclient::ApiVersion;
use dockerclient_testkit::{Call, FakeEngine, Response};

mod normal;
mod scenario;
mod wire;

use self::{
    normal::Normal,
    scenario::{Scenario, Step},
};

const SCENARIOS: &str = include_str!("scenarios.txt");

/// Scenarios that make the engine create and leave swarms.
const SWARM_SCENARIOS: &str = include_str!("swarm_scenarios.txt");

/// How long a step is repeated until its response is the expected one.
const REPEAT_TIMEOUT: Duration = Duration::from_secs(30);

/// The steps of a scenario, and their responses in normal form.
type Outcome = Vec<(String, String)>;

fn play(address: &str, scenario: &Scenario, version: ApiVersion) -> Outcome {
    let mut normal = Normal::new(version);
    let mut outcome = Outcome::new();
    let mut variables = vec![("began".to_owned(), wire::unix_time_in(Duration::ZERO).into_bytes())];
    for step in &scenario.steps {
        let response = exchange(address, step, version, &variables);
        if let Some((name, field)) = &step.keep {
            let document = serde_json::from_slice::<serde_json::Value>(&response.body).unwrap_or_default();
            let value = match (field.as_str(), document.as_str()) {
                ("*", Some(text)) => text.as_bytes().to_vec(),
                ("*", None) => response.body.clone(),
                _ => match document.pointer(&format!("/{}", field.replace('.', "/"))) {
                    Some(serde_json::Value::String(text)) => text.as_bytes().to_vec(),
                    Some(value) => value.to_string().into_bytes(),
                    None => b"nothing".to_vec(),
                },
            };
            variables.push((name.clone(), value));
        }
        if step.compared {
            outcome.push((step.line.clone(), normal.text(step, &response)));
        }
    }
    wire::clean_up(address, version);
    outcome
}

/// Sends the request of a step, again until the response is the expected one.
fn exchange(address: &str, step: &Step, version: ApiVersion, variables: &[(String, Vec<u8>)]) -> wire::Response {
    let began = Instant::now();
    loop {
        let response = wire::exchange(address, step, version, variables);
        let text = String::from_utf8_lossy(&response.body);
        let is_expected = step.until.as_ref().is_none_or(|(count, part)| text.matches(part).count() == *count);
        if is_expected || began.elapsed() > REPEAT_TIMEOUT {
            return response;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The differences between two engines, in the scenarios whose title contains `title`.
fn differences(
    real: &str,
    fake_engine: impl Fn() -> FakeEngine,
    version: ApiVersion,
    title: &str,
    scenarios: &str,
) -> Vec<String> {
    let scenarios = scenario::all(scenarios);
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
    let address = env::var("DOCKERCLIENT_TEST_ENGINE").expect("DOCKERCLIENT_TEST_ENGINE names a Unix socket");
    let version = env::var("DOCKERCLIENT_TEST_API").expect("DOCKERCLIENT_TEST_API is a version").parse().unwrap();
    let title = env::var("DOCKERCLIENT_TEST_SCENARIO").unwrap_or_default();
    let is_swarm = env::var("DOCKERCLIENT_TEST_KIND").is_ok_and(|kind| kind == "swarm");
    let scenarios = if is_swarm { SWARM_SCENARIOS } else { SCENARIOS };
    let found = differences(&address, fake_engine, version, &title, scenarios);
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
