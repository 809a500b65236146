"""验证办理记录链：2,000 件 × 25 条，每条约 600 字节。用法：python bench/verify.py"""

from __future__ import annotations

from common import rate

from jiezhi.core.evidence import GENESIS, Record, encode, link, verify_many

CASES, EVENTS = 2000, 25


def chain(case: str) -> list[Record]:
    records, previous = [], GENESIS
    for seq in range(1, EVENTS + 1):
        body = encode(
            {
                "v": 1, "case": case, "seq": seq, "matter": "report.snapshot", "definition": "ab" * 32,
                "action": "answer", "at": "2026-08-03T09:00:00+08:00", "recorded_at": "2026-08-03T09:00:00+08:00",
                "actor": {"kind": "officer", "id": "7", "name": "李经办", "post": "unit_clerk", "unit": "enforcement"},
                "from": "handling", "to": "checking", "inputs": {"reply": "cd" * 32, "after_photos": "ef" * 32},
                "files": [], "effects": {"done": ["answer"], "clocks": [{"op": "end", "clock": "handle"}]},
            }
        )  # fmt: skip
        digest = link(previous, body)
        records.append(Record(seq, previous, body, digest))
        previous = digest
    return records


def main() -> None:
    chains = [(f"c{i}", chain(f"c{i}")) for i in range(CASES)]
    print(f"每条 {len(chains[0][1][0].body)} 字节")

    def work() -> None:
        assert verify_many(chains).ok

    rate("验证链", CASES * EVENTS, work)


main()
