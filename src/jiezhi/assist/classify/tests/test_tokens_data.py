"""分词、样本与去重。"""

from __future__ import annotations

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.assist.classify.data import DataError, group_duplicates, read_labelled
from jiezhi.assist.classify.tokens import ID_WORD, NUMBER_WORD, PHONE_WORD, tokens


def test_words_without_stop_words_and_numbers():
    got = tokens("我们小区的路灯坏了3天,A3区没有人管")
    assert "小区" in got and "路灯" in got
    assert not {"我们", "的", "了", "3", "a3", ","} & set(got)


def test_long_words_also_give_their_parts():
    assert {"垃圾", "垃圾处理"} <= set(tokens("垃圾处理", tokenised=True))
    assert tokens("垃圾处理", tokenised=True, parts=False) == ["垃圾处理"]


@pytest.mark.parametrize(
    "written", ["13800138000", "\uff11\uff13800138000", "138-0013-8000", "0571-87654321"]
)
def test_telephones_are_masked(written):
    got = tokens(f"请拨打{written}联系")
    assert PHONE_WORD in got
    assert not any(any(c.isdigit() for c in word) for word in got)


def test_identity_and_other_numbers_and_links_are_masked():
    got = tokens("身份证44030119800101001X,工单号20240101000123,见 https://example.test/a 或 a@example.test")
    assert ID_WORD in got and NUMBER_WORD in got
    assert "example" not in got
    assert tokens("路灯 13800138000", tokenised=True) == ["路灯", PHONE_WORD]


@given(st.text(max_size=60))
@settings(max_examples=80)
def test_any_text_gives_words_without_digits(text):
    for word in tokens(text):
        assert word.strip() == word != ""
        assert not any(c in "0123456789" for c in word)


def test_duplicates_and_near_duplicates_share_a_group():
    base = [f"词{chr(0x4E00 + i)}" for i in range(30)]
    near = [*base[:-2], "另外", "两个"]
    other = [f"别{chr(0x4E00 + i)}" for i in range(30)]
    groups = group_duplicates([base, other, list(base), near, [], [], other[:10] + base[:5]])
    assert groups[0] == groups[2] == groups[3]
    assert groups[1] not in (groups[0], groups[6])
    assert groups[4] == groups[5] != groups[0]
    assert groups[0] == 0 and max(groups) == len(set(groups)) - 1


def test_pairs_below_the_similarity_stay_apart():
    base = [f"词{chr(0x4E00 + i)}" for i in range(20)]
    half = base[:10] + [f"别{chr(0x4E00 + i)}" for i in range(10)]
    assert len(set(group_duplicates([base, half], similarity=0.6))) == 2
    assert len(set(group_duplicates([base, half], similarity=0.2))) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_read_csv_in_any_encoding(tmp_path, encoding):
    path = tmp_path / "样本.csv"
    path.write_bytes(
        '主题,详情,一级,二级\n路灯,"不亮,三天",城建,路灯\n无标签,x,,\n,,城建,\n'.encode(encoding)
    )
    got = read_labelled(path, ["主题", "详情"], "一级", more_label_columns=["二级"])
    assert got.texts == ["路灯\n不亮,三天"]
    assert got.labels == ["城建/路灯"]
    assert got.skipped == 2
    assert len(got.digest) == 64


def test_read_tsv_and_xlsx(tmp_path):
    tsv = tmp_path / "a.tsv"
    tsv.write_text('label\ttokens\n城建\t路灯 "不亮\n', encoding="utf-8")
    first = read_labelled(tsv, ["tokens"], "label")
    assert (first.texts, first.labels) == (['路灯 "不亮'], ["城建"])
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("样本")
        sheet.write_row(0, 0, ["label", "tokens"])
        sheet.write_row(1, 0, ["城建", '路灯 "不亮'])
    second = read_labelled(path, ["tokens"], "label")
    assert second.digest == first.digest
    with pytest.raises(DataError, match="没有名为"):
        read_labelled(path, ["tokens"], "label", sheet="别的")


def test_bad_files_say_what_to_do(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(DataError, match="找不到"):
        read_labelled(path, ["x"], "y")
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="缺少这些列:x、y"):
        read_labelled(path, ["x"], "y")
    broken = tmp_path / "a.xlsx"
    broken.write_bytes(b"PK\x03\x04nothing")
    with pytest.raises(DataError, match="打不开"):
        read_labelled(broken, ["x"], "y")
