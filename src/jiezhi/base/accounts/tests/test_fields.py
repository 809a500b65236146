import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection

from jiezhi.base.accounts.errors import SecretError
from jiezhi.base.accounts.fields import CipherText
from jiezhi.base.accounts.models import Officer

PHONE = "13800001234"


def _raw(officer: Officer) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM accounts_officer WHERE id = %s", [officer.pk])
        return bytes(cursor.fetchone()[0])


def test_row_holds_no_plain_text(make_officer):
    officer = make_officer(phone=PHONE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_officer WHERE id = %s", [officer.pk])
        row = cursor.fetchone()
    written = b"".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in row)
    assert PHONE.encode() not in written and PHONE[-4:].encode() not in _raw(officer)
    assert Officer.objects.get(pk=officer.pk).phone == PHONE


def test_values_do_not_leak(make_officer):
    make_officer(phone=PHONE)
    value = Officer.objects.values_list("phone", flat=True).get()
    assert isinstance(value, CipherText) and f"{value}" == repr(value) == "（已加密）"


def test_untouched_value_is_written_back_as_it_was(make_officer):
    officer = make_officer(phone=PHONE)
    before = _raw(officer)
    loaded = Officer.objects.get(pk=officer.pk)
    loaded.title = "科员"
    loaded.save()
    assert _raw(officer) == before
    loaded.phone = "13900005678"
    loaded.save()
    assert Officer.objects.get(pk=officer.pk).phone == "13900005678"


def test_deferred_then_read(make_officer):
    make_officer(phone=PHONE)
    assert Officer.objects.defer("phone").get().phone == PHONE


def test_broken_row_fails_only_when_read(make_officer):
    officer = make_officer(phone=PHONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_officer SET phone = %s WHERE id = %s", [b"\x01" + b"x" * 40, officer.pk]
        )
    loaded = Officer.objects.get(pk=officer.pk)
    assert loaded.name == "李敏"
    with pytest.raises(SecretError):
        _ = loaded.phone


def test_cannot_filter_by_cipher(make_officer):
    make_officer(phone=PHONE)
    with pytest.raises(FieldError):
        Officer.objects.filter(phone=PHONE).exists()
    assert Officer.objects.filter(phone__isnull=False).count() == 1


def test_dump_is_cipher_and_loads_back(make_officer):
    officer = make_officer(phone=PHONE)
    text = serializers.serialize("json", [Officer.objects.get(pk=officer.pk)])
    assert PHONE not in text and "sm4:" in text
    [loaded] = serializers.deserialize("json", text)
    loaded.save()
    assert Officer.objects.get(pk=officer.pk).phone == PHONE
