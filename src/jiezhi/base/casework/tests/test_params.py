"""参数调整：权限、界限、校验、公布、改回、换模板包之后。"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from jiezhi.base.accounts.models import AdminRecord, Officer, Post
from jiezhi.base.casework import actions, matters, params
from jiezhi.base.casework.models import Case, Clock, MatterVersion, ParamSetting
from jiezhi.base.casework.testing import MATTER, MEANS, START, STATUTES, Office
from jiezhi.base.casework.tests.lives import DAY, done
from jiezhi.base.registry.models import Appointment
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import PackError, Problem
from jiezhi.core.procedure.law import StatuteDecl
from jiezhi.core.procedure.matter import MatterDecl
from jiezhi.core.procedure.packset import LoadedMatter, PackSet
from jiezhi.core.procedure.source import Positions
from jiezhi.core.procedure.traits import resolve

PARAMS: dict[str, Any] = {
    "days": {
        "title": "办理天数",
        "default": "5个工作日",
        "min": "1个工作日",
        "max": "10个工作日",
        "basis": "office.handle",
    },
    "length": {"title": "答复最少字数", "default": 4, "min": 1, "max": 20, "basis": "office.handle"},
}


def pack(**changes: Any) -> PackSet:
    """`test.report`，天数和字数写成参数。"""
    clocks = {**MATTER["clocks"], "handle": {**MATTER["clocks"]["handle"], "limit": "$days"}}
    written = {**MATTER["conditions"]["reply_long"], "cel": "size(reply) >= $length"}
    raw = {**MATTER, "params": PARAMS, "clocks": clocks, "conditions": {"reply_long": written}, **changes}
    statutes = {key: StatuteDecl.model_validate(value) for key, value in STATUTES.items()}
    decl = MatterDecl.model_validate(raw)
    built = Definition.build(resolve(decl), statutes, (), MEANS)
    loaded = LoadedMatter(decl, built, "test.yaml", Positions())
    return PackSet(means=dict(MEANS), statutes=statutes, matters={"test.report": loaded})


def sound(definition: Definition) -> list[Problem]:
    """校验通过。"""
    return []


@pytest.fixture
def admin(office: Office) -> Officer:
    officer = Officer.objects.create(login="guanli", name="钱管理", staff_kind="established", password="!")
    post = Post.objects.create(code="admin", title="系统管理员")
    since = datetime(2020, 1, 1, tzinfo=UTC)
    Appointment.objects.create(officer=officer, post=post, unit=office.other, valid_from=since)
    matters.publish(pack().matters["test.report"].definition, now=START)
    return officer


def change(admin: Officer, name: str, value: Any, packs: PackSet | None = None, **more: Any) -> MatterVersion:
    given = {"acting_officer": admin, "reason": "办公会决定", "now": START, "check": sound}
    return params.set_param("test.report", name, value, packs=packs or pack(), **{**given, **more})


def due(office: Office, now: datetime) -> tuple[Case, Clock]:
    who = {"acting_officer": office.dispatcher, "now": now}
    uid = done(actions.open_case("test.report", inputs={"subject": "路灯不亮"}, **who)).uid
    done(actions.act(uid, "dispatch", inputs={"to_unit": "law"}, **who))
    case = Case.objects.get(uid=uid)
    return case, Clock.objects.get(case=case, name="handle")


def test_new_cases_follow_and_running_ones_do_not(office: Office, admin: Officer) -> None:
    before, old = due(office, START)
    version = change(admin, "days", "2个工作日")
    assert version.is_current and matters.current_version("test.report").pk == version.pk
    after, new = due(office, START)
    assert (old.limit, new.limit) == ("5个工作日", "2个工作日") and new.due_at < old.due_at
    assert before.version_id != after.version_id == version.pk
    # 正在办的件接着按开立时的版本走
    done(
        actions.act(
            str(before.uid),
            "extend",
            acting_officer=office.chief,
            inputs={"longer": "5个工作日"},
            reason="等",
            now=START,
        )
    )
    before.refresh_from_db()
    assert before.version_id != version.pk


def test_history_is_kept_and_default_comes_back(office: Office, admin: Officer) -> None:
    first = matters.current_version("test.report").digest
    change(admin, "days", "2个工作日")
    change(admin, "days", "3个工作日")
    row = ParamSetting.objects.get()
    assert (row.value, row.set_by, row.set_at, row.reason) == ("3个工作日", admin, START, "办公会决定")
    given = {"acting_officer": admin, "reason": "恢复", "now": START, "check": sound, "packs": pack()}
    assert params.reset_param("test.report", "days", **given).digest == first
    assert not ParamSetting.objects.exists()
    records = list(AdminRecord.objects.filter(action__startswith="param.").order_by("pk"))
    assert [(one.action, one.old["value"], one.new["value"]) for one in records] == [
        ("param.set", "5个工作日", "2个工作日"),
        ("param.set", "2个工作日", "3个工作日"),
        ("param.reset", "3个工作日", "5个工作日"),
    ]
    assert all(one.officer == admin and one.note for one in records)
    with pytest.raises(ValidationError, match="没有调整过"):
        params.reset_param("test.report", "days", **given)


def test_the_same_again_writes_nothing(office: Office, admin: Officer) -> None:
    version = change(admin, "days", "2个工作日")
    assert change(admin, "days", "2个工作日", now=START + DAY).pk == version.pk
    assert AdminRecord.objects.filter(action="param.set").count() == 1
    assert ParamSetting.objects.get().set_at == START


def test_whole_numbers_stay_numbers(office: Office, admin: Officer) -> None:
    change(admin, "length", "8")
    loaded = pack().matters["test.report"]
    assert params.overrides_of(loaded) == {"length": 8}
    current = matters.definition_of(matters.current_version("test.report"))
    assert current.matter.conditions["reply_long"].cel == "size(reply) >= 8"
    shown = {one.name: (one.value, one.status, one.setting is not None) for one in params.params_of(loaded)}
    assert shown == {"days": ("5个工作日", "内部规定", False), "length": (8, "内部规定", True)}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("days", "11个工作日", "高于上限|超过上限"),
        ("days", "两三天", "看不懂时限"),
        ("days", 5, "要写文字"),
        ("length", "0", "低于下限"),
        ("length", "多", "要写整数"),
        ("speed", "1", "没有参数“speed”"),
    ],
)
def test_bounds(office: Office, admin: Officer, name: str, value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        change(admin, name, value)
    assert not ParamSetting.objects.exists() and MatterVersion.objects.filter(is_current=True).count() == 1


def test_only_the_administrator_and_with_a_reason(office: Office, admin: Officer) -> None:
    for one in (office.chief, office.dispatcher):
        with pytest.raises(PermissionDenied):
            change(one, "days", "2个工作日")
    with pytest.raises(ValidationError, match="理由"):
        change(admin, "days", "2个工作日", reason=" ")
    with pytest.raises(ValidationError, match="没有“test.other”"):
        params.set_param(
            "test.other", "days", "2个工作日", acting_officer=admin, reason="试", now=START, packs=pack()
        )
    assert not ParamSetting.objects.exists()


def test_the_whole_matter_is_verified_again(office: Office, admin: Officer) -> None:
    seen: list[str | None] = []

    def unsound(definition: Definition) -> list[Problem]:
        seen.append(definition.matter.clocks["handle"].limit)
        return [Problem("clock.beyond", "error", definition.id, "x.yaml", 3, 0, (), None, "超过法定")]

    before = matters.current_version("test.report").pk
    with pytest.raises(ValidationError, match="通不过校验") as caught:
        change(admin, "days", "2个工作日", check=unsound)
    assert "超过法定" in str(caught.value) and seen == ["2个工作日"]
    assert matters.current_version("test.report").pk == before and not ParamSetting.objects.exists()


def test_a_new_pack_keeps_the_setting(office: Office, admin: Officer) -> None:
    change(admin, "days", "2个工作日")
    newer = pack(title="来件（新版）")
    built = params.built(newer.matters["test.report"], newer)
    assert (built.matter.title, built.matter.clocks["handle"].limit) == ("来件（新版）", "2个工作日")
    # 新模板把界限收窄、或去掉了参数：说出来，不悄悄用缺省值
    narrow = pack(params={**PARAMS, "days": {**PARAMS["days"], "min": "3个工作日"}})
    with pytest.raises(PackError, match="少于下限"):
        params.built(narrow.matters["test.report"], narrow)
    gone = pack(params={"length": PARAMS["length"]}, clocks=MATTER["clocks"])
    with pytest.raises(PackError, match="没有参数“days”"):
        params.built(gone.matters["test.report"], gone)
    given = {"acting_officer": admin, "reason": "模板已没有", "now": START, "check": sound, "packs": gone}
    params.reset_param("test.report", "days", **given)
    assert (
        params.built(gone.matters["test.report"], gone).digest
        == gone.matters["test.report"].definition.digest
    )


def test_without_overrides_nothing_is_rebuilt(office: Office) -> None:
    packs = pack()
    loaded = packs.matters["test.report"]
    assert params.built(loaded, packs) is loaded.definition
    assert params.built(replace(loaded), packs, {"days": "2个工作日"}).digest != loaded.definition.digest


@pytest.mark.django_db
def test_the_real_packs_are_used_by_default() -> None:
    """不给模板包和校验办法，就用现用的模板包和校验器。"""
    given: dict[str, Any] = {"acting_officer": None, "reason": "安装", "now": START}
    version = params.set_param("report.snapshot", "handle_limit", "3个工作日", **given)
    limits = {clock.limit for clock in matters.definition_of(version).matter.clocks.values()}
    assert "3个工作日" in limits
    with pytest.raises(ValidationError, match="超过上限"):
        params.set_param("report.snapshot", "handle_limit", "30个工作日", **given)
