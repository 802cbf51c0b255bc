//! References of a service to secrets and configs, whose ids are looked up.

use crate::{
    Error, Result,
    generated::Api,
    models::{FileTarget, SecretReference, ServiceConfigReference},
};

/// A secret or config that a service uses.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    /// Name or id of the object.
    pub(super) object: String,
    pub(super) file: FileTarget,
}

/// Lists the secrets of the swarm, and returns references to the requested ones.
pub(super) async fn secrets(api: &Api<'_>, requested: &[Reference]) -> Result<Vec<SecretReference>> {
    let all = api.document(api.secret_list(None).await)?;
    let all: Vec<_> = all.iter().map(|secret| (&*secret.id, &*secret.spec.name)).collect();
    let references = requested.iter().map(|reference| {
        let (id, name) = api.during(find("secret", &reference.object, &all))?;
        let file = Some(complete(&reference.file, name));
        Ok(SecretReference { file, secret_id: id.to_owned(), secret_name: name.to_owned() })
    });
    references.collect()
}

/// Lists the configs of the swarm, and returns references to the requested ones.
pub(super) async fn configs(api: &Api<'_>, requested: &[Reference]) -> Result<Vec<ServiceConfigReference>> {
    let all = api.document(api.config_list(None).await)?;
    let all: Vec<_> = all.iter().map(|config| (&*config.id, &*config.spec.name)).collect();
    let references = requested.iter().map(|reference| {
        let (id, name) = api.during(find("config", &reference.object, &all))?;
        let file = Some(complete(&reference.file, name));
        Ok(ServiceConfigReference {
            file,
            config_id: id.to_owned(),
            config_name: name.to_owned(),
            ..Default::default()
        })
    });
    references.collect()
}

/// Returns the id and the name of an object. An id takes precedence over a name, as for engines.
fn find<'a>(kind: &str, name_or_id: &str, all: &[(&'a str, &'a str)]) -> Result<(&'a str, &'a str)> {
    let by_id = all.iter().find(|(id, _)| *id == name_or_id);
    let found = by_id.or_else(|| all.iter().find(|(_, name)| *name == name_or_id));
    found
        .copied()
        .ok_or_else(|| Error::invalid_input(format!("no {kind} has the name or id \"{}\"", name_or_id.escape_debug())))
}

/// Fills empty fields with the defaults of the Docker CLI.
fn complete(file: &FileTarget, name: &str) -> FileTarget {
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    FileTarget {
        name: or(&file.name, name),
        uid: or(&file.uid, "0"),
        gid: or(&file.gid, "0"),
        mode: if file.mode == 0 { 0o444 } else { file.mode },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_by_id_or_name() {
        let all = [("id1", "app"), ("id2", "id1"), ("id3", "site")];
        assert_eq!(find("secret", "site", &all).unwrap(), ("id3", "site"));
        assert_eq!(find("secret", "id1", &all).unwrap(), ("id1", "app"));
        let error = find("secret", "si\nte", &all).unwrap_err();
        assert!(error.is_bad_request(), "{error}");
        assert_eq!(error.to_string(), r#"no secret has the name or id "si\nte""#);
    }

    #[test]
    fn empty_fields_of_files_have_defaults() {
        let want = FileTarget { name: "app".into(), uid: "0".into(), gid: "0".into(), mode: 0o444 };
        assert_eq!(complete(&FileTarget::default(), "app"), want);
        let file = FileTarget { name: "key".into(), uid: "33".into(), gid: "33".into(), mode: 0o400 };
        assert_eq!(complete(&file, "app"), file);
    }
}
