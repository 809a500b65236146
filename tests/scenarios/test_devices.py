"""全过程记录（D3）：执法设备台账，证据移交。"""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest

from jiezhi.base.casework import actions, files, queries
from jiezhi.base.casework.models import Case, EvidenceUse
from jiezhi.base.casework.outcome import Outcome

DEVICE, HANDOVER = "enforcement.device", "enforcement.handover"


def opened(desk: Any, matter: str, action: str, who: Any, **inputs: Any) -> Any:
    return actions.open_case(matter, action, acting_officer=who, inputs=inputs, now=desk.now)


def made(result: Any) -> Case:
    assert isinstance(result, Outcome), str(result)
    return Case.objects.get(uid=result.uid)


def recording(desk: Any, text: str = "询问") -> str:
    """一段执法记录仪的录像。"""
    data = struct.pack(">I4s4sI", 24, b"ftyp", b"mp42", 0) + b"isommp42" + text.encode() * 20
    return files.store(io.BytesIO(data), "记录仪.mp4", kind="video", acting_officer=None, now=desk.now).pk


@pytest.fixture
def keeper(desk: Any) -> Any:
    return desk.person("evidence_keeper")


@pytest.fixture
def officers(desk: Any) -> Any:
    return [desk.person("enforcement_officer", nth=n) for n in (0, 1)]


@pytest.fixture
def device(desk: Any, keeper: Any) -> Case:
    return made(opened(desk, DEVICE, "enlist", keeper, serial="ZFJLY-001", kind="执法记录仪"))


def test_life_of_a_recorder(desk: Any, keeper: Any, officers: Any, device: Case) -> None:
    mine, other = officers
    assert "同一设备编号已有未办结的" in str(
        opened(desk, DEVICE, "enlist", keeper, serial="ZFJLY-001", kind="执法记录仪")
    )
    assert "要由证据保管员办理" in str(opened(desk, DEVICE, "enlist", mine, serial="ZFJLY-002", kind="其他"))
    desk.does(device, keeper, "领用", 领用人=str(mine.pk))
    assert device.state == "issued" and device.roles["user"] == [str(mine.pk)]
    desk.worker()
    assert desk.told(device, mine) == ["您领用了执法设备 ZFJLY-001，用完请归还。"]

    desk.later(hours=2)
    first = recording(desk)
    taken = {"开始拍录的时间": desk.now.isoformat(), "关于哪一件": "CF-1"}
    assert "要由领用人" in desk.refused(device, other, "登记原始材料", 原始材料=[first], **taken)
    desk.does(device, mine, "登记原始材料", 原始材料=[first], **taken)
    second = recording(desk, "现场")
    desk.does(device, mine, "登记原始材料", 原始材料=[second], **taken)
    # 后登记的不抹掉先登记的；没有改动、删除原始材料的按钮。
    used = (
        EvidenceUse.objects.filter(case=device, field="originals")
        .order_by("pk")
        .values_list("file_id", flat=True)
    )
    assert list(used) == [first, second]
    writers = [
        name
        for name, one in queries.definition_of(device).matter.actions.items()
        if "originals" in one.written()
    ]
    assert writers == ["ingest"]

    desk.does(device, keeper, "归还", 设备状况="完好")
    assert "user" not in device.roles
    desk.does(device, keeper, "送修", 设备状况="电池鼓包", 送到哪里修="厂家维修点")
    assert "现在是“送修中”" in desk.refused(device, keeper, "领用", 领用人=str(mine.pk))
    desk.does(device, keeper, "修好入库", 设备状况="已换电池")
    assert "还没有写明理由" in desk.refused(device, keeper, "报废")
    desk.does(device, keeper, "报废", "超过使用年限")
    assert device.closed_at is not None
    desk.same(device)
    assert desk.package(device, keeper).ok


ITEMS = [{"name": "现场录像", "kind": "录像", "count": 1, "state": "12 分钟"}]


def test_handing_evidence_to_a_colleague(desk: Any, keeper: Any, officers: Any) -> None:
    giver = officers[0]
    original = recording(desk)
    about = {"about": "CF-1", "originals": [original]}
    itself = opened(desk, HANDOVER, "hand_over", giver, **about, items=ITEMS, receiver=str(giver.pk))
    assert "“接收人”和“移交人”不得是同一人" in str(itself)
    unlisted = opened(
        desk, HANDOVER, "hand_over", giver, **about, items=[{"name": "录像"}], receiver=str(keeper.pk)
    )
    assert "有的项没有写名称、种类、数量" in str(unlisted)
    case = made(opened(desk, HANDOVER, "hand_over", giver, **about, items=ITEMS, receiver=str(keeper.pk)))
    desk.worker()
    assert desk.told(case, keeper) == [f"{case.number} 有证据移交给您，请核对清单后签收：CF-1"]
    assert "要由接收人办理" in desk.refused(case, giver, "签收")

    desk.does(case, keeper, "退回", 签收或退回意见="清单少一份光盘")
    assert "不得是同一人" in desk.refused(
        case, giver, "补正后重新移交本单位人员", 移交清单=ITEMS, 接收人=str(giver.pk)
    )
    desk.does(case, giver, "补正后重新移交本单位人员", 移交清单=ITEMS, 接收人=str(keeper.pk))
    desk.later(hours=1)
    desk.does(case, keeper, "签收")
    assert case.closed_at is not None and case.state == "received"
    # 联用的是原件：同一个摘要，没有第二份。
    assert EvidenceUse.objects.filter(case=case, file_id=original).exists()
    desk.same(case)
    assert desk.package(case, giver).ok


def test_handing_evidence_to_another_organ(desk: Any, officers: Any) -> None:
    giver, other = officers
    case = made(
        opened(
            desk, HANDOVER, "hand_out", giver, about="CF-2", items=ITEMS, organ_name="临江公安分局云桥派出所"
        )
    )
    desk.later(hours=3)
    said = desk.refused(case, other, "登记接收单位签收", 接收单位经手人="李警官")
    assert "还没有“签收单”" in said
    slip = io.BytesIO(b"%PDF-1.4 receipt")
    paper = files.store(slip, "签收单.pdf", kind="document", acting_officer=None, now=desk.now).pk
    desk.does(case, other, "登记接收单位签收", 接收单位经手人="李警官", 签收单=[paper])
    assert desk.last(case).officer == other
    assert queries.timeline(case)[-1].who == "接收单位"
    desk.same(case)


def test_handing_can_be_taken_back(desk: Any, officers: Any) -> None:
    giver = officers[0]
    case = made(opened(desk, HANDOVER, "hand_out", giver, about="CF-3", items=ITEMS, organ_name="区城管局"))
    assert desk.does(case, giver, "不再移交", "案件不再移送").state == "withdrawn"
