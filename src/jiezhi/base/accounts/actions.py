"""人员与岗位的全部写操作。每个操作都写管理记录；`acting_officer=None` 只用于安装和系统自动。

出错：内容不对 → ValidationError（按字段给出中文说明）；无权 → NotAllowed。
"""

from datetime import datetime
from typing import Any

from axes.utils import reset as forget_failed_logins
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.utils import timezone

from jiezhi.base.accounts import secrets
from jiezhi.base.accounts.authority import require_active, require_administrator
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.accounts.fields import EncryptedTextField
from jiezhi.base.accounts.models import Officer, Post, SecondFactor
from jiezhi.base.accounts.phones import phone_problem
from jiezhi.base.accounts.posts import STANDARD_POSTS
from jiezhi.base.accounts.records import apply_changes, note_reads, snapshot, write_record

OFFICER_FIELDS = ["login", "name", "phone", "title", "staff_kind"]
MIN_REASON = 4

#: 离岗时在同一事务里发出（参数 officer、at、acting_officer、reason）；上层据此结束任职、交接。
officer_left = Signal()


def _set_phone(officer: Officer) -> None:
    officer.phone_index = secrets.blind_index("phone", officer.phone)
    officer.phone_tail = secrets.tail_index("phone", officer.phone)


def _check_officer(officer: Officer) -> None:
    problems: dict[str, Any] = {}
    if problem := phone_problem(officer.phone):
        problems["phone"] = [problem]
    if not officer.name:
        problems["name"] = ["请填写姓名"]
    try:
        officer.clean_fields(exclude=["password", "phone", *problems])
    except ValidationError as error:
        problems.update(error.message_dict)
    if (
        "login" not in problems
        and Officer.objects.filter(login=officer.login).exclude(pk=officer.pk).exists()
    ):
        problems["login"] = [f"登录名“{officer.login}”已有人使用，请换一个"]
    if problems:
        raise ValidationError(problems)


def _check_password(password: str, officer: Officer) -> None:
    try:
        validate_password(password, officer)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error


def create_officer(
    *,
    login: str,
    name: str,
    staff_kind: str,
    acting_officer: Officer | None,
    password: str | None = None,
    phone: str = "",
    title: str = "",
    must_change_password: bool = True,
    now: datetime | None = None,
) -> Officer:
    """新增人员。登录名自动转小写；不给口令则暂不能登录。口令不写入任何记录。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    officer = Officer(
        login=secrets.normalise_login(login),
        name=name.strip(),
        staff_kind=staff_kind,
        phone=phone.strip(),
        title=title.strip(),
        must_change_password=must_change_password and password is not None,
        created_at=now,
    )
    _set_phone(officer)
    _check_officer(officer)
    if password is None:
        officer.set_unusable_password()
    else:
        _check_password(password, officer)
        officer.set_password(password)
    with transaction.atomic():
        try:
            with transaction.atomic():
                officer.save(force_insert=True)
        except IntegrityError as error:  # 两人同时用了同一个登录名
            raise ValidationError({"login": f"登录名“{officer.login}”已有人使用，请换一个"}) from error
        write_record(
            "officer.create",
            "新增人员",
            officer,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(officer, OFFICER_FIELDS),
        )
    return officer


def change_officer(
    officer: Officer, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Officer:
    """改人员资料：name、phone、title、staff_kind。本人只能改自己的电话，其余由系统管理员改。"""
    now = now or timezone.now()
    if unknown := set(changes) - {"name", "phone", "title", "staff_kind"}:
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    own_phone = acting_officer is not None and acting_officer.pk == officer.pk and set(changes) <= {"phone"}
    if own_phone:
        require_active(acting_officer)
    else:
        require_administrator(acting_officer, now)
    with transaction.atomic():
        officer = Officer.objects.select_for_update().get(pk=officer.pk)
        values = {k: v.strip() if isinstance(v, str) else v for k, v in changes.items()}
        changed, old, new = apply_changes(officer, values)
        if not changed:
            return officer
        _set_phone(officer)
        _check_officer(officer)
        officer.save(update_fields=[*changed, "phone_index", "phone_tail"])
        write_record(
            "officer.change", "修改人员", officer, acting_officer=acting_officer, now=now, old=old, new=new
        )
    return officer


def set_password(
    officer: Officer,
    password: str,
    *,
    acting_officer: Officer | None,
    current: str | None = None,
    now: datetime | None = None,
) -> Officer:
    """改口令。本人改须给出现在的口令 `current`;系统管理员重置后，本人下次登录须改，登录锁定同时解除。"""
    now = now or timezone.now()
    own = acting_officer is not None and acting_officer.pk == officer.pk
    if own:
        require_active(acting_officer)
    else:
        require_administrator(acting_officer, now)
    with transaction.atomic():
        officer = Officer.objects.select_for_update().get(pk=officer.pk)
        if not officer.is_active:
            raise ValidationError({"password": "这个账号已离岗，返岗后才能设口令"})
        if own and not officer.check_password(current or ""):
            raise ValidationError({"current": "现在的口令不对，请重新输入"})
        if own and current == password:
            raise ValidationError({"password": "新口令不能与现在的相同"})
        _check_password(password, officer)
        officer.set_password(password)
        officer.must_change_password = acting_officer is not None and not own
        officer.save(update_fields=["password", "must_change_password"])
        forget_failed_logins(username=officer.login)
        write_record(
            "officer.password",
            "本人改口令" if own else "重置口令",
            officer,
            acting_officer=acting_officer,
            now=now,
        )
    return officer


def deactivate_officer(
    officer: Officer, *, reason: str, acting_officer: Officer | None, now: datetime | None = None
) -> Officer:
    """离岗：账号停用，已登录的会话随即失效，任职由 `officer_left` 的接收者在同一事务里结束。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if acting_officer is not None and acting_officer.pk == officer.pk:
        raise NotAllowed("不能给自己办离岗，请另一位系统管理员办理")
    if not reason.strip():
        raise ValidationError({"reason": "请写明离岗原因"})
    with transaction.atomic():
        officer = Officer.objects.select_for_update().get(pk=officer.pk)
        if not officer.is_active:
            raise ValidationError({"officer": f"{officer.name}已经离岗"})
        officer.is_active, officer.left_at = False, now
        officer.save(update_fields=["is_active", "left_at"])
        # 返岗时多半换了手机，重新设置。
        SecondFactor.objects.filter(officer=officer).delete()
        officer_left.send(
            sender=Officer, officer=officer, at=now, acting_officer=acting_officer, reason=reason.strip()
        )
        write_record(
            "officer.leave",
            "离岗",
            officer,
            acting_officer=acting_officer,
            now=now,
            old={"is_active": True},
            new={"is_active": False, "left_at": now.isoformat()},
            note=reason.strip(),
        )
    return officer


def reactivate_officer(
    officer: Officer, *, acting_officer: Officer | None, now: datetime | None = None
) -> Officer:
    """返岗：账号恢复，但须由管理员重置口令后才能登录；任职另行办理。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    with transaction.atomic():
        officer = Officer.objects.select_for_update().get(pk=officer.pk)
        if officer.is_active:
            raise ValidationError({"officer": f"{officer.name}在岗，不用办返岗"})
        left_at = officer.left_at
        officer.is_active, officer.left_at = True, None
        officer.set_unusable_password()
        officer.save(update_fields=["is_active", "left_at", "password"])
        write_record(
            "officer.return",
            "返岗",
            officer,
            acting_officer=acting_officer,
            now=now,
            old={"is_active": False, "left_at": left_at.isoformat() if left_at else None},
            new={"is_active": True},
        )
    return officer


def create_post(
    *,
    code: str,
    title: str,
    acting_officer: Officer | None,
    description: str = "",
    signs: bool = False,
    now: datetime | None = None,
) -> Post:
    """新设岗位。`signs`:需要签批，只能由编制内人员担任。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    post = Post(code=code.strip(), title=title.strip(), description=description.strip(), signs=signs)
    post.full_clean()
    with transaction.atomic():
        post.save(force_insert=True)
        write_record(
            "post.create",
            "新设岗位",
            post,
            acting_officer=acting_officer,
            now=now,
            new=snapshot(post, ["code", "title", "description", "signs"]),
        )
    return post


def change_post(
    post: Post, *, acting_officer: Officer | None, now: datetime | None = None, **changes: Any
) -> Post:
    """改岗位的 title、description、signs、is_active；代码被业务模板引用，不能改。"""
    now = now or timezone.now()
    require_administrator(acting_officer, now)
    if unknown := set(changes) - {"title", "description", "signs", "is_active"}:
        raise ValueError(f"不能这样修改：{', '.join(sorted(unknown))}")
    with transaction.atomic():
        post = Post.objects.select_for_update().get(pk=post.pk)
        changed, old, new = apply_changes(post, changes)
        if changed:
            post.full_clean()
            post.save(update_fields=changed)
            write_record(
                "post.change", "修改岗位", post, acting_officer=acting_officer, now=now, old=old, new=new
            )
    return post


def install_standard_posts(*, acting_officer: Officer | None, now: datetime | None = None) -> list[Post]:
    """装上标准岗位；已有的不动。返回新装的。"""
    present = set(Post.objects.values_list("code", flat=True))
    return [
        create_post(
            code=code,
            title=post.title,
            description=post.description,
            signs=post.signs,
            acting_officer=acting_officer,
            now=now,
        )
        for code, post in STANDARD_POSTS.items()
        if code not in present
    ]


def reveal(
    target: models.Model,
    field: str,
    *,
    reason: str,
    acting_officer: Officer,
    case_number: str = "",
    now: datetime | None = None,
) -> str:
    """查看一项加密信息的明文。先提交一条查看记录，再返回明文；记录写不成就不给看。

    调用者须已确认此人看得到 `target`。不能在别的事务里调用（RuntimeError）：外层回滚会抹掉已看过的事实。
    """
    now = now or timezone.now()
    if acting_officer is None:
        raise NotAllowed("查看敏感信息须有具体的人")
    require_active(acting_officer)
    model_field = target._meta.get_field(field)
    if not isinstance(model_field, EncryptedTextField):
        raise ValueError(f"{field} 不是加密字段，不用这样查看")
    if len(reason.strip()) < MIN_REASON:
        raise ValidationError({"reason": f"请写明查看原因，至少 {MIN_REASON} 个字"})
    seen = {field: str(model_field.verbose_name)}
    with transaction.atomic(durable=True):
        note_reads([(target, seen, case_number)], reason=reason, acting_officer=acting_officer, now=now)
    return str(getattr(target, field))
