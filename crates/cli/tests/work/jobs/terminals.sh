# Terminals of one's own: `script`, and Python's `pty` with a size and signals.
# needs: python3 script
SHELL=/bin/sh script -qec 'tty | sed s,[0-9]*$,N,; stty size >/dev/null; exit 4' /dev/null </dev/null | tr -d '\r' || echo "exit $?"
python3 - <<'END'
import os, pty, fcntl, termios, struct, signal, time
pid, master = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "-c", "trap 'echo interrupted; exit 6' INT; stty size; test -t 0 && echo a terminal; echo on >/dev/tty; read line; echo got $line; read line"])
fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
said = b""
def until(word):
    global said
    while word not in said: said += os.read(master, 1000)
until(b"on\r\n"); os.write(master, b"typed\n"); until(b"got typed"); os.write(master, b"\x03")
try: until(b"interrupted")
except OSError: pass
print(b"a terminal" in said, b"on\r\n" in said, os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
END
