#!/usr/bin/env bash
# make test 的内容:静态检查、业务模板校验、全部测试。结尾一行说明跑了哪些。
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "页面测试要用 Chromium，正在安装…"
  { apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk; } >/dev/null 2>&1 || true
fi

echo "== 代码规范"
ruff check src tests bench
ruff format --check --quiet src tests bench
echo "== 类型"
mypy
echo "== 楼层"
lint-imports
echo "== 业务模板"
jiezhi check
echo "== 迁移与模型一致"
JIEZHI_HOME=$(mktemp -d) DJANGO_SETTINGS_MODULE=jiezhi.config.settings python -m django makemigrations --check --dry-run >/dev/null
workers="${JIEZHI_TEST_WORKERS:-2}"
echo "== 测试（SQLite）"
wanted="" again="not browser"
said="SQLite 上的测试"
command -v chromium >/dev/null || { wanted="not browser"; said+="；没有装 Chromium，页面测试没有跑"; }
command -v soffice >/dev/null || command -v libreoffice >/dev/null || {
  wanted="${wanted:+$wanted and }not office_suite" again+=" and not office_suite"
  said+="；没有装 LibreOffice，转 PDF 的测试没有跑"
}
[ -n "$wanted" ] || said="SQLite 上的全部测试，含 Chromium 页面测试、LibreOffice 转 PDF 的测试"
pytest -q -n "$workers" --dist worksteal -m "$wanted" "$@"
echo "== 测试（PostgreSQL）"
ran=0
bash tests/postgres.sh pytest -q -n "$workers" --dist worksteal -m "$again" "$@" || ran=$?
case $ran in
  0) said+="。PostgreSQL 上又跑了一遍（命令行测试用的仍是 SQLite，页面测试不重跑）。" ;;
  77) said+="。没有装 PostgreSQL，在它上面没有跑。" ;;
  *) exit "$ran" ;;
esac
echo "跑了：$said"
