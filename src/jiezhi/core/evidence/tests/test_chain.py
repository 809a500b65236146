"""办理记录链：每一种篡改都要指到是第几号。"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiezhi.core.evidence import GENESIS, FaultKind, Head, Record, encode, link, verify_chain, verify_many
from jiezhi.core.evidence.tests.samples import CASE, body, chain_of, plain_chain

K = FaultKind


def found(records, case=CASE, head=None):
    faults = verify_chain(records, case=case, head=head)
    assert all(fault.say.endswith("。") for fault in faults)
    return {(fault.kind, fault.where.rpartition("#")[2]) for fault in faults}


def head_of(records):
    return Head(records[-1].seq, records[-1].digest)


def reseal(records):
    """Recompute everything: what an insider with the database can do."""
    return chain_of([record.body for record in records])


def forged(seq, note="forged"):
    return encode(body(seq, action=note))


def test_sound():
    records = plain_chain()
    assert found(records) == set()
    assert found(iter(records)) == set()
    assert found(records, head=head_of(records)) == set()
    assert found([], case=None) == set()
    assert found([], head=Head(0, GENESIS)) == set()


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("with_head", [False, True])
def test_altered_body(at, with_head):
    records = plain_chain()
    head = head_of(records) if with_head else None
    records[at] = records[at]._replace(body=forged(at + 1))
    last_unvouched = at == 5 and not with_head
    kind = K.RECORD_ALTERED if last_unvouched else K.BODY_ALTERED
    assert found(records, head=head) == {(kind, str(at + 1))}


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("with_head", [False, True])
def test_altered_digest(at, with_head):
    records = plain_chain()
    head = head_of(records) if with_head else None
    records[at] = records[at]._replace(digest=b"x" * 32)
    last_unvouched = at == 5 and not with_head
    kind = K.RECORD_ALTERED if last_unvouched else K.DIGEST_ALTERED
    assert found(records, head=head) == {(kind, str(at + 1))}


@pytest.mark.parametrize("at", range(6))
def test_altered_previous(at):
    records = plain_chain()
    records[at] = records[at]._replace(previous=b"x" * 32)
    assert found(records) == {(K.PREVIOUS_ALTERED, str(at + 1))}


@pytest.mark.parametrize("at", range(5))
def test_body_altered_and_its_digest_recomputed(at):
    records = plain_chain()
    new = forged(at + 1)
    records[at] = records[at]._replace(body=new, digest=link(records[at].previous, new))
    (fault,) = verify_chain(records, case=CASE)
    assert (fault.kind, fault.where) == (K.BROKEN_LINK, f"{CASE}#{at + 2}")
    assert f"第{at + 1}号被整条换过" in fault.say


@pytest.mark.parametrize("at", range(5))
def test_missing(at):
    records = plain_chain()
    del records[at]
    assert found(records) == {(K.MISSING, str(at + 1))}


def test_missing_run_is_told_as_a_range():
    records = plain_chain(9)
    del records[2:6]
    (fault,) = verify_chain(records, case=CASE)
    assert fault.kind == K.MISSING
    assert "第3至第6号" in fault.say


def test_cut_off_tail_needs_the_head():
    records = plain_chain()
    cut = records[:4]
    assert found(cut) == set()
    assert found(cut, head=head_of(records)) == {(K.MISSING, "5")}
    assert found([], head=head_of(records)) == {(K.MISSING, "1")}


def test_missing_and_renumbered():
    records = plain_chain()
    del records[2]
    renumbered = [record._replace(seq=seq) for seq, record in enumerate(records, 1)]
    kinds = found(renumbered)
    assert (K.MISSING, "3") in kinds
    assert (K.RENUMBERED, "3") in kinds


@pytest.mark.parametrize("at", range(6))
def test_inserted_and_the_rest_moved_up(at):
    records = plain_chain()
    previous = records[at - 1].digest if at else GENESIS
    new = forged(at + 1)
    records.insert(at, Record(at + 1, previous, new, link(previous, new)))
    moved = [record._replace(seq=seq) for seq, record in enumerate(records, 1)]
    kinds = found(moved, head=Head(6, plain_chain()[-1].digest))
    assert (K.INSERTED, str(at + 1)) in kinds
    assert not any(kind in (K.BODY_ALTERED, K.DIGEST_ALTERED, K.MISSING) for kind, _ in kinds)


def test_inserted_where_bodies_tell_nothing():
    records = chain_of([b"one", b"two", b"three", b"four"])
    new = Record(3, b"y" * 32, b"new", link(b"y" * 32, b"new"))
    moved = [record._replace(seq=seq) for seq, record in enumerate([*records[:2], new, *records[2:]], 1)]
    assert found(moved, case=None) == {(K.INSERTED, "3")}


def test_appended_after_the_known_head():
    records = plain_chain()
    head = head_of(records)
    longer = chain_of([*(record.body for record in records), forged(7)])
    assert found(longer, head=head) == {(K.INSERTED, "7")}
    assert found(longer) == set()  # an appended, well-linked event is what acting looks like


def test_reordered():
    records = plain_chain()
    records[1], records[2] = records[2], records[1]
    kinds = found(records)
    assert {kind for kind, _ in kinds} == {K.REORDERED}
    moved = plain_chain()
    moved.append(moved.pop(0))
    assert found(moved) == {(K.REORDERED, "1")}


def test_numbers_swapped_in_the_column():
    records = plain_chain()
    records[1], records[2] = records[2]._replace(seq=2), records[1]._replace(seq=3)
    kinds = {kind for kind, _ in found(records)}
    assert kinds == {K.REORDERED, K.RENUMBERED}


def test_repeated():
    records = plain_chain()
    records.insert(3, records[2])
    assert found(records) == {(K.REPEATED, "3")}
    other = forged(3)
    previous = records[1].digest
    records[3] = Record(3, previous, other, link(previous, other))
    faults = verify_chain(records, case=CASE)
    assert {fault.kind for fault in faults} == {K.REPEATED, K.INSERTED}
    assert any("第4条" in fault.say for fault in faults)


def test_number_below_one_and_changed_number():
    records = plain_chain()
    opaque = chain_of([b"a", b"b"])
    assert (K.INSERTED, "0") in found([opaque[0]._replace(seq=0), *opaque], case=None)
    records[3] = records[3]._replace(seq=40)
    assert (K.RENUMBERED, "40") in found(records)


def test_whole_chain_of_another_case():
    records = plain_chain(3, case="CF-2026-000018")
    assert found(records) == {(K.FOREIGN, "1"), (K.FOREIGN, "2"), (K.FOREIGN, "3")}
    assert found(records, case=None) == set()


def test_everything_rewritten_is_only_seen_against_a_head():
    records = plain_chain()
    rewritten = records.copy()
    rewritten[1] = rewritten[1]._replace(body=forged(2))
    rewritten = reseal(rewritten)
    assert found(rewritten) == set()
    assert found(rewritten, head=head_of(records)) == {(K.RECORD_ALTERED, "6")}


def test_link_insists_on_the_length_of_previous():
    with pytest.raises(ValueError):
        link(b"x" * 31, b"yz")


def test_many():
    good, bad = plain_chain(), plain_chain(4, case="B")
    bad[2] = bad[2]._replace(body=b"{}")
    result = verify_many([(CASE, good), ("B", bad), (None, good)])
    assert (result.cases, result.records, result.ok) == (3, 16, False)
    assert {fault.where for fault in result.faults} == {"B#3"}
    assert verify_many([(CASE, good)]).ok


records_strategy = st.lists(
    st.builds(
        Record,
        st.integers(-3, 9),
        st.sampled_from([GENESIS, *(r.digest for r in plain_chain(4)), b"z" * 32, b""]),
        st.sampled_from([*(r.body for r in plain_chain(4)), b"", b"\xff", b"[]", b'{"seq":true}']),
        st.sampled_from([*(r.digest for r in plain_chain(4)), b"z" * 32]),
    )
    | st.sampled_from(plain_chain(4)),
    max_size=8,
)


@given(records_strategy, st.sampled_from([None, CASE]))
@settings(max_examples=250)
def test_never_raises_and_is_sound_only_for_a_true_prefix(records, case):
    faults = verify_chain(records, case=case)
    true_prefix = records == plain_chain(4)[: len(records)]
    if true_prefix:
        assert faults == []
    elif not faults:  # then it must really be a linked chain, from the start, numbered from 1
        assert [r.seq for r in records] == list(range(1, len(records) + 1))
        assert records == chain_of([r.body for r in records])
    else:
        assert all(fault.say for fault in faults)
