#!/usr/bin/env bash
# with-postgres.sh COMMAND… runs the command with a PostgreSQL of its own and takes it away again.
#
# The command finds it at TEST_POSTGRES_URL, and REQUIRE_POSTGRES=1 tells tests that it is no reason to skip. If
# TEST_POSTGRES_URL is set already, that server is used. Otherwise the machine's PostgreSQL is started (Debian's package
# is installed where there is none) as an unprivileged user, on a free loopback port, with its data in a temporary folder
# and without care for durability, since nothing of it is kept.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
export REQUIRE_POSTGRES=1
if [[ -n ${TEST_POSTGRES_URL:-} ]]; then
    exec "$@"
fi

folder='' server='' child=''

# shellcheck disable=SC2317 # traps call it
stop() {
    trap - EXIT INT TERM HUP
    if [[ -n $child ]]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    if [[ -n $server ]]; then
        kill -INT "$server" 2>/dev/null || true # a fast shutdown
        wait "$server" 2>/dev/null || true
    fi
    if [[ -n $folder ]]; then
        rm -rf "$folder"
    fi
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP

# programs prints the folder with the newest initdb of this machine.
programs() {
    local newest
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
    if [[ -x $newest ]]; then
        dirname "$newest"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    fi
}

# install brings Debian's package, without the cluster that it would start on port 5432.
install() {
    "$scripts/need.sh" pg_lsclusters postgresql-common
    local settings=/etc/postgresql-common/createcluster.conf
    if [[ -w $settings ]]; then
        sed -i 's/^#\? *create_main_cluster *=.*/create_main_cluster = false/' "$settings"
    fi
    "$scripts/need.sh" initdb postgresql
}

bin=$(programs)
if [[ -z $bin ]]; then
    install
    bin=$(programs)
fi
[[ -n $bin ]] || { echo "with-postgres: there is no PostgreSQL on this machine" >&2; exit 1; }

# What is started with these words runs as a user that PostgreSQL accepts, and ends with this script however that ends.
as=(setpriv --pdeathsig INT)
folder=$(mktemp -d /tmp/segno-postgres.XXXXXX)
if [[ $(id -u) -eq 0 ]]; then
    user=postgres
    id "$user" >/dev/null 2>&1 || user=nobody
    group=$(id -gn "$user")
    chown "$user:$group" "$folder"
    as=(setpriv --reuid "$user" --regid "$group" --clear-groups --pdeathsig INT)
fi

(cd "$folder" && "${as[@]}" "$bin/initdb" --pgdata "$folder/data" --username segno --auth trust --encoding UTF8 \
    --locale C --no-sync) >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }

# PostgreSQL cannot choose a free port itself, so ports are tried until one is.
start() {
    local port=$1
    (cd "$folder" && exec "${as[@]}" "$bin/postgres" -D "$folder/data" -p "$port" -k "$folder" \
        -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=64MB -c dynamic_shared_memory_type=mmap \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off) >>"$folder/log" 2>&1 &
    server=$!
    for _ in $(seq 200); do
        if ! kill -0 "$server" 2>/dev/null; then
            server=''
            return 1
        fi
        if "$bin/pg_isready" --quiet --host 127.0.0.1 --port "$port" --username segno; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

port=''
for _ in $(seq 10); do
    candidate=$((20000 + RANDOM % 10000))
    if start "$candidate"; then
        port=$candidate
        break
    fi
done
[[ -n $port ]] || { echo "with-postgres: PostgreSQL did not start" >&2; cat "$folder/log" >&2; exit 1; }
export TEST_POSTGRES_URL="postgres://segno@127.0.0.1:$port/postgres?sslmode=disable"

# The command gets a process group of its own, so that an interrupted run leaves nothing of it behind.
set -m
"$@" <&0 &
child=$!
set +m
status=0
wait "$child" || status=$?
child=''
exit "$status"
