# pytest, with temporary directories, a cache and a test that fails.
# needs: pytest-3
cat >test_things.py <<'END'
import os, socket, subprocess, threading
def test_files(tmp_path):
    (tmp_path / "a").write_text("x"); (tmp_path / "a").rename(tmp_path / "b")
    assert os.listdir(tmp_path) == ["b"]
def test_process(): assert subprocess.check_output(["echo", "x"]) == b"x\n"
def test_socket():
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: server.accept()[0].sendall(b"hi")).start()
    assert socket.create_connection(server.getsockname()).recv(2) == b"hi"
def test_fails(): assert 1 == 2
END
pytest-3 -q --basetemp="$PWD/base" -p no:randomly >log 2>&1 || echo "exit $?"
grep -Eo '[0-9]+ failed, [0-9]+ passed' log
test -e .pytest_cache
{ pytest-3 -q --lf --basetemp="$PWD/base" || true; } | grep -Eo '[0-9]+ failed'
