"""便民中心：情景测试用。窗口、负责人、两名核查人员、办事处主任；收件、受理、核查、准予各一步到位。"""

from __future__ import annotations

from typing import Any

from docx import Document as open_word

from jiezhi.base.casework import actions, files
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.documents.models import Document


class Window:
    """便民中心：窗口、负责人、两名核查人员、办事处主任。"""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.clerk = desk.person("window_clerk")
        self.chief = desk.person("service_chief")
        self.head = desk.person("office_head")
        self.deputy = desk.person("deputy_head")
        self.officers = [desk.person("enforcement_officer"), desk.person("enforcement_officer", nth=1)]

    def receives(self, matter: str, action: str = "receive", who: Any = None, **inputs: Any) -> Case:
        """窗口收件。"""
        result = actions.open_case(
            matter, action, inputs=inputs, now=self.desk.now, acting_officer=who or self.clerk
        )
        assert isinstance(result, Outcome), str(result)
        return Case.objects.get(uid=result.uid)

    def permit(self, **more: Any) -> Case:
        """收一件临时堆放的申请。"""
        return self.receives(
            "service.temporary_use",
            purpose="装修材料临时堆放",
            spot="云桥路12号门前",
            area_size=12,
            use_from="2026-08-20",
            use_to="2026-08-25",
            applicant={"name": "云桥装饰有限公司", "phone": "13800138001"},
            **more,
        )

    def complete(self) -> dict[str, Any]:
        """齐全的材料：申请表、位置图；身份证明窗口核过原件。"""
        return {
            "material_application": [self.desk.photo()],
            "material_site_plan": [self.desk.photo()],
            "materials_state": [{"material": "identity", "state": "已核原件"}],
        }

    def accepted(self) -> Case:
        """材料齐全、已受理的一件。"""
        case = self.permit(**self.complete())
        return self.desk.does(case, self.clerk, "受理")

    def examined(self) -> Case:
        """两人核查完毕、等决定的一件。"""
        case = self.accepted()
        ids = [str(one.pk) for one in self.officers]
        self.desk.does(case, self.deputy, "指派核查人员", 核查人员=ids)
        return self.desk.does(case, self.officers[0], "核查完毕", 核查情况="现场宽 6 米，堆放后仍可通行")

    def granted(self) -> Case:
        """已准予的一件。"""
        return self.desk.does(
            self.examined(), self.chief, "准予许可",
            准予的内容="云桥路12号门前 12 平方米", 有效期自="2026-08-20", 有效期至="2026-10-20",
        )  # fmt: skip


def printed(case: Case) -> list[str]:
    """这一件要制作的文书的名称。"""
    return list(Document.objects.filter(case=case).order_by("pk").values_list("title", flat=True))


def words_of(case: Case, title: str) -> str:
    """这一件最后一份叫 `title` 的文书里的全部文字（表格在后）。"""
    found = Document.objects.filter(case=case, title=title, docx__isnull=False).latest("pk")
    assert found.docx_id is not None
    word = open_word(str(files.path_of(found.docx_id)))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in word.paragraphs), *cells])
