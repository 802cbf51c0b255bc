//! Compatibility with Docker 1.3 to 29: a client reads the same values from all releases, except those that a release does
//! not report.
//!
//! The values describe a container, `web`, its image, mount and network address, its state, events and stats. Each
//! directory in `compat/` contains the responses of one release, one file per response, in the form of that release. The
//! files are written by hand, not recorded: long lists of settings are shortened, and JSON is formatted, except in streams,
//! whose separators differ. A response that a release does not have has no file.

use dockerclient::ApiVersion;
use insta::assert_snapshot;

use self::{
    expected::{EXPECTED, FIXTURES, MISSING_FIXTURES, NOT_REPORTED},
    observed::Observed,
    release::{RELEASES, Release, ReleaseEngine},
};

mod expected;
mod observed;
mod release;
mod specification;

/// The differences of observed and expected values, each with the names of the release and of the value.
fn differences(release: &str, observed: &Observed) -> Vec<String> {
    let index = |name: &str| {
        RELEASES.iter().position(|release| release.name == name).unwrap_or_else(|| panic!("no release {name}"))
    };
    let exception =
        |name: &str| NOT_REPORTED.iter().find(|(before, value, _)| *value == name && index(release) < index(before));
    let mut found = Vec::new();
    for (name, expected) in EXPECTED {
        match (observed.0.get(name), exception(name)) {
            (None, Some(_)) => {}
            (Some(value), None) if value == expected => {}
            (None, None) => found.push(format!("release {release} does not report {name}")),
            (Some(value), None) => {
                found.push(format!("release {release} reports {name} as {value}, expected {expected}"));
            }
            (Some(value), Some((_, _, why))) => {
                found.push(format!("release {release} reports {name} as {value}, expected no value: {why}"));
            }
        }
    }
    let unknown = observed.0.keys().filter(|name| !EXPECTED.iter().any(|(known, _)| known == *name));
    found.extend(unknown.map(|name| format!("release {release} reports {name}, which is not an expected value")));
    found
}

#[tokio::test]
async fn all_releases_decode_to_the_same_values() {
    let is_expected = |name: &str| EXPECTED.iter().any(|(known, _)| *known == name);
    assert!(NOT_REPORTED.iter().all(|(_, name, _)| is_expected(name)));
    let mut found = Vec::new();
    for release in &RELEASES {
        found.extend(differences(release.name, &Observed::from_engine(&release.engine().client()).await));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Uses the versions just outside the supported range for which there are fixtures, and returns the errors.
async fn version_errors(release: &'static Release, engine: &ReleaseEngine) -> Vec<String> {
    let mut errors = Vec::new();
    let too_new = Some(ApiVersion::new(1, release.newest.minor() + 1));
    let too_old = release.oldest.map(|oldest| ApiVersion::new(1, oldest.minor() - 1));
    let fixtures = release.fixtures();
    for (_, version) in [("too-new", too_new), ("too-old", too_old)].iter().filter(|(file, _)| fixtures.contains(*file))
    {
        let version = version.unwrap();
        let docker = engine.client_at(version);
        let error = docker.info().await.unwrap_err();
        errors.push(format!("{:<6}{error}", release.name));
        assert!(error.is_bad_request() && !error.is_not_found(), "{error}");
        docker
            .container("web")
            .try_inspect()
            .await
            .expect_err("a rejected version does not mean that the container is missing");
    }
    errors
}

#[tokio::test]
async fn negotiated_version_and_version_errors_of_each_release() {
    let mut errors = Vec::new();
    for release in &RELEASES {
        let engine = release.engine();
        let docker = engine.client();
        assert_eq!(docker.api_version().await.unwrap(), release.newest.min(ApiVersion::NEWEST), "{}", release.name);
        let version = docker.version().await.unwrap();
        assert!(version.version.starts_with(release.name), "{}", version.version);
        // Earlier releases do not report it.
        let oldest = release.oldest.filter(|_| release.newest >= ApiVersion::new(1, 25));
        assert_eq!(version.min_api_version, oldest.map_or_else(String::new, |version| version.to_string()));
        errors.extend(version_errors(release, &engine).await);
    }
    assert_snapshot!(errors.join("\n"), @"
    1.3   failed to get engine information: client and server don't have same version (client : 1.16, server: 1.15) (404)
    1.6   failed to get engine information: client and server don't have same version (client : 1.19, server: 1.18) (404)
    1.9   failed to get engine information: client is newer than server (client API version: 1.22, server API version: 1.21) (400)
    1.12  failed to get engine information: client is newer than server (client API version: 1.25, server API version: 1.24) (400)
    17.06 failed to get engine information: client version 1.31 is too new. Maximum supported API version is 1.30 (400)
    20.10 failed to get engine information: client version 1.42 is too new. Maximum supported API version is 1.41 (400)
    25    failed to get engine information: client version 1.45 is too new. Maximum supported API version is 1.44 (400)
    25    failed to get engine information: client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version (400)
    28    failed to get engine information: client version 1.52 is too new. Maximum supported API version is 1.51 (400)
    28    failed to get engine information: client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version (400)
    29    failed to get engine information: client version 1.39 is too old. Minimum supported API version is 1.40, please upgrade your client to a newer version (400)
    ");
}

#[tokio::test]
async fn every_fixture_is_used_and_missing_ones_are_listed() {
    for release in &RELEASES {
        let engine = release.engine();
        Observed::from_engine(&engine.client()).await;
        version_errors(release, &engine).await;
        let (fixtures, used) = (release.fixtures(), engine.used_fixtures());
        assert_eq!(used, fixtures, "the fixtures of release {} that were used, and those that exist", release.name);
        let absent = MISSING_FIXTURES
            .iter()
            .filter(|(engine, ..)| *engine == release.name)
            .map(|(_, file, _)| (*file).to_owned());
        let all = fixtures.iter().cloned().chain(absent).collect::<Vec<_>>();
        assert_eq!(
            sorted(all),
            sorted(FIXTURES.map(str::to_owned).to_vec()),
            "the fixtures of release {}",
            release.name
        );
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// The fixtures contain only fields that the OpenAPI document has at the newest version of the release.
#[test]
fn fixtures_match_the_api_specification() {
    for release in &RELEASES {
        for (file, schema) in specification::SCHEMAS.iter().filter(|(file, _)| release.fixtures().contains(*file)) {
            let found = specification::unknown_fields(schema, &release.read(file).1, release.newest);
            assert!(found.is_empty(), "release {}, {file}: {found:?}", release.name);
        }
    }
    let body = r#"[{"Id":"1","State":"running","Ports":[{"IP":"::","Speed":1}],"Labels":{"app":"web"}}]"#;
    assert_eq!(
        specification::unknown_fields("ContainerSummary", body, ApiVersion::new(1, 21)),
        [".Ports.Speed", ".State"]
    );
}

#[tokio::test]
async fn differences_name_the_release_and_the_value() {
    let mut observed = Observed::from_engine(&RELEASES[1].engine().client()).await;
    observed.0.insert("list: names", r#"["/db"]"#.into());
    observed.0.insert("list: mounts", "[]".into());
    observed.0.insert("list: other", "3".into());
    observed.0.remove("list: image");
    assert_snapshot!(differences("1.6", &observed).join("\n"), @r#"
    release 1.6 reports list: names as ["/db"], expected ["/web"]
    release 1.6 does not report list: image
    release 1.6 reports list: mounts as [], expected no value: added in API 1.23
    release 1.6 reports list: other, which is not an expected value
    "#);
}
