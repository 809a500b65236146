# 只用 make run 和 make test:第一次会建好一切，以后直接用。
PYTHON ?= python3
VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := $(VENV)/bin

.PHONY: run test lint check bench bundle clean

run: $(VENV)/.ready
	@$(BIN)/jiezhi run --host $(HOST) --port $(PORT)

test: $(VENV)/.ready-dev
	@PATH="$(abspath $(BIN)):$$PATH" bash tests/run.sh

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

check: $(VENV)/.ready
	$(BIN)/jiezhi check

bench: $(VENV)/.ready-dev
	@for one in act act_many place verify; do $(BIN)/python bench/$$one.py; done

# 无网安装包（x86_64、aarch64），做好后在没有网络的环境里装一遍试试。
bundle: $(VENV)/.ready
	@BIN=$(BIN) bash packaging/bundle.sh
	@bash packaging/try.sh

# 按锁定的摘要安装，不指定任何来源；来源由本机的 pip 设置决定。
$(VENV)/.ready: requirements/base.txt requirements/learn.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更新"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "缺 venv：请先安装 python3-venv（Debian、Ubuntu：apt install python3-venv）"; exit 1; }
	@echo "正在安装依赖（只在第一次）…"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/learn.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements/dev.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) var build .pytest_cache .mypy_cache .ruff_cache .hypothesis
