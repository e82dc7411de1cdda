# Servers of one's own: HTTP on the loopback, datagrams, both families,
# descriptors over unix sockets, a name service that is not there.
# needs: python3
python3 - <<'END'
import array, http.server, os, socket, threading, urllib.request
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
open("page", "w").write("served")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet); threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/page").read())
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    s = socket.create_server((host, 0), family=family); c = socket.create_connection(s.getsockname()[:2]); p, _ = s.accept(); c.sendall(b"x"); print(p.recv(1))
    a = socket.socket(family, socket.SOCK_DGRAM); a.bind((host, 0)); b = socket.socket(family, socket.SOCK_DGRAM); b.connect(a.getsockname()); b.send(b"d"); print(a.recv(1))
s = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect("./sock"); p, _ = s.accept()
socket.send_fds(c, [b"fd"], [os.open("page", os.O_RDONLY)]); _, fds, _, _ = socket.recv_fds(p, 10, 1); print(os.read(fds[0], 6), s.getsockname())
s = socket.socket(socket.AF_UNIX); s.bind("\0own-name-%d" % os.getpid()); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect(s.getsockname()); print("abstract")
l = socket.socket(); l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); l.bind(("0.0.0.0", 0)); l.listen(1); c = socket.create_connection(("localhost", l.getsockname()[1])); print("localhost")
n = socket.socket(); n.setblocking(False)
try: n.connect(("127.0.0.1", 1)); 
except OSError as e: print(type(e).__name__ in ("BlockingIOError", "ConnectionRefusedError"))
try: socket.create_connection(("127.0.0.1", 1))
except OSError as e: print(type(e).__name__)
END
