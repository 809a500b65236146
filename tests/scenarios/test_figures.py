"""jiezhi figures：裁量偏离、敬告改正、罚款执行的数，只数这个人看得见的件。"""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from jiezhi.cli.main import main
from jiezhi.services.enforcement.testing_spot import decide, delivered, inspected, told


def run(*args: str) -> Any:
    found = CliRunner().invoke(main, ["figures", *args])
    return found.exit_code, found.output


def test_the_figures_count_what_one_may_see(desk: Any) -> None:
    team = [desk.person("enforcement_officer", nth=n) for n in (0, 1)]
    paid = delivered(desk, team, 150)
    desk.does(
        paid, desk.person("finance_clerk"), "登记缴清罚款", 累计实缴金额=15000, 缴款日期="2026-08-03", 缴款凭证=[desk.photo()]
    )  # fmt: skip
    desk.later(days=1)
    case = told(desk, inspected(desk, team), team[0], 200)
    desk.does(case, team[0], "当场作出处罚决定", **decide(200))

    chief = desk.person("enforcement_chief")
    code, text = run("--as", chief.login, "--json")
    assert code == 0, text
    data = json.loads(text)
    [tier] = data["deviation"]
    assert (tier["cause"], tier["tier"], tier["decided"], tier["departed"], tier["rate"]) == (
        "CF-066-2", "从轻", 2, 0, 0.0,
    )  # fmt: skip
    assert data["execution"] == {
        "fined": 2, "settled": 1, "amount": 35000, "settled_amount": 15000, "rate": 0.5,
    }  # fmt: skip
    assert data["cautions"]["cautioned"] == 0 and data["cautions"]["rate"] is None
    code, text = run("--as", chief.login)
    assert "决定 2 件，偏离基准 0 件（0%），罚款中位数 150元" in text
    assert "改正 0 件（还不能算）" in text
    assert "罚款 2 件共350元，已执行 1 件共150元（50%）" in text

    # 看不见执法案件的人，一件也数不到
    outsider = desk.person("window_clerk")
    data = json.loads(run("--as", outsider.login, "--json")[1])
    assert data["deviation"] == [] and data["execution"]["fined"] == 0
    code, text = run("--as", "no.such")
    assert code == 1 and "no.such" in text
