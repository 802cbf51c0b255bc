//! Builds through `POST /build`.

use super::{
    BuildContext,
    builder_version::Route,
    cache::Source,
    options::{Options, filled, json},
};
#[cfg(feature = "buildkit")]
use crate::buildkit::BuildSession;
use crate::{
    DockerClient, Result, Size,
    generated::Api,
    images::progress::{Progress, ProgressResult},
    models::Isolation,
    request::Settings,
};

/// Starts the build.
#[cfg_attr(not(feature = "buildkit"), expect(unused_variables, reason = "there is no session"))]
pub(super) async fn start<T>(
    api: &Api<'_>,
    docker: &DockerClient,
    context: BuildContext,
    options: &Options,
    settings: &Settings,
    route: Route,
    outcome: impl ProgressResult<T> + 'static,
) -> Result<Progress<T>> {
    let names = api.during(options.names(api.version()))?;
    let extra_hosts = api.during(options.extra_hosts(api.version()))?;
    let (memory, shm_size) = (bytes(api, &options.memory)?, bytes(api, &options.shm_size)?);
    let memory_swap = options.memory_swap.as_ref().map(Size::to_bytes_or_unlimited).transpose();
    let memory_swap = api.during(memory_swap)?;
    let context = api.during(context.open(options.dockerfile.as_deref(), api.version()).await)?;
    // BuildKit requests the credentials that it needs.
    let has_session = cfg!(feature = "buildkit") && route == Route::Build;
    let credentials = match has_session {
        true => None,
        false => api.during(docker.registry_config(&options.credentials, !options.anonymous).await)?,
    };
    #[cfg(feature = "buildkit")]
    let mut session = match has_session {
        true => {
            let services = api.during(super::session::services(docker, options).await)?;
            Some(api.during(BuildSession::open(services, settings).await)?)
        }
        false => None,
    };
    #[cfg(feature = "buildkit")]
    let session_id = session.as_ref().map(|session| session.id().to_owned());
    #[cfg(not(feature = "buildkit"))]
    let session_id: Option<String> = None;
    #[cfg(feature = "buildkit")]
    let outputs = outputs(options);
    #[cfg(not(feature = "buildkit"))]
    let outputs: Option<String> = None;
    let build_args = json(&options.build_args_with(docker.proxies(), api.version()));
    let (labels, cache_from) = (json(&options.labels), json(&images(options)));
    let (ulimits, security_opts) = (json(&options.ulimits), json(&options.security_opts));
    let response = api.image_build(
        build_args.as_deref(),
        options.build_id.as_deref(),
        cache_from.as_deref(),
        options.cgroup_parent.as_deref(),
        options.cpu_period,
        options.cpu_quota,
        options.cpuset_cpus.as_deref(),
        options.cpuset_mems.as_deref(),
        options.cpu_shares,
        context.dockerfile.as_deref(),
        filled(&extra_hosts),
        options.force_rm.map(u8::from),
        options.isolation.as_ref().map(Isolation::as_str),
        labels.as_deref(),
        memory,
        memory_swap,
        options.network.as_deref(),
        options.no_cache,
        outputs.as_deref(),
        options.platforms.first().map(String::as_str),
        options.pull.map(u8::from),
        options.quiet,
        context.url.as_deref(),
        options.rm,
        security_opts.as_deref(),
        session_id.as_deref(),
        shm_size,
        options.squash,
        names,
        options.target.as_deref(),
        ulimits.as_deref(),
        (route == Route::Build).then_some("2"),
        credentials.as_deref(),
        context.upload.into_body(),
    );
    let response = async { api.bytes(response.await) };
    #[cfg(feature = "buildkit")]
    let body = match &mut session {
        Some(session) => api.during(session.during(response).await)?,
        None => response.await?,
    };
    #[cfg(not(feature = "buildkit"))]
    let body = response.await?;
    let progress = Progress::new(body, api.max_item_size(), "image_build", outcome);
    #[cfg(feature = "buildkit")]
    let progress = progress.with_session(session.map(BuildSession::into_serving));
    Ok(progress)
}

fn bytes(api: &Api<'_>, size: &Option<Size>) -> Result<Option<i64>> {
    api.during(size.as_ref().map(Size::to_bytes).transpose())
}

/// Returns the names of the images whose layers may be used as build cache.
fn images(options: &Options) -> Vec<&str> {
    let mut images = Vec::new();
    for cache in &options.cache_from {
        match &cache.0 {
            Source::Image(name) => images.push(&**name),
            #[cfg(feature = "buildkit")]
            Source::Cache(_) => {}
        }
    }
    images
}

/// Returns the outputs in the form of the query.
#[cfg(feature = "buildkit")]
fn outputs(options: &Options) -> Option<String> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Query {
        r#type: String,
        attrs: std::collections::BTreeMap<String, String>,
    }

    let exporters = options.outputs.as_ref()?.iter().map(super::exporters::exporter);
    json(&exporters.map(|(kind, attrs)| Query { r#type: kind, attrs }).collect::<Vec<_>>())
}
