"""工程的规矩：楼层、文件大小、各应用的文件、用词、依赖的锁定、业务模板全部通过。"""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from django.db.migrations.loader import MigrationLoader

from jiezhi.cli.packs import DEFAULT, verified

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "jiezhi"
FLOORS = ("core", "base", "services", "upper", "web", "cli")
BASE = ("accounts", "registry", "casework", "documents", "publishing", "archive")
UPPER = ("insight", "assist", "connect")
TEXT = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".in",
    ".sh",
    ".html",
    ".css",
    ".js",
    ".json",
    ".cfg",
    "",
}
SKIPPED = {"__pycache__", "node_modules", "var", "build", "dist"}
LONGEST = 430
OURS = [config for config in apps.get_app_configs() if config.name.startswith("jiezhi.")]


def rank(module: str) -> tuple[int, int]:
    """所在楼层；底座四个应用各占一层，其余同层的应用互不引用。"""
    _, floor, *rest = module.split(".")
    if floor == "base":
        return 1, BASE.index(rest[0])
    return FLOORS.index({"api": "web", "demo": "web"}.get(floor, "upper" if floor in UPPER else floor)), 0


@cache
def _all(under: Path) -> list[Path]:
    """文件夹里我们写的文件；隐藏的、生成的不算。"""
    found = []
    for folder, inside, names in os.walk(under):
        inside[:] = sorted(
            one
            for one in inside
            if one not in SKIPPED and not one.endswith(".egg-info") and (one[0] != "." or one == ".ci")
        )
        found += [Path(folder, name) for name in sorted(names) if not name.startswith(".")]
    return found


def files(*suffixes: str, under: Path = ROOT) -> list[Path]:
    """这些后缀的文件。"""
    return [path for path in _all(under) if path.suffix in suffixes]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lower(mine: AppConfig, theirs: AppConfig) -> bool:
    """`theirs` 在 `mine` 之下，或就是它自己；框架自带的应用在最下。"""
    if theirs is mine or not theirs.name.startswith("jiezhi."):
        return True
    return rank(theirs.name) < rank(mine.name)


# ---- 楼层 ----


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.label)
def test_no_model_points_upwards(config: AppConfig) -> None:
    """含字符串写的外键、多对多的中间表、泛型关系：import-linter 看不见这些。"""
    wrong = []
    for model in config.get_models(include_auto_created=True):
        for field in [*model._meta.get_fields(), *model._meta.private_fields]:
            target = field.related_model if field.is_relation and not field.auto_created else None
            if target is not None and not lower(config, apps.get_app_config(target._meta.app_label)):
                wrong.append(f"{model._meta.label}.{field.name} → {target._meta.label}")
    assert wrong == []


def test_no_migration_depends_upwards() -> None:
    loader = MigrationLoader(None)
    wrong = [
        f"{label}.{name} → {other}"
        for (label, name), migration in loader.disk_migrations.items()
        for other, _ in migration.dependencies
        if not other.startswith("__")
        and apps.get_app_config(label) in OURS
        and not lower(apps.get_app_config(label), apps.get_app_config(other))
    ]
    assert loader.disk_migrations and wrong == []


def test_the_floors_are_the_ones_we_know() -> None:
    """新加一层、一个底座应用而不在这里登记，上面的检查就会漏掉它。"""
    assert [rank(config.name) for config in OURS] == sorted(rank(config.name) for config in OURS)
    folders = {path.name for path in SRC.iterdir() if (path / "__init__.py").exists()}
    assert folders - {"config"} <= {*FLOORS, *UPPER, "demo", "api"}


def test_nothing_imports_the_packs() -> None:
    wrong = []
    for path in files(".py", under=SRC):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "packs" in text else ():
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            wrong += [
                f"{name_of(path)}:{node.lineno}" for name in names if re.match(r"jiezhi\.packs\b", name)
            ]
    assert wrong == []
    assert not list((SRC / "packs").rglob("*.py")), "业务模板里没有程序"


# 有了件才取的（件已经按 visible 核对过），或者另有依据的：文件 → 用到的表。别的页面、接口不许绕过 visible 直接取。
CHECKED = {
    "src/jiezhi/web/office/lists.py": {"Clock"},  # 一页里各件的灯
    "src/jiezhi/web/office/ledger.py": {"Clock"},  # 一件的时限台账
    "src/jiezhi/api/present.py": {"Clock"},
}
GUARDED = {
    *("Case", "CaseField", "CaseParty", "CaseRole", "CaseText", "Clock", "ClockEntry", "Event", "Payload"),
    *("EvidenceUse", "Document", "Scan"),
}


def test_pages_and_endpoints_take_cases_only_from_visible() -> None:
    """页面、接口里直接写 `Case.objects` 就绕过了“谁看得见”：新加的要么从 visible、listed、seen 取，要么在上面说明。"""
    found: dict[str, set[str]] = {}
    for path in [*files(".py", under=SRC / "web"), *files(".py", under=SRC / "api")]:
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in ("objects", "_default_manager", "_base_manager")
                and isinstance(node.value, ast.Name)
                and node.value.id in GUARDED
            ):
                found.setdefault(name_of(path), set()).add(node.value.id)
    assert found == CHECKED


# ---- 文件 ----


def test_files_are_short_enough_to_read() -> None:
    """一个文件一间屋，约 400 行；再长就该按屋子拆开。"""
    long = {
        name_of(path): count
        for path in files(".py", under=SRC)
        if "migrations" not in path.parts
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.label)
def test_every_app_has_the_same_files(config: AppConfig) -> None:
    home = Path(config.path)

    def has(name: str) -> bool:
        return (home / f"{name}.py").exists() or (home / name / "__init__.py").exists()

    assert (home / "apps.py").exists()
    assert has("actions") and has("queries")
    assert has("models") == has("migrations")
    assert has("models") or not list(config.get_models())
    assert list((home / "tests").glob("test_*.py"))


# ---- 用词 ----


def test_words_we_do_not_say() -> None:
    words = ("留" + "痕", "护" + "栏")
    wrong = [
        f"{name_of(path)}: {word}"
        for path in files(".py", ".html", ".js", ".yaml", ".json", ".md")
        for word in words
        # 市容条例的一种违法行为名称里有这个词，去掉再看。
        if word in path.read_text(encoding="utf-8").replace("不设护" + "栏遮挡", "")
    ]
    assert wrong == []


def test_no_paths_of_somebodys_machine() -> None:
    pattern = re.compile(r"(?<![\w.~-])/(?:home|root|Users|work|mnt|private)/\w")
    wrong = [
        f"{name_of(path)}: {found.group()}"
        for path in files(*TEXT)
        if path.name != Path(__file__).name
        for found in pattern.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert wrong == []


# ---- 依赖 ----

LOCKED = sorted((ROOT / "requirements").glob("*.txt"))
LOOSE = sorted((ROOT / "requirements").glob("*.in"))
PIN = re.compile(r"^[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==[^\s;]+( ; .+?)?(?: \\)?$", re.IGNORECASE)
HASH = re.compile(r"^\s+--hash=sha256:[0-9a-f]{64}(?: \\)?$")


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    lines = [
        line for line in path.read_text().splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert lines
    for position, line in enumerate(lines):
        if HASH.match(line):
            assert position > 0
            continue
        assert PIN.match(line), f"第 {position} 行写法不对：{line}"
        assert line.endswith("\\") and HASH.match(lines[position + 1]), f"没有摘要：{line}"


@pytest.mark.parametrize("path", [*LOCKED, *LOOSE], ids=lambda path: path.name)
def test_requirements_name_no_source(path: Path) -> None:
    """从哪里下载由本机的 pip 设置决定，文件里不写地址，也不写来源选项。"""
    text = path.read_text()
    assert "://" not in text and " @ " not in text
    options = [line for line in text.splitlines() if line.startswith("-")]
    assert [line for line in options if not re.match(r"^-[rc] \w+\.(in|txt)$", line)] == []


# ---- 业务模板 ----


def test_every_pack_passes_with_nothing_to_say() -> None:
    """连同服务登记的名字、岗位、代码表一起校验：没有错误，也没有提醒。"""
    packs, found = verified(DEFAULT)
    assert [str(one) for one in packs.problems] == []
    assert {name: [str(one) for one in problems] for name, problems in found.items() if problems} == {}
    assert set(found) >= {"report.snapshot", "hotline.order", "online.message"}
    assert all(loaded.definition for loaded in packs.matters.values())


def test_every_pack_has_a_scenario() -> None:
    """每个业务模板都有用科室的话写的情景测试。"""
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "scenarios").glob("*.py"))
    packs, _ = verified(DEFAULT)
    assert [name for name in packs.matters if f'"{name}"' not in text] == []
