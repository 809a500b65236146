import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from stdnum.cn import ric, uscc

from jiezhi.base.accounts import actions as accounts
from jiezhi.base.accounts import queries as account_queries
from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.registry import actions, queries
from jiezhi.base.registry.identifiers import identifier_problem
from jiezhi.base.registry.models import Party
from jiezhi.base.registry.tests.conftest import NOW

PHONE = "13800001234"


def _with_check(body: str) -> str:
    return body + ric.calc_check_digit(body + "0")


def _uscc(body: str) -> str:
    return body + uscc.calc_check_digit(body)


# 99 开头不是任何现行区划，不会是真人、真单位的号码。
RIC = _with_check("99010119900307001")
USCC = _uscc("91990101MA0000001")
COLLECTIVE = _uscc("N2990101MF0000001")


def person(**given):
    values = {"kind": "person", "name": "陈小敏", "identifier_kind": "ric", "identifier": RIC, "phone": PHONE}
    return actions.create_party(**{**values, "acting_officer": None, "now": NOW, **given})


@pytest.fixture
def party(db):
    return person(address="福田路12号3栋501")


def _wrong_last(number):
    return number[:-1] + ("0" if number[-1] != "0" else "1")


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("ric", RIC, ""),
        ("ric", f" {RIC[:6]} {RIC[6:]} ", ""),
        ("ric", _with_check("83000019900307001"), ""),  # 台湾居民居住证
        ("ric", RIC[:17], "应为 18 位，现在是 17 位"),
        ("ric", "990101900307001", "15 位的旧号码"),
        ("ric", "99010119900307A01X", "前 17 位应为数字"),
        ("ric", _with_check("99010119901307001"), "出生日期"),
        ("ric", _with_check("99010129900307001"), "在今天之后"),
        ("ric", _wrong_last(RIC), "校验位不对"),
        ("uscc", USCC, ""),
        ("uscc", USCC.lower(), ""),
        ("uscc", COLLECTIVE, ""),  # 农村集体经济组织以 N 开头
        ("uscc", USCC[:10], "应为 18 位，现在是 10 位"),
        ("uscc", "91990101MAO000001X", "不会有“O”"),
        ("uscc", _uscc("91A90101MA0000001"), "第 3 到 8 位"),
        ("uscc", _wrong_last(USCC), "校验位不对"),
        ("other", "E1234567", ""),
        ("other", "E12", "4 到 40 位"),
        ("ric", "", "请填写证件号"),
        ("", RIC, "请选择证件种类"),
        ("", "", ""),
    ],
)
def test_identifiers(kind, value, says):
    said = identifier_problem(kind, value)
    assert (says in said) if says else said == ""


def test_at_rest_no_plain_values(party):
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM registry_party")
        row = cursor.fetchone()
        cursor.execute("SELECT * FROM accounts_adminrecord")
        records = cursor.fetchall()
    stored = b" ".join(bytes(v) if isinstance(v, bytes) else str(v).encode() for v in row)
    for secret in (RIC, RIC[-6:], PHONE, PHONE[-6:], "福田路12号"):
        assert secret.encode() not in stored
        assert secret not in json.dumps(records, default=str, ensure_ascii=False)
    loaded = Party.objects.get()
    assert (loaded.identifier, loaded.phone, loaded.address) == (RIC, PHONE, "福田路12号3栋501")


def test_found_whole_and_by_last_four(party):
    other = person(identifier=_with_check("99010119900307002"), phone="13900001234", name="陈 小敏")
    assert list(queries.parties_by_identifier(RIC.lower() + " ")) == [party]
    assert list(queries.parties_by_identifier_tail(RIC[-4:])) == [party]
    assert list(queries.parties_by_phone("+86 138 0000 1234")) == [party]
    assert list(queries.parties_by_phone_tail("1234")) == [party, other]
    assert list(queries.parties_by_name("陈小敏")) == [party, other]
    assert not queries.parties_by_identifier(RIC[:-1]).exists()


def test_empty_search_finds_nobody(party):
    person(identifier_kind="", identifier="", phone="", name="匿名")
    for query in (
        queries.parties_by_identifier,
        queries.parties_by_identifier_tail,
        queries.parties_by_phone,
        queries.parties_by_phone_tail,
        queries.parties_by_name,
    ):
        assert not query("").exists()


def test_masked(party):
    assert (str(party), party.masked_phone) == ("陈**", "138****1234")
    firm = person(kind="firm", name="云桥物业有限公司", identifier_kind="uscc", identifier=USCC)
    assert str(firm) == "云桥物业有限公司"


def test_records_are_masked(party):
    record = account_queries.records_of(party).get()
    assert record.new["address"] == "******"
    assert record.new["name"] == "陈**" and record.new["identifier"].count("*") == 11
    actions.change_party(party, name="陈晓敏", phone="13900005678", acting_officer=None, now=NOW)
    record = account_queries.records_of(party).first()
    assert (record.old["name"], record.new["name"]) == ("陈**", "陈**")
    assert record.new["phone"] == "139****5678" and "陈晓敏" not in record.target_label
    assert list(queries.parties_by_phone("13900005678")) == [party]
    assert not queries.parties_by_phone(PHONE).exists()


def test_same_identifier_only_once(party):
    with pytest.raises(ValidationError, match="已经登记过") as caught:
        person(name="另一人")
    assert RIC not in str(caught.value)
    values = {
        f: getattr(party, f) for f in ("kind", "name", "name_key", "identifier_kind", "identifier_index")
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Party.objects.create(**values)
    assert (
        actions.obtain_party(
            kind="person", name="陈小敏", identifier_kind="ric", identifier=RIC, acting_officer=None
        )
        == party
    )
    person(identifier_kind="", identifier="")
    person(identifier_kind="", identifier="")
    assert Party.objects.count() == 3


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "ghost"}, "kind"),
        ({"kind": "firm"}, "identifier_kind"),
        ({"identifier_kind": "uscc", "identifier": USCC}, "identifier_kind"),
        ({"phone": "12"}, "phone"),
        ({"identifier": _wrong_last(RIC)}, "identifier"),
    ],
)
def test_bad_parties(db, given, field):
    with pytest.raises(ValidationError) as caught:
        person(**given)
    assert list(caught.value.message_dict) == [field]
    assert Party.objects.count() == AdminRecord.objects.count() == 0


def test_database_constraints(party):
    for change in ({"kind": "firm"}, {"identifier_kind": ""}, {"identifier_index": ""}, {"name": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Party.objects.filter(pk=party.pk).update(**change)


def test_reveal(party, clerk):
    value = accounts.reveal(party, "identifier", reason="核对身份", acting_officer=clerk, now=NOW)
    read = account_queries.reads_of(party).get()
    assert value == RIC and (read.officer, read.target_kind, read.field_title) == (
        clerk,
        "registry.party",
        "证件号",
    )
