#!/usr/bin/env bash
# 装街治，不上网。用法：bash install.sh [--to 程序目录] [--home 数据目录]
# 缺省装到 /opt/jiezhi，数据放 /var/lib/jiezhi。再运行一次就是升级：数据不动，旧程序留在 程序目录.旧。
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
to=/opt/jiezhi
home=/var/lib/jiezhi
python="${PYTHON:-python3}"
while [ $# -gt 0 ]; do
  case $1 in
    --to) to=$2; shift 2 ;;
    --home) home=$2; shift 2 ;;
    *) echo "不认得“$1”。用法：bash install.sh [--to 程序目录] [--home 数据目录]"; exit 2 ;;
  esac
done

want=$(sed -n 's/^Python //p' "$here/版本.txt")
have=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$have" != "$want" ]; then
  echo "这个安装包要 Python $want，本机的 $python 是“${have:-没有}”。请装好 Python $want，或用 PYTHON=/路径/python$want bash install.sh"
  exit 1
fi
"$python" -c 'import venv, ensurepip' 2>/dev/null || { echo "缺 venv：请先装系统安装盘里的 python3-venv"; exit 1; }
arch=$(sed -n 's/^架构 //p' "$here/版本.txt")
[ "$(uname -m)" = "$arch" ] || { echo "这个安装包是给 $arch 的，本机是 $(uname -m)，请换一个"; exit 1; }

echo "核对安装包…"
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || { echo "安装包在拷贝中损坏或被改过，请重新拷贝"; exit 1; }

fresh="$to.新"
rm -rf "$fresh"
mkdir -p "$(dirname "$to")" "$home"
chmod 700 "$home"
echo "安装程序…"
# 虚拟环境里写着自己的路径，所以先把旧的挪开、就地建新的；没有装成就把旧的挪回来。
rm -rf "$to.旧"
[ ! -e "$to" ] || mv "$to" "$to.旧"
undo() { rm -rf "$to"; [ ! -e "$to.旧" ] || mv "$to.旧" "$to"; echo "没有装成，原来的程序没有动"; }
trap undo ERR
"$python" -m venv "$to"
pip=("$to/bin/pip" install -q --disable-pip-version-check --no-index --find-links "$here/wheels")
PIP_CONFIG_FILE=/dev/null "${pip[@]}" --require-hashes -r "$here/base.txt" -r "$here/learn.txt"
PIP_CONFIG_FILE=/dev/null "${pip[@]}" --no-deps jiezhi
trap - ERR
cp "$here/版本.txt" "$to/"

# 命令的外壳：带上数据目录，谁来运行都一样。
cat >"$to/jiezhi" <<SHELL
#!/bin/sh
export JIEZHI_HOME="\${JIEZHI_HOME:-$home}"
exec "$to/bin/jiezhi" "\$@"
SHELL
chmod 755 "$to/jiezhi"
sed -e "s|@程序@|$to|g" -e "s|@数据@|$home|g" "$here/jiezhi.service" >"$to/jiezhi.service"

echo "核对业务模板…"
"$to/jiezhi" check | tail -1
echo "装好了。下一步："
echo "  建库（不装演示街道）：$to/jiezhi prepare --no-demo"
echo "  先看看演示街道：      $to/jiezhi run"
echo "  开机自动运行：        照 安装说明.md 装 $to/jiezhi.service"
