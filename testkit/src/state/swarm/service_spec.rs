//! The specification of a service: what older API versions lack, defaults, and the form that updates compare.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Result};

/// Fields of task templates that engines ignore below an API version.
const NEWER_FIELDS: [(ApiVersion, &str, &str); 7] = [
    (ApiVersion::new(1, 40), "/TaskTemplate/ContainerSpec", "Sysctls"),
    (ApiVersion::new(1, 40), "/TaskTemplate/ContainerSpec/Privileges/CredentialSpec", "Config"),
    (ApiVersion::new(1, 40), "/TaskTemplate/Placement", "MaxReplicas"),
    (ApiVersion::new(1, 41), "/TaskTemplate/ContainerSpec", "CapabilityAdd"),
    (ApiVersion::new(1, 41), "/TaskTemplate/ContainerSpec", "CapabilityDrop"),
    (ApiVersion::new(1, 41), "/TaskTemplate/ContainerSpec", "Ulimits"),
    (ApiVersion::new(1, 41), "/TaskTemplate/Resources/Limits", "Pids"),
];

/// The API version that introduced jobs.
const JOBS_SINCE: ApiVersion = ApiVersion::new(1, 41);

/// Settings that differ from unset ones even if they are 0 or `false`.
const POINTERS: [&str; 6] = ["Init", "StopGracePeriod", "Delay", "Window", "MaxAttempts", "OomScoreAdj"];

/// Objects with keys of the user.
const MAPS: [&str; 4] = ["Labels", "Sysctls", "Options", "DriverOpts"];

/// Adds the defaults that engines add when a service is created or updated.
pub(crate) fn complete(mut spec: Value, version: ApiVersion) -> Result<Value> {
    if !spec.is_object() {
        spec = json!({});
    }
    for (since, path, field) in NEWER_FIELDS {
        if let Some(fields) = spec.pointer_mut(path).and_then(Value::as_object_mut)
            && version < since
        {
            fields.remove(field);
        }
    }
    if !spec["Labels"].is_object() {
        spec["Labels"] = json!({});
    }
    complete_task_template(&mut spec["TaskTemplate"])?;
    for config in ["UpdateConfig", "RollbackConfig"] {
        complete_update_config(&mut spec[config])?;
    }
    complete_endpoint(&mut spec["EndpointSpec"])?;
    complete_mode(&mut spec["Mode"], version)?;
    if let Some(fields) = spec.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(spec)
}

/// Adds the default values of settings that are not set.
pub(crate) fn with_defaults(mut spec: Value) -> Value {
    let second = 1_000_000_000_i64;
    let task_template = &mut spec["TaskTemplate"];
    set_default(&mut task_template["ContainerSpec"]["StopGracePeriod"], json!(10 * second));
    set_default(&mut task_template["ContainerSpec"]["DNSConfig"], json!({}));
    set_default(&mut task_template["Resources"], json!({}));
    set_default(&mut task_template["RestartPolicy"], json!({ "Condition": "any", "MaxAttempts": 0 }));
    set_default(&mut task_template["RestartPolicy"]["Delay"], json!(5 * second));
    set_default(&mut task_template["Placement"], json!({}));
    for config in ["UpdateConfig", "RollbackConfig"] {
        let config = &mut spec[config];
        set_default(config, json!({ "Parallelism": 1, "FailureAction": "pause", "Order": "stop-first" }));
        if config["Monitor"].as_i64().unwrap_or_default() == 0 {
            config["Monitor"] = json!(5 * second);
        }
    }
    spec
}

fn set_default(value: &mut Value, default: Value) {
    if value.is_null() {
        *value = default;
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, message)
}

/// Sets a word that is not set to the first one of `words`; an error with this text if it is another one.
fn complete_word(value: &mut Value, words: &[&str], error: impl Fn(&str) -> String) -> Result<()> {
    let word = value.as_str().unwrap_or_default().to_owned();
    if word.is_empty() {
        *value = json!(words.first());
        return Ok(());
    }
    if words.contains(&&*word) { Ok(()) } else { Err(invalid(error(&word))) }
}

fn complete_task_template(task_template: &mut Value) -> Result<()> {
    let runtime = task_template["Runtime"].as_str().unwrap_or_default().to_owned();
    match &*runtime {
        "" | "container" if task_template["ContainerSpec"].is_object() => {}
        "plugin" if task_template["PluginSpec"].is_object() => {
            return Err(ApiError::new(500, "runtime type \"plugin\" only supported in experimental"));
        }
        "" | "container" | "plugin" => return Err(invalid("mismatched Runtime and *Spec fields")),
        _ => return Err(invalid("unsupported runtime")),
    }
    let container = &mut task_template["ContainerSpec"];
    for reference in container["Configs"].as_array().into_iter().flatten() {
        let error = match (reference["Runtime"].is_object(), reference["File"].is_object()) {
            (false, false) => "either File or Runtime should be set",
            (true, true) => "cannot specify both File and Runtime",
            _ => continue,
        };
        return Err(invalid(format!("invalid Config: {error}")));
    }
    for mount in container["Mounts"].as_array_mut().into_iter().flatten() {
        let kinds = ["bind", "volume", "tmpfs", "npipe"];
        complete_word(&mut mount["Type"], &kinds, |kind| format!("invalid MountType: {kind:?}"))?;
    }
    let isolation = container["Isolation"].as_str().unwrap_or_default().to_lowercase();
    let known = matches!(&*isolation, "hyperv" | "process");
    container["Isolation"] = json!(if known { &*isolation } else { "default" });
    let restart = &mut task_template["RestartPolicy"];
    if restart.is_object() {
        let conditions = ["any", "none", "on-failure"];
        complete_word(&mut restart["Condition"], &conditions, |condition| {
            format!("invalid RestartCondition: {condition:?}")
        })?;
        set_default(&mut restart["MaxAttempts"], json!(0));
    }
    prune(task_template);
    task_template["Runtime"] = json!("container");
    Ok(())
}

fn complete_update_config(config: &mut Value) -> Result<()> {
    if !config.is_object() {
        return Ok(());
    }
    complete_word(&mut config["FailureAction"], &["pause", "continue", "rollback"], |action| {
        format!("unrecognized update failure action {action}")
    })?;
    complete_word(&mut config["Order"], &["stop-first", "start-first"], |order| {
        format!("unrecognized update order {order}")
    })
}

fn complete_endpoint(endpoint: &mut Value) -> Result<()> {
    if !endpoint.is_object() {
        return Ok(());
    }
    complete_word(&mut endpoint["Mode"], &["vip", "dnsrr"], |mode| format!("invalid resolution mode: {mode:?}"))?;
    for port in endpoint["Ports"].as_array_mut().into_iter().flatten() {
        for (field, default) in [("Protocol", "tcp"), ("PublishMode", "ingress")] {
            if port[field].as_str().is_none_or(str::is_empty) {
                port[field] = json!(default);
            }
        }
    }
    prune(endpoint);
    Ok(())
}

fn complete_mode(mode: &mut Value, version: ApiVersion) -> Result<()> {
    if version < JOBS_SINCE && mode.is_object() {
        (mode["ReplicatedJob"], mode["GlobalJob"]) = (Value::Null, Value::Null);
    }
    let known = ["Global", "Replicated", "ReplicatedJob", "GlobalJob"];
    let set: Vec<&str> = known.into_iter().filter(|name| mode[*name].is_object()).collect();
    *mode = match set[..] {
        [] => json!({ "Replicated": { "Replicas": 1 } }),
        ["Replicated"] => json!({ "Replicated": { "Replicas": mode["Replicated"]["Replicas"].as_u64().unwrap_or(1) } }),
        ["ReplicatedJob"] => {
            let concurrent = mode["ReplicatedJob"]["MaxConcurrent"].as_u64().unwrap_or(1);
            let total = mode["ReplicatedJob"]["TotalCompletions"].as_u64().unwrap_or(concurrent);
            json!({ "ReplicatedJob": { "MaxConcurrent": concurrent, "TotalCompletions": total } })
        }
        [name] => json!({ name: {} }),
        _ => return Err(invalid("must specify only one service mode")),
    };
    Ok(())
}

/// Removes values that are the same as unset ones, so that equal specifications are equal as JSON.
fn prune(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Object(fields) => fields.retain(|name, value| {
            if !MAPS.contains(&&**name) {
                prune(value);
            }
            match value {
                Value::Null => false,
                Value::Bool(value) => *value || POINTERS.contains(&&**name),
                Value::Number(number) => number.as_f64() != Some(0.0) || POINTERS.contains(&&**name),
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                Value::Object(fields) => !fields.is_empty(),
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1_41: ApiVersion = ApiVersion::new(1, 41);

    fn spec(task_template: &Value) -> Value {
        json!({ "Name": "web", "TaskTemplate": task_template })
    }

    #[test]
    fn unset_fields_are_the_same_as_empty_ones() {
        let short = spec(&json!({ "ContainerSpec": { "Image": "busybox", "Labels": { "a": "" } } }));
        let long = spec(&json!({
            "ContainerSpec": {
                "Image": "busybox", "Labels": { "a": "" }, "Env": [], "Isolation": "default", "TTY": false,
            },
            "Resources": {}, "ForceUpdate": 0, "Runtime": "container",
        }));
        let complete = |spec| complete(spec, V1_41).unwrap();
        assert_eq!(complete(short.clone()), complete(long));
        assert_eq!(complete(short)["TaskTemplate"]["ContainerSpec"]["Labels"], json!({ "a": "" }));
    }

    #[test]
    fn modes_have_defaults() {
        for (mode, complete) in [
            (json!(null), json!({ "Replicated": { "Replicas": 1 } })),
            (json!({ "Replicated": { "Replicas": 0 } }), json!({ "Replicated": { "Replicas": 0 } })),
            (json!({ "Global": {} }), json!({ "Global": {} })),
            (
                json!({ "ReplicatedJob": { "MaxConcurrent": 2 } }),
                json!({ "ReplicatedJob": { "MaxConcurrent": 2, "TotalCompletions": 2 } }),
            ),
        ] {
            let mut completed = mode.clone();
            complete_mode(&mut completed, V1_41).unwrap();
            assert_eq!(completed, complete, "{mode}");
        }
        let mut job = json!({ "GlobalJob": {} });
        complete_mode(&mut job, ApiVersion::new(1, 40)).unwrap();
        assert_eq!(job, json!({ "Replicated": { "Replicas": 1 } }));
        assert!(complete_mode(&mut json!({ "Global": {}, "Replicated": {} }), V1_41).is_err());
    }

    #[test]
    fn invalid_service_spec_error_messages() {
        let container = json!({ "Image": "busybox" });
        for (spec, message) in [
            (json!({ "Name": "web" }), "mismatched Runtime and *Spec fields"),
            (
                spec(&json!({ "ContainerSpec": container, "RestartPolicy": { "Condition": "often" } })),
                "invalid RestartCondition: \"often\"",
            ),
            (spec(&json!({ "ContainerSpec": { "Mounts": [{ "Type": "nfs" }] } })), "invalid MountType: \"nfs\""),
        ] {
            assert_eq!(complete(spec, V1_41), Err(ApiError::new(400, message)));
        }
    }
}
