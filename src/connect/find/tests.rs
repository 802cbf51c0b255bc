//! The tables in the documentation of `DockerClient::from_env`, a test a row.

use std::{fs, os::unix::net::UnixListener};

use tempfile::TempDir;

use super::*;

/// A directory with a `config.json`, to which contexts and certificates can be added.
struct Config(TempDir);

impl Config {
    fn new(json: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), json).unwrap();
        Self(folder)
    }

    fn directory(&self) -> ConfigDirectory {
        ConfigDirectory::new(self.0.path())
    }

    /// The id is a hash of the name where the command line writes it; here it is the name.
    fn context(self, name: &str, docker: &str) -> Self {
        let folder = self.0.path().join("contexts/meta").join(name);
        fs::create_dir_all(&folder).unwrap();
        let meta = format!(r#"{{"Name":"{name}","Metadata":{{"Other":1}},"Endpoints":{{"docker":{docker}}}}}"#);
        fs::write(folder.join("meta.json"), meta).unwrap();
        self
    }

    /// Adds an authority, and what it signed for a client, below this directory.
    fn certificates(self, below: &str) -> Self {
        write_certificates(&self.0.path().join(below));
        self
    }
}

fn write_certificates(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["engine".to_owned()]).unwrap();
    for name in ["ca.pem", "cert.pem"] {
        fs::write(folder.join(name), made.cert.pem()).unwrap();
    }
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

/// Where the engine is found, as people write it, or why it is not.
fn found<const N: usize>(wish: &Wish, environment: [(&'static str, &str); N], config: Option<&Config>) -> String {
    let config = config.map(Config::directory);
    match find(wish, &environment.into(), config.as_ref()) {
        Ok(endpoint) => endpoint.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn nothing() -> Wish {
    Wish::default()
}

fn address(address: &str) -> Wish {
    Wish { address: Some(address.into()), ..Wish::default() }
}

fn context(name: &str) -> Wish {
    Wish { context: Some(name.into()), ..Wish::default() }
}

#[test]
fn docker_host_goes_before_contexts() {
    let config = Config::new(r#"{"currentContext":"far"}"#).context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", "tcp://near:1"), ("DOCKER_CONTEXT", "far")];
    assert_eq!(found(&nothing(), environment, Some(&config)), "tcp://near:1");
}

#[test]
fn docker_context_goes_before_the_current_one_and_may_name_none() {
    let config = Config::new(r#"{"currentContext":"far"}"#)
        .context("far", r#"{"Host":"tcp://far:1"}"#)
        .context("near", r#"{"Host":"ssh://me@near"}"#);
    assert_eq!(found(&nothing(), [("DOCKER_CONTEXT", "near")], Some(&config)), "ssh://me@near");
    assert_eq!(found(&nothing(), [], Some(&config)), "tcp://far:1");
    let socket = found(&nothing(), [("DOCKER_CONTEXT", "default")], Some(&config));
    assert!(!socket.contains("far"), "{socket}");
}

#[test]
fn the_program_goes_before_everything() {
    let config = Config::new("{}").context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", "tcp://near:1")];
    assert_eq!(found(&address("tcp://here:1"), environment, Some(&config)), "tcp://here:1");
    assert_eq!(found(&context("far"), environment, Some(&config)), "tcp://far:1");
    assert_eq!(found(&context("default"), environment, Some(&config)), "tcp://near:1");
    let both = Wish { context: Some("far".into()), ..address("tcp://here:1") };
    assert_eq!(found(&both, [], Some(&config)), "error: an address and a context are given; one of them is enough");
}

#[test]
fn what_is_empty_is_not_there() {
    let config = Config::new(r#"{"currentContext":"far"}"#).context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", ""), ("DOCKER_TLS_VERIFY", "")];
    assert_eq!(found(&nothing(), environment, Some(&config)), "tcp://far:1");
    let none = Config::new(r#"{"currentContext":""}"#);
    assert!(!found(&nothing(), [], Some(&none)).contains("context \"\""));
}

#[test]
fn who_names_what_cannot_be_is_named() {
    let config = Config::new(r#"{"currentContext":"gone"}"#)
        .context("odd", r#"{"Host":"gopher://odd"}"#)
        .context("other", "null");
    let garbled = Config::new("{\n\"currentContext\": 1}");
    let told = [
        found(&nothing(), [("DOCKER_HOST", "engine")], Some(&config)),
        found(&nothing(), [("DOCKER_CONTEXT", "gone")], Some(&config)),
        found(&nothing(), [], Some(&config)),
        found(&context("odd"), [], Some(&config)),
        found(&context("other"), [], Some(&config)),
        found(&context("any"), [], None),
        found(&nothing(), [], Some(&garbled)),
    ];
    let told = told.join("\n").replace(config.0.path().to_str().unwrap(), "CONFIG");
    insta::assert_snapshot!(told.replace(garbled.0.path().to_str().unwrap(), "CONFIG"), @r#"
    error: DOCKER_HOST: "engine" is no address of an engine: it needs a scheme, as in unix:///var/run/docker.sock or tcp://127.0.0.1:2375
    error: DOCKER_CONTEXT: the context "gone" is not in CONFIG/contexts
    error: the current context: the context "gone" is not in CONFIG/contexts
    error: the context "odd": "gopher://odd" is no address of an engine: the scheme "gopher" is unknown
    error: the context "other" has no engine of Docker's
    error: the context "any" cannot be looked for: there is no home directory
    error: CONFIG/config.json makes no sense at line 2, column 19
    "#);
}

#[test]
fn tls_is_spoken_if_the_environment_says_so_and_the_address_lets_it() {
    let config = Config::new("{}").certificates("");
    for variable in ["DOCKER_TLS_VERIFY", "DOCKER_TLS"] {
        // Whatever it holds, also what reads as no.
        let environment = [("DOCKER_HOST", "tcp://near"), (variable, "0")];
        assert_eq!(found(&nothing(), environment, Some(&config)), "https://near:2376");
        let local = [("DOCKER_HOST", "unix:///run/docker.sock"), (variable, "1")];
        assert_eq!(found(&nothing(), local, Some(&config)), "unix:///run/docker.sock");
        let plain = [("DOCKER_HOST", "http://near:1"), (variable, "1")];
        assert_eq!(
            found(&nothing(), plain, Some(&config)),
            "error: DOCKER_HOST: http://near:1 is without TLS, which is wanted; write https:// or tcp://"
        );
    }
    let no_choice = [("DOCKER_HOST", "https://near"), ("DOCKER_CERT_PATH", "")];
    assert_eq!(found(&nothing(), no_choice, None), "https://near:2376");
    let files_alone = [("DOCKER_HOST", "tcp://near"), ("DOCKER_CERT_PATH", "/nowhere")];
    assert_eq!(found(&nothing(), files_alone, None), "tcp://near:2375");
}

#[test]
fn certificates_are_where_docker_cert_path_says() {
    let (config, elsewhere) = (Config::new("{}"), tempfile::tempdir().unwrap());
    write_certificates(elsewhere.path());
    let path = elsewhere.path().to_str().unwrap();
    let near = ("DOCKER_HOST", "tcp://near");
    let named = [near, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)];
    assert_eq!(found(&nothing(), named, Some(&config)), "https://near:2376");
    let missing = found(&nothing(), [near, ("DOCKER_TLS_VERIFY", "1")], Some(&config));
    assert!(missing.ends_with("ca.pem cannot be read"), "{missing}");
    // Without verification, nothing has to be there.
    assert_eq!(found(&nothing(), [near, ("DOCKER_TLS", "1")], Some(&config)), "https://near:2376");
    // An engine may want no certificate of clients; a half of one is a mistake.
    fs::remove_file(elsewhere.path().join("key.pem")).unwrap();
    let half = found(&nothing(), named, Some(&config));
    assert!(half.ends_with("key.pem cannot be read"), "{half}");
    fs::remove_file(elsewhere.path().join("cert.pem")).unwrap();
    assert_eq!(found(&nothing(), named, Some(&config)), "https://near:2376");
}

#[test]
fn a_context_brings_its_own_certificates() {
    let config = Config::new("{}")
        .context("plain", r#"{"Host":"tcp://plain"}"#)
        .context("safe", r#"{"Host":"tcp://safe","SkipTLSVerify":false}"#)
        .context("loose", r#"{"Host":"tcp://loose","SkipTLSVerify":true}"#)
        .certificates("contexts/tls/safe/docker");
    let environment = || [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/nowhere")];
    assert_eq!(found(&context("plain"), environment(), Some(&config)), "tcp://plain:2375");
    assert_eq!(found(&context("safe"), environment(), Some(&config)), "https://safe:2376");
    assert_eq!(found(&context("loose"), environment(), Some(&config)), "https://loose:2376");
}

#[test]
fn a_context_that_skips_verification_does_so() {
    let config = Config::new("{}").context("loose", r#"{"Host":"tcp://loose","SkipTLSVerify":true}"#);
    let endpoint = find(&context("loose"), &Environment::default(), Some(&config.directory())).unwrap();
    // What is not verified needs no authorities.
    assert!(endpoint.has_tls());
}

#[test]
fn sockets_are_looked_for_at_the_usual_places() {
    let places = |environment: Environment| {
        let places = usual_places(&environment).into_iter().map(|place| place.display().to_string());
        places.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(places([].into()), "/var/run/docker.sock /run/podman/podman.sock");
    assert_eq!(
        places([("XDG_RUNTIME_DIR", "/run/user/7")].into()),
        "/var/run/docker.sock /run/user/7/docker.sock /run/user/7/podman/podman.sock /run/podman/podman.sock"
    );
}

#[test]
fn the_first_socket_that_can_be_opened_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("file"), "").unwrap();
    let listener = UnixListener::bind(place("engine")).unwrap();
    let _other = UnixListener::bind(place("other")).unwrap();
    let places = || ["none", "file", "engine", "other"].map(place).to_vec();
    assert_eq!(first_socket(places()).unwrap(), place("engine"));
    // Nobody listens, but somebody may again.
    drop(listener);
    assert_eq!(first_socket(places()).unwrap(), place("engine"));
}

#[test]
fn where_no_engine_can_be_it_is_told_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("folder")).unwrap();
    fs::write(place("file"), "").unwrap();
    let error = first_socket(["none", "folder", "file", "file/none"].map(place).to_vec()).unwrap_err();
    assert!(error.is_connect());
    insta::assert_snapshot!(
        error.to_string().replace(folder.path().to_str().unwrap(), ""),
        @"DOCKER_HOST, DOCKER_CONTEXT and the current context name no engine, and there is no usual one: /none does not exist, /folder is a directory, /file is no socket, /file/none does not exist"
    );
}
