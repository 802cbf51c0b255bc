//! Decoding of responses of Docker 1.3 to 1.6.
//!
//! The responses were written after those that such engines were seen to send; none of these engines is run.

use std::collections::HashMap;

use dockerclient::{
    Timestamp,
    models::{ExecInspect, HostConfig, Info},
};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::TryStreamExt as _;

/// An engine that responds to every request with `body`.
fn sending(body: &'static str) -> FakeEngine {
    FakeEngine::scripted(move |_| Response::json(200, body))
}

#[tokio::test]
async fn info_decodes_numeric_flags() {
    let engine = sending(
        r#"{"Containers":2,"Images":1,"Debug":1,"Driver":"aufs","DriverStatus":[["Root Dir","/var/lib/docker/aufs"],
            ["Dirs","0"]],"IPv4Forwarding":1,"MemoryLimit":1,"SwapLimit":0,"NFd":10,"NGoroutines":11,
            "KernelVersion":"3.16.4-tinycore64","OperatingSystem":"Boot2Docker 1.3.1","InitSha1":"","Labels":null}"#,
    );
    let info = engine.client("1.15").info().await.unwrap();
    assert_eq!((info.images, info.containers), (1, 2));
    assert_eq!((info.debug, info.ipv4_forwarding, info.memory_limit, info.swap_limit), (true, true, true, false));
    assert_eq!(info.driver_status[1], ["Dirs", "0"]);
    assert_eq!((info.id, info.labels), (String::new(), vec![]));
}

#[tokio::test]
async fn info_decodes_boolean_flags() {
    let info = sending(r#"{"Debug":false,"MemoryLimit":true,"Name":null}"#).client("1.15").info().await.unwrap();
    assert_eq!(info, Info { memory_limit: true, ..Default::default() });
}

#[tokio::test]
async fn non_string_values_decode_to_strings() {
    let engine = sending(
        r#"[{"Id":1234,"Created":1.0,"CreatedBy":true,"Tags":null,"Size":0},
            {"Id":"a","Created":1,"CreatedBy":null,"Tags":["a:1"],"Size":1e6},
            {"Id":"b","Created":1,"CreatedBy":17,"Tags":[],"Size":0}]"#,
    );
    let history = engine.client("1.15").image("web").history().await.unwrap();
    let by: Vec<&str> = history.iter().map(|item| &*item.created_by).collect();
    assert_eq!(by, ["true", "", "17"]);
    let created = history[0].created.unwrap().unix_seconds();
    assert_eq!((&*history[0].id, created, history[1].size), ("1234", 1, 1_000_000));
}

#[tokio::test]
async fn null_decodes_to_an_empty_list() {
    let engine = sending("null");
    let docker = engine.client("1.18");
    assert_eq!(docker.containers().list().await.unwrap(), []);
    assert_eq!(docker.images().list().await.unwrap(), []);
    assert_eq!(docker.container("web").changes().await.unwrap(), []);
    assert_eq!(docker.images().search("web").await.unwrap(), []);
    let error = docker.info().await.unwrap_err();
    assert!(error.is_decode(), "null is not an object: {error}");
}

#[tokio::test]
async fn container_inspect_decodes_null_fields() {
    let engine = sending(
        r#"{"Id":"f43c","Created":"2014-12-12T10:11:12.3Z","Path":"sh","Args":null,"Name":"/web","Image":"a",
            "Config":null,"State":{"Running":true,"Pid":1,"StartedAt":"2014-12-12T10:11:12+02:00"},
            "NetworkSettings":{"IPAddress":"","Ports":{"80/tcp":null},"PortMapping":null},"Volumes":null,
            "VolumesRW":null,"ExecIDs":null,"HostConfig":{"Binds":null,"LxcConf":[],"PortBindings":null,
            "RestartPolicy":{"Name":"","MaximumRetryCount":0},"Links":null,"Ulimits":null,"LogConfig":null}}"#,
    );
    let container = engine.client("1.15").container("web").inspect().await.unwrap();
    assert_eq!((container.args, container.config.cmd), (vec![], vec![]));
    assert_eq!(container.network_settings.ports, HashMap::from([("80/tcp".to_owned(), vec![])]));
    assert_eq!((container.host_config, container.state.word()), (HostConfig::default(), "running"));
}

#[tokio::test]
async fn imported_image_has_no_config() {
    let engine = sending(r#"{"Id":"a","Parent":"","Created":"2014-12-12T10:11:12Z","Size":1,"Config":null}"#);
    assert_eq!(engine.client("1.15").image("a").inspect().await.unwrap().config, None);
}

#[tokio::test]
async fn exec_inspect_decodes_container_object_or_id() {
    let old = sending(
        r#"{"ID":"3ed4","Running":false,"ExitCode":3,"ProcessConfig":{"tty":false,"entrypoint":"sh","arguments":null},
            "OpenStdin":false,"OpenStdout":true,"OpenStderr":true,"Container":{"ID":"f43c","State":{"Running":true},
            "Name":"/web","Volumes":null,"AppliedVolumesFrom":{"/db":{}}}}"#,
    );
    let old: ExecInspect = old.client("1.17").exec("3ed4").inspect().await.unwrap();
    let new = sending(r#"{"ID":"3ed4","Running":true,"ExitCode":null,"ProcessConfig":{},"ContainerID":"f43c"}"#);
    let new = new.client("1.17").exec("3ed4").inspect().await.unwrap();
    assert_eq!((old.container.unwrap().id, old.exit_code), (new.container_id, Some(3)));
    assert_eq!(new.exit_code, None, "while it runs");
}

#[tokio::test]
async fn response_without_id_or_status_code_is_a_decode_error() {
    let engine = sending(r#"{"Warnings":null}"#);
    let docker = engine.client("1.15");
    for error in
        [docker.container("web").inspect().await.unwrap_err(), docker.container("web").wait().await.unwrap_err()]
    {
        assert!(error.is_decode(), "{error}");
    }
}

#[tokio::test]
async fn decode_error_names_the_field() {
    let engine = sending(r#"[{"Id":"a","Ports":[]},{"Id":"b","Ports":[{"PrivatePort":80},{"PrivatePort":"http"}]}]"#);
    let error = engine.client("1.15").containers().list().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to list containers: invalid response: at [1].Ports[1].PrivatePort: invalid value"
    );
}

/// Old engines send nothing between events.
#[tokio::test]
async fn unseparated_events_are_decoded() {
    let engine = FakeEngine::scripted(|_| {
        let events = r#"{"status":"create","id":"a","from":"b","time":1}{"status":"die","id":"a","from":"b","time":2}"#;
        Response::raw(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{events}")).then_close()
    });
    let events = engine.client("1.15").events().until(Timestamp::now()).await.unwrap();
    let events: Vec<_> = events.try_collect().await.unwrap();
    assert_eq!(events.iter().map(|event| &*event.action).collect::<Vec<_>>(), ["create", "die"]);
}
