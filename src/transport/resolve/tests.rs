//! Selection of the engine, as the documentation of `DockerClient::from_env` describes it.

use std::fs;

use tempfile::TempDir;

use super::*;

/// The tests of these files need FIFOs and Unix sockets.
#[cfg(unix)]
mod unix;

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

    fn context(self, name: &str, docker: &str) -> Self {
        let id = id(name);
        self.context_in(&id, name, docker)
    }

    /// Adds a context in a directory that the Docker CLI would not use for it.
    fn context_in(self, directory: &str, name: &str, docker: &str) -> Self {
        let folder = self.0.path().join("contexts/meta").join(directory);
        fs::create_dir_all(&folder).unwrap();
        let meta = format!(r#"{{"Name":"{name}","Metadata":{{"Other":1}},"Endpoints":{{"docker":{docker}}}}}"#);
        fs::write(folder.join("meta.json"), meta).unwrap();
        self
    }

    /// Adds `ca.pem`, `cert.pem` and `key.pem` in this subdirectory.
    fn certificates(self, below: &str) -> Self {
        write_certificates(&self.0.path().join(below));
        self
    }
}

fn id(name: &str) -> String {
    hmac_sha256::Hash::hash(name.as_bytes()).map(|byte| format!("{byte:02x}")).concat()
}

fn write_certificates(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["engine".to_owned()]).unwrap();
    for name in ["ca.pem", "cert.pem"] {
        fs::write(folder.join(name), made.cert.pem()).unwrap();
    }
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
}

fn endpoint<const N: usize>(
    options: &EndpointOptions,
    environment: [(&'static str, &str); N],
    config: Option<&Config>,
) -> Result<Endpoint> {
    let directory = config.map(Config::directory);
    let file = directory.as_ref().map(ConfigDirectory::load).transpose()?.unwrap_or_default();
    resolve(options, &environment.into(), Configuration { directory: directory.as_ref(), file: &file })
}

/// Returns the address of the selected engine, or the error message.
fn found<const N: usize>(
    options: &EndpointOptions,
    environment: [(&'static str, &str); N],
    config: Option<&Config>,
) -> String {
    match endpoint(options, environment, config) {
        Ok(endpoint) => endpoint.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

fn no_options() -> EndpointOptions {
    EndpointOptions::default()
}

fn address(address: &str) -> EndpointOptions {
    EndpointOptions { address: Some(address.into()), ..EndpointOptions::default() }
}

fn context(name: &str) -> EndpointOptions {
    EndpointOptions { context: Some(name.into()), ..EndpointOptions::default() }
}

#[test]
fn docker_host_takes_precedence_over_contexts() {
    let config = Config::new(r#"{"currentContext":"far"}"#).context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", "tcp://near:1"), ("DOCKER_CONTEXT", "far")];
    assert_eq!(found(&no_options(), environment, Some(&config)), "tcp://near:1");
}

#[test]
fn docker_context_takes_precedence_over_current_context() {
    let config = Config::new(r#"{"currentContext":"far"}"#)
        .context("far", r#"{"Host":"tcp://far:1"}"#)
        .context("near", r#"{"Host":"ssh://me@near"}"#);
    assert_eq!(found(&no_options(), [("DOCKER_CONTEXT", "near")], Some(&config)), "ssh://me@near");
    assert_eq!(found(&no_options(), [], Some(&config)), "tcp://far:1");
    let socket = found(&no_options(), [("DOCKER_CONTEXT", "default")], Some(&config));
    assert!(!socket.contains("far"), "{socket}");
}

#[test]
fn builder_settings_take_precedence() {
    let config = Config::new("{}").context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", "tcp://near:1")];
    assert_eq!(found(&address("tcp://here:1"), environment, Some(&config)), "tcp://here:1");
    assert_eq!(found(&context("far"), environment, Some(&config)), "tcp://far:1");
    assert_eq!(found(&context("default"), environment, Some(&config)), "tcp://near:1");
    let both = EndpointOptions { context: Some("far".into()), ..address("tcp://here:1") };
    assert_eq!(found(&both, [], Some(&config)), "error: address() cannot be combined with context()");
}

#[test]
fn empty_variables_count_as_not_set() {
    let config = Config::new(r#"{"currentContext":"far"}"#).context("far", r#"{"Host":"tcp://far:1"}"#);
    let environment = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", ""), ("DOCKER_TLS_VERIFY", "")];
    assert_eq!(found(&no_options(), environment, Some(&config)), "tcp://far:1");
    let none = Config::new(r#"{"currentContext":""}"#);
    assert!(!found(&no_options(), [], Some(&none)).contains("context \"\""));
}

#[test]
fn endpoint_errors_name_their_source() {
    let config = Config::new(r#"{"currentContext":"gone"}"#)
        .context("odd", r#"{"Host":"gopher://odd"}"#)
        .context("other", "null");
    let errors = [
        found(&no_options(), [("DOCKER_HOST", "gopher://me:s3cret@engine")], Some(&config)),
        found(&no_options(), [("DOCKER_CONTEXT", "gone")], Some(&config)),
        found(&no_options(), [], Some(&config)),
        found(&context("odd"), [], Some(&config)),
        found(&context("other"), [], Some(&config)),
        found(&context("any"), [], None),
    ];
    let errors = errors.join("\n").replace(config.0.path().to_str().unwrap(), "CONFIG").replace('\\', "/");
    insta::assert_snapshot!(errors.replace(&id("gone"), "GONE").replace(&id("other"), "OTHER"), @r#"
    error: DOCKER_HOST: invalid engine address "gopher://***@engine": unknown scheme; use unix, npipe, tcp, http, https or ssh
    error: DOCKER_CONTEXT: failed to read Docker context "gone": no such file: CONFIG/contexts/meta/GONE/meta.json
    error: the current context: failed to read Docker context "gone": no such file: CONFIG/contexts/meta/GONE/meta.json
    error: the context "odd": invalid engine address "gopher://odd": unknown scheme; use unix, npipe, tcp, http, https or ssh
    error: CONFIG/contexts/meta/OTHER/meta.json: no Docker endpoint
    error: failed to read Docker context "any": no home directory
    "#);
}

/// The Docker CLI warns about such files, and ignores the invalid parts.
#[test]
fn invalid_parts_of_config_json_are_ignored() {
    let far = |json: &str| Config::new(json).context("far", r#"{"Host":"tcp://far:1"}"#);
    for json in [
        r#"{"currentContext":"far","auths":[],"credHelpers":1,"HttpHeaders":"x","proxies":[]}"#,
        r#"{"currentContext":"far","auths":{"host":"s3cret"}}"#,
        r#"{"currentContext":"gone","CurrentContext":"far"}"#,
        r#"{"currentContext":"far"} trailing"#,
    ] {
        assert_eq!(found(&no_options(), [], Some(&far(json))), "tcp://far:1", "{json}");
    }
    for json in [
        r#"{"currentContext":1}"#,
        r#"{"currentContext":null}"#,
        "[]",
        "null",
        "\u{feff}{\"currentContext\":\"far\"}",
        r#"{"currentContext":"far""#,
    ] {
        let socket = found(&no_options(), [], Some(&far(json)));
        assert!(!socket.contains("far") && !socket.contains("config.json"), "{json}: {socket}");
    }
    let config = far("{}");
    fs::remove_file(config.0.path().join("config.json")).unwrap();
    fs::create_dir(config.0.path().join("config.json")).unwrap();
    assert_eq!(found(&context("far"), [], Some(&config)), "tcp://far:1");
}

#[test]
fn contexts_are_looked_up_by_id_only() {
    let config = Config::new("{}")
        .context("far", r#"{"Host":"tcp://far:1"}"#)
        .context_in(&format!("{}.bak", id("far")), "far", r#"{"Host":"tcp://backup:1"}"#)
        .context_in("0", "far", r#"{"Host":"tcp://copy:1"}"#)
        .context_in(&id("renamed"), "old", r#"{"Host":"tcp://renamed:1"}"#);
    let neighbour = config.0.path().join("contexts/meta").join(id("neighbour"));
    fs::create_dir_all(&neighbour).unwrap();
    fs::write(neighbour.join("meta.json"), "{ broken").unwrap();
    // Not on Windows without the privilege to create links.
    let _ = platform::symlink("loop", config.0.path().join("contexts/meta/loop"));
    assert_eq!(found(&context("far"), [], Some(&config)), "tcp://far:1");
    assert_eq!(found(&context("renamed"), [], Some(&config)), "tcp://renamed:1");
    let old = found(&context("old"), [], Some(&config));
    assert!(old.starts_with("error: failed to read Docker context \"old\": no such file"), "{old}");
}

/// Compared with the Docker CLI 28.2, except for the ports, which cannot be compared.
#[test]
fn contexts_have_the_default_ports_of_urls() {
    let config = Config::new("{}")
        .context("plain", r#"{"Host":"tcp://plain/base"}"#)
        .context("tls", r#"{"Host":"tcp://tls","SkipTLSVerify":true}"#)
        .context("empty", r#"{"Host":""}"#);
    assert_eq!(found(&context("plain"), [], Some(&config)), "tcp://plain:80/base");
    assert_eq!(found(&context("tls"), [], Some(&config)), "https://tls:443");
    assert_eq!(found(&context("empty"), [], Some(&config)), local::default_address().to_string());
}

/// Compared with the Docker CLI 28.2.
#[test]
fn tls_without_a_host_is_localhost_2376() {
    let config =
        Config::new(r#"{"currentContext":"far"}"#).context("far", r#"{"Host":"tcp://far:1"}"#).certificates("");
    for variable in ["DOCKER_TLS_VERIFY", "DOCKER_TLS"] {
        let tls = (variable, "1");
        let found = |name, value: &str| found(&no_options(), [tls, (name, value)], Some(&config));
        assert_eq!(found("DOCKER_CONTEXT", "default"), "https://localhost:2376");
        assert_eq!(found("DOCKER_HOST", " "), "https://localhost:2376");
        assert_eq!(found("DOCKER_HOST", "tcp://"), "https://localhost:2375");
        assert_eq!(found("DOCKER_HOST", "tcp://127.0.0.1"), "https://127.0.0.1:2375");
        let local = local::default_address().to_string();
        assert_eq!(found("DOCKER_HOST", &local), local);
        // The context takes precedence over the default engine.
        assert_eq!(found("XDG_RUNTIME_DIR", "/nowhere"), "tcp://far:1");
    }
    let own = EndpointOptions { tls: Some(Tls::default()), context: Some("default".into()), ..no_options() };
    assert_eq!(found(&own, [], Some(&config)), "https://localhost:2376");
}

#[test]
fn passwords_are_not_in_debug() {
    let options = address("tcp://me:s3cret@host");
    assert_eq!(
        format!("{options:?}"),
        r#"EndpointOptions { address: Some("tcp://***@host"), context: None, tls: None }"#
    );
    let proxied = [("DOCKER_HOST", "tcp://far:1"), ("HTTP_PROXY", "http://me:s3cret@proxy:3128")];
    let text = format!("{:?}", endpoint(&no_options(), proxied, None).unwrap());
    assert!(text.contains("proxy") && !text.contains("s3cret"), "{text}");
}

#[test]
fn tls_is_enabled_by_environment_or_scheme() {
    let config = Config::new("{}").certificates("");
    for variable in ["DOCKER_TLS_VERIFY", "DOCKER_TLS"] {
        // Any value enables TLS, even 0.
        let environment = [("DOCKER_HOST", "tcp://near"), (variable, "0")];
        assert_eq!(found(&no_options(), environment, Some(&config)), "https://near:2375");
        let socket = local::default_address().to_string();
        let local = [("DOCKER_HOST", socket.as_str()), (variable, "1")];
        assert_eq!(found(&no_options(), local, Some(&config)), socket);
        let plain = [("DOCKER_HOST", "http://near:1"), (variable, "1")];
        assert_eq!(
            found(&no_options(), plain, Some(&config)),
            "error: DOCKER_HOST: TLS was configured, but http://near:1 does not use TLS; use https:// or tcp://"
        );
    }
    let no_choice = [("DOCKER_HOST", "https://near"), ("DOCKER_CERT_PATH", "")];
    assert_eq!(found(&no_options(), no_choice, None), "https://near:2376");
    let files_alone = [("DOCKER_HOST", "tcp://near"), ("DOCKER_CERT_PATH", "/nowhere")];
    assert_eq!(found(&no_options(), files_alone, None), "tcp://near:2375");
}

#[test]
fn docker_cert_path_selects_certificates() {
    let (config, elsewhere) = (Config::new("{}"), tempfile::tempdir().unwrap());
    write_certificates(elsewhere.path());
    let path = elsewhere.path().to_str().unwrap();
    let near = ("DOCKER_HOST", "tcp://near");
    let named = [near, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)];
    assert_eq!(found(&no_options(), named, Some(&config)), "https://near:2375");
    let missing = found(&no_options(), [near, ("DOCKER_TLS_VERIFY", "1")], Some(&config));
    assert!(missing.ends_with("ca.pem: no such file or directory"), "{missing}");
    // Without verification, no file is required.
    assert_eq!(found(&no_options(), [near, ("DOCKER_TLS", "1")], Some(&config)), "https://near:2375");
    // A client certificate is optional, but one without its key is an error.
    fs::remove_file(elsewhere.path().join("key.pem")).unwrap();
    let half = found(&no_options(), named, Some(&config));
    assert!(half.ends_with("key.pem: no such file or directory"), "{half}");
    fs::remove_file(elsewhere.path().join("cert.pem")).unwrap();
    assert_eq!(found(&no_options(), named, Some(&config)), "https://near:2375");
}

#[test]
fn context_has_its_own_certificates() {
    let config = Config::new("{}")
        .context("plain", r#"{"Host":"tcp://plain"}"#)
        .context("safe", r#"{"Host":"tcp://safe","SkipTLSVerify":false}"#)
        .context("loose", r#"{"Host":"tcp://loose","SkipTLSVerify":true}"#)
        .certificates(&format!("contexts/tls/{}/docker", id("safe")));
    let environment = || [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/nowhere")];
    assert_eq!(found(&context("plain"), environment(), Some(&config)), "tcp://plain:80");
    assert_eq!(found(&context("safe"), environment(), Some(&config)), "https://safe:443");
    assert_eq!(found(&context("loose"), environment(), Some(&config)), "https://loose:443");
}

#[test]
fn context_with_skip_tls_verify() {
    let config = Config::new("{}").context("loose", r#"{"Host":"tcp://loose","SkipTLSVerify":true}"#);
    let endpoint = endpoint(&context("loose"), [], Some(&config)).unwrap();
    // Without verification, no CA certificates are required.
    assert!(endpoint.has_tls());
}
