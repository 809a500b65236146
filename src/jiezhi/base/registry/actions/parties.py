"""当事人、来件人。"""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.authority import require_active
from jiezhi.base.accounts.models import Officer
from jiezhi.base.accounts.phones import phone_problem
from jiezhi.base.accounts.records import apply_changes, snapshot, write_record
from jiezhi.base.registry.identifiers import identifier_problem
from jiezhi.base.registry.models import Party, PartyKind

PARTY_FIELDS = ["kind", "name", "identifier_kind", "identifier", "phone", "address"]
DERIVED = ["name_key", "identifier_index", "identifier_tail", "phone_index", "phone_tail"]
_TAKEN = "这个证件号已经登记过，请查出已有的当事人，不要重复登记"


def _prepare(party: Party) -> None:
    """统一写法，算盲索引，检查。出错：ValidationError（不重复证件号、电话本身）。"""
    party.name = party.name.strip()
    party.name_key = secrets.normalise(party.name)[:100]
    party.identifier = secrets.normalise(party.identifier)
    party.phone, party.address = party.phone.strip(), party.address.strip()
    party.identifier_index = secrets.blind_index("id", party.identifier)
    party.identifier_tail = secrets.tail_index("id", party.identifier)
    party.phone_index = secrets.blind_index("phone", party.phone)
    party.phone_tail = secrets.tail_index("phone", party.phone)
    problems: dict[str, Any] = {}
    if not party.name_key:
        problems["name"] = "请填写姓名或名称；不愿透露的填“匿名”"
    if party.kind not in PartyKind.values:
        problems["kind"] = "请选择是个人还是单位"
    elif party.kind == PartyKind.PERSON and party.identifier_kind == "uscc":
        problems["identifier_kind"] = "个人没有统一社会信用代码；个体工商户请按单位登记"
    elif party.kind == PartyKind.FIRM and party.identifier_kind == "ric":
        problems["identifier_kind"] = "单位没有身份证号；经办人请另按个人登记"
    elif problem := identifier_problem(party.identifier_kind, party.identifier):
        problems["identifier"] = problem
    if problem := phone_problem(party.phone):
        problems["phone"] = problem
    if problems:
        raise ValidationError(problems)
    party.clean_fields()
    if party.identifier_index:
        same = Party.objects.filter(
            identifier_index=party.identifier_index, identifier_kind=party.identifier_kind
        )
        if same.exclude(pk=party.pk).exists():
            raise ValidationError({"identifier": _TAKEN})


def _masked(party: Party, values: dict[str, Any]) -> dict[str, Any]:
    """管理记录里个人姓名也遮盖。"""
    if "name" in values and party.kind == PartyKind.PERSON:
        values["name"] = secrets.mask_name(values["name"])
    return values


def create_party(
    *,
    kind: str,
    name: str,
    acting_officer: Officer | None,
    identifier_kind: str = "",
    identifier: str = "",
    phone: str = "",
    address: str = "",
    now: datetime | None = None,
) -> Party:
    """登记当事人。`identifier_kind`:ric 身份证、uscc 统一社会信用代码、other 其他，空为未填。"""
    now = now or timezone.now()
    require_active(acting_officer)
    party = Party(
        kind=kind,
        name=name,
        identifier_kind=identifier_kind,
        identifier=identifier,
        phone=phone,
        address=address,
        created_at=now,
    )
    _prepare(party)
    with transaction.atomic():
        try:
            with transaction.atomic():
                party.save(force_insert=True)
        except IntegrityError as error:  # 两人同时登记同一个证件号
            raise ValidationError({"identifier": _TAKEN}) from error
        write_record(
            "party.create",
            "登记当事人",
            party,
            acting_officer=acting_officer,
            now=now,
            new=_masked(party, snapshot(party, PARTY_FIELDS)),
        )
    return party


def obtain_party(*, acting_officer: Officer | None, now: datetime | None = None, **given: Any) -> Party:
    """证件号登记过就取已有的（不改其资料），否则按 `create_party` 登记。供导入用；没有证件号的总是新登记。"""
    index = secrets.blind_index("id", given.get("identifier", ""))
    if index:
        known = Party.objects.filter(
            identifier_index=index, identifier_kind=given.get("identifier_kind", "")
        ).first()
        if known is not None:
            return known
    return create_party(acting_officer=acting_officer, now=now, **given)


def change_party(
    party: Party, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Party:
    """改当事人的 name、identifier_kind、identifier、phone、address。"""
    now = now or timezone.now()
    require_active(acting_officer)
    if unknown := set(changes) - set(PARTY_FIELDS[1:]):
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    if "identifier" in changes:
        changes["identifier"] = secrets.normalise(changes["identifier"])
    with transaction.atomic():
        party = Party.objects.select_for_update().get(pk=party.pk)
        changed, old, new = apply_changes(party, changes)
        if not changed:
            return party
        _prepare(party)
        party.save(update_fields=[*changed, *DERIVED])
        write_record(
            "party.change",
            "修改当事人",
            party,
            acting_officer=acting_officer,
            now=now,
            old=_masked(party, old),
            new=_masked(party, new),
        )
    return party
