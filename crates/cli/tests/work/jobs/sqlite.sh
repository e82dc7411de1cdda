# SQLite with a write-ahead log, from several processes at once.
# needs: sqlite3
sqlite3 db 'pragma journal_mode=wal; create table t (n integer);'
for i in 1 2 3 4; do for j in $(seq 20); do echo "insert into t values ($i);"; done | sqlite3 -cmd '.timeout 20000' db & done; wait
sqlite3 db 'select n, count(*) from t group by n; pragma integrity_check;'
sqlite3 db 'begin immediate; delete from t where n > 2; commit; vacuum; pragma journal_mode=delete;'
sqlite3 db 'select count(*) from t'; ls
sqlite3 db 'insert into nothing values (1)' 2>/dev/null || echo "exit $?"
