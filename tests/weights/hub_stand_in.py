"""What the Hugging Face Hub answers to the requests that an upload and a download make, kept in memory.

`HubStandIn` is the part of its HTTP interface that `huggingface_hub` uses with HF_HUB_DISABLE_XET=1: repositories are
made, files come in by git-LFS or inside a commit, and go out by `/resolve/`.
"""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_of_the_test"


class HubStandIn:
    """A running stand-in: `with HubStandIn() as hub: ... hub.endpoint ... hub.files["me/net"]`."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.large: dict[str, bytes] = {}
        self.asked: list[str] = []

    def __enter__(self) -> "HubStandIn":
        hub = self

        class Handler(_Handler):
            kept = hub

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    kept: HubStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say(self, told: object) -> None:
        self.answer(200, json.dumps(told).encode(), Content_Type="application/json")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    @property
    def known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, hub = self.path.partition("?")[0], self.kept
        hub.asked.append(f"{self.command} {path}")
        if path == "/":
            return self.answer(200)
        if path.startswith("/api/models/") or path.count("/") < 4:
            return self.answer(404, X_Error_Code="RepoNotFound")
        owner, name, _, _, file = path.strip("/").split("/", 4)
        files = hub.files.get(f"{owner}/{name}")
        if files is None or (f"{owner}/{name}" in hub.private and not self.known):
            return self.answer(401, X_Error_Code="RepoNotFound")
        if file not in files:
            return self.answer(404, X_Error_Code="EntryNotFound")
        if files[file] == b"cut" and self.command == "GET":
            return self.connection.close()
        etag = hashlib.sha256(files[file]).hexdigest()
        return self.answer(200, files[file], ETag=f'"{etag}"', X_Repo_Commit="0" * 40)

    def do_PUT(self) -> None:
        self.kept.asked.append(f"PUT {self.path}")
        self.kept.large[self.path.rpartition("/")[2]] = self.body()
        self.answer(200)

    def do_POST(self) -> None:
        path, hub = self.path.partition("?")[0], self.kept
        hub.asked.append(f"POST {path}")
        told = self.body()
        if not self.known:
            return self.answer(401)
        if path == "/api/repos/create":
            made = json.loads(told)
            repo = f"{made['organization']}/{made['name']}"
            if made["organization"] != "me":
                return self.answer(403)
            hub.files.setdefault(repo, {})
            if made.get("visibility") == "private" or made.get("private"):
                hub.private.add(repo)
            return self.say({"url": f"{hub.endpoint}/{repo}"})
        if path == "/api/validate-yaml":
            return self.say({"warnings": [], "errors": []})
        if "/preupload/" in path:
            mode = {True: "lfs", False: "regular"}
            files = [file["path"] for file in json.loads(told)["files"]]
            answers = [{"path": f, "uploadMode": mode[f.endswith("s")], "shouldIgnore": False} for f in files]
            return self.say({"files": answers})
        if path.endswith("/info/lfs/objects/batch"):
            wanted = json.loads(told)["objects"]
            actions = [
                {**o, "actions": {"upload": {"href": f"{hub.endpoint}/lfs/{o['oid']}", "header": {}}}} for o in wanted
            ]
            return self.say({"transfer": "basic", "objects": actions})
        owner, name = path.split("/")[3:5]
        return self.commit(hub.files[f"{owner}/{name}"], told)

    def commit(self, files: dict[str, bytes], told: bytes) -> None:
        for line in map(json.loads, told.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                files[value["path"]] = self.kept.large[value["oid"]]
                assert hashlib.sha256(files[value["path"]]).hexdigest() == value["oid"]
        self.say(
            {"commitUrl": f"{self.kept.endpoint}/me/net/commit/{'0' * 40}", "commitOid": "0" * 40, "hookOutput": ""}
        )
