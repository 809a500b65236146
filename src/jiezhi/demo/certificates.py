"""演示街道的执法证件：按名册登记，执法人员、法制审核员都持证。编号虚构。"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jiezhi.base.accounts.models import Officer
from jiezhi.demo.plan import StreetPlan
from jiezhi.services.qualification.actions import Line, import_roster
from jiezhi.services.qualification.queries import BAR, ENFORCEMENT, REVIEW

ISSUER = "临江区司法局"


def issue_certificates(plan: StreetPlan, since: datetime) -> list[Line]:
    """由证件管理员在 `since` 登记：执法队各人的行政执法证，法制审核员的法律职业资格和审核资格。要先公布业务模板。"""
    rows: list[dict[str, Any]] = []
    start, end = since.date().isoformat(), since.date().replace(year=since.year + 5, day=1).isoformat()
    dated = {"valid_from": start, "valid_to": end, "reviewed_on": start, "issuer": ISSUER}
    for officer in plan.officers:
        posts = {one.post for one in officer.postings}
        if officer.certificate:
            rows.append(
                {"holder": officer.login, "kind": ENFORCEMENT, "number": officer.certificate, **dated}
            )
        if "legal_reviewer" in posts:
            number = f"A2018{len(rows):08d}"
            rows.append({"holder": officer.login, "kind": BAR, "number": number, "valid_from": "2018-11-01"})
            own = {
                "number": f"YQ-FS-{len(rows):04d}",
                "valid_from": start,
                "issuer": ISSUER,
                "first_review": "是",
            }
            rows.append({"holder": officer.login, "kind": REVIEW, **own})
    keeper = Officer.objects.get(login=plan.holders("certificate_keeper")[0].login)
    return import_roster(enumerate(rows, 1), acting_officer=keeper, now=since)
