"""用真实数据试一遍：归类、导入、分派、答复、热点、核验、定位，把数字写成 docs/trials.md。

用法：python bench/trial.py --data 数据文件夹 [--out docs/trials.md] [--only model]。数据不随本项目分发；缺什么会说。
在临时目录里建库，装演示街道（不含工单），做完删去。约需十分钟。`--only model` 只重跑归类的两节，其余各节沿用
`--out` 里的旧文，并写明各是哪一次量的。
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trial_page
from common import demo_street, fresh_database
from trial_common import MESSAGES, REPLIES, Figures, check_data, conditions, database_size, discard, say


def main() -> None:
    parser = argparse.ArgumentParser(description="用真实数据试一遍，把数字写成一页")
    parser.add_argument("--data", type=Path, required=True, metavar="文件夹", help="放试用数据的文件夹")
    parser.add_argument("--out", type=Path, default=Path("docs/trials.md"), metavar="文件", help="写到哪里")
    parser.add_argument("--only", choices=["model"], help="只重跑归类的两节，其余沿用旧文")
    given = parser.parse_args()
    check_data(given.data)
    if not given.out.parent.is_dir():
        sys.exit(f"没有“{given.out.parent}”这个文件夹。请先建好，或用 --out 另给一个文件。")
    only = f" --only {given.only}" if given.only else ""
    before = given.out.read_text("utf-8") if only and given.out.is_file() else ""
    if only and not trial_page.parts_of(before):
        sys.exit(f"“{given.out}”不是本程序写的全文，没有可以沿用的。请先不带 --only 跑一遍。")
    start = time.perf_counter()
    found: Figures = {
        "conditions": conditions(f"python bench/trial.py --data 数据文件夹 --out {given.out}{only}")
    }
    try:
        if only:
            fresh_database()
            found |= model(given.data)
        else:
            demo_street()
            found |= steps(given.data)
    finally:
        discard()
    if not only:
        say("真实边界定位…")
        found["geo"] = geography(given.data)
    found["conditions"]["seconds"] = time.perf_counter() - start
    found["conditions"]["load"].append(os.getloadavg()[0])
    page = trial_page.renewed(before, found) if only else trial_page.page(found)
    given.out.write_text(page, encoding="utf-8")
    say(f"写好了 {given.out}")


def model(data: Path) -> Figures:
    """归类：考、装上。"""
    import trial_model
    from django.utils import timezone

    now = timezone.now()
    say("读入样本、归组…")
    corpus = trial_model.read(data)
    return {
        "model": trial_model.judge(corpus, now),
        "overlap": trial_model.overlap(corpus, now),
        "installed": trial_model.about(),
    }


def steps(data: Path) -> Figures:
    """在演示街道的库里做的各步。"""
    import trial_check
    import trial_import
    from django.utils import timezone

    found = model(data)
    now = timezone.now()
    found["rules"] = trial_import.rules(now)
    found["size"] = database_size()
    found["dry"] = trial_import.load(data, MESSAGES, "messages", now, dry_run=True)
    found["messages"] = trial_import.load(data, MESSAGES, "messages", now)
    found["placed"] = trial_import.suggested(found["messages"]["run"])
    found["drain"] = trial_import.drain(now)
    found["hot"], issues = trial_check.hot()
    say(f"热点：{found['hot']}")
    found["duplicates"] = trial_check.duplicates(issues)
    say(f"重复提示：{found['duplicates']}")
    found["replies"] = trial_import.load(data, REPLIES, "replied", now)
    found["replied"] = trial_import.suggested(found["replies"]["run"])
    found["drain_replies"] = trial_import.drain(now)
    found["answers"] = trial_import.answers(data, found["replies"]["run"], now)
    found["again"] = trial_import.again(data, now)
    say(f"重复导入：{found['again']['same']}")
    found["whole"] = trial_check.whole()
    say(f"核验：{found['whole']}")
    found["package"] = trial_check.package(now)
    say(f"案卷包：{found['package']}")
    return found


def geography(data: Path) -> Figures:
    """另一个进程、另一个空库。"""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("JIEZHI_")}
    with tempfile.TemporaryDirectory(prefix="jiezhi-trial-") as folder:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("trial_geo.py")), str(data)],
            env=keep | {"TMPDIR": folder},
            capture_output=True,
            text=True,
        )
    if done.returncode:
        sys.exit(f"真实边界定位没有做成：\n{done.stderr}")
    found: Figures = json.loads(done.stdout)
    say(f"定位：{found}")
    return found


if __name__ == "__main__":
    main()
