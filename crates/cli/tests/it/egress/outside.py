"""What a way out would lead to: servers of every kind on the loopback. Whatever
arrives is written to a file, and nothing else is done with it."""

import os
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

place = sys.argv[1]
seen = open(os.path.join(place, "seen"), "ab", buffering=0)
lock = threading.Lock()


def note(kind, data):
    with lock:
        seen.write(kind.encode() + b" " + data.replace(b"\n", b"\\n") + b"\n")


def whole(request, first=b""):
    """What is sent until nothing comes for a moment."""
    data = first
    request.settimeout(0.25)
    try:
        while True:
            more = request.recv(65536)
            if not more:
                break
            data += more
            if len(data) > 4_000_000:
                break
    except (TimeoutError, OSError):
        pass
    return data


def answer(data):
    line = data.split(b"\r\n", 1)[0]
    if b"/redirect?to=" in line:
        to = bytes.fromhex(line.split(b"to=", 1)[1].split(b" ", 1)[0].decode())
        return b"HTTP/1.1 302 Found\r\nLocation: " + to + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Taking(socketserver.BaseRequestHandler):
    def handle(self):
        data = whole(self.request)
        note("tcp", data)
        try:
            self.request.sendall(answer(data))
        except OSError:
            pass


class Message(socketserver.BaseRequestHandler):
    def handle(self):
        note("message", self.request[0])


class Over(socketserver.BaseRequestHandler):
    """TLS: the name that is asked for is what counts."""

    def handle(self):
        try:
            stream = context.wrap_socket(self.request, server_side=True)
            note("tls", whole(stream))
            stream.sendall(answer(b""))
            stream.close()
        except OSError:
            pass


def copy(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for end in (one, other):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def dialled(host, port):
    return socket.create_connection((host.strip("[]"), int(port)), 2)


class Proxy(socketserver.BaseRequestHandler):
    """One that asks nobody whether it may."""

    def handle(self):
        try:
            self.serve(self.request.recv(65536))
        except OSError:
            pass

    def serve(self, data):
        if data[:1] == b"\x05":
            return self.socks5()
        if data[:1] == b"\x04":
            port, ip = int.from_bytes(data[2:4], "big"), socket.inet_ntoa(data[4:8])
            other = dialled(ip, port)
            self.request.sendall(b"\0\x5a" + data[2:8])
            return self.both(other)
        head = data.split(b"\r\n", 1)[0].split(b" ")
        if head[0] == b"CONNECT":
            host, port = head[1].decode().rsplit(":", 1)
            other = dialled(host, port)
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            return self.both(other)
        target = head[1].split(b"//", 1)[1]
        host, _, _ = target.partition(b"/")
        name, _, port = host.decode().rpartition(":")
        other = dialled(name, port)
        other.sendall(data)
        return self.both(other)

    def socks5(self):
        self.request.sendall(b"\x05\0")
        data = self.request.recv(65536)
        if data[1] == 3:
            self.request.sendall(b"\x05\0\0\x01" + socket.inet_aton("127.0.0.1") + ports["udp"].to_bytes(2, "big"))
            time.sleep(0.5)
            return
        if data[3] == 1:
            host, rest = socket.inet_ntoa(data[4:8]), data[8:]
        elif data[3] == 4:
            host, rest = socket.inet_ntop(socket.AF_INET6, data[4:20]), data[20:]
        else:
            host, rest = data[5 : 5 + data[4]].decode(), data[5 + data[4] :]
        other = dialled(host, int.from_bytes(rest[:2], "big"))
        self.request.sendall(b"\x05\0\0\x01\0\0\0\0\0\0")
        self.both(other)

    def both(self, other):
        thread = threading.Thread(target=copy, args=(other, self.request), daemon=True)
        thread.start()
        copy(self.request, other)


class Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class Tcp6(Tcp):
    address_family = socket.AF_INET6


class Udp6(socketserver.ThreadingUDPServer):
    address_family = socket.AF_INET6


def begin(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def named(sni):
    def callback(_, name, __):
        note("sni", (name or "").encode())

    sni.sni_callback = callback
    return sni


subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    + ["-subj", "/CN=test", "-keyout", place + "/key.pem", "-out", place + "/cert.pem"],
    check=True,
    stderr=subprocess.DEVNULL,
)
context = named(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
context.load_cert_chain(place + "/cert.pem", place + "/key.pem")

ports = {}
ports["good"] = begin(Tcp(("127.0.0.1", 0), Taking))
ports["tls"] = begin(Tcp(("127.0.0.1", 0), Over))
everywhere = Tcp(("0.0.0.0", 0), Taking)
ports["bad"] = begin(everywhere)
begin(Tcp6(("::1", ports["bad"]), Taking))
ports["udp"] = begin(socketserver.ThreadingUDPServer(("0.0.0.0", 0), Message))
begin(Udp6(("::1", ports["udp"]), Message))
ports["proxy"] = begin(Tcp(("127.0.0.1", 0), Proxy))

for kind, name in ((socket.SOCK_STREAM, "stream"), (socket.SOCK_DGRAM, "dgram"), (socket.SOCK_SEQPACKET, "seqpacket")):
    for where in (os.path.join(place, name + ".sock"), "\0" + os.path.join(place, name)):
        listening = socket.socket(socket.AF_UNIX, kind)
        listening.bind(where)
        if where[0] != "\0":
            os.chmod(where, 0o777)
        if kind != socket.SOCK_DGRAM:
            listening.listen(64)

        def take(listening=listening, kind=kind, name=name):
            while True:
                if kind == socket.SOCK_DGRAM:
                    note(name, listening.recv(65536))
                    continue
                peer, _ = listening.accept()
                peer.settimeout(0.5)
                try:
                    note(name, peer.recv(65536))
                    peer.sendall(answer(b""))
                except OSError:
                    pass
                peer.close()

        threading.Thread(target=take, daemon=True).start()
os.symlink("stream.sock", os.path.join(place, "link.sock"))

print(" ".join(f"{name}={port}" for name, port in ports.items()), flush=True)
sys.stdin.read()
