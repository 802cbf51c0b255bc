//! Secrets, and credentials of registries.

use std::{
    env, fs, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use dockerclient::{images::BuildImage, models::AuthConfig};

use super::{build, built, engine_with_buildkit, lines};
use crate::{
    credentials::{AUTH, HELPER, with_auth, with_helper},
    engine::version,
    transfers::registry_with_auth,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_reads_secrets() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "from-file").unwrap();
    let mount = "--mount=type=secret,id";
    let dockerfile = format!(
        "FROM busybox\nRUN {mount}=token {mount}=key tr a-z A-Z < /run/secrets/token && tr a-z A-Z < /run/secrets/key\n\
         RUN {mount}=path tr a-z A-Z < /run/secrets/path\n\
         RUN {mount}=absent test ! -e /run/secrets/absent && test ! -s /run/secrets/token\n"
    );
    let files = [("Dockerfile", &*dockerfile)];
    let secrets = |build: BuildImage| {
        let build = build.secret("token", "from-bytes\n").secret_file("key", folder.path().join("key"));
        build.secret_env("path", "PATH")
    };
    let (image, traces) = built(&engine, secrets(build(&docker, &files)).no_cache(true)).await.unwrap();
    let lines = lines(&traces);
    let path = env::var("PATH").unwrap().to_uppercase();
    assert!([" FROM-BYTES\n", " FROM-FILE\n", &*path].iter().all(|printed| lines.contains(printed)), "{lines}");
    assert!(!lines.contains("from-bytes"), "{lines}");
    let history = format!("{:?}", image.history().await.unwrap());
    assert!(!history.contains("from-bytes"), "{history}");

    let required = format!("FROM busybox\nRUN {mount}=other,required=true cat /run/secrets/other\n");
    let error = secrets(build(&docker, &[("Dockerfile", &required)])).await.unwrap_err();
    assert!(error.is_operation_failed() && error.to_string().contains("other"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn secret_from_a_closure_is_read_when_a_step_needs_it() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let calls = Arc::new(AtomicUsize::new(0));
    let secrets = |build: BuildImage| {
        let calls = Arc::clone(&calls);
        let build = build.secret_from("token", move || {
            let count = calls.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, io::Error>(format!("value-{count}")) }
        });
        build.no_cache(true)
    };
    built(&engine, secrets(build(&docker, &[("Dockerfile", "FROM busybox\nRUN true\n")]))).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let dockerfile = "FROM busybox\nRUN --mount=type=secret,id=token tr a-z A-Z < /run/secrets/token\n";
    let (_, traces) = built(&engine, secrets(build(&docker, &[("Dockerfile", dockerfile)]))).await.unwrap();
    assert!(lines(&traces).contains(" VALUE-0\n"), "{}", lines(&traces));

    let failing = |build: BuildImage| {
        build.secret_from("token", || async { Err::<String, _>(io::Error::other("the vault is sealed")) })
    };
    let error = failing(build(&docker, &[("Dockerfile", dockerfile)]).no_cache(true)).await.unwrap_err();
    assert!(error.to_string().contains("the vault is sealed"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_with_buildkit_pulls_with_credentials() {
    let Some(engine) = engine_with_buildkit().await else { return };
    let docker = engine.direct();
    let base = format!("{}/acme/{}", registry_with_auth(), engine.name("base"));
    let credentials = AuthConfig::new("me", "secret");
    let (image, _) =
        built(&engine, build(&docker, &[("Dockerfile", "FROM busybox\nENV BASE=private\n")])).await.unwrap();
    image.tag(&base).await.unwrap();
    docker.image(&base).push().credentials(credentials.clone()).await.unwrap();
    docker.image(&base).remove().await.unwrap();

    let dockerfile = format!("FROM {base}\nENV DERIVED=yes\n");
    let files = [("Dockerfile", &*dockerfile)];
    let wrong = AuthConfig::new("me", "wrong");
    for rejected in
        [build(&docker, &files).anonymous(), build(&docker, &files).credentials(registry_with_auth(), wrong)]
    {
        let error = rejected.pull(true).await.unwrap_err();
        assert!(error.is_operation_failed(), "{error}");
        assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
    }
    let inherits = async |build: BuildImage| {
        let (image, _) = built(&engine, build.pull(true)).await.unwrap();
        let env = image.inspect().await.unwrap().config.unwrap().env;
        assert!(
            ["BASE=private", "DERIVED=yes"].iter().all(|set| env.iter().any(|variable| variable == set)),
            "{env:?}"
        );
    };
    inherits(build(&docker, &files).credentials(registry_with_auth(), credentials)).await;
    for home in [with_auth(&registry_with_auth(), AUTH), with_helper(HELPER)] {
        let client = home.builder().address(engine.real_address()).api_version(version()).build().unwrap();
        inherits(build(&client, &files)).await;
    }
}
