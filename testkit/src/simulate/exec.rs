//! Commands in running containers.

use serde_json::json;

use super::{
    Context, containers,
    sessions::{self, Wiring},
};
use crate::{
    Reply,
    age::Age,
    image::words,
    program::{self, Key},
    refusal::{Refusal, Result},
};

pub(super) async fn create(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let config = context.body()?;
    let argv = words(&config["Cmd"]);
    let id = shared.state.change(|world| {
        let age = world.age;
        if argv.is_empty() {
            return Err(age.refusal(400, 500, "No exec command specified"));
        }
        let container = world.container(asked.name())?;
        container.must_run(age)?;
        if container.paused {
            let message = format!("Container {} is paused, unpause the container before exec", asked.name());
            return Err(age.refusal(409, 500, message));
        }
        let container = container.id.clone();
        Ok(world.add_exec(&container, argv, config))
    })?;
    let mut document = json!({ "Id": id });
    if shared.age == Age::Old {
        document["Warnings"] = json!(null);
    }
    Ok(context.document(201, document))
}

pub(super) async fn start(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let age = shared.age;
    let id = asked.name().to_owned();
    if asked.request.bytes.is_empty() {
        return Err(age.refusal(
            400,
            500,
            if age == Age::Modern { "got EOF while reading request body" } else { "EOF" },
        ));
    }
    let detached = context.body()?["Detach"] == true;
    if let (Age::Old, Err(refusal)) = (age, shared.state.look(|world| world.exec(&id).map(|_| ()))) {
        return Ok(told_inside(&context, 2, &refusal.message));
    }
    let exec = shared.state.look(|world| {
        let exec = world.exec(&id)?;
        let container = world.container(&exec.container)?;
        let mut env = words(&container.config["Env"]);
        env.push(format!("HOSTNAME={}", container.config["Hostname"].as_str().unwrap_or_default()));
        let image = world.images.iter().find(|image| image.id == container.image);
        let program = image.and_then(|image| image.image.program_for(&exec.argv));
        let running = world.runs.get(&id).is_some_and(|run| run.running);
        let wiring = Wiring {
            id: id.clone(),
            stdin: exec.wants("AttachStdin"),
            stdout: exec.wants("AttachStdout"),
            stderr: exec.wants("AttachStderr"),
            from: 0,
            follow: true,
            input_ends: true,
            may_begin_later: false,
        };
        Ok::<_, Refusal>((program, exec.argv.clone(), env, wiring, exec.started, running))
    })?;
    let (program, argv, env, wiring, started, running) = exec;
    if started && (age == Age::Modern || running) {
        let what = if running { "is already running" } else { "has already run" };
        let message = format!("Error: Exec command {id} {what}");
        if age == Age::Modern && !detached {
            return Ok(told_inside(&context, 1, &(message + "\r\n")));
        }
        return Err(age.refusal(409, 500, message));
    }
    shared.state.change(|world| {
        world.exec_starts(&id);
        if let Some(run) = world.runs.get_mut(&id) {
            run.begin(wiring.stdin && !detached);
        }
    });
    match program {
        Some(program) => program::launch(shared, Key::Exec(id), &program, argv, env).await,
        None => {
            let command = argv.first().cloned().unwrap_or_default();
            shared.state.change(|world| {
                if let Some(run) = world.runs.get_mut(&id) {
                    run.write(1, format!("{}\r\n", exec_not_found(&command)).as_bytes());
                }
                world.exec_ends(&id, 126);
            });
            if detached && age == Age::Modern {
                return Err(Refusal::new(400, exec_not_found(&command)));
            }
        }
    }
    match (detached, age) {
        (true, Age::Modern) => Ok(Reply::empty(200)),
        (true, Age::Old) => Ok(Reply::empty(204)),
        (false, _) => Ok(sessions::session(&context, wiring)),
    }
}

fn exec_not_found(command: &str) -> String {
    format!(
        "OCI runtime exec failed: exec failed: unable to start container process: exec: {command:?}: executable file not \
         found in $PATH: unknown"
    )
}

/// What is wrong with a command, told inside its output.
fn told_inside(context: &Context, source: u8, message: &str) -> Reply {
    let (status, headers) = context.shared.age.hijack(&context.asked.request);
    let frame = crate::frames::frame(source, message.as_bytes());
    let mut reply = Reply::session(status, |mut session| async move {
        // Whether anybody hears it is not our business.
        let _ = session.output.write(&frame).await;
    });
    reply.headers = headers;
    reply
}

pub(super) async fn inspect(context: Context) -> Result<Reply> {
    let id = context.asked.name();
    let document = context.shared.state.look(|world| world.exec(id).map(|exec| world.exec_document(exec)))?;
    Ok(context.document(200, document))
}

pub(super) async fn resize(context: Context) -> Result<Reply> {
    let size = containers::size(&context)?;
    let id = context.asked.name();
    context.shared.state.change(|world| {
        world.exec(id)?;
        let run = world.runs.get_mut(id).filter(|run| run.running);
        let run = run.ok_or_else(|| Refusal::new(500, format!("cannot resize a stopped process: {id}")))?;
        run.size = size;
        Ok::<_, Refusal>(())
    })?;
    Ok(context.shared.age.empty(200))
}
