//! One world, told by engines of every age: a client learns the same from each, but for what an engine does not tell.
//!
//! The world is a container, `web`, its image, mount and network address, what became of it, and what it used. Each folder
//! in `ages/` is what one engine answers about it, an answer a file, in that engine's own form. The files are written from
//! what is known of these engines, not recorded: long lists of settings are cut short, documents are laid out for people,
//! and only streams stand byte for byte, as what is between their items differs. What an engine does not have has no file.

use dockerclient::ApiVersion;
use insta::assert_snapshot;

use self::{
    age::{AGES, Age, Aged},
    told::Told,
    world::{ABSENT, FILES, UNTOLD, WORLD},
};

mod age;
mod document;
mod told;
mod world;

/// What is wrong with what an engine told, each difference with the names of the engine and of what it told.
fn differences(engine: &str, told: &Told) -> Vec<String> {
    let place = |name: &str| AGES.iter().position(|age| age.name == name).unwrap_or_else(|| panic!("no engine {name}"));
    let excuse = |thing: &str| UNTOLD.iter().find(|(before, what, _)| *what == thing && place(engine) < place(before));
    let mut found = Vec::new();
    for (thing, fact) in WORLD {
        match (told.0.get(thing), excuse(thing)) {
            (None, Some(_)) => {}
            (Some(said), None) if said == fact => {}
            (None, None) => found.push(format!("engine {engine} does not tell {thing}")),
            (Some(said), None) => found.push(format!("engine {engine} tells {thing} as {said}, which is {fact}")),
            (Some(said), Some((_, _, why))) => {
                found.push(format!("engine {engine} tells {thing} as {said}, and was said not to: {why}"));
            }
        }
    }
    let unknown = told.0.keys().filter(|thing| !WORLD.iter().any(|(known, _)| known == *thing));
    found.extend(unknown.map(|thing| format!("engine {engine} tells {thing}, which is not in the world")));
    found
}

#[tokio::test]
async fn engines_of_every_age_tell_of_the_same_world() {
    let in_the_world = |thing: &str| WORLD.iter().any(|(known, _)| *known == thing);
    assert!(UNTOLD.iter().all(|(_, thing, _)| in_the_world(thing)));
    let mut found = Vec::new();
    for age in &AGES {
        found.extend(differences(age.name, &Told::by(&age.engine().client()).await));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Speaks the versions next to what the engine speaks, where it has an answer to that, and returns what was said.
async fn refusals(age: &'static Age, engine: &Aged) -> Vec<String> {
    let mut said = Vec::new();
    let too_new = Some(ApiVersion::new(1, age.newest.minor() + 1));
    let too_old = age.oldest.map(|oldest| ApiVersion::new(1, oldest.minor() - 1));
    let files = age.files();
    for (_, version) in [("too-new", too_new), ("too-old", too_old)].iter().filter(|(file, _)| files.contains(*file)) {
        let version = version.unwrap();
        let docker = engine.client_at(version);
        let error = docker.info().await.unwrap_err();
        said.push(format!("{:<6}{error}", age.name));
        assert!(error.is_bad_request() && !error.is_not_found(), "{error}");
        docker.container("web").find().await.expect_err("that a version is refused does not say what there is");
    }
    said
}

#[tokio::test]
async fn each_engine_is_spoken_to_as_it_likes_and_refuses_what_it_does_not_know() {
    let mut said = Vec::new();
    for age in &AGES {
        let engine = age.engine();
        let docker = engine.client();
        assert_eq!(docker.api_version().await.unwrap(), age.newest.min(ApiVersion::NEWEST), "{}", age.name);
        let version = docker.version().await.unwrap();
        assert!(version.version.starts_with(age.name), "{}", version.version);
        let oldest = age.oldest.filter(|_| age.newest >= ApiVersion::new(1, 25)); // from then on they tell it
        assert_eq!(version.min_api_version, oldest.map_or_else(String::new, |version| version.to_string()));
        said.extend(refusals(age, &engine).await);
    }
    assert_snapshot!(said.join("\n"), @"
    1.3   system info: engine said 404: client and server don't have same version (client : 1.16, server: 1.15)
    1.6   system info: engine said 404: client and server don't have same version (client : 1.19, server: 1.18)
    1.9   system info: engine said 400: client is newer than server (client API version: 1.22, server API version: 1.21)
    1.12  system info: engine said 400: client is newer than server (client API version: 1.25, server API version: 1.24)
    17.06 system info: engine said 400: client version 1.31 is too new. Maximum supported API version is 1.30
    20.10 system info: engine said 400: client version 1.42 is too new. Maximum supported API version is 1.41
    25    system info: engine said 400: client version 1.45 is too new. Maximum supported API version is 1.44
    25    system info: engine said 400: client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version
    28    system info: engine said 400: client version 1.52 is too new. Maximum supported API version is 1.51
    28    system info: engine said 400: client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version
    29    system info: engine said 400: client version 1.39 is too old. Minimum supported API version is 1.40, please upgrade your client to a newer version
    ");
}

#[tokio::test]
async fn each_file_is_read_and_what_has_none_has_a_reason() {
    for age in &AGES {
        let engine = age.engine();
        Told::by(&engine.client()).await;
        refusals(age, &engine).await;
        let (files, given) = (age.files(), engine.given());
        assert_eq!(given, files, "the answers of engine {} that were given, and those that it has", age.name);
        let absent = ABSENT.iter().filter(|(engine, ..)| *engine == age.name).map(|(_, file, _)| (*file).to_owned());
        let all = files.iter().cloned().chain(absent).collect::<Vec<_>>();
        assert_eq!(sorted(all), sorted(FILES.map(str::to_owned).to_vec()), "the answers of engine {}", age.name);
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// An engine sends to the newest version that it speaks what the document of that version knows.
#[test]
fn no_answer_holds_what_the_document_does_not_know() {
    for age in &AGES {
        for (file, schema) in document::SCHEMAS.iter().filter(|(file, _)| age.files().contains(*file)) {
            let found = document::unknown(schema, &age.answer(file).1, age.newest);
            assert!(found.is_empty(), "engine {}, {file}: {found:?}", age.name);
        }
    }
    let body = r#"[{"Id":"1","State":"running","Ports":[{"IP":"::","Speed":1}],"Labels":{"app":"web"}}]"#;
    assert_eq!(document::unknown("ContainerSummary", body, ApiVersion::new(1, 21)), [".Ports.Speed", ".State"]);
}

#[tokio::test]
async fn a_difference_is_named_with_the_engine_and_what_it_told() {
    let mut told = Told::by(&AGES[1].engine().client()).await;
    told.0.insert("list: names", r#"["/db"]"#.into());
    told.0.insert("list: mounts", "[]".into());
    told.0.insert("list: dreams", "3".into());
    told.0.remove("list: image");
    assert_snapshot!(differences("1.6", &told).join("\n"), @r#"
    engine 1.6 tells list: names as ["/db"], which is ["/web"]
    engine 1.6 does not tell list: image
    engine 1.6 tells list: mounts as [], and was said not to: they came with API 1.23
    engine 1.6 tells list: dreams, which is not in the world
    "#);
}
