"""Tests an engine with docker-py: run, logs, exec, wait, events, images, builds, files, volumes, networks.

Usage: drive.py ADDRESS API. Compatible with docker-py 1.2 to 7.
"""

import io
import sys
import tarfile
import time

import docker

address, api = sys.argv[1], sys.argv[2]
if hasattr(docker, "Client"):  # docker-py 1.x
    client = docker.Client(base_url=address, version=api, timeout=20)
else:
    client = docker.APIClient(base_url=address, version=api, timeout=20)


def same(what, got, expected):
    if got != expected:
        sys.exit("%s: got %r, expected %r" % (what, got, expected))


def fails(what, status, call):
    try:
        call()
    except docker.errors.APIError as error:
        same(what, error.response.status_code, status)
    else:
        sys.exit("%s: did not fail" % what)


def since(version):
    return docker.utils.compare_version(version, api) >= 0


def archive(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def unpacked(response):
    if hasattr(response, "read"):
        response = response.read()
    packed = response if isinstance(response, bytes) else b"".join(response)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar if info.isfile()}


began = int(time.time())
same("ping", client.ping(), "OK" if isinstance(client.ping(), str) else True)
assert client.version()["ApiVersion"], "version"
assert client.info()["Images"] >= 1, "info"

# Images.
assert any("busybox:latest" in image["RepoTags"] for image in client.images()), "images"
image = client.inspect_image("busybox")
same("tag", client.tag("busybox", "drive/copy", "one"), True)
same("history", client.history("drive/copy:one")[0]["Id"], image["Id"])
client.remove_image("drive/copy:one")
fails("no image", 404, lambda: client.inspect_image("drive/copy:one"))
pulled = [line for line in client.pull("busybox", tag="latest", stream=True)]
assert pulled, "pull"

# The lifecycle of a container.
made = client.create_container("busybox", ["sh", "-c", "echo out; echo err >&2; exit 7"], name="drive-a")
client.start(made["Id"])
same("exit code", (lambda code: code["StatusCode"] if isinstance(code, dict) else code)(client.wait(made["Id"])), 7)
same("stdout", client.logs(made["Id"], stdout=True, stderr=False), b"out\n")
same("stderr", client.logs("drive-a", stdout=False, stderr=True), b"err\n")
same("lines", b"".join(client.logs("drive-a", stdout=True, stderr=False, stream=True)), b"out\n")
same("state", client.inspect_container(made["Id"][:10])["State"]["ExitCode"], 7)
same("list", [entry["Names"] for entry in client.containers(all=True)], [["/drive-a"]])
same("running", client.containers(), [])
fails("name taken", 409, lambda: client.create_container("busybox", "true", name="drive-a"))
client.remove_container("drive-a")
fails("no container", 404, lambda: client.inspect_container("drive-a"))

# A running container, and exec.
running = client.create_container("busybox", ["sleep", "1000"], name="drive-b", environment={"A": "b"})["Id"]
client.start(running)
fails("running", 409, lambda: client.remove_container(running))
command = client.exec_create(running, ["sh", "-c", "echo inside; exit 3"])
same("exec", client.exec_start(command["Id"]), b"inside\n")
if since("1.16"):
    same("exec code", client.exec_inspect(command["Id"])["ExitCode"], 3)
stream = client.exec_start(client.exec_create(running, "echo streamed")["Id"], stream=True)
same("exec stream", b"".join(stream), b"streamed\n")
client.pause(running)
same("paused", client.inspect_container(running)["State"]["Paused"], True)
client.unpause(running)
if since("1.17"):
    client.rename(running, "drive-c")
    same("stats", "cpu_stats" in str(next(iter(client.stats(running)))), True)
client.restart(running, timeout=1)
client.stop(running, timeout=1)
same("killed", client.inspect_container(running)["State"]["ExitCode"], 137)
client.commit(running, repository="drive/made", tag="one")
client.remove_image("drive/made:one")
client.remove_container(running, force=True)

# A built image, and a container of it.
context = archive({"Dockerfile": b"FROM busybox\nRUN echo made > /made\nCOPY name /name\nCMD cat /made /name\n", "name": b"drive\n"})
said = b"".join(
    line if isinstance(line, bytes) else line.encode()
    for line in client.build(fileobj=io.BytesIO(context), custom_context=True, tag="drive/built", rm=True)
)
assert b"Successfully built" in said, said
built = client.create_container("drive/built", name="drive-d")["Id"]
client.start(built)
client.wait(built)
same("built", client.logs(built), b"made\ndrive\n")
same("changes", client.diff(built) or [], [])
saved = client.get_image("drive/built")
saved = saved.read() if hasattr(saved, "read") else b"".join(saved)
exported = unpacked(client.export(built))
same("export", exported["made"], b"made\n")
client.remove_container(built)
client.remove_image("drive/built")
client.load_image(saved)
assert client.inspect_image("drive/built")["Id"], "load"
client.remove_image("drive/built")
failed = b"".join(
    line if isinstance(line, bytes) else line.encode()
    for line in client.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 3\n"), rm=True, forcerm=True)
)
assert b"returned a non-zero code: 3" in failed, failed

# Files.
files = client.create_container("busybox", ["cat", "/in/file"], name="drive-e")["Id"]
if since("1.20") and hasattr(client, "put_archive"):
    same("put", client.put_archive(files, "/", archive({"in/file": b"hello\n"})), True)
    chunks, stat = client.get_archive(files, "/in/file")
    same("get", unpacked(chunks), {"file": b"hello\n"})
    same("stat", (stat["name"], stat["size"]), ("file", 6))
    fails("no file", 404, lambda: client.get_archive(files, "/nosuch"))
    client.start(files)
    client.wait(files)
    same("read", client.logs(files), b"hello\n")
elif not since("1.24"):
    same("copy", unpacked(client.copy(files, "/etc/passwd"))["passwd"][:4], b"root")
client.remove_container(files)

# Volumes and networks.
if since("1.21") and hasattr(client, "create_volume"):
    client.create_volume("drive-v")
    same("volumes", [volume["Name"] for volume in client.volumes()["Volumes"]], ["drive-v"])
    bound = client.create_host_config(binds={"drive-v": {"bind": "/data", "mode": "rw"}})
    holder = client.create_container("busybox", ["sh", "-c", "echo kept > /data/file"], volumes=["/data"], host_config=bound)["Id"]
    fails("in use", 409, lambda: client.remove_volume("drive-v"))
    client.remove_container(holder, v=True)
    client.remove_volume("drive-v")
    fails("no volume", 404, lambda: client.inspect_volume("drive-v"))
if since("1.22") and hasattr(client, "create_network"):
    network = client.create_network("drive-n", driver="bridge")["Id"]
    same("network", client.inspect_network("drive-n")["Id"], network)
    member = client.create_container("busybox", ["sleep", "1000"])["Id"]
    client.start(member)
    client.connect_container_to_network(member, network)
    same("members", list(client.inspect_network(network)["Containers"]), [member])
    assert client.inspect_container(member)["NetworkSettings"]["Networks"]["drive-n"]["IPAddress"], "address"
    fails("active", 403, lambda: client.remove_network(network))
    client.disconnect_container_from_network(member, network)
    client.remove_container(member, force=True)
    client.remove_network(network)
if since("1.25") and hasattr(client, "prune_containers"):
    ended = client.create_container("busybox", "true")["Id"]
    same("prune", ended in client.prune_containers()["ContainersDeleted"], True)
    assert client.df()["LayersSize"], "df"
if since("1.22") and hasattr(client, "update_container"):
    limited = client.create_container("busybox", "true")["Id"]
    client.update_container(limited, cpu_shares=5)
    same("update", client.inspect_container(limited)["HostConfig"]["CpuShares"], 5)
    client.remove_container(limited)

# Events, in order.
time.sleep(1)
events = list(client.events(since=began, until=int(time.time()), decode=True))
actions = [event["status"] for event in events if event.get("id") == made["Id"]]
same("events", [action for action in actions if action != "attach"], ["create", "start", "die", "destroy"])
print("docker-py passed at API %s" % api)
