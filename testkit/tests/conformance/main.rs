//! The double against the truth: the same scenarios on it and on a real engine, and the answers compared.
//!
//! `scenarios.txt` says what is asked. What may differ stands in `exceptions.txt`, with why.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use std::{env, thread, time::Duration};

use dockerclient::ApiVersion;
use dockerclient_testkit::{Call, Engine, Reply};

mod normal;
mod scenario;
mod wire;

use self::{normal::Normal, scenario::Scenario};

const SCENARIOS: &str = include_str!("scenarios.txt");

/// What a scenario brought about, step by step, in normal form.
type Told = Vec<(String, String)>;

fn play(address: &str, scenario: &Scenario, version: ApiVersion) -> Told {
    let mut normal = Normal::new(version);
    let mut told = Told::new();
    let mut kept = vec![("began".to_owned(), wire::seconds(Duration::ZERO).into_bytes())];
    for step in &scenario.steps {
        let answer = wire::exchange(address, step, version, &kept);
        if let Some((name, field)) = &step.keep {
            let value = serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_or_default();
            let value = value[field].as_str().unwrap_or("nothing").as_bytes().to_vec();
            kept.push((name.clone(), if field == "*" { answer.body.clone() } else { value }));
        }
        if step.counts {
            told.push((step.line.clone(), normal.text(step, &answer)));
        }
    }
    wire::clean_up(address, version);
    told
}

/// The differences between two engines, over some of the scenarios.
fn differences(truth: &str, double: impl Fn() -> Engine, version: ApiVersion, which: &str) -> Vec<String> {
    let scenarios = scenario::all(SCENARIOS);
    let wanted = scenarios.iter().filter(|scenario| scenario.is_for(version) && scenario.title.contains(which));
    wanted.flat_map(|scenario| differences_twice(truth, &double, version, scenario)).collect()
}

/// A busy engine now and then hears late that a container was paused. What differs has to do so again.
fn differences_twice(
    truth: &str,
    double: impl Fn() -> Engine,
    version: ApiVersion,
    scenario: &Scenario,
) -> Vec<String> {
    let first = differences_in(truth, &double, version, scenario);
    if first.is_empty() { first } else { differences_in(truth, &double, version, scenario) }
}

fn differences_in(truth: &str, double: impl Fn() -> Engine, version: ApiVersion, scenario: &Scenario) -> Vec<String> {
    let engine = double();
    wire::clean_up(truth, version);
    let address = engine.address();
    let (expected, got) = thread::scope(|scope| {
        let got = scope.spawn(|| play(&address, scenario, version));
        (play(truth, scenario, version), got.join().unwrap())
    });
    let steps = expected.iter().zip(&got).filter(|(expected, got)| expected != got);
    let told = steps
        .map(|((line, expected), (_, got))| format!("{}\n  {line}\n{}", scenario.title, difference(expected, got)));
    told.collect()
}

/// The lines that only one of the two has: `-` the engine, `+` the double.
fn difference(engine: &str, double: &str) -> String {
    let only = |mark: char, these: &str, those: &str| {
        let those: Vec<&str> = those.lines().collect();
        let lines = these.lines().filter(|line| !those.contains(line));
        lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    match only('-', engine, double) + &only('+', double, engine) {
        lines if lines.is_empty() => {
            let first = engine.lines().zip(double.lines()).enumerate().find(|(_, (engine, double))| engine != double);
            format!("the same in another order or number, from here on: {first:?}\n")
        }
        lines => lines,
    }
}

fn double() -> Engine {
    Engine::builder().lenient().newest_api("1.41").build()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine"]
async fn the_double_answers_as_a_real_engine_does() {
    let address = env::var("DOCKERCLIENT_TEST_ENGINE").expect("DOCKERCLIENT_TEST_ENGINE names a unix socket");
    let version = env::var("DOCKERCLIENT_TEST_API").expect("DOCKERCLIENT_TEST_API is a version").parse().unwrap();
    let which = env::var("DOCKERCLIENT_TEST_SCENARIO").unwrap_or_default();
    let found = differences(&address, double, version, &which);
    assert!(found.is_empty(), "{} differences at API {version}:\n\n{}", found.len(), found.join("\n"));
}

/// The comparison can fail: each of these changes is seen, where it is and nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn a_deliberate_change_to_the_double_is_seen_as_a_difference() {
    let changes = [
        ("/wait", Call::to("container_wait").answers(|_| Reply::json(200, "{\"StatusCode\":8}"))),
        ("/start", Call::to("container_start").answers(|_| Reply::empty(200))),
        ("/logs", Call::to("container_logs").cut_after(160)),
        ("/json", Call::to("container_inspect").fails(404, "No such container: that")),
    ];
    let truth = double();
    let version = ApiVersion::new(1, 18);
    let scenarios = scenario::all(SCENARIOS);
    let scenario = scenarios.iter().find(|scenario| scenario.title.contains("a container lives")).unwrap();
    assert_eq!(differences_in(&truth.address(), double, version, scenario), Vec::<String>::new());
    for (place, change) in changes {
        let changed = || {
            let engine = double();
            engine.expect(change.clone().any_times());
            engine
        };
        let found = differences_in(&truth.address(), changed, version, scenario);
        assert!(!found.is_empty(), "{place}");
        assert!(found.iter().any(|difference| difference.contains(place)), "{place}: {}", found.join("\n"));
    }
}
