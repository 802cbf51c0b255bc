"""Drives an engine with docker-py: run, logs, exec, wait, events, images.

Usage: drive.py ADDRESS API. Written so that releases from 1.2 to 7 can run it.
"""

import sys
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


def refused(what, status, call):
    try:
        call()
    except docker.errors.APIError as error:
        same(what, error.response.status_code, status)
    else:
        sys.exit("%s: was not refused" % what)


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
refused("no image", 404, lambda: client.inspect_image("drive/copy:one"))
pulled = [line for line in client.pull("busybox", tag="latest", stream=True)]
assert pulled, "pull"

# A container, from creation to removal.
made = client.create_container("busybox", ["sh", "-c", "echo out; echo err >&2; exit 7"], name="drive-a")
client.start(made["Id"])
same("exit code", (lambda code: code["StatusCode"] if isinstance(code, dict) else code)(client.wait(made["Id"])), 7)
same("stdout", client.logs(made["Id"], stdout=True, stderr=False), b"out\n")
same("stderr", client.logs("drive-a", stdout=False, stderr=True), b"err\n")
same("lines", b"".join(client.logs("drive-a", stdout=True, stderr=False, stream=True)), b"out\n")
same("state", client.inspect_container(made["Id"][:10])["State"]["ExitCode"], 7)
same("list", [entry["Names"] for entry in client.containers(all=True)], [["/drive-a"]])
same("running", client.containers(), [])
refused("name taken", 409, lambda: client.create_container("busybox", "true", name="drive-a"))
client.remove_container("drive-a")
refused("no container", 404, lambda: client.inspect_container("drive-a"))

# A running one, and commands in it.
running = client.create_container("busybox", ["sleep", "1000"], name="drive-b", environment={"A": "b"})["Id"]
client.start(running)
refused("running", 409, lambda: client.remove_container(running))
command = client.exec_create(running, ["sh", "-c", "echo inside; exit 3"])
same("exec", client.exec_start(command["Id"]), b"inside\n")
if docker.utils.compare_version("1.16", api) >= 0:
    same("exec code", client.exec_inspect(command["Id"])["ExitCode"], 3)
stream = client.exec_start(client.exec_create(running, "echo streamed")["Id"], stream=True)
same("exec stream", b"".join(stream), b"streamed\n")
client.pause(running)
same("paused", client.inspect_container(running)["State"]["Paused"], True)
client.unpause(running)
if docker.utils.compare_version("1.17", api) >= 0:
    client.rename(running, "drive-c")
    same("stats", "cpu_stats" in str(next(iter(client.stats(running)))), True)
client.restart(running, timeout=1)
client.stop(running, timeout=1)
same("killed", client.inspect_container(running)["State"]["ExitCode"], 137)
client.commit(running, repository="drive/made", tag="one")
client.remove_image("drive/made:one")
client.remove_container(running, force=True)

# What happened, in order.
time.sleep(1)
events = list(client.events(since=began, until=int(time.time()), decode=True))
actions = [event["status"] for event in events if event.get("id") == made["Id"]]
same("events", [action for action in actions if action != "attach"], ["create", "start", "die", "destroy"])
print("docker-py drove it at API %s" % api)
