"""训练、使用、检验：小样本上的性质。"""

from __future__ import annotations

import datetime as dt
import io
import random
import subprocess
import sys

import numpy as np
import pytest

from jiezhi.assist.classify.evaluate import calibration_error, cross_validate, hold_out, not_seen
from jiezhi.assist.classify.features import HEAD, HEAD_WORDS, JOIN, SHARES, Vectoriser
from jiezhi.assist.classify.model import NEVER, Model, ModelError
from jiezhi.assist.classify.train import TrainingError, choose_threshold, train

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
WORDS = {
    "城建/路灯": ["路灯", "灯杆", "不亮", "照明", "夜晚", "漆黑", "线路", "灯泡", "检修", "电箱"],
    "环保/噪声": ["噪声", "噪音", "扰民", "施工", "音响", "广场", "分贝", "深夜", "睡觉", "吵闹"],
    "教育": ["学校", "老师", "学生", "收费", "补课", "招生", "学区", "课程", "家长", "教材"],
}
COMMON = ["小区", "居民", "附近", "街道", "多次", "处理", "尽快", "部门", "投诉", "解决"]


def samples(count: int, seed: int = 1, noise: float = 0.0) -> tuple[list[str], list[str]]:
    """Made-up messages: words of the category and common ones; `noise` is the share of wrong labels."""
    chance = random.Random(seed)
    texts, labels = [], []
    for _ in range(count):
        label = chance.choice(list(WORDS))
        texts.append(" ".join(chance.sample(WORDS[label], 4) + chance.sample(COMMON, 3)))
        labels.append(chance.choice(list(WORDS)) if chance.random() < noise else label)
    return texts, labels


@pytest.fixture(scope="module")
def model() -> Model:
    texts, labels = samples(150)
    return train(texts, labels, list(range(150)), trained_at=NOW, tokenised=True)


def test_suggestion_names_category_and_reasons(model):
    said = model.suggest("楼下路灯不亮好几天了,夜晚一片漆黑,请检修线路")
    assert said.category == "城建/路灯"
    assert said.confidence >= model.threshold
    assert len(said.alternatives) == 3
    assert said.alternatives[0] == ("城建/路灯", said.confidence)
    assert sum(chance for _, chance in said.alternatives) == pytest.approx(1)
    assert said.because and set(said.because) <= set(WORDS["城建/路灯"]) | set(COMMON)
    assert said.because[0] in WORDS["城建/路灯"]


@pytest.mark.parametrize("text", ["", "你好", "13800138000", "qwerty 一无所知", "路灯"])
def test_abstains_when_it_knows_next_to_nothing(model, text):
    said = model.suggest(text)
    assert said.category is None
    assert said.alternatives


def test_many_at_once_is_the_same_as_one_by_one(model):
    texts, _ = samples(12, seed=9)
    texts.append("")
    many = model.suggest_many(texts)
    for text, said in zip(texts, many, strict=True):
        alone = model.suggest(text)
        assert alone.category == said.category
        assert alone.because == said.because
        assert alone.confidence == pytest.approx(said.confidence)
    assert model.suggest_many([]) == []


def test_about_tells_where_the_model_comes_from(model):
    about = model.about
    assert about["trained_at"] == NOW.isoformat()
    assert about["rows"] == 150 and sum(about["classes"].values()) == 150
    assert about["out_of_fold"]["accuracy"] > 0.95
    assert len(about["digest"]) == 64


def test_same_data_same_model_and_a_file_round_trip(model, tmp_path):
    texts, labels = samples(150)
    again = train(texts, labels, list(range(150)), trained_at=NOW, tokenised=True)
    assert np.array_equal(again.weights, model.weights)
    assert again.threshold == model.threshold
    assert again.to_bytes() == model.to_bytes()
    path = tmp_path / "类别.npz"
    model.save(path)
    for loaded in (Model.load(path), Model.load(io.BytesIO(model.to_bytes()))):
        assert loaded.about == model.about
        assert loaded.suggest("学校补课收费") == model.suggest("学校补课收费")


def test_damaged_and_foreign_files_are_refused(model, tmp_path):
    content = model.to_bytes()
    with pytest.raises(ModelError):
        Model.load(io.BytesIO(content[: len(content) // 2]))
    with pytest.raises(ModelError):
        Model.load(io.BytesIO(b"no model"))
    with pytest.raises(ModelError):
        Model.load(tmp_path / "没有.npz")
    carrier = io.BytesIO()
    np.savez(carrier, about=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ModelError):
        Model.load(io.BytesIO(carrier.getvalue()))


def test_using_a_model_never_imports_scikit_learn(model, tmp_path):
    path = tmp_path / "m.npz"
    model.save(path)
    code = (
        "import sys; from jiezhi.assist.classify.model import Model; import jiezhi.assist.classify.train; "
        f"m = Model.load({str(path)!r}); assert m.suggest('路灯不亮').alternatives; "
        "sys.exit(any(n.split('.')[0] in ('sklearn', 'scipy') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_rare_classes_are_left_out_and_named():
    texts, labels = samples(90)
    report = train([*texts, "井盖 缺失 路灯"], [*labels, "井盖"], trained_at=NOW, tokenised=True, folds=3)
    assert report.about["left_out"] == {"井盖": 1}
    assert "井盖" not in report.classes
    with pytest.raises(TrainingError, match="不足两个"):
        train(texts[:4], labels[:4], trained_at=NOW, tokenised=True)


def test_copies_of_one_message_do_not_make_a_class():
    texts, labels = samples(60)
    copies = ["井盖 缺失 路口 危险 行人"] * 30
    result = train(texts + copies, labels + ["井盖"] * 30, trained_at=NOW, tokenised=True, folds=3)
    assert result.about["left_out"] == {"井盖": 1}


def test_noisy_labels_make_it_abstain():
    texts, labels = samples(240, noise=0.5)
    strict = train(texts, labels, list(range(240)), trained_at=NOW, tokenised=True, target_precision=1.0)
    assert strict.threshold == NEVER
    assert strict.suggest("路灯 不亮 照明 漆黑", tokenised=True).category is None
    loose = train(texts, labels, list(range(240)), trained_at=NOW, tokenised=True, target_precision=0.4)
    assert loose.suggest("路灯 不亮 照明 漆黑", tokenised=True).category == "城建/路灯"
    assert loose.about["out_of_fold"]["precision"] >= 0.4


def test_two_classes_work():
    texts, labels = samples(120)
    pairs = [(t, x) for t, x in zip(texts, labels, strict=True) if x != "教育"]
    two = train([t for t, _ in pairs], [x for _, x in pairs], trained_at=NOW, tokenised=True)
    assert two.suggest("噪音扰民,深夜施工").category == "环保/噪声"
    assert two.suggest("路灯不亮,夜晚漆黑").category == "城建/路灯"


def test_threshold_is_the_lowest_that_keeps_the_promise():
    confidence = np.array([0.9] * 20 + [0.5] * 20 + [0.3] * 20)
    right = np.array([True] * 20 + [True] * 18 + [False] * 2 + [False] * 20)
    assert choose_threshold(confidence, right, 0.95) == 0.5
    assert choose_threshold(confidence, right, 0.96) == 0.9
    assert choose_threshold(confidence, right, 0.5) == 0.3
    assert choose_threshold(confidence, ~right, 0.99) == NEVER
    assert choose_threshold(np.array([]), np.array([]), 0.9) == NEVER


def test_grouped_cross_validation_reports_and_repeats():
    texts, labels = samples(120, noise=0.1)
    first = cross_validate(texts, labels, trained_at=NOW, tokenised=True, folds=3)
    assert first == cross_validate(texts, labels, trained_at=NOW, tokenised=True, folds=3)
    assert first.rows == 120
    assert 0.8 < first.accuracy < 1
    assert sum(score.count for score in first.per_class) == 120
    assert first.confusions[0][2] >= first.confusions[-1][2]
    assert len(first.fold_macro_f1) == 3
    assert first.as_dict()["rows"] == 120


def test_hold_out_by_hand():
    class Fixed(Model):
        def __init__(self):
            vectoriser = Vectoriser(["甲词", "乙词"], np.ones(2, np.float32))
            eye = np.eye(2)
            super().__init__(
                ["甲", "乙"], vectoriser, eye.astype("f4"), np.zeros(2, "f4"), eye * 4, np.zeros(2), 0.9, {}
            )

    report = hold_out(Fixed(), ["甲词", "甲词", "乙词", "乙词"], ["甲", "乙", "乙", "乙"], tokenised=True)
    assert report.accuracy == 0.75
    assert report.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert report.coverage == 0 and report.precision is None  # one known word each: too little to suggest
    assert report.confusions == [("乙", "甲", 1)]
    with pytest.raises(ValueError, match="没有可供检验"):
        hold_out(Fixed(), [], [])


def test_rows_of_seen_groups_are_held_back():
    assert not_seen([0, 1, 0, 2, 3], trained=[0, 1], candidates=[2, 3, 4]) == [3, 4]


def test_calibration_error_by_hand():
    assert calibration_error([0.75, 0.75, 0.25, 0.25], [1, 0, 0, 0]) == pytest.approx(0.25)
    assert calibration_error([1.0, 1.0], [True, True]) == 0


def test_a_word_of_one_group_stays_out_of_the_vocabulary():
    documents = [["张三丰", "路灯"]] * 5 + [["路灯", "照明"], ["照明"], ["噪声"], ["噪声"]]
    fitted = Vectoriser.fit(documents, [0, 0, 0, 0, 0, 1, 2, 3, 4])
    assert {"路灯", "照明", "噪声"} <= set(fitted.terms)
    assert not any("张三" in term or "三丰" in term for term in fitted.terms)
    assert len(fitted.rows([["陌生"]]).data) == 0


def test_each_family_has_its_share_of_a_row():
    fitted = Vectoriser.fit(
        [["路灯", "不亮", "路灯"], ["路灯", "不亮"], ["噪声"], ["噪声"], ["音响"]], range(5)
    )
    rows = fitted.rows([["路灯", "不亮", "陌生"], ["陌生"], ["音响", "噪声"]])
    terms, values = rows.row(0)
    for kind, share in enumerate(SHARES):
        assert np.linalg.norm(values[fitted.kinds[terms] == kind]) == pytest.approx(share)
    assert len(rows.row(1)[0]) == 0
    named = {fitted.terms[at] for at in rows.row(2)[0]}
    assert "噪声" in named and HEAD + "噪声" in named and not any(JOIN in term for term in named)


def test_order_of_words_and_the_opening_count():
    same = [["路灯", "不亮", *["居民"] * HEAD_WORDS, "噪声"]] * 2 + [["其他"], ["别的"]]
    fitted = Vectoriser.fit(same, range(4))
    assert "噪声" in fitted.terms and HEAD + "噪" not in fitted.terms and HEAD + "灯不亮" in fitted.terms
    there, back = fitted.rows([["路灯", "不亮"]]), fitted.rows([["不亮", "路灯"]])
    pair = fitted.terms.index("路灯" + JOIN + "不亮")
    assert pair in there.indices and pair not in back.indices


def test_labels_at_random_are_not_learnt_out_of_fold():
    texts, labels = samples(300, noise=1.0)
    told = train(texts, labels, list(range(300)), trained_at=NOW, tokenised=True).about["out_of_fold"]
    assert told["accuracy"] < 0.45
