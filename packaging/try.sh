#!/usr/bin/env bash
# 在没有网络的环境里试装本机架构的安装包：装、建演示街道、核对业务模板、打开登录页、升级一遍。由 make bundle 调用。
set -euo pipefail
cd "$(dirname "$0")/.."
bundle=$(ls dist/jiezhi-*-"$(uname -m)".tar.gz | tail -1)
if [ "${1:-}" != "--inside" ]; then
  # 自己的网络名字空间里只有回环，没有别的网卡：碰网络的都会失败。
  if ! unshare -rn true 2>/dev/null; then
    echo "本机不能建网络名字空间（unshare -rn），没有试装"
    exit 0
  fi
  exec unshare -rn bash packaging/try.sh --inside
fi
if command -v ip >/dev/null; then ip link set lo up; fi
if "${PYTHON:-python3}" -c 'import socket; socket.create_connection(("192.0.2.1", 80), 2)' 2>/dev/null; then
  echo "这里有网络，试装不算数"
  exit 1
fi
work=$(mktemp -d -t jiezhi-try-XXXXXX)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
tar -xzf "$bundle" -C "$work"
root=$(echo "$work"/jiezhi-*)
install=(env -u PYTHONPATH -u VIRTUAL_ENV bash "$root/install.sh" --to "$work/程序" --home "$work/数据")
"${install[@]}"
cd "$work"
"$work/程序/jiezhi" run --port 8731 >"$work/run.log" 2>&1 &
server=$!
"$work/程序/bin/python" - "$server" <<'PY' || { cat "$work/run.log"; exit 1; }
import os
import sys
import time
import urllib.error
import urllib.request

for _ in range(240):
    os.kill(int(sys.argv[1]), 0)  # 已经退出的不再等
    try:
        page = urllib.request.urlopen("http://127.0.0.1:8731/login/", timeout=5).read().decode()
        break
    except urllib.error.URLError:
        time.sleep(0.5)
else:
    raise SystemExit("两分钟还没有打开登录页")
assert "登录" in page
PY
"$work/程序/jiezhi" verify --database | tail -1
kill "$server"
wait "$server" 2>/dev/null || true
server=
"${install[@]}" >/dev/null
"$work/程序/jiezhi" verify --database | tail -1
echo "在没有网络的环境里装好、建库、打开登录页、核验、升级，都通过"
