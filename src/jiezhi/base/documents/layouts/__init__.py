"""版式：公文函件、审批表、笔录、送达回证、打印单。"""

from jiezhi.base.documents.layouts.compose import compose
from jiezhi.base.documents.layouts.sheet import Paper
from jiezhi.base.documents.layouts.style import Style

__all__ = ["Paper", "Style", "compose"]
