"""act_many()：成批开件（热线工单，带地点、来电人、类别）。用法：python bench/act_many.py"""

from __future__ import annotations

from datetime import timedelta

from common import demo_street, rate

demo_street()

from django.utils import timezone  # noqa: E402

from jiezhi.base.accounts.models import Officer  # noqa: E402
from jiezhi.base.casework import actions  # noqa: E402
from jiezhi.demo.street import build_street  # noqa: E402
from jiezhi.services.dispatch.session import prefetch  # noqa: E402

ROWS = 3000


def main() -> None:
    plan = build_street()
    now = timezone.now()
    clerk = next(one for one in plan.officers if any(p.post == "hotline_clerk" for p in one.postings))
    officer = Officer.objects.get(login=clerk.login)
    actor = actions.import_actor(officer)
    started = 0

    def entries(first: int) -> list[actions.Entry]:
        made = []
        for i in range(first, first + ROWS):
            report = plan.reports[i % len(plan.reports)]
            building = plan.buildings[i % len(plan.buildings)]
            made.append(
                actions.Entry(
                    action="receive",
                    matter="hotline.order",
                    inputs={
                        "subject": report.text[:30],
                        "content": report.text,
                        "spot": {
                            "lon": str(building.lon),
                            "lat": str(building.lat),
                            "address": building.address,
                        },
                        "reporter": {"name": report.reporter, "phone": f"139{i:08}"},
                        "category": f"{report.category}/{report.subcategory}",
                    },
                    at=now - timedelta(hours=1),
                    key=f"bench:{i}",
                    origin={"number": f"RX{i:09}"},
                )
            )
        return made

    def one_round() -> None:
        nonlocal started
        results = actions.act_many(entries(started), actor=actor, now=now, prepare=prefetch)
        started += ROWS
        refused = [str(result) for result in results if not result.ok]
        assert not refused, refused[:3]

    rate("act_many() 开件", ROWS, one_round)


main()
