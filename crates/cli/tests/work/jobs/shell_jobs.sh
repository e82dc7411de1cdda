# Background jobs, traps, process substitution, temporary files, named pipes
# between two processes, job control in a shell that asks for it.
sleep 0.1 & first=$!
(exit 5) & second=$!
wait $first; echo "first $?"
wait $second || echo "second $?"
sleep 60 & kill -TERM $! ; wait $! || echo "killed $?"
f=$(mktemp) && echo x >"$f" && rm "$f" && d=$(mktemp -d) && rmdir "$d" && echo temporary
mkfifo pipe
(for i in 1 2 3; do echo "line $i"; done >pipe) &
cat pipe; wait
(exec 3<>pipe; echo both >&3; read -r line <&3; echo "$line")
cat <pipe & sleep 0.05; tee pipe <<<"later" >/dev/null; wait
diff <(printf 'a\nb\n') <(printf 'a\nc\n') || echo "differ $?"
bash -m -c 'sleep 60 & kill -STOP %1; sleep 0.05; jobs | sed "s/ *$//;s/  */ /g"; kill -KILL %1; wait %1; echo "stopped and killed $?"' 2>/dev/null
(trap 'echo trapped; exit 8' USR1; kill -USR1 $BASHPID; sleep 5) || echo "trap $?"
coproc C { cat; }; echo over >&"${C[1]}"; read -r line <&"${C[0]}"; echo "$line"; kill $C_PID
timeout 0.1 sleep 60 || echo "time-out $?"
(ulimit -f 1; head -c 100000 /dev/zero >big) 2>/dev/null || echo "too big $?"
nohup sh -c 'echo on' 2>/dev/null
seq 50 | xargs -P8 -I{} sh -c 'echo {} >n{}' && cat n* | sort -n | tail -1
set +o pipefail; yes | head -1; printf 'a b\n' | { read -r x y; echo "$y"; }
