"""真实数据试用之三：热点、重复提示、全库核验、重放、案卷包离线验证、存证点。"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from trial_common import Figures, say, timed
from trial_import import MATTER

from jiezhi.base.accounts import secrets
from jiezhi.base.archive import actions as archive
from jiezhi.base.casework.integrity import verify_database
from jiezhi.base.casework.models import Case, Event
from jiezhi.base.casework.replay import replay_many
from jiezhi.base.registry import queries as registry
from jiezhi.services.dispatch.duplicates import DUPLICATE_SCORE
from jiezhi.services.dispatch.queries import Issue, group_by_issue, near_duplicates
from jiezhi.services.dispatch.session import text_of

SAMPLE = 300
FLIPS = 20


def hot(least: int = 5) -> tuple[Figures, list[Issue]]:
    """留言表的件按“说同一件事”归并。"""
    cases = list(Case.objects.filter(matter=MATTER, closed_at=None).order_by("pk"))
    with timed() as watch:
        issues = group_by_issue(cases, least=2)
    large = [one for one in issues if one.size >= least]
    biggest = max(issues, key=lambda one: one.size)
    return {
        "cases": len(cases),
        "least": least,
        "groups": len(large),
        "in_groups": sum(one.size for one in large),
        "pairs": len(issues),
        "in_pairs": sum(one.size for one in issues),
        "largest": biggest.size,
        "largest_days": (biggest.last - biggest.first).days,
        "hottest": issues[0].size,
        "seconds": watch.seconds,
    }, issues


def duplicates(issues: list[Issue]) -> Figures:
    """抽 300 件留言，逐件问“有没有可能重复的在办件”。"""
    group_of = {key: number for number, one in enumerate(issues) for key in one.keys}
    rows = list(Case.objects.filter(matter=MATTER, closed_at=None).order_by("pk"))
    sample = random.Random(20260101).sample(rows, SAMPLE)
    listed = likely = grouped = both = 0
    with timed() as watch:
        for case in sample:
            sealed = json.loads(secrets.decrypt(bytes(case.sealed))) if case.sealed else {}
            found = near_duplicates(
                MATTER,
                case.fields.get("spot"),
                case.opened_at,
                text_of(case.fields),
                exclude=str(case.uid),
                area_path=case.area_path,
                category=str(case.fields.get("category") or ""),
                reporter=sealed.get("reporter"),
            )
            listed += bool(found)
            first = found[0] if found and found[0].score >= DUPLICATE_SCORE else None
            likely += first is not None
            mine = group_of.get(str(case.uid))
            grouped += mine is not None
            both += mine is not None and first is not None and group_of.get(str(first.case.uid)) == mine
    return {
        "sample": len(sample),
        "listed": listed,
        "likely": likely,
        "score": DUPLICATE_SCORE,
        "grouped": grouped,
        "both": both,
        "seconds": watch.seconds,
        "each_ms": watch.seconds / len(sample) * 1000,
    }


def whole() -> Figures:
    """全库核验，再单独重放一遍。"""
    say("核验全库…")
    report = verify_database(
        lambda what, done, total: say(f"核验{what}：{done}/{total}") if done % 1000 == 0 else None
    )
    say("重放全部件…")
    with timed() as watch:
        different = sum(1 for _ in replay_many(Case.objects.all()))
    return {
        "ok": report.ok,
        "faults": len(report.faults),
        "fault_kinds": sorted({fault.kind for fault in report.faults}),
        "notes": len(report.notes),
        "counts": report.counts,
        "seconds": report.seconds,
        "rate": Event.objects.count() / report.seconds,
        "replayed": Case.objects.count(),
        "different": different,
        "replay_seconds": watch.seconds,
    }


def package(now: datetime) -> Figures:
    """一件办结的做成案卷包，在没有数据库的空目录里验证；改一个字节再验证；做存证点并导出。"""
    officer = registry.officers_with("dispatcher")[0]
    case = Case.objects.filter(matter=MATTER, state="closed").order_by("pk").select_related("version")[0]
    folder = Path(tempfile.mkdtemp(prefix="jiezhi-trial-"))
    try:
        row = archive.make_checkpoint(now=now)
        written = archive.export_checkpoint(row.number, folder / "存证点.json", now=now)
        target = folder / "案卷.zip"
        archive.write_case_package(
            case, target, acting_officer=officer, now=now, reveal=True, reason="真实数据试用核验"
        )
        empty = folder / "空"
        empty.mkdir()
        good, seconds = _verify(target, empty)
        content = target.read_bytes()
        refused = 0
        for turn in range(FLIPS):
            at = len(content) * turn // FLIPS
            target.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            refused += not _verify(target, empty)[0]
        target.write_bytes(content)
        return {
            "size": len(content),
            "verified": good,
            "seconds": seconds,
            "flips": FLIPS,
            "refused": refused,
            "database_made": any(empty.rglob("*.sqlite3")),
            "checkpoint": row.number,
            "checkpoint_cases": row.content["tree_size"],
            "exported": len(written),
            "exported_bytes": sum(path.stat().st_size for path in written),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _verify(target: Path, home: Path) -> tuple[bool, float]:
    """另开一个进程验证，数据目录给一个空的。"""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("JIEZHI_", "DJANGO_"))}
    with timed() as watch:
        done = subprocess.run(
            [sys.executable, "-m", "jiezhi.cli.main", "verify", str(target), "--json"],
            env=keep | {"JIEZHI_HOME": str(home)},
            cwd=home,
            capture_output=True,
            text=True,
        )
    assert done.returncode in (0, 1), done.stderr[-400:]
    return done.returncode == 0 and bool(json.loads(done.stdout)["ok"]), watch.seconds
