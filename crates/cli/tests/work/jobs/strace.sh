# Tracing children of one's own, by one who looks and one who counts.
# needs: strace
strace -f -o log sh -c 'true; /bin/echo hello >out'
grep -c 'execve("/bin/echo"' log
grep -q 'exited with 0' log
cat out
strace -c -f -o counts make -v >/dev/null 2>&1 || strace -c -f -o counts ls >/dev/null
grep -q execve counts
strace -o log false || echo "exit $?"
