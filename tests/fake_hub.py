"""A Hub on this machine, as far as the real huggingface_hub asks one: to publish, and to download again."""

import base64
import hashlib
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

COMMIT = "4be8a1c0" * 5  # of the data sets that a Hub begins with
TOKEN = "hf_of_the_tests"
USER = "me"
LARGE = (".safetensors", ".onnx", ".wasm", ".png", ".jpg", ".jpeg", ".npz", ".webp")
SDKS = ("gradio", "static", "docker")


class Repo:
    """Commits, each a whole tree: {path: bytes}."""

    def __init__(self, kind, name, private=False, sdk=None, files=None):
        self.kind, self.name, self.private, self.sdk = kind, name, private, sdk
        self.commits = [(COMMIT, files)] if files is not None else []
        self.titles, self.messages = {COMMIT: "initial commit"}, {COMMIT: ""}
        if files is None:
            self.commit({".gitattributes": b"*.onnx filter=lfs\n"}, "initial commit")

    def commit(self, files, title="somebody's", message=""):
        said = f"{self.name} {len(self.commits)} {time.time_ns()}"
        self.commits.append((hashlib.sha1(said.encode()).hexdigest(), files))
        self.titles[self.commits[-1][0]] = title
        self.messages[self.commits[-1][0]] = message
        return self.commits[-1][0]

    def at(self, revision):
        if revision in ("main", None):
            return self.commits[-1]
        return next((commit for commit in self.commits if commit[0] == revision), None)


class State:
    """What is on it, and how it behaves.

    `pro`: whether the account may make Gradio Spaces; `fail`: {(method, part of the path): status}; `silent`: it takes
    a commit, and answers with an error; "another's": it takes that of another push, and not this one.
    """

    def __init__(self, datasets=()):
        self.repos = {("dataset", name): Repo("dataset", name, files=files) for name, files in dict(datasets).items()}
        self.blobs, self.asked, self.fail, self.pro, self.silent = {}, [], {}, True, False
        self.lock = threading.RLock()

    def of(self, kind, name):
        return self.repos[kind, name].commits[-1][1]


class Refused(Exception):
    """An error of the Hub's."""

    def __init__(self, status, message, code=""):
        super().__init__(message)
        self.status, self.code = status, code


def oid(path, data):
    """As git, or for large files as LFS, names the content."""
    if is_large(path):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def is_large(path):
    return path.lower().endswith(LARGE)


class Handler(BaseHTTPRequestHandler):
    """One request; each method below is one of the Hub's routes."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep quiet."""

    def do_GET(self):
        self.answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def answer(self):
        self.hub = self.server.hub
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self.chunked()
        parts = urlsplit(self.path)
        path, self.query = unquote(parts.path).strip("/"), parse_qs(parts.query)
        with self.hub.lock:
            self.hub.asked.append(self.path)
            try:
                for (method, part), status in self.hub.fail.items():
                    if method == self.command and part in path:
                        raise Refused(status, "as the test asked")
                self.known = self.authorised(path)
                self.route(path.split("/"), body)
            except Refused as error:
                headers = {"X-Error-Message": str(error), **({"X-Error-Code": error.code} if error.code else {})}
                self.give({"error": str(error)}, error.status, **headers)

    def chunked(self):
        data = b""
        while self.headers.get("Transfer-Encoding") == "chunked" and (size := int(self.rfile.readline(), 16)):
            data += self.rfile.read(size)
            self.rfile.readline()
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.rfile.readline()
        return data

    def authorised(self, path):
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        reading = self.command in ("GET", "HEAD") and "whoami" not in path
        if (token and token != TOKEN) or (not token and not (reading or path.startswith(("lfs/", "api/validate")))):
            raise Refused(401, "Invalid credentials in Authorization header")
        return bool(token)

    def route(self, words, body):
        if words[0] == "lfs":
            return self.lfs_object(words[1], body)
        if words[-4:] == ["info", "lfs", "objects", "batch"]:
            return self.lfs_batch(json.loads(body))
        if words[0] != "api":
            kind = {"datasets": "dataset", "spaces": "space"}.get(words[0], "model")
            words = words if kind == "model" else words[1:]
            return self.resolve(self.repo(kind, words), words[3], "/".join(words[4:]))
        if words[1] in ("whoami-v2", "validate-yaml"):
            return self.whoami() if words[1] == "whoami-v2" else self.validate(json.loads(body))
        if words[1] == "repos":
            return self.create(json.loads(body)) if words[2] == "create" else self.delete(json.loads(body))
        repo = self.repo(words[1].rstrip("s"), words[2:])
        what, revision = ([*words[4:6], None, None])[:2]
        if what == "preupload":
            return self.preupload(repo, json.loads(body))
        if what == "commits":
            return self.give(
                [self.told(name, repo.titles[name], repo.messages[name]) for name, _ in reversed(repo.commits)]
            )
        if what == "commit":
            return self.commit(repo, [json.loads(line) for line in body.splitlines()])
        commit, files = self.snapshot(repo, revision)
        if what == "tree":
            return self.give([self.entry(path, data) for path, data in sorted(files.items())])
        if what == "paths-info":
            asked = json.loads(body)["paths"] if body[:1] == b"{" else parse_qs(body.decode()).get("paths", [])
            return self.give([self.entry(path, files[path]) for path in asked if path in files])
        card = files.get("README.md", b"").decode().split("---\n")
        about = {"id": repo.name, "sha": commit, "private": repo.private, "sdk": repo.sdk}
        about |= {"cardData": yaml.safe_load(card[1]) if len(card) > 2 else None, "tags": [], "gated": False}
        return self.give(about | {"siblings": [{"rfilename": path} for path in files]})

    def told(self, name, title, message):
        return {"id": name, "title": title, "message": message, "authors": [], "date": "2026-01-01T00:00:00.000Z"}

    def repo(self, kind, words):
        found = self.hub.repos.get((kind, "/".join(words[:2])))
        if found is None or (found.private and not self.known):
            raise Refused(404 if self.known else 401, "Repository not found", "RepoNotFound")
        return found

    def snapshot(self, repo, revision):
        if (found := repo.at(revision)) is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return found

    def entry(self, path, data):
        about = {"type": "file", "path": path, "size": len(data), "oid": oid(path, data)}
        return about | (
            {"lfs": {"oid": oid(path, data), "size": len(data), "pointerSize": 134}} if is_large(path) else {}
        )

    def whoami(self):
        self.give({"type": "user", "id": "1", "name": USER, "fullname": "Me", "isPro": self.hub.pro, "orgs": []})

    def create(self, asked):
        kind, owner = asked.get("type", "model"), asked.get("organization") or USER
        name = f"{owner}/{asked['name']}"
        if owner != USER:
            raise Refused(403, f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')
        if kind == "space" and asked.get("sdk") != "static" and not self.hub.pro:
            raise Refused(402, "Subscribe to PRO to create Spaces on cpu-basic")
        if (kind, name) in self.hub.repos:
            raise Refused(409, f"You already created this {kind} repo")
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        self.hub.repos[kind, name] = Repo(kind, name, private, asked.get("sdk"))
        prefix = "" if kind == "model" else f"{kind}s/"
        self.give({"url": f"{self.server.url}/{prefix}{name}", "name": name, "id": "1"})

    def delete(self, asked):
        name = f"{asked.get('organization') or USER}/{asked['name']}"
        if self.hub.repos.pop((asked.get("type", "model"), name), None) is None:
            raise Refused(404, "Repository not found", "RepoNotFound")
        self.give({})

    def validate(self, asked):
        parts = asked["content"].split("---\n")
        meta = (yaml.safe_load(parts[1]) or {}) if len(parts) > 2 else {}
        wrong = asked["repoType"] == "space" and meta.get("sdk") not in SDKS
        errors = [{"message": f'"sdk" must be one of [{", ".join(SDKS)}]'}] if wrong else []
        self.give({"errors": errors, "warnings": []}, 400 if errors else 200)

    def preupload(self, repo, asked):
        rows = [
            {
                "path": f["path"],
                "uploadMode": "lfs" if is_large(f["path"]) else "regular",
                "shouldIgnore": False,
                "oid": None,
            }
            for f in asked["files"]
        ]
        self.give({"files": rows})

    def lfs_batch(self, asked):
        rows = []
        for one in asked["objects"]:
            url = f"{self.server.url}/lfs/{one['oid']}"
            actions = {} if one["oid"] in self.hub.blobs else {"actions": {"upload": {"href": url, "header": {}}}}
            rows.append({**one, **actions})
        self.give({"transfer": "basic", "objects": rows}, kind="application/vnd.git-lfs+json")

    def lfs_object(self, name, body):
        if hashlib.sha256(body).hexdigest() != name:
            raise Refused(400, "sha256 mismatch")
        self.hub.blobs[name] = body
        self.give({})

    def commit(self, repo, lines):
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit") not in (None, repo.commits[-1][0]):
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(repo.commits[-1][1])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.hub.blobs:
                    raise Refused(422, f"LFS object {value['oid']} does not exist")
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        if self.hub.silent == "another's":  # which has the same title, and this one is not taken
            repo.commit(dict(repo.commits[-1][1]), header["summary"], "push 0123456789abcdef")
            raise Refused(504, "time-out")
        commit = repo.commit(files, header["summary"], header.get("description", ""))
        if self.hub.silent:
            raise Refused(504, "time-out")
        self.give(
            {"commitOid": commit, "commitUrl": f"{self.server.url}/{repo.name}/commit/{commit}", "hookOutput": ""}
        )

    def resolve(self, repo, revision, path):
        commit, files = self.snapshot(repo, revision)
        if path not in files:
            headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "not found", "X-Repo-Commit": commit}
            return self.give(b"", 404, **headers)
        data = files[path]
        return self.give(
            data, kind="application/octet-stream", ETag=f'"{oid(path, data)}"', **{"X-Repo-Commit": commit}
        )

    def give(self, content, status=200, kind="application/json", **headers):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def hub(datasets=()):
    """A running Hub with these data sets, {name: {path: bytes}}: `.url`, `.hub` (its State), `.asked`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = State(datasets)
    server.asked = server.hub.asked
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
