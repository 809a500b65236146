"""jiezhi discretion：看基准、填写待定的法定幅度。"""

from __future__ import annotations

import json

import pytest

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.cli.tests.test_params import admin, run

__all__ = ["admin"]


def listed() -> dict[str, dict[str, str]]:
    return {one["code"]: one for one in json.loads(run("discretion", "list", "--json").output)["benchmarks"]}


@pytest.mark.usefixtures("admin")
def test_list_shows_what_is_still_open() -> None:
    found = listed()
    assert found["waste.person"]["range"] == "100元至500元"
    assert found["preschool.unlicensed"]["range"] == "违法所得1至5倍"
    assert found["city.litter"]["pending"] and "待本地填写" in found["city.litter"]["range"]
    assert "示范基准，须以公布的基准替换" in run("discretion", "list").output


def test_fill_in_an_open_limit(admin: str) -> None:
    given = ("--source", "某市容条例第某条", "--reason", "照地方规定填", "--as", admin)
    run("discretion", "set", "city.litter", "20", "200", *given)
    assert listed()["city.litter"]["range"] == "20元至200元"
    assert AdminRecord.objects.get(action="discretion.limit").new["幅度"] == "20元至200元"
    assert "条文写明的" in run("discretion", "set", "waste.person", "1", "2", *given, code=1).output
    assert "最高大于零" in run("discretion", "set", "city.litter", "200", "20", *given, code=1).output
