"""act()：两个办理条件、一个时限、一条办理记录、一条后续发送。用法：python bench/act.py"""

from __future__ import annotations

from datetime import timedelta

from common import fresh_database, rate

fresh_database()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from jiezhi.base.casework import actions, matters  # noqa: E402
from jiezhi.base.casework.models import Clock, ClockEntry, Delivery, Event  # noqa: E402
from jiezhi.base.casework.testing import MATTER, START, definition, make_office  # noqa: E402

ROUND = 400


def main() -> None:
    office = make_office()
    acts = {**MATTER["actions"]}
    acts["dispatch"] = {**acts["dispatch"], "needs": ["done.register", "field.subject"]}
    matters.publish(definition(actions=acts), now=START)
    cases = iter(
        [
            actions.open_case(
                "test.report", acting_officer=office.dispatcher, inputs={"subject": f"第{i}件"}, now=START
            ).uid
            for i in range(ROUND * 5 + 10)
        ]
    )

    def one() -> None:
        result = actions.act(
            next(cases),
            "dispatch",
            acting_officer=office.dispatcher,
            inputs={"to_unit": "law"},
            version=1,
            now=START + timedelta(hours=1),
        )
        assert result.ok, str(result)

    before = (
        Event.objects.count(),
        Clock.objects.count(),
        Delivery.objects.count(),
        ClockEntry.objects.count(),
    )
    one()
    after = (
        Event.objects.count(),
        Clock.objects.count(),
        Delivery.objects.count(),
        ClockEntry.objects.count(),
    )
    print(
        "每次增加：办理记录、时限、后续发送、时限流水 =", [b - a for a, b in zip(before, after, strict=True)]
    )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        one()
    for query in queries.captured_queries:
        print("  ", query["sql"][:110].replace("\n", " "))
    print(f"语句数（含 BEGIN、COMMIT）：{len(queries)}")

    rate("act()", ROUND, lambda: [one() for _ in range(ROUND)] and None)


main()
