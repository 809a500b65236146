"""每个表都有人核：由办理记录重放、带行印，或者写明为什么不核。新加的表漏了就不过。"""

from __future__ import annotations

from django.apps import apps
from django.db import models

from jiezhi.base.accounts.sealing import SealedModel, SealedQuerySet, sealed_models
from jiezhi.base.casework.integrity_seals import REPLAYED, UNCHECKED
from jiezhi.base.casework.models import Event


def test_every_table_is_checked_one_way_or_another() -> None:
    labels = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    sealed = {model._meta.label for model in sealed_models()}
    assert labels == sealed | set(REPLAYED) | set(UNCHECKED)
    assert not sealed & {*REPLAYED, *UNCHECKED} and not set(REPLAYED) & set(UNCHECKED)
    assert not [label for label, why in UNCHECKED.items() if len(why) < 6]


def test_few_columns_are_left_out() -> None:
    """不算进行印的列只有这几个；办理记录的其余各列由链核。"""
    left = {
        f"{model._meta.label}.{name}"
        for model in sealed_models()
        if model is not Event
        for name in model.unsealed
    }
    assert left == {"accounts.Officer.last_login", "api.ApiToken.last_used_at", "casework.Notice.read_at"}
    for model in sealed_models():
        assert model.unsealed <= {field.attname for field in model._meta.concrete_fields}


def test_no_table_loses_its_sealing_queryset() -> None:
    """换了管理器的模型，`update` 也要重算行印；只追加的本来就不许改。"""
    for model in sealed_models():
        rows = model._default_manager.all()
        frozen = type(rows).__name__ == "AppendOnlyQuerySet"
        assert frozen or isinstance(rows, SealedQuerySet), model
        assert issubclass(model, SealedModel) and isinstance(rows, models.QuerySet)
