from jiezhi.base.registry.models.areas import Area, AreaLevel, AreaVersion, Place, PlaceKind
from jiezhi.base.registry.models.calendar import CalendarDay, CalendarYear, DayKind, Stamp
from jiezhi.base.registry.models.parties import IdentifierKind, Party, PartyKind
from jiezhi.base.registry.models.powers import Power, PowerStatus, PowerVersion
from jiezhi.base.registry.models.tags import Tag, TagAbout, TagLink, TagSource
from jiezhi.base.registry.models.units import Appointment, Unit, UnitKind

__all__ = [
    "Appointment",
    "Area",
    "AreaLevel",
    "AreaVersion",
    "CalendarDay",
    "CalendarYear",
    "DayKind",
    "IdentifierKind",
    "Party",
    "PartyKind",
    "Place",
    "PlaceKind",
    "Power",
    "PowerStatus",
    "PowerVersion",
    "Stamp",
    "Tag",
    "TagAbout",
    "TagLink",
    "TagSource",
    "Unit",
    "UnitKind",
]
