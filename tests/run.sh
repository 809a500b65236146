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
echo "== 测试（SQLite）"
if command -v chromium >/dev/null; then
  pytest -q -n "${JIEZHI_TEST_WORKERS:-2}" --dist worksteal "$@"
  echo "跑了：SQLite 上的全部测试，含 Chromium 页面测试。PostgreSQL 没有跑（本版尚未接入）。"
else
  pytest -q -n "${JIEZHI_TEST_WORKERS:-2}" --dist worksteal -m "not browser" "$@"
  echo "跑了：SQLite 上的测试。没有装 Chromium，页面测试没有跑；PostgreSQL 没有跑（本版尚未接入）。"
fi
