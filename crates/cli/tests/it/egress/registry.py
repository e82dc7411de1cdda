"""A forge and three registries on one port: git over HTTP, a Python index, a
registry of npm and one of cargo, each with one small package."""

import base64
import hashlib
import http.server
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile

place = sys.argv[1]


def archive(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


def wheel():
    data = io.BytesIO()
    about = "hello-1.0.dist-info/"
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("hello.py", "print('hello')\n")
        file.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
        file.writestr(about + "WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(about + "RECORD", "")
    return data.getvalue()


crate = archive(
    {
        "hello-1.0.0/Cargo.toml": '[package]\nname = "hello"\nversion = "1.0.0"\nedition = "2021"\n',
        "hello-1.0.0/src/lib.rs": "",
    }
)
package = archive({"package/package.json": '{"name": "hello", "version": "1.0.0"}'})
files = {
    "/simple/hello/": b'<a href="/files/hello-1.0-py3-none-any.whl">hello-1.0-py3-none-any.whl</a>',
    "/files/hello-1.0-py3-none-any.whl": wheel(),
    "/npm/hello/-/hello-1.0.0.tgz": package,
    "/crates/hello/1.0.0/download": crate,
    "/index/he/ll/hello": json.dumps(
        {"name": "hello", "vers": "1.0.0", "deps": [], "cksum": hashlib.sha256(crate).hexdigest(), "features": {}, "yanked": False}
    ).encode()
    + b"\n",
}


class Serving(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.split("?")[0]
        base = f"http://127.0.0.1:{self.server.server_address[1]}"
        if self.headers.get("Upgrade") == "websocket":
            return self.web_socket()
        if path.startswith("/git/"):
            return self.git(b"")
        if path == "/npm/hello":
            digest = base64.b64encode(hashlib.sha512(package).digest()).decode()
            dist = {"tarball": base + "/npm/hello/-/hello-1.0.0.tgz", "integrity": "sha512-" + digest}
            version = {"name": "hello", "version": "1.0.0", "dist": dist}
            body = {"name": "hello", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            return self.answer(200, json.dumps(body).encode(), "application/json")
        if path == "/index/config.json":
            return self.answer(200, json.dumps({"dl": base + "/crates"}).encode())
        if path in files:
            kind = "text/html" if path.endswith("/") else "application/octet-stream"
            return self.answer(200, files[path], kind)
        return self.answer(200 if path == "/" else 404, b"ok")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return self.git(data) if self.path.startswith("/git/") else self.answer(200, b"{}", "application/json")

    def answer(self, code, body, kind="text/plain"):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def git(self, data):
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": place,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path.removeprefix("/git"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "x",
        }
        said = subprocess.run(["git", "http-backend"], input=data, env=environment, capture_output=True, check=False).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        self.send_response(200)
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name and name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def web_socket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.wfile.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self.wfile.write(b"\x81\x05hello\x88\x00")
        self.close_connection = True


subprocess.run(["git", "init", "-q", "--bare", place + "/hello.git"], check=True)
tree = subprocess.run(["git", "-C", place + "/hello.git", "mktree"], input=b"", capture_output=True, check=True).stdout.strip()
identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
commit = subprocess.run(
    ["git", "-C", place + "/hello.git", *identity, "commit-tree", "-m", "hello", tree], capture_output=True, check=True
).stdout.strip()
branch = subprocess.run(["git", "-C", place + "/hello.git", "symbolic-ref", "HEAD"], capture_output=True, check=True).stdout.strip()
subprocess.run(["git", "-C", place + "/hello.git", "update-ref", branch, commit], check=True)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Serving)
threading.Thread(target=server.serve_forever, daemon=True).start()
node = subprocess.Popen(
    [
        "node",
        "-e",
        "const h = require('http2').createServer((q, a) => a.end('http/' + q.httpVersion));"
        "h.listen(0, '127.0.0.1', () => console.log(h.address().port));"
        "process.stdin.on('end', () => process.exit()).resume()",
    ],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
)
http2 = int(node.stdout.readline())
print(f"good={server.server_address[1]} http2={http2}", flush=True)
sys.stdin.read()
