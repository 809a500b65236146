"""加密的模型字段。"""

import base64
from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from jiezhi.base.accounts import secrets

DUMP_PREFIX = "sm4:"


class CipherText(bytes):
    """从数据库读出、还没有解开的值。直接打印只显示“（已加密）”。"""

    def __str__(self) -> str:
        return "（已加密）" if self else ""

    __repr__ = __str__


class _OpenOnAccess(DeferredAttribute):
    """取属性时才解密，所以列表里不显示的字段不解密，一条坏数据也不会让整页打不开。"""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if isinstance(value, CipherText):
            value = instance.__dict__[self.field.attname] = secrets.decrypt(value)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.Field):
    """文字字段，入库为 SM4-GCM 密文。对象属性是明文（用到时才解密）。

    `values()`、`values_list()` 得到的是未解开的 `CipherText`,不会无意中导出明文。
    不能用它筛选或排序（每次加密结果不同）：查找请另设盲索引列。
    """

    descriptor_class = _OpenOnAccess

    def __init__(self, *args: Any, mask: Callable[[str], str] = secrets.mask_all, **kwargs: Any) -> None:
        """`mask`:写管理记录时怎样遮盖；默认全部遮住。"""
        self.mask = mask  # 不进迁移：与库结构无关
        kwargs.setdefault("default", "")
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> CipherText | None:
        return None if value is None else CipherText(value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith(DUMP_PREFIX):
            return CipherText(base64.b64decode(value[len(DUMP_PREFIX) :]))
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        # 没有读过的值原样写回，不解密再加密。
        return model_instance.__dict__[self.attname]

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        if isinstance(value, CipherText):
            return bytes(value)
        return secrets.encrypt(str(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        ready = value if prepared else self.get_prep_value(value)
        return None if ready is None else connection.Database.Binary(ready)

    def value_to_string(self, obj: models.Model) -> str:
        """dumpdata 用：导出密文而不是明文。"""
        return DUMP_PREFIX + base64.b64encode(self.get_prep_value(obj.__dict__[self.attname]) or b"").decode()

    def get_lookup(self, lookup_name: str) -> Any:
        # 等值筛选永远查不到，与其悄悄返回空，不如报错。
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
