"""撞了唯一约束：是哪个编号，怎么说。"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction

from jiezhi.base.casework.engine.turnstile import queueing
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.outcome import Result, refuse
from jiezhi.base.registry import stamps


class Clash(IntegrityError):
    """撞了唯一约束；`numbers` 是这次事务里新开各件的（编号、主办系统）。"""

    def __init__(self, error: IntegrityError, numbers: Sequence[tuple[str, str]]) -> None:
        super().__init__(*error.args)
        self.numbers = tuple(numbers)


@contextmanager
def working(now: datetime) -> Iterator[Work]:
    """一次事务里的 Work；撞了唯一约束抛 Clash，事务已退回。"""
    work = Work(now)
    try:
        with queueing(), stamps.read_once(), transaction.atomic():
            yield work
    except IntegrityError as error:
        fresh = [item for item in work.loaded.values() if item.stored is None]
        raise Clash(error, [(item.view.number, item.row.host_system) for item in fresh]) from error


def number_taken(error: IntegrityError, given: str) -> Result:
    """编号已有一件，说出是哪个号。`given` 是来件自带的编号（主办系统在外面的）。

    对方的编号是重复登记；本平台自己发的号撞了，只会是两种业务的编号格式相同，办件的人改不了，要找系统管理员。
    """
    fresh = error.numbers if isinstance(error, Clash) else ()
    taken = [one for one in fresh if Case.objects.filter(number=one[0], host_system=one[1]).exists()]
    number, host = [*taken, *fresh, (given, "")][0]
    if host or number == given:
        return refuse("开件", "number", f"编号 {number} 已有一件", "到那一件上办理，不要重复登记")
    say = f"本平台发的编号 {number} 已被另一件用了，多半是两种业务的编号格式相同"
    return refuse("开件", "number", say, "请系统管理员改其中一种业务的编号格式，重新公布后再登记")
