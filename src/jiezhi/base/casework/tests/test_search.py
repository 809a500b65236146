"""按字找件：切字、找法、随办理变动、敏感的不进、重建与增量一致、坏了查得出。"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiezhi.base.casework import actions, dialect, integrity, matters, search, upkeep, versions
from jiezhi.base.casework.listing import Filters, listed, worklist
from jiezhi.base.casework.models import Case, CaseText
from jiezhi.base.casework.testing import MATTER, START, Office, confidential, definition
from jiezhi.base.casework.tests.lives import HOUR, archivist, done, life, run, tampering
from jiezhi.core.procedure.change import ChangeDecl


def words(case: Case) -> set[str]:
    row = CaseText.objects.filter(case=case).first()
    return set(row.words.split()) if row else set()


def found(office: Office, text: str) -> set[str]:
    """列表的一页和可以组合的查询，找到的一样。"""
    page = listed(office.dispatcher, Filters(words=text), now=START + 9 * HOUR)
    rows = worklist(office.dispatcher, Filters(words=text), now=START + 9 * HOUR)
    numbers = {case.number for case in page.cases}
    assert numbers == set(rows.values_list("number", flat=True))
    return numbers


def report(office: Office, subject: str, **inputs: Any) -> Case:
    opened = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": subject, **inputs}, now=START
    )
    return Case.objects.get(uid=done(opened).uid)


# ---- 切字 ----


def test_every_character_enters_the_index_as_it_was_cut(office: Office) -> None:
    """数据库的切词器不另有主意：全部字母、数字、文字，进索引的就是切出来的，写什么找得到什么。"""
    signs = [chr(code) for code in range(0x110000) if chr(code).isalnum()]
    assert len(signs) > 130_000
    rows = []
    for n in range(0, len(signs), 6000):
        case = report(office, "字")
        texts = " ".join(sign * 2 for sign in signs[n : n + 6000])
        rows.append((search.place_at(case.opened_at, case.pk), case.pk, search.words_of([texts]), ""))
    search.write(rows)
    assert dialect.index_broken() == ""
    kept = {row[0]: set(row[2].split()) for row in rows}
    for sign in ["Σ", "ς", "ᦰ", "İ", "ß", "ﬁ", "ⅻ", "𠮷", "ა", "Ꭰ", *signs[::1500]]:
        wanted = search.sought(f"“{sign * 2}”").words
        sql, params = dialect.places_with(wanted)
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            places = {place for (place,) in cursor.fetchall()}
        assert places == {place for place, words in kept.items() if set(wanted) <= words} != set(), sign


def test_the_last_letter_of_a_greek_word_is_no_different(office: Office) -> None:
    case = report(office, "门头ΟΔΟΣ灯箱 ᦰᦱ")
    assert dialect.index_broken() == ""
    assert found(office, "οδος") == found(office, "ΟΔΟσ") == found(office, "ᦰᦱ") == {case.number}


@pytest.mark.parametrize("sign", ["a", "𐐨"])
def test_a_very_long_run_of_letters_is_cut_short(office: Office, sign: str) -> None:
    case = report(office, "网址")
    text = sign * 9000
    search.write([(search.place_at(case.opened_at, case.pk), case.pk, search.words_of([text]), "")])
    assert dialect.index_broken() == "" and found(office, text) == {case.number}
    assert max(len(word.encode()) for word in words(case)) <= 512


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("路灯不亮", "路灯 灯不 不亮"),
        ("桥畔路12号3栋", "桥畔 畔路 路12 12号 号3 3栋 12 3"),
        ("ＳＰ２０２６ 灯", "sp2026 灯"),
        ("云桥罚〔2026〕7号", "云桥 桥罚 2026 7号 7"),
        ("a，b。灯灯灯", "a b 灯灯"),
        ("", ""),
    ],
)
def test_text_is_cut_into_pairs(text: str, expected: str) -> None:
    assert search.words_of([text]) == expected


def test_any_two_characters_are_found_however_a_dictionary_would_cut_them() -> None:
    """分词会把“路灯不亮”切成“路”“灯不亮”；两字串不会。"""
    text = "旧圩街路灯不亮，栖溪花园3栋没有人管"
    have = set(search.words_of([text]).split())
    for chunk in ("旧圩街路灯不亮", "栖溪花园3栋没有人管"):
        for size in range(2, len(chunk) + 1):
            for start in range(len(chunk) - size + 1):
                sought = search.sought(chunk[start : start + size]).words
                assert sought and set(sought) <= have, chunk[start : start + size]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("路灯 圩街", ("路灯", "圩街")),
        ("“桥畔路12号”", ("桥畔", "畔路", "路12", "12号")),
        ("占道经营", ("占道", "道经", "经营")),
        ("灯", ()),
        ("，。", ()),
        ("SP2026", ("sp2026",)),
        ("路灯 路灯", ("路灯",)),
    ],
)
def test_what_is_typed_becomes_words_that_must_all_be_there(text: str, expected: tuple[str, ...]) -> None:
    assert search.sought(text).words == expected


def test_a_long_sentence_is_cut_into_words_not_looked_for_whole() -> None:
    sought = search.sought("小区地下车库漏水很严重").words
    assert {"小区", "地下", "车库", "漏水", "严重"} <= set(sought) and "区地" not in sought


@pytest.mark.parametrize("quote", ["'", '"', "\\", "%", "*", "(", ")", ":", "^", "-", "|", "&", "!", "\x00"])
def test_signs_a_search_engine_would_mind_do_no_harm(office: Office, quote: str) -> None:
    case = report(office, "路灯不亮")
    assert found(office, f"路灯{quote} 不亮") == {case.number}
    assert found(office, quote) == set() and found(office, f"{quote}路灯{quote}") in ({case.number}, set())


# ---- 找 ----


def test_every_way_to_find_a_case(office: Office) -> None:
    case, other = life(office), life(office, "垃圾没有清运", "blue")
    for text in (
        "路灯",
        "路灯不亮",
        "不亮 路灯",
        "“路灯不亮”",
        case.number,
        case.number[-6:],
        case.number.lower(),
    ):
        assert found(office, text) == {case.number}, text
    both = {case.number, other.number}
    for text in (
        "张三",
        "13800001234",
        "138 0000 1234",
        "+86 13800001234",
        "1234",
        "云桥路",
        "云桥路1号",
        "灯泡已经换好",
    ):
        assert found(office, text) == both, text
    for text in ("张", "李四", "13800001235", "4321", "路灯 垃圾", "灯路", "没有这样的", "路"):
        assert found(office, text) == set(), text


def test_found_only_within_what_one_may_see(office: Office) -> None:
    case = life(office)
    for text in ("路灯", case.number, "张三", "1234", "13800001234"):
        assert not listed(office.stranger, Filters(words=text), now=START).cases
        assert listed(office.clerk, Filters(words=text), now=START).cases


def test_secret_words_never_enter(office: Office) -> None:
    fields = {**MATTER["fields"], "reply": {"title": "答复", "type": "text", "sensitive": True},
              "spot": {"title": "地点", "type": "place", "sensitive": True}}  # fmt: skip
    matters.publish(definition(fields=fields), now=START)
    case = life(office)
    have = words(case)
    assert "路灯" in have
    for text in ("张三", "13800001234", "1234", "灯泡已经换好", "云桥路1号"):
        assert not have & set(search.words_of([text]).split()), text
    assert found(office, "云桥路") == set() == found(office, "灯泡")
    assert found(office, "张三") == {case.number}, "凭盲索引找得到，词里没有"


def test_secret_title_is_not_indexed(office: Office) -> None:
    fields = {**MATTER["fields"], "subject": {"title": "标题", "type": "text", "sensitive": True}}
    matters.publish(definition(fields=fields), now=START)
    case = report(office, "王五举报邻居")
    assert case.title == "来件" and words(case) >= {"来件"} and not words(case) & {"王五", "举报"}


# ---- 随办理变动 ----


def test_words_follow_what_is_written(office: Office) -> None:
    case = report(office, "路灯不亮")
    assert {"路灯", "灯不", "不亮"} <= words(case) and "灯泡" not in words(case)
    done(
        actions.act(
            str(case.uid), "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START
        )
    )
    reply = {"reply": "灯泡换好了"}
    done(actions.act(str(case.uid), "answer", acting_officer=office.clerk, inputs=reply, now=START + HOUR))
    assert {"路灯", "灯泡", "泡换"} <= words(case)
    assert found(office, "灯泡 路灯") == {case.number}


def test_lawful_erasure_takes_the_words_away(office: Office) -> None:
    case = life(office)
    assert {"路灯", "灯泡"} <= words(case)
    result = upkeep.erase(
        str(case.uid),
        ["subject", "reporter"],
        acting_officer=archivist(office),
        reason="本人申请",
        now=START + 5 * HOUR,
    )
    assert result.ok
    assert not words(case) & {"路灯", "不亮"} and "灯泡" in words(case)
    assert found(office, "路灯") == found(office, "张三") == found(office, "1234") == set()
    assert dialect.index_broken() == ""


def test_changing_the_version_follows_the_new_names_and_secrets(office: Office) -> None:
    case = report(office, "路灯不亮")
    office.chief.appointments.create(
        post_id=_post("office_head"), unit=office.unit, valid_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    fields = {**MATTER["fields"], "subject": {"title": "标题", "type": "text", "sensitive": True}}
    version = matters.publish(definition(fields=fields), now=START)
    result = versions.change_version(
        str(case.uid), version, ChangeDecl.model_validate({"reason": "标题改为保密", "basis": "本街道批准"}),
        acting_officer=office.chief, now=START + HOUR,
    )  # fmt: skip
    assert result.ok, str(result)
    assert not words(case) & {"路灯", "不亮"} and found(office, "路灯") == set()


def _post(code: str) -> int:
    from jiezhi.base.accounts.models import Post

    return Post.objects.get_or_create(code=code, defaults={"title": code})[0].pk


def test_merged_and_closed_cases_are_still_found(office: Office) -> None:
    main, other = report(office, "路灯不亮"), report(office, "灯杆上的路灯灭了")
    results = actions.merge(
        str(main.uid), [str(other.uid)], acting_officer=office.dispatcher, reason="同一盏", now=START + HOUR
    )
    assert all(result.ok for result in results)
    assert found(office, "路灯") == {main.number, other.number}
    page = listed(office.dispatcher, Filters(words="路灯", open=False), now=START + HOUR)
    assert [case.number for case in page.cases] == [other.number]


def test_sealed_cases_have_no_words(office: Office) -> None:
    """业务模板声明了限指定人员，件一开就不进查找；库里改了这一列的，核对得出。"""
    matters.publish(confidential(), now=START)
    case = life(office)
    assert case.confidential and words(case) == set()
    assert integrity.verify_database(contents=False).ok
    Case.objects.filter(pk=case.pk).update(confidential=False)
    assert "限指定人员" in str(integrity.verify_database(contents=False).faults)
    assert search.reindex() == 1 and words(case) != set()
    Case.objects.filter(pk=case.pk).update(confidential=True)
    assert search.reindex() == 1 and words(case) == set()
    assert found(office, "路灯") == set()
    hand = {"reply": "又换了一次灯泡"}
    actions.act(str(case.uid), "answer", acting_officer=office.clerk, inputs=hand, now=START + 6 * HOUR)
    assert words(case) == set()
    mine = listed(office.clerk, Filters(words=case.number), now=START + 7 * HOUR)
    assert [one.number for one in mine.cases] == [case.number], "件上的人凭整个编号找得到"
    for who in (office.chief, office.stranger):
        theirs = listed(who, Filters(words=case.number), now=START + 7 * HOUR)
        assert list(theirs.cases) == [], "不在件上的人凭编号也找不到"


# ---- 排位 ----


@pytest.mark.parametrize("micro", [0, 1, 499_999, 500_000, 999_999])
def test_the_database_and_the_program_agree_on_the_place(office: Office, micro: int) -> None:
    at = START.replace(microsecond=micro)
    opened = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": "灯"}, now=at
    )
    case = Case.objects.get(uid=done(opened).uid)
    assert case.place == search.place_at(at, case.pk) == CaseText.objects.get(case=case).pk
    assert dialect.pk_at(case.place) == case.pk


# ---- 重建与增量 ----

SUBJECTS = st.text(alphabet="路灯不亮垃圾12A ，旧圩街", max_size=12).filter(lambda text: text.strip())
STEPS = st.lists(
    st.tuples(st.sampled_from(["open", "dispatch", "answer", "close", "return", "erase", "join"]), SUBJECTS),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_following_each_step_gives_what_rebuilding_gives(
    office: Office, steps: list[tuple[str, str]]
) -> None:
    with transaction.atomic():
        _follow(office, steps)
        transaction.set_rollback(True)


def _follow(office: Office, steps: list[tuple[str, str]]) -> None:
    keeper = archivist(office)
    cases: list[str] = []
    now = START
    for number, (what, text) in enumerate(steps):
        now += timedelta(minutes=7)
        if what == "open" or not cases:
            inputs = {"subject": text, "spot": {"address": text}, "reporter": {"name": text}}
            result = actions.open_case(
                "test.report", acting_officer=office.dispatcher, inputs=inputs, now=now
            )
            cases += [result.uid] if result.ok else []  # type: ignore[union-attr]
            continue
        uid = cases[number % len(cases)]
        if what == "erase":
            upkeep.erase(uid, ["subject"], acting_officer=keeper, reason="本人申请", now=now)
        elif what == "join" and len(cases) > 1:
            actions.merge(uid, [cases[0]], acting_officer=office.dispatcher, reason="同一件", now=now)
        else:
            given_ = {"dispatch": {"to_unit": "law"}, "answer": {"reply": f"{text}已经处理"}}.get(what, {})
            who = office.dispatcher if what in ("dispatch", "close") else office.clerk
            actions.act(uid, what, acting_officer=who, inputs=given_, reason="事出有因", now=now)
    kept = sorted(CaseText.objects.values_list(*search.COLUMNS))
    assert dialect.index_broken() == ""
    assert search.reindex() == 0, "增量与重建有出入"
    CaseText.objects.all().delete()
    assert search.reindex(tidy=True) == len(kept)
    assert sorted(CaseText.objects.values_list(*search.COLUMNS)) == kept
    assert dialect.index_broken() == ""


# ---- 坏了查得出 ----


def faults() -> str:
    return "".join(str(one) for one in integrity.verify_database(contents=False).faults)


def test_a_damaged_index_is_found_and_rebuilt(office: Office) -> None:
    case = life(office)
    assert faults() == ""
    with tampering():
        run("UPDATE casework_casetext SET words = '路灯 换过' WHERE case_id = %s", case.pk)
    assert "全文索引" in faults()
    assert search.reindex() == 1 and faults() == ""


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL 的索引列由数据库算，写不进别的")
def test_an_index_that_differs_from_its_text_is_found(office: Office) -> None:
    case = life(office)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO casework_words(casework_words, rowid, words) VALUES ('delete', %s, '路灯')",
            [case.place],
        )
    assert "对不上，如“路灯”" in dialect.index_broken() and "jiezhi reindex" in faults()
    assert found(office, "路灯") == set()
    search.reindex()
    assert faults() == "" and found(office, "路灯") == {case.number}
