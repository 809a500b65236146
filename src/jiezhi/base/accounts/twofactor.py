"""二次验证：口令之外再要一次动态码（TOTP，RFC 6238；6 位、30 秒、SHA-1，市面上的验证器都认）。

一个动态码只能用一次；钟差前后各容一步（30 秒）。连续输错 5 次锁 15 分钟，按人计、记在库里，换个地址、换个进程都算在一起。
恢复码给丢了手机的人：每个只能用一次，库里只有带钥匙的摘要。密钥加密存放。
"""

import secrets as random
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.actions import MIN_REASON
from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import Officer, SecondFactor
from jiezhi.base.accounts.records import write_record

DIGITS = 6
PERIOD = 30
SKEW = 1
KEY_BYTES = 20
TRIES = 5
LOCK = timedelta(minutes=15)
RECOVERY_CODES = 10
# 手抄不会看错的字：没有 0 和 O、1 和 I、L、U；十个字约 49 位熵。
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Enrolment:
    """正在设置的二次验证：`secret` 可手抄（四字一组），`uri` 画成二维码给验证器扫。"""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Checked:
    """核一次动态码（或恢复码）的结果。`say` 给人看；`left` 是用了恢复码之后还剩几个，没有用为 None。"""

    ok: bool
    say: str = ""
    locked: bool = False
    left: int | None = None


def enabled(officer: Officer) -> bool:
    """这个人启用了二次验证没有。"""
    return SecondFactor.objects.filter(officer=officer).exclude(enabled_at=None).exists()


def state_of(officer: Officer) -> SecondFactor | None:
    """启用了的二次验证；没有启用为 None。"""
    return SecondFactor.objects.filter(officer=officer).exclude(enabled_at=None).first()


def begin(officer: Officer, password: str, *, acting_officer: Officer) -> None:
    """开始设置：生成密钥，等本人用动态码确认。只能给自己设，要再输一次口令；已经启用 → ValidationError。"""
    _own(officer, acting_officer)
    _check_password(officer, password)
    with transaction.atomic():
        if SecondFactor.objects.select_for_update().filter(officer=officer).exclude(enabled_at=None).exists():
            raise ValidationError({"officer": "已经启用二次验证；要换手机，先停用再重新设置"})
        fresh = {"secret": b32encode(random.token_bytes(KEY_BYTES)).decode(), "last_step": 0, "recovery": []}
        SecondFactor.objects.update_or_create(
            officer=officer, defaults={**fresh, "failures": 0, "locked_until": None}
        )


def enrolment(officer: Officer) -> Enrolment | None:
    """正在设置、还没有确认的；没有为 None。启用之后密钥不再给任何人看。"""
    row = SecondFactor.objects.filter(officer=officer, enabled_at=None).first()
    if row is None:
        return None
    uri = _totp(row).get_provisioning_uri(officer.login, settings.OFFICE_NAME)
    return Enrolment(" ".join(row.secret[i : i + 4] for i in range(0, len(row.secret), 4)), uri)


def confirm(
    officer: Officer, code: str, *, acting_officer: Officer, now: datetime | None = None
) -> list[str]:
    """用验证器上的动态码确认，随即启用。返回恢复码（只在这一次给出，请本人抄下）。码不对 → ValidationError。"""
    moment = now or timezone.now()
    _own(officer, acting_officer)
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().filter(officer=officer, enabled_at=None).first()
        if row is None:
            raise ValidationError({"code": "没有正在设置的二次验证，请从头开始"})
        step = _step(row, _digits(code), moment)
        if step is None:
            raise ValidationError({"code": "动态码不对。请核对手机的时间，输入验证器上现在显示的 6 位数字"})
        codes = _new_codes(row)
        row.enabled_at, row.last_step = moment, step
        row.save()
        write_record("twofactor.enable", "启用二次验证", officer, acting_officer=acting_officer, now=moment)
    return codes


def renew_codes(
    officer: Officer, code: str, *, acting_officer: Officer, now: datetime | None = None
) -> list[str]:
    """重发恢复码，旧的全部作废；要一个动态码（或恢复码）。码不对、锁住了 → ValidationError。"""
    moment = now or timezone.now()
    _own(officer, acting_officer)
    _require(officer, code, moment)
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().get(officer=officer)
        codes = _new_codes(row)
        row.save(update_fields=["recovery"])
        write_record("twofactor.codes", "重发恢复码", officer, acting_officer=acting_officer, now=moment)
    return codes


def turn_off(
    officer: Officer, password: str, code: str, *, acting_officer: Officer, now: datetime | None = None
) -> None:
    """本人停用：口令和动态码（或恢复码）都要。不对、锁住了 → ValidationError。"""
    moment = now or timezone.now()
    _own(officer, acting_officer)
    _check_password(officer, password)
    _require(officer, code, moment)
    _drop(officer, "本人停用二次验证", acting_officer, moment)


def remove(
    officer: Officer, *, reason: str, acting_officer: Officer | None, now: datetime | None = None
) -> None:
    """管理员解除（丢了手机又没有恢复码的）。写管理记录，本人下次登录时告知。没有启用 → ValidationError。

    不能解除自己的（用停用）；None 是在服务器上直接办。
    """
    moment = now or timezone.now()
    require_administrator(acting_officer, moment)
    if acting_officer is not None and acting_officer.pk == officer.pk:
        raise NotAllowed("不能解除自己的二次验证。请用恢复码登录后停用，或请另一位系统管理员办理")
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError({"reason": f"请写明解除的原因，至少 {MIN_REASON} 个字"})
    _drop(officer, "解除二次验证", acting_officer, moment, reason.strip())


def verify(officer: Officer, code: str, *, now: datetime | None = None) -> Checked:
    """核一次动态码或恢复码：对了就用掉，错了计一次，到次数就锁。几个进程同时核，同一个码只有一次算对。"""
    moment = now or timezone.now()
    with transaction.atomic():
        row = (
            SecondFactor.objects.select_for_update().filter(officer=officer).exclude(enabled_at=None).first()
        )
        if row is None:
            return Checked(False, "没有启用二次验证，请重新登录")
        if _locked(row, moment):
            return Checked(False, _locked_words(row, moment), locked=True)
        left = _use(row, code, moment)
        if left is None:
            return _wrong(row, officer, moment)
        row.failures, row.locked_until = 0, None
        row.save()
        if left >= 0:
            write_record(
                "twofactor.recover",
                "使用恢复码",
                officer,
                acting_officer=officer,
                now=moment,
                new={"left": left},
            )
        return Checked(True, left=left if left >= 0 else None)


def _use(row: SecondFactor, code: str, now: datetime) -> int | None:
    """用掉这个码：动态码对了返回 -1，恢复码对了返回还剩几个，都不对为 None。"""
    step = _step(row, _digits(code), now)
    if step is not None:
        row.last_step = step
        return -1
    mark = _mark(row.officer_id, code)
    kept = [one for one in row.recovery if not constant_time.bytes_eq(one.encode(), mark.encode())]
    if len(kept) == len(row.recovery):
        return None
    row.recovery = kept
    return len(kept)


def _wrong(row: SecondFactor, officer: Officer, now: datetime) -> Checked:
    row.failures += 1
    if row.failures < TRIES:
        row.save(update_fields=["failures"])
        left = TRIES - row.failures
        return Checked(
            False,
            f"动态码不对，或已经用过（一个码只能用一次，等下一个再输）。还可以再试 {left} 次，之后会暂时锁定",
        )
    row.failures, row.locked_until = 0, now + LOCK
    row.save(update_fields=["failures", "locked_until"])
    write_record("twofactor.lock", "动态码连续输错，暂时锁定", officer, acting_officer=None, now=now)
    return Checked(False, _locked_words(row, now), locked=True)


def _locked(row: SecondFactor, now: datetime) -> bool:
    # 钟往回拨过的，锁定不会因此变成几天：超过一次锁定的时长就不作数。
    return row.locked_until is not None and now < row.locked_until <= now + LOCK


def _locked_words(row: SecondFactor, now: datetime) -> str:
    assert row.locked_until is not None
    minutes = -(-int((row.locked_until - now).total_seconds()) // 60)
    return f"动态码连续输错 {TRIES} 次，已暂时锁定。请 {minutes} 分钟后再试，或请系统管理员解除二次验证"


def _step(row: SecondFactor, code: str, now: datetime) -> int | None:
    """`code` 是哪一步的动态码；不对、用过的为 None。"""
    if len(code) != DIGITS:
        return None
    current, totp = int(now.timestamp()) // PERIOD, _totp(row)
    # 服务器的钟被往回拨过：记着的那一步在将来，照它比就谁也登录不了。
    used = row.last_step if row.last_step <= current + SKEW else 0
    found = None
    for step in range(current - SKEW, current + SKEW + 1):
        same = constant_time.bytes_eq(totp.generate(step * PERIOD), code.encode())
        if same and step > used:
            found = step
    return found


def _totp(row: SecondFactor) -> TOTP:
    return TOTP(b32decode(row.secret), DIGITS, SHA1(), PERIOD)


def _digits(code: str) -> str:
    text = secrets.normalise(code)
    return text if text.isascii() and text.isdigit() else ""


def _mark(officer: int, code: str) -> str:
    # 带上是谁的：两个人的恢复码碰巧相同，摘要也不同。
    return secrets.blind_index(f"recovery.{officer}", code)


def _new_codes(row: SecondFactor) -> list[str]:
    codes = ["".join(random.choice(ALPHABET) for _ in range(CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    row.recovery = [_mark(row.officer_id, code) for code in codes]
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _own(officer: Officer, acting_officer: Officer) -> None:
    require_active(acting_officer)
    if acting_officer is None or acting_officer.pk != officer.pk:
        raise NotAllowed("二次验证只能由本人设置")


def _check_password(officer: Officer, password: str) -> None:
    if not officer.check_password(password):
        raise ValidationError({"password": "口令不对，请重新输入"})


def _require(officer: Officer, code: str, now: datetime) -> None:
    found = verify(officer, code, now=now)
    if not found.ok:
        raise ValidationError({"code": found.say})


def _drop(
    officer: Officer, title: str, acting_officer: Officer | None, now: datetime, note: str = ""
) -> None:
    with transaction.atomic():
        gone, _ = SecondFactor.objects.filter(officer=officer).exclude(enabled_at=None).delete()
        if not gone:
            raise ValidationError({"officer": f"{officer.name}没有启用二次验证"})
        write_record("twofactor.remove", title, officer, acting_officer=acting_officer, now=now, note=note)
