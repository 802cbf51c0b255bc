//! Creating and starting exec instances.

use serde_json::json;

use super::{
    Context, containers,
    sessions::{self, SessionOptions},
};
use crate::{
    Response,
    api_error::{ApiError, Result},
    argv::words,
    program::{self, Key},
    release::Release,
    state::container::Container,
};

pub(super) async fn create(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let config = context.body()?;
    let argv = words(&config["Cmd"]);
    let id = server.state.update(|state| {
        let release = state.release;
        if argv.is_empty() {
            return Err(release.error(400, 500, "No exec command specified"));
        }
        let container = state.container(call.name())?;
        container.require_running(release)?;
        require_unpaused(container, call.name(), release)?;
        let container = container.id.clone();
        Ok(state.add_exec(&container, argv, config))
    })?;
    let mut document = json!({ "Id": id });
    if server.release == Release::V1_6 {
        document["Warnings"] = json!(null);
    }
    Ok(context.json(201, document))
}

pub(super) async fn start(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let release = server.release;
    let id = call.name().to_owned();
    if call.request.bytes.is_empty() {
        return Err(release.error(
            400,
            500,
            if release == Release::V20_10 { "got EOF while reading request body" } else { "EOF" },
        ));
    }
    let detached = context.body()?["Detach"] == true;
    let startable = server.state.read(|state| {
        let container = state.container(&state.exec(&id)?.container)?;
        container.require_running(release)?;
        require_unpaused(container, &container.id, release)
    });
    match (startable, release) {
        (Err(error), Release::V1_6) => return Ok(error_in_output(&context, 2, &error.message)),
        (startable, _) => startable?,
    }
    let exec = server.state.read(|state| {
        let exec = state.exec(&id)?;
        let container = state.container(&exec.container)?;
        let mut env = container.environment();
        for variable in words(&exec.config["Env"]) {
            let name = variable.split('=').next();
            env.retain(|known| known.split('=').next() != name);
            env.push(variable);
        }
        let image = state.images.iter().find(|image| image.id == container.image);
        let program = image.and_then(|image| image.image.program_for(&exec.argv));
        let running = state.runs.get(&id).is_some_and(|run| run.running);
        let options = SessionOptions {
            id: id.clone(),
            stdin: exec.has_flag("AttachStdin"),
            stdout: exec.has_flag("AttachStdout"),
            stderr: exec.has_flag("AttachStderr"),
            from: 0,
            follow: true,
            input_ends: true,
            ends_with: 1,
        };
        Ok::<_, ApiError>((program, exec.argv.clone(), env, options, exec.started, running))
    })?;
    let (program, argv, env, options, started, running) = exec;
    if started && (release == Release::V20_10 || running) {
        let what = if running { "is already running" } else { "has already run" };
        let message = format!("Error: Exec command {id} {what}");
        if release == Release::V20_10 && !detached {
            return Ok(error_in_output(&context, 1, &(message + "\r\n")));
        }
        return Err(release.error(409, 500, message));
    }
    server.state.update(|state| {
        state.exec_started(&id);
        if let Some(run) = state.runs.get_mut(&id) {
            run.begin(options.stdin && !detached);
        }
    });
    match program {
        Some(program) => program::launch(server, &server.state, Key::Exec(id), &program, argv, env).await,
        None => {
            let command = argv.first().cloned().unwrap_or_default();
            server.state.update(|state| {
                if let Some(run) = state.runs.get_mut(&id) {
                    run.write(1, format!("{}\r\n", exec_not_found(&command)).as_bytes());
                }
                state.exec_exited(&id, 126);
            });
            if detached && release == Release::V20_10 {
                return Err(ApiError::new(400, exec_not_found(&command)));
            }
        }
    }
    match (detached, release) {
        (true, Release::V20_10) => Ok(Response::empty(200)),
        (true, Release::V1_6) => Ok(Response::empty(204)),
        (false, _) => Ok(sessions::session(&context, options)),
    }
}

fn require_unpaused(container: &Container, name: &str, release: Release) -> Result<()> {
    if !container.paused {
        return Ok(());
    }
    Err(release.error(409, 500, format!("Container {name} is paused, unpause the container before exec")))
}

fn exec_not_found(command: &str) -> String {
    format!(
        "OCI runtime exec failed: exec failed: unable to start container process: exec: {command:?}: executable file not \
         found in $PATH: unknown"
    )
}

/// A response that reports an error as the output of the command.
fn error_in_output(context: &Context, source: u8, message: &str) -> Response {
    let (status, headers) = context.server.release.hijack_headers(&context.call.request);
    let frame = crate::frames::frame(source, message.as_bytes());
    let mut response = Response::session(status, |mut session| async move {
        // The client may already have closed the connection.
        let _ = session.output.write(&frame).await;
    });
    response.headers = headers;
    response
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let id = context.call.name();
    let document = context.server.state.read(|state| state.exec(id).map(|exec| state.exec_json(exec)))?;
    Ok(context.json(200, document))
}

pub(super) async fn resize(context: Context) -> Result<Response> {
    let size = containers::size(&context)?;
    let id = context.call.name();
    context.server.state.update(|state| {
        state.exec(id)?;
        let run = state.runs.get_mut(id).filter(|run| run.running);
        let run = run.ok_or_else(|| ApiError::new(500, format!("cannot resize a stopped process: {id}")))?;
        run.size = size;
        Ok::<_, ApiError>(())
    })?;
    Ok(context.server.release.empty(200))
}
