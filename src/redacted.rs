//! `Debug` output without secrets: shows names, but not values.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::{Deref, DerefMut},
};

use bytes::Bytes;
use serde::Serialize;

/// The text that replaces a secret.
const REDACTED: &str = "[redacted]";

/// A value that is or contains a secret.
pub(crate) trait Redact {
    /// Formats the value without its secrets.
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A reference whose `Debug` output is redacted.
pub(crate) struct Redacted<'a, T>(pub(crate) &'a T);

impl<T: Redact> fmt::Debug for Redacted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.redact(f)
    }
}

/// A value whose `Debug` output is redacted.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Secret<T>(pub(crate) T);

impl<T> Deref for Secret<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Secret<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Redact> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.redact(f)
    }
}

/// Redacts the whole string.
impl Redact for String {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", if self.is_empty() { "" } else { REDACTED })
    }
}

/// Shows only the length.
impl Redact for Bytes {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.len())
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(Redacted), f)
    }
}

/// For environment variables (`NAME=value`) and Dockerfile instructions (`ENV NAME=value`): shows only the first word.
impl Redact for Vec<String> {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.iter().map(|text| match text.find(|c: char| c == '=' || c.is_whitespace()) {
            Some(end) if text[end..].starts_with('=') => format!("{}={REDACTED}", &text[..end]),
            Some(end) => format!("{} {REDACTED}", &text[..end]),
            None => text.clone(),
        });
        f.debug_list().entries(shown).finish()
    }
}

impl<T: Redact> Redact for HashMap<String, T> {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, Redacted(value)))).finish()
    }
}

impl<T: Redact> Redact for BTreeMap<String, T> {
    fn redact(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, Redacted(value)))).finish()
    }
}

/// Returns a URL without its user, password and query, which may hold a token.
pub(crate) fn url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (&url[..scheme.len() + 3], rest));
    let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if !scheme.is_empty() && rest.contains('@') && (rest.starts_with('?') || authority.contains([':', '@'])) {
        // It may be the end of a password that contains a `/` or `?`.
        return format!("{scheme}{REDACTED}");
    }
    let host = match authority.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{REDACTED}@{host}"),
        _ => authority.to_owned(),
    };
    match rest.split_once('?') {
        Some((path, _)) => format!("{scheme}{host}{path}?{REDACTED}"),
        None => format!("{scheme}{host}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{
        AuthConfig, CaConfig, ContainerConfig, ContainerCreate, ExecConfig, ExternalCa, HostConfig, Info, LogConfig,
        Mount, Plugin, Secret as SwarmSecret, Service, Swarm, SwarmJoin, SwarmSpec, SwarmUnlockKey, Volume,
        VolumeCreate,
    };

    const SECRET: &str = "hunter2";

    /// Checks that the `Debug` output contains `shown`, and not the secret.
    #[track_caller]
    fn check(value: &impl fmt::Debug, shown: &str) {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert!(!text.contains(SECRET) && text.contains(shown) && text.contains(REDACTED), "{text}");
        }
    }

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(&json.replace("SECRET", SECRET)).unwrap()
    }

    #[test]
    fn debug_of_models_redacts_secrets() {
        let config = decoded::<ContainerConfig>(r#"{"Env":["TOKEN=SECRET","NAME"],"Image":"busybox"}"#);
        check(&config, r#""NAME""#);
        check(&config, "TOKEN=[redacted]");
        check(&ContainerCreate { config, ..Default::default() }, "busybox");
        check(&decoded::<ExecConfig>(r#"{"Env":["TOKEN=SECRET"]}"#), "TOKEN=[redacted]");
        check(&decoded::<AuthConfig>(r#"{"username":"me","password":"SECRET"}"#), "me");
        check(&decoded::<LogConfig>(r#"{"Type":"splunk","Config":{"splunk-token":"SECRET"}}"#), "splunk-token");
        check(&decoded::<HostConfig>(r#"{"LogConfig":{"Config":{"splunk-token":"SECRET"}}}"#), "splunk-token");
        check(&decoded::<VolumeCreate>(r#"{"Name":"data","DriverOpts":{"o":"password=SECRET"}}"#), "data");
        check(&decoded::<Volume>(r#"{"Name":"data","Options":{"o":"password=SECRET"}}"#), "data");
        let mount = r#"{"VolumeOptions":{"DriverConfig":{"Name":"local","Options":{"o":"password=SECRET"}}}}"#;
        check(&decoded::<Mount>(mount), "local");
        check(&decoded::<Info>(r#"{"Name":"web","HttpProxy":"http://me:SECRET@proxy:3128"}"#), "web");
        let env = r#""Settings":{"Env":["TOKEN=SECRET"]},"Config":{"Env":[{"Name":"TOKEN","Value":"SECRET"}]}"#;
        check(&decoded::<Plugin>(&format!(r#"{{"Id":"5724","Name":"sshfs",{env}}}"#)), "TOKEN=[redacted]");
    }

    #[test]
    fn debug_of_swarm_models_redacts_secrets() {
        check(&decoded::<Swarm>(r#"{"ID":"u1by","JoinTokens":{"Worker":"SECRET","Manager":"SECRET"}}"#), "u1by");
        check(&decoded::<SwarmJoin>(r#"{"JoinToken":"SECRET","ListenAddr":"0.0.0.0"}"#), "0.0.0.0");
        check(&decoded::<SwarmUnlockKey>(r#"{"UnlockKey":"SECRET"}"#), "SwarmUnlockKey");
        check(&decoded::<CaConfig>(r#"{"SigningCACert":"shown","SigningCAKey":"SECRET"}"#), "shown");
        check(&decoded::<ExternalCa>(r#"{"URL":"https://ca","Options":{"key":"SECRET"}}"#), "https://ca");
        let spec = r#"{"Name":"default","TaskDefaults":{"LogDriver":{"Options":{"splunk-token":"SECRET"}}}}"#;
        check(&decoded::<SwarmSpec>(spec), "splunk-token");
        check(&decoded::<SwarmSecret>(r#"{"ID":"ktnb","Spec":{"Name":"app","Data":"SECRET"}}"#), "app");
        let service = r#"{"ID":"9mnp","Spec":{"TaskTemplate":{"ContainerSpec":{"Env":["TOKEN=SECRET"]}}}}"#;
        check(&decoded::<Service>(service), "TOKEN=[redacted]");
    }

    #[test]
    fn debug_of_options_redacts_secrets() {
        use crate::DockerClient;

        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let exec = docker.container("web").command("sh").env("TOKEN", SECRET).input(SECRET);
        check(&exec, "TOKEN=[redacted]");
        assert!(format!("{exec:?}").contains("[7 bytes]"), "{exec:?}");
    }

    #[test]
    fn debug_of_changes_redacts_values() {
        use crate::DockerClient;

        let container = DockerClient::connect("tcp://127.0.0.1:1").unwrap().container("web");
        for change in ["ENV TOKEN=hunter2", "ENV TOKEN hunter2", "ENV A=b TOKEN=hunter2"] {
            check(&container.commit().change(change), "ENV [redacted]");
        }
    }

    #[test]
    fn debug_of_archive_urls_redacts_credentials() {
        use crate::images::{Archive, BuildContext};

        let archive = || Archive::Url(format!("https://me:{SECRET}@host:1/a.git?token={SECRET}"));
        check(&archive(), "https://[redacted]@host:1/a.git?[redacted]");
        check(&BuildContext::from(archive()), "@host:1");
        #[cfg(feature = "tar")]
        {
            use crate::images::Context;

            let context = Context::from_dockerfile(format!("ENV TOKEN={SECRET}")).file("a/token", SECRET);
            let shown = format!("{context:?}");
            assert!(!shown.contains(SECRET) && shown.contains("a/token") && shown.contains("[7 bytes]"), "{shown}");
        }
        for plain in ["https://host/a@b.tar", "git@github.com:moby/moby.git", "host/a.tar"] {
            assert_eq!(url(plain), plain);
        }
        assert_eq!(url("http://a/?@b://c"), "http://a/?[redacted]");
        for password in ["XX?XX", "XX/XX", "XX/XX?XX", "XX@XX", "XX@XX/XX", "XX@XX?XX", "12/XX"] {
            let shown = url(&format!("https://me:{password}@host/a"));
            assert!(!shown.contains('X') && shown.starts_with("https://[redacted]"), "{shown}");
        }
    }
}
