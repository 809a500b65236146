"""哪台机器在网上收什么：外网机收外网来件，别的收随手拍。"""

from __future__ import annotations

from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import queries
from jiezhi.base.casework.outcome import Refused
from jiezhi.base.casework.testing import Office
from jiezhi.base.registry import stamps
from jiezhi.connect.nodes import roster
from jiezhi.connect.nodes.models import Peer
from jiezhi.connect.nodes.tests.counterpart import Counterpart
from jiezhi.services.residents import actions as residents
from jiezhi.services.residents import queries as residents_queries


def test_reports_are_taken_where_they_can_be_handled(
    office: Office, inside: tuple[Counterpart, Peer]
) -> None:
    """有在用的内网节点的机器收外网来件、不收随手拍；没有的正相反。工作人员也一样登记不了没人办的件。"""
    _, peer = inside
    for status, matter, other in (
        ("trusted", "outside.report", "report.snapshot"),
        ("stopped", "report.snapshot", "outside.report"),
        ("new", "report.snapshot", "outside.report"),
    ):
        Peer.objects.filter(pk=peer.pk).update(status=status)
        stamps.touch(roster.STAMP)
        listed = [row.matter for row, _ in residents_queries.openable()]
        assert matter in listed and other not in listed
        assert residents.report(matter, inputs={"content": "路灯不亮"}).ok
        refused = residents.report(other, inputs={"content": "路灯不亮"})
        assert isinstance(refused, Refused) and refused.refusal.missing[0].code == "unknown_matter"
        desk = casework.open_case(
            "outside.report", acting_officer=office.dispatcher, inputs={"content": "路灯"}
        )
        assert desk.ok is (status == "trusted"), str(desk)
        mine = [row.matter for row, _ in queries.openable(office.dispatcher)]
        assert ("outside.report" in mine) is (status == "trusted")
