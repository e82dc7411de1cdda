# flock, fcntl and open-file-description locks, held against each other.
# needs: python3 flock
(flock -x 9; sleep 0.3; echo first) 9>lock & sleep 0.1; (flock -x 9; echo second) 9>lock; wait
(flock -x 8; flock -n 9 || echo busy) 8>lock 9>>lock
python3 - <<'END'
import fcntl, os, struct
f = open("posix", "w+")
fcntl.lockf(f, fcntl.LOCK_EX)
def child(what):
    pid = os.fork()
    if pid == 0:
        try: what(); os._exit(0)
        except OSError as e: os._exit(e.errno)
    return os.WEXITSTATUS(os.waitpid(pid, 0)[1])
print(child(lambda: fcntl.lockf(open("posix", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)))
fcntl.lockf(f, fcntl.LOCK_UN)
print(child(lambda: fcntl.lockf(open("posix", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB)))
lock = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
fcntl.fcntl(f, 37, lock)
print(child(lambda: fcntl.fcntl(open("posix", "r+"), 37, lock)))
END
