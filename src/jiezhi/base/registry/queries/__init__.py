"""单位、任职、区域、地点、当事人、标签、日历的读操作。"""

from jiezhi.base.registry.queries.areas import area_by_code, area_index, area_paths, geometry_of, versions_of
from jiezhi.base.registry.queries.calendar import changed_days, day_table, years
from jiezhi.base.registry.queries.parties import (
    parties_by_identifier,
    parties_by_identifier_tail,
    parties_by_name,
    parties_by_phone,
    parties_by_phone_tail,
)
from jiezhi.base.registry.queries.people import (
    appointments_of,
    holdings,
    holds_admin_post,
    last_ended,
    officers_with,
    post_title,
    posts_of,
    unit_by_code,
    units_and_people,
)
from jiezhi.base.registry.queries.places import Candidate, find_address, place_by_doorplate
from jiezhi.base.registry.queries.standing import Standing, standing
from jiezhi.base.registry.queries.tags import current_links, tagged, tags_on

__all__ = [
    "Candidate",
    "Standing",
    "appointments_of",
    "area_by_code",
    "area_index",
    "area_paths",
    "changed_days",
    "current_links",
    "day_table",
    "find_address",
    "geometry_of",
    "holdings",
    "holds_admin_post",
    "last_ended",
    "officers_with",
    "parties_by_identifier",
    "parties_by_identifier_tail",
    "parties_by_name",
    "parties_by_phone",
    "parties_by_phone_tail",
    "place_by_doorplate",
    "post_title",
    "posts_of",
    "standing",
    "tagged",
    "tags_on",
    "unit_by_code",
    "units_and_people",
    "versions_of",
    "years",
]
