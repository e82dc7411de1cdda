# A database server: made, started on a socket in the workspace and on its own
# loopback, asked, and stopped. It wants a user that has a name and is not root.
# needs: initdb pg_ctl psql
# only: nobody
export PGDATA=$PWD/data PGHOST=$PWD/run PGUSER=me LC_ALL=C.UTF-8
mkdir run
initdb --auth=trust --username=me --no-instructions >log
port=$((20000 + RANDOM % 20000))
export PGPORT=$port
pg_ctl --wait --silent --log=server.log -o "-k '$PWD/run' -c listen_addresses=127.0.0.1 -c max_connections=20" start >>log || { cat server.log >&2; exit 1; }
psql -qAt -d postgres <<'END'
create table t (id int primary key, what text);
insert into t select i, repeat('x', 1000) from generate_series(1, 20000) i;
create index on t (what, id);
select count(*), sum(id), sum(length(what)) from t;
begin; delete from t where id > 10; rollback;
select count(*) from t;
vacuum full t;
checkpoint;
END
PGHOST=127.0.0.1 psql -qAt -d postgres -c 'select inet_server_addr(), 6 * 7'
for i in 1 2 3 4; do psql -qAt -d postgres -c "update t set what = '$i' where id = $i" & done; wait
psql -qAt -d postgres -c 'select id, what from t where id < 5 order by id'
psql -qAt -d postgres -c 'set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; select count(*) from t where length(what) > 5'
pg_dump -t t postgres | grep -c '^[0-9]'
pg_ctl --silent --mode=fast stop
pg_ctl status >/dev/null || echo "stopped: $?"
