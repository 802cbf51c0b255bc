//! Proxy variables for containers and builds: `proxies` in `config.json`.

use std::fmt;

use serde_json::value::RawValue;

use crate::go_json::{self, Malformed, Object};

/// The fields of an entry, and the variables that they set, in upper and lower case.
const FIELDS: [(&str, &str); 5] = [
    ("httpProxy", "HTTP_PROXY"),
    ("httpsProxy", "HTTPS_PROXY"),
    ("noProxy", "NO_PROXY"),
    ("ftpProxy", "FTP_PROXY"),
    ("allProxy", "ALL_PROXY"),
];

/// Proxy variables. `Debug` shows only their names, because proxy addresses may contain passwords.
#[derive(Clone, Default)]
pub(crate) struct ProxyVariables(Vec<(&'static str, String)>);

impl ProxyVariables {
    pub(super) fn parse(engine: &str, value: &RawValue) -> Result<Self, Malformed> {
        let fields = go_json::parse::<Option<Object>>(engine, value)?.unwrap_or_default();
        let mut variables = Vec::new();
        for (field, variable) in FIELDS {
            let value = fields.get::<String>(field).map_err(|_| Malformed(engine.to_owned()))?;
            variables.extend(value.filter(|value| !value.is_empty()).map(|value| (variable, value)));
        }
        Ok(Self(variables))
    }

    /// Returns the variables as pairs of name and value, except those that are `given` already.
    pub(crate) fn missing(&self, given: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let all =
            self.0.iter().flat_map(|(name, value)| [(*name).to_owned(), name.to_lowercase()].map(|name| (name, value)));
        all.filter(|(name, _)| !given(name)).map(|(name, value)| (name, value.clone())).collect()
    }
}

impl fmt::Debug for ProxyVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
