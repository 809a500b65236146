"""二次验证：设置、动态码、防重放、钟差、恢复码、锁定、解除。"""

from __future__ import annotations

import json
import time
from base64 import b32decode, b32encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, connections

from jiezhi.base.accounts import actions, queries, twofactor
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.models import AdminRecord, Officer, SecondFactor
from jiezhi.base.accounts.tests.conftest import PASSWORD

NOW = datetime(2031, 3, 3, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)


def code_at(officer: Officer, at: datetime) -> str:
    secret = SecondFactor.objects.get(officer=officer).secret
    return TOTP(b32decode(secret), 6, SHA1(), 30).generate(int(at.timestamp())).decode()


def wrong(officer: Officer, at: datetime) -> str:
    near = {code_at(officer, at + n * STEP) for n in (-1, 0, 1)}
    return next(text for text in ("000000", "000001", "000002", "000003") if text not in near)


@pytest.fixture
def officer(make_officer) -> Officer:
    return make_officer()


@pytest.fixture
def codes(officer: Officer) -> list[str]:
    """启用好了；返回恢复码。"""
    twofactor.begin(officer, PASSWORD, acting_officer=officer)
    before = NOW - 10 * STEP
    return twofactor.confirm(officer, code_at(officer, before), acting_officer=officer, now=before)


def test_enrolment(officer: Officer) -> None:
    with pytest.raises(ValidationError, match="口令不对"):
        twofactor.begin(officer, "no", acting_officer=officer)
    assert twofactor.enrolment(officer) is None
    twofactor.begin(officer, PASSWORD, acting_officer=officer)
    found = twofactor.enrolment(officer)
    assert found is not None and found.uri.startswith("otpauth://totp/") and "li.min" in found.uri
    assert found.secret.replace(" ", "") in found.uri and not twofactor.enabled(officer)
    with pytest.raises(ValidationError, match="核对手机的时间"):
        twofactor.confirm(officer, wrong(officer, NOW), acting_officer=officer, now=NOW)
    code = code_at(officer, NOW)
    codes = twofactor.confirm(officer, f"{code[:3]} {code[3:]}", acting_officer=officer, now=NOW)
    assert len(set(codes)) == 10 and twofactor.enabled(officer)
    assert twofactor.enrolment(officer) is None, "启用之后密钥不再给人看"
    assert not twofactor.verify(officer, code, now=NOW).ok, "确认用过的码不能再登录"
    with pytest.raises(ValidationError, match="已经启用"):
        twofactor.begin(officer, PASSWORD, acting_officer=officer)


def test_nothing_readable_is_stored(officer: Officer, codes: list[str]) -> None:
    secret = SecondFactor.objects.get(officer=officer).secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, recovery FROM accounts_secondfactor")
        sealed, recovery = cursor.fetchone()
    assert secret.encode() not in bytes(sealed) and b32decode(secret) not in bytes(sealed)
    written = f"{recovery}{list(AdminRecord.objects.values())}"
    assert not any(code in written or code.replace("-", "") in written for code in codes)
    assert secret not in written


def test_the_published_vector(officer: Officer, codes: list[str]) -> None:
    """RFC 6238 附录 B：SHA-1，59 秒，94287082 的后六位。"""
    key = b32encode(b"12345678901234567890").decode()
    SecondFactor.objects.filter(officer=officer).update(secret=key, last_step=0)
    assert twofactor.verify(officer, "287082", now=datetime.fromtimestamp(59, UTC)).ok


@pytest.mark.parametrize(("steps", "ok"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_of_skew(officer: Officer, codes: list[str], steps: int, ok: bool) -> None:
    assert twofactor.verify(officer, code_at(officer, NOW + steps * STEP), now=NOW).ok is ok


def test_a_code_works_once(officer: Officer, codes: list[str]) -> None:
    now_code, next_code = code_at(officer, NOW), code_at(officer, NOW + STEP)
    assert twofactor.verify(officer, next_code, now=NOW).ok
    again = twofactor.verify(officer, next_code, now=NOW + STEP)
    assert not again.ok and "已经用过" in again.say
    assert not twofactor.verify(officer, now_code, now=NOW + STEP).ok, "更早的一步也不行"
    assert twofactor.verify(officer, code_at(officer, NOW + 2 * STEP), now=NOW + 2 * STEP).ok


def test_a_clock_set_back_does_not_lock_everybody_out(officer: Officer, codes: list[str]) -> None:
    assert twofactor.verify(officer, code_at(officer, NOW), now=NOW).ok
    earlier = NOW - timedelta(days=1)
    assert twofactor.verify(officer, code_at(officer, earlier), now=earlier).ok
    assert not twofactor.verify(officer, code_at(officer, earlier), now=earlier).ok


def test_five_wrong_codes_lock_for_a_quarter_of_an_hour(officer: Officer, codes: list[str]) -> None:
    said = [twofactor.verify(officer, wrong(officer, NOW), now=NOW) for _ in range(5)]
    assert "还可以再试 4 次" in said[0].say and said[4].locked and "15 分钟后再试" in said[4].say
    right = code_at(officer, NOW)
    assert twofactor.verify(officer, right, now=NOW).locked
    assert twofactor.verify(officer, codes[0], now=NOW).locked, "锁住时恢复码也不收"
    assert twofactor.verify(
        officer, code_at(officer, NOW + timedelta(minutes=16)), now=NOW + timedelta(minutes=16)
    ).ok
    assert AdminRecord.objects.filter(action="twofactor.lock").count() == 1
    assert SecondFactor.objects.get(officer=officer).failures == 0


def test_the_lock_does_not_outlive_a_clock_set_back(officer: Officer, codes: list[str]) -> None:
    later = NOW + timedelta(days=3)
    for _ in range(5):
        twofactor.verify(officer, wrong(officer, later), now=later)
    assert twofactor.verify(officer, code_at(officer, NOW), now=NOW).ok


def test_recovery_codes_once_each(officer: Officer, codes: list[str]) -> None:
    written = codes[0].lower().replace("-", " ")
    first = twofactor.verify(officer, written, now=NOW)
    assert first.ok and first.left == 9
    assert not twofactor.verify(officer, codes[0], now=NOW).ok
    assert AdminRecord.objects.get(action="twofactor.recover").new == {"left": 9}
    fresh = twofactor.renew_codes(officer, code_at(officer, NOW), acting_officer=officer, now=NOW)
    assert not set(fresh) & set(codes)
    assert (
        not twofactor.verify(officer, codes[1], now=NOW).ok
        and twofactor.verify(officer, fresh[1], now=NOW).ok
    )


def test_one_persons_code_is_not_anothers(officer: Officer, codes: list[str], make_officer) -> None:
    other = make_officer("zhao.lei")
    twofactor.begin(other, PASSWORD, acting_officer=other)
    twofactor.confirm(other, code_at(other, NOW), acting_officer=other, now=NOW)
    SecondFactor.objects.filter(officer=other).update(
        recovery=SecondFactor.objects.get(officer=officer).recovery
    )
    assert not twofactor.verify(other, codes[0], now=NOW).ok
    with pytest.raises(NotAllowed, match="本人"):
        twofactor.begin(officer, PASSWORD, acting_officer=other)


def test_turning_off_needs_both(officer: Officer, codes: list[str]) -> None:
    right = code_at(officer, NOW)
    with pytest.raises(ValidationError, match="口令不对"):
        twofactor.turn_off(officer, "no", right, acting_officer=officer, now=NOW)
    with pytest.raises(ValidationError, match="动态码不对"):
        twofactor.turn_off(officer, PASSWORD, wrong(officer, NOW), acting_officer=officer, now=NOW)
    twofactor.turn_off(officer, PASSWORD, right, acting_officer=officer, now=NOW)
    assert not twofactor.enabled(officer) and not SecondFactor.objects.exists()


def test_an_administrator_removes_it_with_a_reason(
    officer: Officer, codes: list[str], admin: Officer
) -> None:
    with pytest.raises(NotAllowed, match="系统管理员"):
        twofactor.remove(admin, reason="手机丢了", acting_officer=officer, now=NOW)
    with pytest.raises(ValidationError, match="原因"):
        twofactor.remove(officer, reason="丢", acting_officer=admin, now=NOW)
    twofactor.remove(officer, reason="手机丢了", acting_officer=admin, now=NOW)
    record = queries.records_of(officer)[0]
    assert (record.title, record.officer, record.note) == ("解除二次验证", admin, "手机丢了")
    with pytest.raises(ValidationError, match="没有启用"):
        twofactor.remove(officer, reason="手机丢了", acting_officer=admin, now=NOW)
    with pytest.raises(NotAllowed, match="自己"):
        twofactor.remove(admin, reason="手机丢了", acting_officer=admin, now=NOW)


def test_leaving_drops_it(officer: Officer, codes: list[str], admin: Officer) -> None:
    actions.deactivate_officer(officer, reason="调离", acting_officer=admin, now=NOW)
    assert not SecondFactor.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_processes_cannot_use_the_same_code(make_officer) -> None:
    officer = make_officer()
    twofactor.begin(officer, PASSWORD, acting_officer=officer)
    before = NOW - 10 * STEP
    twofactor.confirm(officer, code_at(officer, before), acting_officer=officer, now=before)
    code = code_at(officer, NOW)

    def try_it(_: int) -> bool:
        try:
            while True:
                try:
                    return twofactor.verify(officer, code, now=NOW).ok
                except OperationalError:  # 测试用的内存库同时写会报“锁着”，再来
                    time.sleep(0.01)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(try_it, range(4)))
    assert sorted(found) == [False, False, False, True]
    assert json.dumps(SecondFactor.objects.get(officer=officer).failures) == "3"
