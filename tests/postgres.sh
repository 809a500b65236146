#!/usr/bin/env bash
# 在私有的临时 PostgreSQL 上跑给定的命令：bash tests/postgres.sh 命令…
# 集群放在临时目录，只开 unix socket（不听网络端口），命令结束后停掉删净。没有装 PostgreSQL 时退出码 77。
set -euo pipefail

tools=""
if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
  tools=$(dirname "$(readlink -f "$(command -v initdb)")")
else
  for one in /usr/lib/postgresql/*/bin; do
    if [ -x "$one/initdb" ]; then tools=$one; fi
  done
fi
[ -n "$tools" ] || exit 77

# PostgreSQL 不肯以 root 运行；root 时换成 postgres 用户，没有这个用户就用 nobody。
as=()
user=$(id -un)
if [ "$(id -u)" = 0 ]; then
  user=$(id -un postgres 2>/dev/null || echo nobody)
  as=(runuser -u "$user" --)
fi

home=$(mktemp -d -t jiezhi-pg-XXXXXX)
stop() {
  "${as[@]}" "$tools/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT TERM
# socket 目录只有起集群的用户（和 root）进得去，trust 因此只对本人有效。
chmod 700 "$home"
[ "$(id -u)" != 0 ] || chown "$user" "$home"

cd "$home"
"${as[@]}" "$tools/initdb" -D "$home/data" -U jiezhi -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$home/log" 2>&1 ||
  { cat "$home/log"; exit 1; }
options="-c listen_addresses='' -c unix_socket_directories=$home"
# 临时库，断电不必保住，所以不落盘；正式环境不得照抄这几项。测速要落盘：JIEZHI_PG_FSYNC=on。
if [ "${JIEZHI_PG_FSYNC:-off}" = off ]; then
  options+=" -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off"
fi
"${as[@]}" "$tools/pg_ctl" -D "$home/data" -l "$home/server.log" -w -o "$options" start >/dev/null ||
  { cat "$home/server.log"; exit 1; }
cd "$OLDPWD"

JIEZHI_DATABASE_URL="postgres://jiezhi@/postgres?host=$home" "$@"
