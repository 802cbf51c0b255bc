//! Opens a BuildKit session.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{BuildKit, upgrade, upgraded};
use crate::{
    Error, Result,
    generated::Client,
    raw::RawConnection,
    redacted::Secret,
    request::{Settings, request},
};

const ID: HeaderName = HeaderName::from_static("x-docker-expose-session-uuid");
const NAME: HeaderName = HeaderName::from_static("x-docker-expose-session-name");
const SHARED_KEY: HeaderName = HeaderName::from_static("x-docker-expose-session-sharedkey");
const METHOD: HeaderName = HeaderName::from_static("x-docker-expose-session-grpc-method");

impl BuildKit {
    /// Opens a session, over which BuildKit calls gRPC services of this program during builds: for files, secrets, SSH
    /// agents and registry credentials.
    ///
    /// `id` is the name by which builds refer to the session, and must be unique among the open sessions of the engine.
    /// The connection carries HTTP/2 without TLS. The engine is its client: it sends the connection preface first, and
    /// this program serves the calls. Engines call `grpc.health.v1.Health/Check` every few seconds, and close sessions
    /// that do not respond. Dropping the connection ends the session.
    ///
    /// Calls `POST /session` on a dedicated connection, since API 1.31; below API 1.39, only experimental engines
    /// support it. Deprecated by Docker since API 1.53.
    ///
    /// # Errors
    ///
    /// Fails if there is a session with this id (400), if the engine is older than 18.09 and not experimental (501), or
    /// if it does not switch to HTTP/2.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let methods = ["/moby.buildkit.secrets.v1.Secrets/GetSecret", "/grpc.health.v1.Health/Check"];
    /// let connection = docker.buildkit().session("k3v1q9").methods(methods).await?;
    /// // Pass the connection to a server for gRPC.
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "BuildkitSession")]
    #[doc(alias = "Session")]
    pub fn session(&self, id: impl Into<String>) -> OpenSession {
        OpenSession {
            buildkit: self.clone(),
            id: id.into(),
            name: None,
            shared_key: None,
            methods: Vec::new(),
            settings: Settings::default(),
        }
    }
}

/// A request to open a BuildKit session. Returned by [`BuildKit::session`]. `Debug` output redacts the shared key.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct OpenSession {
    buildkit: BuildKit,
    id: String,
    name: Option<String>,
    shared_key: Option<Secret<String>>,
    methods: Vec<String>,
    settings: Settings,
}

request!(OpenSession => RawConnection, "buildkit_session");

impl OpenSession {
    /// Sets the name of the session. Engines since 27.3 ignore it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the key of the files that the session serves. BuildKit keeps the files that it received; sessions with the
    /// same key transfer only changes to them.
    pub fn shared_key(mut self, key: impl Into<String>) -> Self {
        self.shared_key = Some(Secret(key.into()));
        self
    }

    /// Adds gRPC methods that this program serves, for example `/moby.filesync.v1.FileSync/DiffCopy`. BuildKit does not
    /// call others.
    pub fn methods(mut self, methods: impl IntoIterator<Item: Into<String>>) -> Self {
        self.methods.extend(methods.into_iter().map(Into::into));
        self
    }

    /// Replaces the settings of the request.
    #[cfg(feature = "buildkit")]
    pub(super) fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    async fn call(self) -> Result<RawConnection> {
        let api = self.buildkit.docker.api("buildkit_session", &self.settings).await;
        let api = api.map_err(|error| error.about(Some(self.id.as_str())))?.of(&self.id);
        let headers = api.during(self.headers())?;
        let response = api.dedicated(headers, async |client: &Client| client.buildkit_session().await).await?;
        upgraded(&api, response)
    }

    /// Returns the headers of the request. Those for methods have the same name.
    fn headers(&self) -> Result<HeaderMap> {
        let mut headers = upgrade();
        headers.insert(ID, value("session id", &self.id)?);
        if let Some(name) = &self.name {
            headers.insert(NAME, value("session name", name)?);
        }
        if let Some(key) = &self.shared_key {
            let key = HeaderValue::from_str(key).map_err(|_| Error::invalid_input("invalid shared key"))?;
            headers.insert(SHARED_KEY, key);
        }
        for method in &self.methods {
            headers.append(METHOD, value("gRPC method", method)?);
        }
        Ok(headers)
    }
}

fn value(what: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| Error::invalid_input(format!("invalid {what} {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DockerClient;

    fn session(id: &str) -> OpenSession {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap().buildkit().session(id)
    }

    #[test]
    fn session_headers_contain_its_settings() {
        let headers = session("s1").headers().unwrap();
        assert_eq!(
            (headers.len(), &headers[ID], &headers["upgrade"]),
            (3, &"s1".parse().unwrap(), &"h2c".parse().unwrap())
        );
        let session = session("s1").name("web").shared_key("key").methods(["/a.B/C", "/a.B/D"]).methods(["/e.F/G"]);
        let headers = session.headers().unwrap();
        assert_eq!((&headers[NAME], &headers[SHARED_KEY]), (&"web".parse().unwrap(), &"key".parse().unwrap()));
        assert_eq!(headers.get_all(METHOD).iter().collect::<Vec<_>>(), ["/a.B/C", "/a.B/D", "/e.F/G"]);
    }

    #[test]
    fn session_headers_must_be_valid() {
        for (invalid, message) in [
            (session("a\nb"), r#"invalid session id "a\nb""#),
            (session("s1").name("a\0"), r#"invalid session name "a\0""#),
            (session("s1").shared_key("s3cret\n"), "invalid shared key"),
            (session("s1").methods(["/a.B/C", "a\rb"]), r#"invalid gRPC method "a\rb""#),
        ] {
            let error = invalid.headers().unwrap_err();
            assert_eq!((error.is_bad_request(), &*error.to_string()), (true, message));
            assert!(!format!("{invalid:?}").contains("s3cret"), "{invalid:?}");
        }
    }
}
