//! Plugins: created from an archive, enabled, and pushed to and pulled from a registry.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    thread,
};

use dockerclient::{
    ErrorKind,
    models::{AuthConfig, PluginPrivilege},
    plugins::{ListPlugins, Plugin},
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    engine::{Engine, supported_since},
    transfers::{registry, registry_with_auth},
};

/// Connects to the engine, and holds a lock; `None` if the version under test has no plugins.
///
/// When a plugin is removed, engines delete unused content, and return no privileges of a plugin that they are reading.
async fn engine() -> Option<(MutexGuard<'static, ()>, Engine)> {
    static LOCK: Mutex<()> = Mutex::const_new(());
    let lock = LOCK.lock().await;
    let engine = Engine::under_test().await;
    supported_since(25, engine.plugins().list().await)?;
    Some((lock, engine))
}

/// The socket of a plugin. The tests listen on it, because busybox, which runs as the plugin's program, cannot.
///
/// Engines look for the socket in a directory below `/run/docker/plugins`, but its name can lead to another one.
struct Socket {
    directory: TempDir,
}

impl Socket {
    /// Listens as a volume driver that has one volume.
    fn open(volume: &str) -> Self {
        // Debian 13's engine has its own root directory, which shares this one.
        let directory = tempfile::tempdir_in("/tmp").unwrap();
        let listener = UnixListener::bind(directory.path().join("plugin")).unwrap();
        let volume = volume.to_owned();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                // Engines also connect without sending a request.
                let _ = respond(&stream, &volume);
            }
        });
        Self { directory }
    }

    fn name(&self) -> String {
        format!("../../../..{}/plugin", self.directory.path().display())
    }
}

/// Responds to one request.
fn respond(stream: &UnixStream, volume: &str) -> std::io::Result<()> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= "\r\n".len() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let error = if request["Name"].as_str().is_none_or(|name| name == volume) { "" } else { "no such volume" };
    let volume = json!({ "Name": volume, "Mountpoint": "/tmp" });
    let body = json!({ "Volume": volume, "Volumes": [], "Capabilities": { "Scope": "local" }, "Err": error });
    let body = body.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    writer.write_all(format!("{head}{body}").as_bytes())
}

/// The configuration of a plugin that runs until it is stopped.
fn config(name: &str, socket: &str, capability: &str) -> Value {
    json!({
        "Description": "first",
        "Documentation": name,
        "Entrypoint": ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.05; done"],
        "Interface": { "Types": [capability], "Socket": socket },
        "Network": { "Type": "" },
        "Env": [
            { "Name": "DEBUG", "Settable": ["value"], "Value": "0" },
            { "Name": "FIXED", "Value": "1" },
            { "Name": "UNSET", "Settable": ["value"] },
        ],
    })
}

/// Returns the archive of a plugin with this configuration. Engines reject two plugins with the same filesystem.
async fn archive(engine: &Engine, config: &Value) -> Vec<u8> {
    let container = engine.create("true").await;
    let copied = container.copy_out("/bin/busybox").await.unwrap().try_collect::<Vec<_>>().await.unwrap().concat();
    let mut busybox = Vec::new();
    let mut copied = tar::Archive::new(&*copied);
    copied.entries().unwrap().next().unwrap().unwrap().read_to_end(&mut busybox).unwrap();

    let mut builder = tar::Builder::new(Vec::new());
    let config = config.to_string();
    for (path, mode, content) in [
        ("config.json", 0o644, config.as_bytes()),
        ("rootfs/config.json", 0o644, config.as_bytes()),
        ("rootfs/bin/busybox", 0o755, busybox.as_slice()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        builder.append_data(&mut header, path, content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Creates a plugin. It is removed when the test ends.
async fn create(engine: &Engine, name: &str, config: &Value) -> Plugin {
    engine.remove_later(format!("/plugins/{name}?force=1"));
    engine.plugins().create(name, archive(engine, config).await).await.unwrap()
}

fn host_network(mut config: Value) -> Value {
    config["Network"]["Type"] = json!("host");
    config
}

fn is_network(privileges: &[PluginPrivilege]) -> bool {
    privileges.iter().all(|privilege| privilege.name == "network" && privilege.value == ["host"])
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_lifecycle() {
    let Some((_lock, engine)) = engine().await else { return };
    let (name, socket) = (engine.name("plugin"), Socket::open(""));
    let plugin = engine.plugin(&*name);
    assert_eq!(plugin.try_inspect().await.unwrap(), None);
    let config = config(&name, &socket.name(), "docker.dummy/1.0");
    assert_eq!(create(&engine, &name, &config).await, plugin);
    let again = engine.plugins().create(&*name, archive(&engine, &config).await).await;
    assert!(again.unwrap_err().is_conflict());

    assert!(plugin.exists().await.unwrap());
    let found = plugin.inspect().await.unwrap();
    assert_eq!((&*found.name, &*found.config.description, found.enabled), (&*format!("{name}:latest"), "first", false));
    assert_eq!(found.config.interface.types, ["docker.dummy/1.0"]);
    let defaults: Vec<_> = found.config.env.iter().map(|env| env.value.as_deref()).collect();
    assert_eq!(defaults, [Some("0"), Some("1"), None]);
    assert_eq!(found.settings.env, ["DEBUG=0", "FIXED=1"]);
    for name in [&*found.id, &found.id[..16]] {
        assert_eq!(engine.plugin(name).inspect().await.unwrap(), found);
    }

    plugin.set([("DEBUG", "1"), ("UNSET", "a=b")]).await.unwrap();
    assert_eq!(plugin.inspect().await.unwrap().settings.env, ["DEBUG=1", "FIXED=1", "UNSET=a=b"]);
    for invalid in ["FIXED", "MISSING"] {
        let error = plugin.set([(invalid, "2")]).await.unwrap_err();
        assert!(error.message().unwrap().contains(invalid), "{error}");
    }

    plugin.enable().await.unwrap();
    assert!(plugin.inspect().await.unwrap().enabled);
    assert!(plugin.enable().await.unwrap_err().is_conflict());
    assert!(plugin.remove().await.unwrap_err().is_conflict());
    assert!(plugin.set([("DEBUG", "2")]).await.unwrap_err().message().unwrap().contains("disable"));
    plugin.disable().await.unwrap();
    assert!(plugin.disable().await.unwrap_err().is_conflict());
    plugin.remove().await.unwrap();
    assert!(!plugin.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugins_are_listed_by_filters() {
    let Some((_lock, engine)) = engine().await else { return };
    let name = engine.name("plugin");
    let plugin = create(&engine, &name, &config(&name, "unused", "docker.dummy/1.0")).await;
    let id = plugin.inspect().await.unwrap().id;
    let list = || engine.plugins().list();
    let listed = async |list: ListPlugins| list.await.map(|list| list.iter().any(|plugin| plugin.id == id));
    assert!(listed(list()).await.unwrap());
    for (list, expected) in [
        (list().enabled(true), false),
        (list().enabled(false), true),
        (list().capability("dummy"), true),
        (list().capability("volumedriver"), false),
    ] {
        assert_ne!(supported_since(28, listed(list).await), Some(!expected));
    }
    let error = list().filter("enable", "true").await.unwrap_err();
    assert!(error.is_bad_request() || error.is_unsupported(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn methods_of_a_missing_plugin_return_not_found() {
    let Some((_lock, engine)) = engine().await else { return };
    let ghost = engine.plugin("acme/ghost");
    let upgrade = ghost.upgrade("127.0.0.1:1/acme/ghost").privileges([]);
    for error in [
        ghost.inspect().await.unwrap_err(),
        ghost.enable().await.unwrap_err(),
        ghost.disable().await.unwrap_err(),
        ghost.set([("DEBUG", "1")]).await.unwrap_err(),
        ghost.push().await.unwrap_err(),
        ghost.remove().await.unwrap_err(),
        upgrade.await.unwrap_err(),
    ] {
        assert!(error.is_not_found() && error.to_string().contains("plugin acme/ghost"), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_that_cannot_be_started_is_not_enabled() {
    let Some((_lock, engine)) = engine().await else { return };
    let name = engine.name("plugin");
    let mut config = config(&name, "unused", "docker.dummy/1.0");
    config["Entrypoint"] = json!(["/missing"]);
    let plugin = create(&engine, &name, &config).await;
    let error = plugin.enable().await.unwrap_err();
    assert!(error.status().is_some() && error.message().unwrap().contains("/missing"), "{error}");
    assert!(!plugin.inspect().await.unwrap().enabled);

    let misnamed = engine.plugins().create("Acme", archive(&engine, &config).await).await;
    assert!(misnamed.unwrap_err().status().is_some());
    let empty = engine.plugins().create(engine.name("plugin"), vec![0; 1024]).await;
    assert!(empty.unwrap_err().status().is_some());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_in_use_is_disabled_only_by_force() {
    let Some((_lock, engine)) = engine().await else { return };
    let (name, volume) = (engine.name("driver"), engine.name("volume"));
    let socket = Socket::open(&volume);
    let plugin = create(&engine, &name, &config(&name, &socket.name(), "docker.volumedriver/1.0")).await;
    plugin.enable().await.unwrap();
    let volume = engine.volumes().create().name(volume).driver(&*name).await.unwrap();
    assert!(plugin.disable().await.unwrap_err().is_conflict());
    assert!(plugin.remove().await.unwrap_err().is_conflict());
    plugin.disable().force(true).await.unwrap();
    assert!(!plugin.inspect().await.unwrap().enabled);
    plugin.enable().await.unwrap();
    volume.remove().await.unwrap();
    plugin.remove().force(true).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_is_pushed_and_pulled_with_its_privileges() {
    let Some((_lock, engine)) = engine().await else { return };
    let remote = format!("{}/acme/{}", registry(), engine.name("plugin"));
    let plugins = engine.plugins();
    let plugin = create(&engine, &remote, &host_network(config(&remote, "unused", "docker.dummy/1.0"))).await;
    let pushed = plugin.push().await.unwrap().unwrap();
    assert_eq!(pushed.tag, "latest");
    plugin.remove().await.unwrap();

    let mut required = plugins.privileges(&*remote).await.unwrap();
    for _ in 0..100 {
        if !required.is_empty() {
            break;
        }
        // The content of the removed plugin is being deleted.
        required = plugins.privileges(&*remote).await.unwrap();
    }
    assert!(required.len() == 1 && is_network(&required), "{required:?}");
    let error = plugins.pull(&*remote).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidInput, Some("plugin_pull")), "{error}");
    assert!(error.to_string().contains("network (host)") && !plugin.exists().await.unwrap(), "{error}");
    let error = plugins.pull(&*remote).privileges([]).await.unwrap_err();
    assert!(error.is_operation_failed() && !plugin.exists().await.unwrap(), "{error}");

    let mut progress = plugins.pull(&*remote).grant(is_network).progress().await.unwrap();
    let mut count = 0;
    while progress.try_next().await.unwrap().is_some() {
        count += 1;
    }
    let pulled = progress.finish().await.unwrap();
    assert!(count > 0);
    assert_eq!((pulled.name(), pulled.digest.as_deref()), (&*format!("{remote}:latest"), Some(&*pushed.digest)));
    let found = pulled.inspect().await.unwrap();
    assert_eq!((&*found.plugin_reference, found.enabled), (&*format!("{remote}:latest"), false));

    let error = plugins.pull(&*remote).grant_all(true).await.unwrap_err();
    assert!(error.is_bad_request(), "{error}");
    let alias = engine.name("alias");
    engine.remove_later(format!("/plugins/{alias}?force=1"));
    let pulled = plugins.pull(&*remote).name(&*alias).privileges(required).await.unwrap();
    assert_eq!(pulled.name(), format!("{alias}:latest"));

    let missing = format!("{remote}-missing");
    assert!(plugins.privileges(&*missing).await.unwrap().is_empty());
    let error = plugins.pull(&*missing).await.unwrap_err();
    assert!(error.status().is_some() || error.is_operation_failed(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_upgrade_replaces_the_configuration() {
    let Some((_lock, engine)) = engine().await else { return };
    let remote = format!("{}/acme/{}", registry(), engine.name("plugin"));
    let socket = Socket::open("");
    let mut second = host_network(config(&remote, &socket.name(), "docker.dummy/1.0"));
    second["Description"] = json!("second");
    let pushed = create(&engine, &format!("{remote}:2"), &second).await;
    pushed.push().await.unwrap();
    pushed.remove().await.unwrap();

    let plugin = create(&engine, &remote, &config(&remote, &socket.name(), "docker.dummy/1.0")).await;
    plugin.set([("DEBUG", "1")]).await.unwrap();
    let upgrade = || plugin.upgrade(format!("{remote}:2"));
    assert_eq!(upgrade().await.unwrap_err().kind(), ErrorKind::InvalidInput);
    plugin.enable().await.unwrap();
    assert!(upgrade().grant_all(true).await.unwrap_err().is_conflict());
    plugin.disable().await.unwrap();
    let upgraded = upgrade().grant(is_network).await.unwrap();
    assert!(upgraded.digest.is_some());
    let found = upgraded.inspect().await.unwrap();
    assert_eq!((&*found.config.description, &*found.plugin_reference), ("second", &*format!("{remote}:2")));
    assert_eq!(found.settings.env, ["DEBUG=1", "FIXED=1"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn plugin_push_and_pull_send_credentials() {
    let Some((_lock, engine)) = engine().await else { return };
    let remote = format!("{}/acme/{}", registry_with_auth(), engine.name("plugin"));
    let (plugins, account) = (engine.plugins(), AuthConfig::new("me", "secret"));
    let plugin = create(&engine, &remote, &config(&remote, "unused", "docker.dummy/1.0")).await;
    assert!(plugin.push().await.is_err());
    plugin.push().credentials(account.clone()).await.unwrap();
    plugin.remove().await.unwrap();
    assert!(plugins.pull(&*remote).await.is_err());
    assert!(plugins.privileges(&*remote).credentials(account.clone()).await.unwrap().is_empty());
    plugins.pull(&*remote).credentials(account).await.unwrap();
    assert!(plugin.exists().await.unwrap());
}
