"""命令行：在临时的 JIEZHI_HOME 上真跑一遍，一条命令一个进程。

街道只建一次（`jiezhi prepare`），各测试各用一份拷贝。
"""

from __future__ import annotations

import csv
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jiezhi.assist.classify.tests.test_model import samples
from jiezhi.cli.testing import SRC, Shell
from jiezhi.connect.excel.reader import read_sheet
from jiezhi.connect.excel.tests import build
from jiezhi.demo.plan import StreetPlan
from jiezhi.demo.street import build_street

WRONG = SRC / "jiezhi" / "core" / "procedure" / "tests" / "wrong_packs"
HEAD = [
    "工单号",
    "受理时间",
    "标题",
    "诉求内容",
    "事发地址",
    "经度",
    "纬度",
    "市民姓名",
    "联系电话",
    "类别",
    "区交办人",
]
GOOD, OTHER, BAD = "12345-0001", "12345-0002", "12345-0003"


@pytest.fixture(scope="module")
def plan() -> StreetPlan:
    return build_street()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, plan: StreetPlan) -> Path:
    """建好的街道：二十来件随手拍，各种环节都有。"""
    home = tmp_path_factory.mktemp("jiezhi") / "home"
    shell = Shell(home)
    done = shell.alone("prepare")
    assert done.code == 0, done.err
    return home


@pytest.fixture
def shell(prepared: Path, tmp_path: Path) -> Iterator[Shell]:
    shutil.copytree(prepared, tmp_path / "home")
    found = Shell(tmp_path / "home")
    yield found
    found.close()


@pytest.fixture
def login(plan: StreetPlan) -> Callable[..., str]:
    def named(post: str, unit: str = "") -> str:
        return plan.holders(post, unit)[0].login

    return named


@pytest.fixture
def sheet(tmp_path: Path, plan: StreetPlan) -> Path:
    """三行的热线工单表，第三行经纬度、电话、时间都填错了。"""
    building = plan.buildings[0]
    hour = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(hours=1)

    def row(number: str, **changes: str) -> list[str]:
        cells = {
            "工单号": number,
            "受理时间": f"{hour:%Y-%m-%d %H:%M:%S}",
            "标题": "学校门口占道经营",
            "诉求内容": "放学时间摊档把路堵死",
            "事发地址": building.label,
            "经度": str(building.lon),
            "纬度": str(building.lat),
            "市民姓名": "司马青衫",
            "联系电话": "13912345678",
            "类别": "占道经营",
            "区交办人": "小周",
        }
        return list({**cells, **changes}.values())

    bad = row(BAD, 受理时间="上个礼拜吧", 类别="没有这一类")
    path = tmp_path / "区里发来的工单.xlsx"
    path.write_bytes(build.table(HEAD, row(GOOD), row(OTHER, 标题="井盖破损", 类别="市政设施"), bad))
    return path


# ---- 业务模板 ----


def test_check_speaks_json_and_says_which_systems_are_covered(shell: Shell) -> None:
    done = shell.alone("check", "--json")
    assert done.code == 0 and done.err == ""
    assert done.data["ok"] is True and done.data["errors"] == 0
    wanted = {"A1", "A2", "A3", "A6", "B1", "B2", "B5", "D1", "D2", "D3", "D4", "D8", "D9", "D10", "K6"}
    assert set(done.data["covers"]) == wanted
    assert {one["matter"] for one in done.data["matters"]} >= {"report.snapshot", "hotline.order"}


def test_check_refuses_a_wrong_pack(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "包"
    shutil.copytree(WRONG / "shared", folder)
    shutil.copy(WRONG / "dead_end.yaml", folder)
    done = shell("check", folder)
    assert done.code == 1 and "死路" in done.out and "dead_end.yaml:" in done.out
    done = shell("check", folder, "--json")
    assert done.code == 1 and done.data["ok"] is False and done.data["errors"] >= 1
    done = shell("load-packs", folder)
    assert done.code == 1 and "没有公布" in done.err
    assert shell.rows("SELECT count(*) FROM casework_matterversion WHERE matter = 'demo.penalty'") == [(0,)]


# ---- 办理 ----


def test_act_success_and_refusal(shell: Shell, login: Callable[..., str], sheet: Path) -> None:
    shell("import", "hotline.order", sheet, "--as", login("hotline_clerk"))
    clerk = login("unit_clerk", "enforcement")
    words = ("act", OTHER, "dispatch", "--as", login("dispatcher"), "--set", "to_unit=enforcement")
    done = shell(*words, "--key", "k1", "--json")
    assert done.code == 0 and done.err == ""
    assert done.data["ok"] and (done.data["case"], done.data["state"]) == (OTHER, "handling")
    seq = done.data["seq"]
    assert shell(*words, "--key", "k1", "--json").data["seq"] == seq, "同一请求标识不办两遍"

    done = shell("act", OTHER, "answer", "--as", clerk, "--set", "reply=好", "--json")
    assert done.code == 1 and done.data["ok"] is False
    says = [one["say"] for one in done.data["missing"]]
    assert len(says) == 3, says
    assert says[0] == "“答复内容”至少 10 字" and "还没有“签收”" in says
    assert all(one["remedy"] for one in done.data["missing"])
    spoken = shell("act", OTHER, "answer", "--as", clerk, "--set", "reply=好")
    assert spoken.code == 1 and spoken.out == "" and "① " in spoken.err and "③ " in spoken.err
    assert shell.rows(f"SELECT seq FROM casework_case WHERE number = '{OTHER}'") == [(seq,)]

    for words, said in (
        (("act", "没有这件", "sign", "--as", clerk), "没有编号为“没有这件”的件"),
        (("act", OTHER, "sign", "--as", "meiyouren"), "没有在岗人员“meiyouren”"),
        (("act", OTHER, "sign", "--as", clerk, "--at", "昨天"), "发生时间要写成带时区的"),
        (("act", OTHER, "sign", "--as", clerk, "--at", "2026-08-01T09:30"), "发生时间要写成带时区的"),
        (("act", OTHER, "sign", "--as", clerk, "--set", "reply"), "应写成 字段=值"),
    ):
        assert said in shell(*words).err
        done = shell(*words, "--json")
        assert (done.code, done.err, done.data["ok"]) == (1, "", False) and said in done.data["error"]


# ---- 来表 ----


def test_import_dry_then_real_then_again_then_out(
    shell: Shell, login: Callable[..., str], sheet: Path, tmp_path: Path
) -> None:
    clerk = login("hotline_clerk")
    words = ("import", "hotline.order", sheet, "--as", clerk)
    before = shell.rows("SELECT count(*) FROM casework_case")

    dry = shell(*words, "--dry-run", "--json")
    assert dry.code == 2 and dry.err == "", "有行没有导入，退出码 2"
    counts = {key: dry.data[key] for key in ("rows", "opened", "repeated", "refused", "dry_run")}
    assert counts == {"rows": 3, "opened": 2, "repeated": 0, "refused": 1, "dry_run": True}
    assert dry.data["problems"][0]["number"] == BAD and len(dry.data["problems"][0]["problems"]) == 2
    assert shell.rows("SELECT count(*) FROM casework_case") == before

    errors = tmp_path / "没有导入的.xlsx"
    real = shell(*words, "--errors", errors, "--json")
    assert real.code == 2 and real.data["opened"] == 2 and real.data["dry_run"] is False
    left = read_sheet(errors.read_bytes(), name=errors.name)
    (row,) = left.rows
    assert left.headers[: len(HEAD)] == HEAD and row.cells[0] == BAD and row.cells[-1]

    again = shell(*words, "--json")
    assert again.code == 2
    assert (again.data["opened"], again.data["repeated"], again.data["refused"]) == (0, 2, 1)
    spoken = shell(*words)
    assert spoken.code == 2 and BAD in spoken.out and "%" not in spoken.out + spoken.err

    out = tmp_path / "交回.xlsx"
    done = shell("export", "hotline.order", out, "--as", clerk, "--json")
    assert done.code == 0 and done.data["rows"] == 2
    found = read_sheet(out.read_bytes(), name=out.name)
    assert found.headers[: len(HEAD)] == HEAD, "照来时的样子，办理情况加在右边"
    rows = [dict(zip(found.headers, one.cells, strict=True)) for one in found.rows]
    assert [one["工单号"] for one in rows] == [GOOD, OTHER]
    assert (rows[0]["市民姓名"], rows[0]["联系电话"]) == ("司***", "139****5678"), "不写理由就打码"

    shell("export", "hotline.order", out, "--as", clerk, "--reason", "报送区热线办")
    back = shell("import", "hotline.order", out, "--as", clerk, "--json")
    assert back.code == 0, back.out
    assert (back.data["opened"], back.data["repeated"], back.data["refused"]) == (0, 2, 0), (
        "导出再导入不重不变"
    )


def test_progress_bars_stay_out_of_json(shell: Shell, login: Callable[..., str], sheet: Path) -> None:
    """在终端上：说人话时画进度条（画在标准错误），要 JSON 时一个字符也不画。"""
    words = ("import", "hotline.order", sheet, "--as", login("hotline_clerk"))
    done = shell.on_terminal(*words, "--json")
    assert done.data["opened"] == 2 and done.err == ""
    done = shell.on_terminal("verify", "--database", "--json")
    assert done.code == 0 and done.data["ok"] is True and done.err == ""
    done = shell.on_terminal("verify", "--database")
    assert "验证各件" in done.err and "验证各件" not in done.out and "全部相符" in done.out


# ---- 证据 ----


def test_a_package_verifies_far_from_home(shell: Shell, login: Callable[..., str], tmp_path: Path) -> None:
    ((number,),) = shell.rows("SELECT number FROM casework_case ORDER BY seq DESC, id LIMIT 1")
    who = login("dispatcher")
    done = shell("package", number, "--as", who, "--out", tmp_path / "无理由.zip", "--json")
    assert done.code == 1 and "理由" in done.data["error"] and not (tmp_path / "无理由.zip").exists()
    path = tmp_path / "案卷.zip"
    done = shell("package", number, "--as", who, "--out", path, "--reason", "移送法院", "--json")
    assert done.code == 0, done.out
    assert Path(done.data["signature"]).exists() and len(done.data["sm3"]) == 64

    (tmp_path / "别处").mkdir()
    elsewhere = Shell(tmp_path / "别处" / "空")
    done = elsewhere.alone("verify", path, "--json")
    assert done.code == 0 and done.data["ok"] is True and done.data["faults"] == []
    assert not elsewhere.home.exists(), "验证案卷包不碰数据库，什么也不建"

    whole = bytearray(path.read_bytes())
    whole[random.Random(3).randrange(len(whole))] ^= 0x20
    path.write_bytes(whole)
    done = elsewhere.alone("verify", path, "--json")
    assert done.code == 1 and done.data["ok"] is False and done.data["faults"]
    done = elsewhere.alone("verify", tmp_path / "没有.zip")
    assert done.code == 1 and "Traceback" not in done.err


def test_database_and_checkpoint(shell: Shell, tmp_path: Path) -> None:
    done = shell("checkpoint", "--out", tmp_path / "存证.json", "--json")
    assert done.code == 0 and done.data["number"] == 1
    names = {"存证.json", "存证.json.txt", "存证.json.heads"}
    assert names <= {path.name for path in tmp_path.iterdir()}
    done = shell("checkpoint", "--out", tmp_path / "没有这个文件夹" / "存证.json", "--json")
    assert done.code == 1 and "没有导出" in done.data["error"]
    done = shell("verify", "--database", "--json")
    assert done.code == 0 and done.data["ok"] is True and done.data["counts"]["件"] >= 20
    with sqlite3.connect(shell.home / "jiezhi.sqlite3") as base:
        base.execute("UPDATE casework_case SET state = 'closed' WHERE id = 1")
    done = shell("verify", "--database", "--json")
    assert done.code == 1 and done.data["ok"] is False and done.data["faults"]
    assert shell("verify").code == 1


# ---- worker、归类 ----


def test_worker_once_does_what_waits_and_stops(shell: Shell, login: Callable[..., str], sheet: Path) -> None:
    shell("import", "hotline.order", sheet, "--as", login("hotline_clerk"))
    state = f"SELECT state, unit_id FROM casework_case WHERE number = '{GOOD}'"
    assert shell.rows(state) == [("new", None)]
    done = shell.alone("worker", "--once")
    assert (done.code, done.err) == (0, "")
    assert shell.rows(state) == [("handling", "enforcement")], "按规则自动派出"
    assert shell.rows("SELECT count(*) FROM casework_delivery WHERE done_at IS NULL") == [(0,)]
    assert shell.rows("SELECT count(*) FROM casework_checkpoint") == [(1,)], "定时的检查点也做了"
    assert shell("verify", "--database").code == 0


def test_classify_train_and_eval(shell: Shell, tmp_path: Path) -> None:
    def labelled(name: str, count: int, seed: int) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["留言主题", "留言详情", "一级标签"])
            writer.writerows(
                ["请处理", text, label] for text, label in zip(*samples(count, seed), strict=True)
            )
        return path

    fresh = labelled("考题.csv", 60, 2)
    done = shell("classify", "eval", fresh, "--json")
    assert done.code == 1 and "还没有训练过模型" in done.data["error"]
    done = shell("classify", "train", labelled("样本.csv", 240, 1), "--json")
    assert done.code == 0, done.out + done.err
    assert done.data["ok"] and done.data["classes"] == 3
    done = shell("classify", "eval", fresh, "--json")
    assert done.code == 0 and done.data["rows"] == 60 and done.data["score"]["accuracy"] > 0.9
    done = shell("classify", "train")
    assert done.code == 1 and "请给一个文件" in done.err
