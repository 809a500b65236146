"""链对不上时，查明是哪一条、出了什么事。

Only runs on a chain already known to be unsound, so it may look into bodies. Everything is O(n log n): the
input may be forged. The reasoning: a record's digest is vouched for three times (by its own content, by the
next record, and, for the last, by a known head), and its number twice (the column, and the body); whichever
witness stands alone is the altered one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jiezhi.core.evidence.canonical import decode
from jiezhi.core.evidence.chain import GENESIS, Head, Record, case_marker
from jiezhi.core.evidence.digest import sm3
from jiezhi.core.evidence.faults import Fault, FaultKind, show

_Say = Callable[[FaultKind, int, str], None]


@dataclass(slots=True)
class _Row:
    record: Record
    position: int
    computed: bytes
    seq: int  # the number it really has, as far as can be told

    @property
    def consistent(self) -> bool:
        return self.computed == self.record.digest


def _stated(body: bytes) -> tuple[str | None, int | None]:
    """Case and number a body names, where it is readable."""
    try:
        content = decode(body)
    except ValueError:
        return None, None
    if type(content) is not dict:
        return None, None
    case, seq = content.get("case"), content.get("seq")
    return case if type(case) is str else None, seq if type(seq) is int else None


def _range(first: int, last: int) -> str:
    return f"第{first}号" if first == last else f"第{first}至第{last}号"


def diagnose(records: Sequence[Record], case: str | None, head: Head | None) -> list[Fault]:
    """All faults found in an unsound chain, in plain words. Same inputs as `verify_chain`; never empty."""
    faults: list[Fault] = []
    label = show(case) if case is not None else ""

    def fault(kind: FaultKind, seq: int, say: str) -> None:
        faults.append(Fault(kind, f"{label}#{seq}", say))

    rows = []
    marker = None if case is None else case_marker(case)
    for position, record in enumerate(records):
        computed = sm3(record.previous + record.body)
        named_case, named_seq = _stated(record.body)
        trustworthy = named_seq is not None and computed == record.digest
        seq = named_seq if trustworthy and named_seq is not None else record.seq
        rows.append(_Row(record, position, computed, seq))
        if case is not None and marker is not None:
            other = named_case is not None and named_case != case
            if other:
                fault(
                    FaultKind.FOREIGN,
                    record.seq,
                    f"第{record.seq}号办理记录属于另一件（{show(named_case or '')}）。",
                )
            elif marker not in record.body:
                fault(FaultKind.FOREIGN, record.seq, f"第{record.seq}号办理记录的正文没有写明属于本件。")

    _renumbered(rows, fault)
    rows = _winners(rows, head, fault)
    _order(rows, fault)
    rows.sort(key=lambda row: row.seq)
    rows = _positive(rows, fault)
    rows, removed = _smuggled(rows, fault)
    _gaps(rows, removed, head, fault)
    _links(rows, removed, head, fault)
    if not faults:  # can't happen as far as we know; silence would be worse than vagueness
        fault(FaultKind.BROKEN_LINK, 0, "办理记录前后接不上，未能查明是哪一条。")
    return faults


def _renumbered(rows: list[_Row], fault: _Say) -> None:
    """Numbers in the column that contradict the (authentic) body; a shifted run is told once."""
    start = 0
    while start < len(rows):
        shift = rows[start].record.seq - rows[start].seq
        end = start
        while end + 1 < len(rows) and rows[end + 1].record.seq - rows[end + 1].seq == shift:
            end += 1
        if shift:
            listed = _range(rows[start].record.seq, rows[end].record.seq)
            stated = _range(rows[start].seq, rows[end].seq)
            say = f"现标为{listed}的办理记录，正文写明是{stated}：序号被改过。"
            fault(FaultKind.RENUMBERED, rows[start].record.seq, say)
        start = end + 1


def _winners(rows: list[_Row], head: Head | None, fault: _Say) -> list[_Row]:
    """One row per number; where several claim it, the one that fits its neighbours."""
    groups: dict[int, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.seq, []).append(row)
    if len(groups) == len(rows):
        return rows
    digests = {seq: {row.record.digest for row in group} for seq, group in groups.items()}
    attested = {seq: {row.record.previous for row in group} for seq, group in groups.items()}

    def score(row: _Row) -> int:
        before = {GENESIS} if row.seq == 1 else digests.get(row.seq - 1, set())
        after = attested.get(row.seq + 1, set())
        if head is not None and head.seq == row.seq:
            after = after | {head.digest}
        return 4 * (row.record.digest in after) + 2 * (row.record.previous in before) + row.consistent

    keep: list[_Row] = []
    for seq, group in groups.items():
        best = max(group, key=score)  # the first of equals
        keep.append(best)
        if len(group) == 1:
            continue
        fault(FaultKind.REPEATED, seq, f"第{seq}号办理记录重复出现{len(group)}次。")
        losers = [row for row in group if row is not best and row.record[1:] != best.record[1:]]
        if losers and score(best) > max(score(row) for row in losers):
            places = "、".join(f"第{row.position + 1}条" for row in losers[:10])
            say = f"两条以上记录都称是第{seq}号，其中排在{places}的与前后接不上，是插进来的。"
            fault(FaultKind.INSERTED, seq, say)
        elif losers:
            fault(FaultKind.INSERTED, seq, f"第{seq}号有内容不同的记录，必有插入的，但从前后看不出是哪一条。")
    keep.sort(key=lambda row: row.position)
    return keep


def _order(rows: list[_Row], fault: _Say) -> None:
    """Rows out of order: those outside a longest rising run, i.e. the fewest that must have moved."""
    tails: list[int] = []
    tail_index: list[int] = []
    before: list[int] = []
    for index, row in enumerate(rows):
        at = bisect_left(tails, row.seq)
        before.append(tail_index[at - 1] if at else -1)
        tails[at : at + 1] = [row.seq]
        tail_index[at : at + 1] = [index]
    kept = set()
    index = tail_index[-1] if tail_index else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    for index, row in enumerate(rows):
        if index not in kept:
            say = f"第{row.seq}号办理记录的先后次序被调换（现排在第{row.position + 1}位）。"
            fault(FaultKind.REORDERED, row.seq, say)


def _positive(rows: list[_Row], fault: _Say) -> list[_Row]:
    for row in rows:
        if row.seq < 1:
            fault(FaultKind.INSERTED, row.seq, f"有一条记录的序号是{row.seq}，而序号从1起：是插进来的。")
    return [row for row in rows if row.seq >= 1]


def _smuggled(rows: list[_Row], fault: _Say) -> tuple[list[_Row], set[int]]:
    """Take out rows the chain passes over: the next one continues from the one before."""
    kept: list[_Row] = []
    removed: set[int] = set()
    digest = GENESIS
    for index, row in enumerate(rows):
        after = rows[index + 1] if index + 1 < len(rows) else None
        if after is None or not after.consistent or after.record.previous != digest:
            kept.append(row)
            digest = row.record.digest
            continue
        removed.add(row.seq)
        if row.record.digest == digest:
            fault(FaultKind.REPEATED, row.seq, f"第{row.seq}号办理记录与前一条完全相同，重复出现。")
        else:
            say = f"第{row.seq}号办理记录是插进来的：它的后一条直接承接它的前一条。"
            fault(FaultKind.INSERTED, row.seq, say)
    return kept, removed


def _next(seq: int, removed: set[int]) -> int:
    """The number that should follow `seq`, passing over rows found to be inserted."""
    seq += 1
    while seq in removed:
        seq += 1
    return seq


def _gaps(rows: list[_Row], removed: set[int], head: Head | None, fault: _Say) -> None:
    expected = _next(0, removed)
    for row in rows:
        if row.seq > expected:
            fault(FaultKind.MISSING, expected, f"缺少{_range(expected, row.seq - 1)}办理记录。")
        expected = _next(row.seq, removed)
    if head is None:
        return
    if head.seq >= expected:
        fault(FaultKind.MISSING, expected, f"缺少{_range(expected, head.seq)}办理记录（末尾被截去）。")
    elif rows and rows[-1].seq > head.seq and not removed:
        say = f"{_range(head.seq + 1, rows[-1].seq)}办理记录是后加的：已知末号为第{head.seq}号。"
        fault(FaultKind.INSERTED, head.seq + 1, say)


def _links(rows: list[_Row], removed: set[int], head: Head | None, fault: _Say) -> None:
    before: _Row | None = None
    for index, row in enumerate(rows):
        after = rows[index + 1] if index + 1 < len(rows) else None
        if after is not None and after.seq != _next(row.seq, removed):
            after = None
        if before is not None and row.seq != _next(before.seq, removed):
            before = None
        first = row.seq == _next(0, removed)
        known = GENESIS if first else before.record.digest if before else None
        at_head = head is not None and head.seq == row.seq
        witness = after.record.previous if after else head.digest if head is not None and at_head else None
        _judge(row, before, known, witness, fault)
        if head is not None and at_head and row.consistent and row.record.digest != head.digest:
            say = f"第{row.seq}号办理记录与已知的末条摘要不符：它或它之前的记录被换过，并重算了摘要。"
            fault(FaultKind.RECORD_ALTERED, row.seq, say)
        before = row


def _judge(row: _Row, before: _Row | None, known: bytes | None, witness: bytes | None, fault: _Say) -> None:
    """Judge one row. known: digest of the row before (None when that row is missing); witness: what the
    following row (or the head) says this row's digest is (None when there is none)."""
    record, seq = row.record, row.seq
    joined = known is None or record.previous == known
    restored = before is not None and record.previous == before.computed  # the one before was at fault
    if row.consistent:
        if joined or restored:
            return
        if before is None:
            say = f"第{seq}号办理记录的“前一摘要”不是起点：它前面的记录被抽走，或它被改过。"
            fault(FaultKind.PREVIOUS_ALTERED, seq, say)
            return
        say = (
            f"第{seq}号办理记录接不上第{before.seq}号，而两条各自都对得上："
            f"第{before.seq}号被整条换过（摘要也重算过），或两者之间被动过。"
        )
        fault(FaultKind.BROKEN_LINK, seq, say)
        return
    expected = sm3((known if known is not None else record.previous) + record.body)
    if expected == record.digest:
        fault(FaultKind.PREVIOUS_ALTERED, seq, f"第{seq}号办理记录的“前一摘要”被改动。")
        return
    if not joined and not restored:
        fault(FaultKind.PREVIOUS_ALTERED, seq, f"第{seq}号办理记录的“前一摘要”与前一条对不上。")
    if witness == record.digest:
        fault(FaultKind.BODY_ALTERED, seq, f"第{seq}号办理记录的内容被改动。")
    elif witness in (row.computed, expected):
        fault(FaultKind.DIGEST_ALTERED, seq, f"第{seq}号办理记录的摘要被改动。")
    else:
        fault(FaultKind.RECORD_ALTERED, seq, f"第{seq}号办理记录的内容或摘要被改动。")
