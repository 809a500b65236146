"""单位、任职、区域、地点、当事人、标签、日历的全部写操作。每个都写管理记录。

`acting_officer=None` 只用于安装和系统自动。
出错：内容不对 → ValidationError（按字段给出中文说明）；无权 → NotAllowed。
"""

from jiezhi.base.registry.actions.areas import change_area, change_area_polygon, close_area, create_area
from jiezhi.base.registry.actions.calendar import set_calendar_days
from jiezhi.base.registry.actions.imports import ImportResult, import_areas, import_places
from jiezhi.base.registry.actions.parties import change_party, create_party, obtain_party
from jiezhi.base.registry.actions.places import change_place, create_place
from jiezhi.base.registry.actions.tags import add_tag, create_tag, remove_tag
from jiezhi.base.registry.actions.units import (
    appoint,
    change_unit,
    create_unit,
    end_appointment,
    end_appointments_of_leaver,
)

__all__ = [
    "ImportResult",
    "add_tag",
    "appoint",
    "change_area",
    "change_area_polygon",
    "change_party",
    "change_place",
    "change_unit",
    "close_area",
    "create_area",
    "create_party",
    "create_place",
    "create_tag",
    "create_unit",
    "end_appointment",
    "end_appointments_of_leaver",
    "import_areas",
    "import_places",
    "obtain_party",
    "remove_tag",
    "set_calendar_days",
]
