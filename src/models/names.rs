//! Container names without the leading slash, and a constructor of registry credentials.

use super::{AuthConfig, ContainerInspect, ContainerSummary, ExecContainer, Stats};

impl ContainerSummary {
    /// Returns the name of the container, without the leading slash that engines put before it.
    ///
    /// Names of links from other containers (`/other/alias`) are not names of the container. Empty if there is none.
    ///
    /// ```
    /// use dockerclient::models::ContainerSummary;
    ///
    /// let names = vec!["/other/alias".to_owned(), "/web".to_owned()];
    /// assert_eq!(ContainerSummary { names, ..Default::default() }.name(), "web");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.iter().map(|name| without_slash(name)).find(|name| !name.contains('/')).unwrap_or_default()
    }
}

impl ContainerInspect {
    /// Returns the name of the container, without the leading slash that engines put before it.
    ///
    /// ```
    /// use dockerclient::models::ContainerInspect;
    ///
    /// assert_eq!(ContainerInspect { name: "/web".into(), ..Default::default() }.name(), "web");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        without_slash(&self.name)
    }
}

impl Stats {
    /// Returns the name of the container, without the leading slash that engines put before it. Empty if the engine does
    /// not send it.
    #[must_use]
    pub fn name(&self) -> &str {
        without_slash(&self.name)
    }
}

impl AuthConfig {
    /// Creates credentials of a user, for the registry of the image that they are used with.
    ///
    /// ```
    /// use dockerclient::models::AuthConfig;
    ///
    /// let credentials = AuthConfig::new("me", "secret");
    /// assert_eq!((&*credentials.username, &*credentials.password), ("me", "secret"));
    /// ```
    #[must_use]
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: user.into(), password: password.into(), ..Self::default() }
    }
}

impl ExecContainer {
    /// Returns the name of the container, without the leading slash that engines put before it.
    #[must_use]
    pub fn name(&self) -> &str {
        without_slash(&self.name)
    }
}

fn without_slash(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_leading_slash() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (all, want) in [
            (names(&["/web"]), "web"),
            (names(&["/db/alias", "/web"]), "web"),
            (names(&["web"]), "web"),
            (names(&["/db/alias"]), ""),
            (names(&[]), ""),
        ] {
            assert_eq!(ContainerSummary { names: all, ..Default::default() }.name(), want);
        }
        assert_eq!(Stats { name: "/web".into(), ..Default::default() }.name(), "web");
    }
}
