//! Valid and invalid addresses.

use super::*;

/// Most of these were compared with the Docker CLI 28.2.
#[test]
fn address_forms() {
    for (text, parsed) in [
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("unix:///run/user/1000/my docker.sock", "unix:///run/user/1000/my docker.sock"),
        ("unix://", "unix:///var/run/docker.sock"),
        ("/run/docker.sock", "unix:///run/docker.sock"),
        ("npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine"),
        (r"npipe://\\.\pipe\docker_engine", "npipe:////./pipe/docker_engine"),
        ("npipe:////build-7/Pipe/a/b c", "npipe:////build-7/Pipe/a/b c"),
        ("npipe://", "npipe:////./pipe/docker_engine"),
        (r"\\.\pipe\docker_engine", "npipe:////./pipe/docker_engine"),
        ("//./pipe/docker_engine", "npipe:////./pipe/docker_engine"),
        (" \ttcp://127.0.0.1:2375\n", "tcp://127.0.0.1:2375"),
        ("127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("engine.example", "tcp://engine.example"),
        (":2375", "tcp://localhost:2375"),
        ("tcp://:2375", "tcp://localhost:2375"),
        ("tcp://", "tcp://localhost"),
        ("tcp:///base", "tcp://localhost/base"),
        ("tcp://engine.example", "tcp://engine.example"),
        ("tcp://engine.example:", "tcp://engine.example"),
        ("http://engine.example:80/", "http://engine.example:80"),
        ("https://engine.example/", "https://engine.example"),
        ("tcp://host:9/api/endpoints/1/docker", "tcp://host:9/api/endpoints/1/docker"),
        ("tcp://host:9/a%20b//c/./../d/", "tcp://host:9/a%20b/d"),
        ("tcp://[::1]:4243", "tcp://[::1]:4243"),
        ("[::1]:4243/base", "tcp://[::1]:4243/base"),
        ("tcp://[::1]", "tcp://[::1]"),
        ("tcp://[::1]:", "tcp://[::1]"),
        ("ssh://engine.example", "ssh://engine.example"),
        ("ssh://me@engine.example:2222/", "ssh://me@engine.example:2222"),
        ("ssh://me@[::1]:22/run/my docker.sock", "ssh://me@[::1]:22/run/my%20docker.sock"),
        ("ssh://DOMAIN\\me%40home@host/run/%2541", "ssh://DOMAIN\\me@home@host/run/%2541"),
    ] {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), parsed, "{text}");
        assert_eq!(parsed.parse::<Address>().unwrap(), address, "{text}");
    }
}

#[test]
fn named_pipe_path_has_backslashes() {
    for text in ["npipe:////./pipe/engine", r"npipe://\\.\pipe\engine", r"npipe:////./pipe\engine"] {
        assert_eq!(text.parse::<Address>().unwrap(), Address::NamedPipe(r"\\.\pipe\engine".into()), "{text}");
    }
}

#[test]
fn default_port_in_authority() {
    let Ok(Address::Tcp(url)) = "tcp://[::1]".parse() else { panic!("it is a TCP address") };
    assert_eq!(url.host.authority(2376), "[::1]:2376");
}

#[test]
fn invalid_addresses() {
    let mut errors = String::new();
    for text in [
        " ",
        "unix:/var/run/docker.sock",
        "unix:///",
        "unix://var/run/docker.sock",
        "unix:///run/..",
        "localhost:99999",
        "tcp://host:0",
        "tcp://host:port",
        "tcp://host:+1",
        "tcp://[host]:2375",
        "tcp://[%j]",
        "tcp://ho st",
        "tcp://host/a b",
        "gopher://host",
        "fd://",
        "npipe:docker_engine",
        "npipe:///pipe/docker_engine",
        "npipe:////./file/docker_engine",
        "npipe:////./pipe/",
        r"npipe://\\.\docker_engine",
        r"npipe://C:\docker_engine",
        "ssh://",
        "ssh:///run/docker.sock",
        "ssh://@host",
        "ssh://-oProxyCommand=x@host",
        "ssh://-oProxyCommand=x",
        "ssh://me\tyou@host",
        "ssh://me%0ayou@host",
        "ssh://$(id)@host",
        "ssh://a;b@host",
        "ssh://a\\@host",
        "ssh://host;id",
        "ssh://host/run/..",
        "ssh://host/run/docker.sock?x",
    ] {
        let error = text.parse::<Address>().unwrap_err();
        assert!(error.is_bad_request(), "{text}");
        errors += &format!("{error}\n");
    }
    insta::assert_snapshot!(errors);
}

#[test]
fn passwords_in_addresses_are_redacted() {
    for (text, shown) in [
        ("tcp://me:s3cret@host:2375", "tcp://***@host:2375"),
        ("me:s3cret@host", "***@host"),
        ("tcp://s3cret@host", "tcp://***@host"),
        ("https://me:s3cr/s3cret@host/@path", "https://***@path"),
        ("tcp://host/path?token=s3cret", "tcp://host/path?***"),
        ("tcp://host#s3cret", "tcp://host#***"),
        ("ssh://me:s3cret@host", "ssh://***@host"),
        ("gopher://me:s3cret@host", "gopher://***@host"),
    ] {
        assert_eq!(Redacted(text).to_string(), shown);
        let error = text.parse::<Address>().unwrap_err();
        assert!(error.to_string().contains(shown) && !format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    for text in ["ssh://me@host", "unix:///run/a:b@c?d", "/run/a:b@c", "npipe:////./pipe/a@b?c", r"\\.\pipe\a@b"] {
        assert_eq!(Redacted(text).to_string(), text);
    }
}
