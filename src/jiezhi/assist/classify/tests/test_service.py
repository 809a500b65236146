"""归类建议用在办件上:预填、换模型、从办过的件里学。"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from jiezhi.assist.classify import actions, facts, queries
from jiezhi.assist.classify.actions import NotBetter
from jiezhi.assist.classify.data import DataError
from jiezhi.assist.classify.model import Model
from jiezhi.assist.classify.tests.test_model import WORDS, samples
from jiezhi.assist.classify.train import TrainingError, train
from jiezhi.base.accounts.errors import NotAllowed
from jiezhi.base.casework import actions as casework
from jiezhi.base.casework import matters
from jiezhi.base.casework.actions import Entry
from jiezhi.base.casework.engine.work import Work
from jiezhi.base.casework.extensions import Context
from jiezhi.base.casework.models import Case
from jiezhi.base.casework.testing import MATTER, START, Office, definition, make_office

LAMP = "楼下路灯不亮好几天了,夜晚一片漆黑,请检修线路"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def lamp_model() -> Model:
    texts, labels = samples(150)
    return train(texts, labels, list(range(150)), trained_at=START, tokenised=True)


@pytest.fixture
def office(db: None, tmp_path: Path) -> Iterator[Office]:
    """来件登记时预填类别的街道;更正时可改类别。"""
    street = make_office()
    fields = {
        **MATTER["fields"],
        "content": {"title": "内容", "type": "text"},
        "category": {"title": "类别", "type": "code", "list": "report_category", "indexed": True},
    }
    acts: dict[str, Any] = {**MATTER["actions"]}
    acts["register"] = {
        **acts["register"],
        "collect": ["subject", "content?", "category?"],
        "fill": {"category": "classify.category"},
    }
    acts["correct"] = {
        "title": "更正", "means": "inform", "from": "any", "by": "post.dispatcher", "collect": ["category"],
    }  # fmt: skip
    acts["drop"] = {
        "title": "直接办结",
        "means": "close",
        "from": "new",
        "to": "closed",
        "by": "post.dispatcher",
    }
    matters.publish(definition(fields=fields, actions=acts), now=START)
    matters.publish_codes("report_category", "诉求类别", {label: label for label in WORDS})
    home = settings.HOME
    settings.HOME = tmp_path
    yield street
    settings.HOME = home


def opened(office: Office, subject: str = LAMP, **more: Any) -> Case:
    result = casework.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": subject, **more}, now=START
    )
    assert result.ok, str(result)
    return Case.objects.get(uid=result.uid)  # type: ignore[union-attr]


def done(office: Office, case: Case, action: str, **inputs: Any) -> None:
    result = casework.act(
        str(case.uid), action, acting_officer=office.dispatcher, inputs=inputs, now=START + DAY
    )
    assert result.ok, str(result)


def told(text: str) -> Context:
    return Context(Work(START), None, {"subject": text}, None, START)


def test_no_model_no_suggestion_and_nothing_stops(office: Office) -> None:
    assert queries.current() is None and queries.suggest(LAMP) is None and queries.about() is None
    assert "category" not in opened(office).fields
    assert facts.category(told(LAMP)) is None


def test_category_is_filled_in_and_says_why(office: Office, lamp_model: Model) -> None:
    actions.install(lamp_model)
    assert opened(office).fields["category"] == "城建/路灯"
    assert facts.category(told(LAMP)) == "城建/路灯"
    said = queries.suggest(LAMP)
    assert said is not None and 0.8 <= said.confidence <= 1 and "线路" in said.because
    about = queries.about()
    assert about is not None and about.rows == 150 and about.classes == 3


def test_what_the_officer_writes_stands(office: Office, lamp_model: Model) -> None:
    actions.install(lamp_model)
    assert opened(office, category="教育").fields["category"] == "教育"


def test_no_suggestion_when_unsure_or_no_longer_in_the_list(office: Office, lamp_model: Model) -> None:
    actions.install(lamp_model)
    assert "category" not in opened(office, "有件事想问问").fields
    matters.publish_codes("report_category", "诉求类别", {"教育": "教育"})
    assert "category" not in opened(office).fields
    assert facts.category(told(LAMP)) is None


def test_damaged_model_only_silences_the_suggestion(office: Office, lamp_model: Model) -> None:
    path = actions.install(lamp_model)
    path.write_bytes(path.read_bytes()[:1000])
    os.utime(path, (1, 1))
    assert queries.current() is None and "category" not in opened(office).fields


def test_new_model_is_taken_up_without_restart_and_the_old_one_kept(
    office: Office, lamp_model: Model
) -> None:
    path = actions.install(lamp_model)
    first = path.read_bytes()
    assert queries.current() is queries.current()
    texts, labels = samples(80, seed=2)
    other = train(texts, labels, list(range(80)), trained_at=START + DAY, tokenised=True)
    actions.install(other)
    standing = queries.current()
    assert standing is not None and standing.about["rows"] == 80
    assert path.with_name("report.previous.npz").read_bytes() == first
    assert sorted(item.name for item in path.parent.iterdir()) == ["report.npz", "report.previous.npz"]
    assert actions.restore_previous(acting_officer=None, now=START)
    standing = queries.current()
    assert standing is not None and standing.about["rows"] == 150
    assert not actions.restore_previous(acting_officer=None, now=START)


def test_thousands_are_asked_in_one_go(
    office: Office, lamp_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.install(lamp_model)
    asked: list[int] = []
    original = Model.suggest_many

    def counted(self: Model, texts: list[str], *args: Any, **more: Any) -> Any:
        asked.append(len(texts))
        return original(self, texts, *args, **more)

    monkeypatch.setattr(Model, "suggest_many", counted)
    entries = [Entry(matter="test.report", inputs={"subject": f"{LAMP}{'啊' * i}"}) for i in range(20)]
    entries += [entries[0], Entry(matter="test.report", inputs={"subject": LAMP, "category": "教育"})]
    results = casework.act_many(entries, acting_officer=office.dispatcher, now=START, prepare=facts.prefetch)
    assert all(result.ok for result in results) and asked == [20]
    assert Case.objects.filter(fields__category="城建/路灯").count() == 21


def sheet(folder: Path, count: int, seed: int = 1, noise: float = 0.0) -> Path:
    texts, labels = samples(count, seed, noise)
    path = folder / "样本.csv"
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["内容", "一级分类"])
        writer.writerows(zip(texts, labels, strict=True))
    return path


def test_training_from_a_sheet(office: Office, tmp_path: Path) -> None:
    path = sheet(tmp_path, 300)
    with pytest.raises(NotAllowed):
        actions.train_from_file(path, ["内容"], "一级分类", acting_officer=office.clerk, now=START)
    with pytest.raises(DataError, match="缺少这些列"):
        actions.train_from_file(path, ["正文"], "一级分类", acting_officer=None, now=START)
    found = actions.train_from_file(path, ["内容"], "一级分类", acting_officer=None, now=START)
    assert found.rows == 300 and found.classes == 3 and found.before is None and found.score.accuracy > 0.9
    standing = queries.current()
    assert standing is not None and standing.about["target_precision"] == 0.95
    assert opened(office).fields["category"] == "城建/路灯"
    again = actions.train_from_file(path, ["内容"], "一级分类", acting_officer=None, now=START + DAY)
    assert again.before is not None


def test_clearly_worse_model_does_not_replace_the_standing_one(office: Office, tmp_path: Path) -> None:
    actions.train_from_file(sheet(tmp_path, 300), ["内容"], "一级分类", acting_officer=None, now=START)
    standing = queries.path_of().read_bytes()
    spoilt = sheet(tmp_path, 60, seed=3)
    rows = spoilt.read_text("utf-8").splitlines()
    # 五分之四的样本标错了类别,留出检验的那些没有标错。
    shift = dict(zip(WORDS, [*list(WORDS)[1:], *list(WORDS)[:1]], strict=True))
    for at in range(1, len(rows)):
        if (at - 1) % 5:
            text, label = rows[at].rsplit(",", 1)
            rows[at] = f"{text},{shift[label]}"
    spoilt.write_text("\n".join(rows), "utf-8")
    with pytest.raises(NotBetter, match="没有换上"):
        actions.train_from_file(spoilt, ["内容"], "一级分类", acting_officer=None, now=START + DAY)
    assert queries.path_of().read_bytes() == standing


def test_history_takes_only_what_a_person_decided(office: Office, lamp_model: Model) -> None:
    actions.install(lamp_model)
    corrected = opened(office, LAMP + "一")
    done(office, corrected, "correct", category="教育")
    suggested = opened(office, LAMP + "二")
    waiting = opened(office, LAMP + "三")
    done(office, waiting, "correct", category="教育")
    for case in (corrected, suggested):
        done(office, case, "drop")
    assert list(actions.history()) == [(LAMP + "一", "教育")]
    with pytest.raises(TrainingError, match="只有 1 件"):
        actions.train_from_history(now=START + DAY)


def test_training_from_history(office: Office) -> None:
    texts, labels = samples(60)
    for text, label in zip(texts, labels, strict=True):
        case = opened(office, text.replace(" ", ""))
        done(office, case, "correct", category=label)
        done(office, case, "drop")
    found = actions.train_from_history(now=START + DAY, min_rows=50)
    assert found.rows == 60 and queries.current() is not None
