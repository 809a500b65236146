"""查看记录的页面：自己的、全部的、导出，件页面上谁看过。"""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from jiezhi.base.accounts.models import AdminRecord
from jiezhi.base.casework.outcome import Outcome
from jiezhi.web.office.testing import Street

READS, EXPORT = reverse("office:reads"), reverse("office:reads-export")


def see(client: Client, uid: str, reason: str) -> None:
    answer = client.post(reverse("office:reveal", args=[uid, "reporter"]), {"reason": reason})
    assert answer.status_code == 200


def test_own_and_everyones(
    street: Street, handed: Callable[..., Outcome], enter: Callable[[str], Client]
) -> None:
    case = handed()
    see(enter("jingban"), case.uid, "联系来件人核实")
    see(enter("fenbo"), case.uid, "派单前核对")
    own = enter("jingban").get(READS).content.decode()
    assert "联系来件人核实" in own and "派单前核对" not in own and 'name="officer"' not in own
    other = enter("jingban").get(READS, {"officer": "陈分拨"}).content.decode()
    assert "派单前核对" not in other
    boss = enter("duban")
    everyone = boss.get(READS).content.decode()
    assert "联系来件人核实" in everyone and "派单前核对" in everyone and case.number in everyone
    narrowed = boss.get(READS, {"officer": "jingban", "since": "2020-01-01", "until": "x"}).content.decode()
    assert "联系来件人核实" in narrowed and "派单前核对" not in narrowed
    assert "没有查看记录" in enter("lvren").get(READS).content.decode()


def test_export(street: Street, handed: Callable[..., Outcome], enter: Callable[[str], Client]) -> None:
    case = handed()
    see(enter("jingban"), case.uid, "=SUM(A1)联系")
    answer = enter("duban").get(EXPORT, {"number": case.number})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].startswith("时间,查看人") and case.number in text and "'=SUM(A1)" in text
    assert AdminRecord.objects.get(action="reads.export").officer == street["duban"]
    assert len(b"".join(enter("lvren").get(EXPORT).streaming_content).splitlines()) == 1


def test_who_has_read_it_stands_on_the_case(
    street: Street, handed: Callable[..., Outcome], enter: Callable[[str], Client]
) -> None:
    case = handed()
    page = reverse("office:case", args=[case.uid])
    see(enter("fenbo"), case.uid, "派单前核对")
    for who in ("jingban", "fuze", "duban"):
        assert "派单前核对" in enter(who).get(page).content.decode(), who
    assert "谁看过敏感内容" not in enter("fenbo").get(page).content.decode()
