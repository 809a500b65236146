"""来件时间的时段，也作词进 PostgreSQL 的全文索引：GIN 索引不带次序，词和时段一起找，才能从最近的找起、够了就停。

时段分几级，一级是下一级的四段。找的时候从最近的短时段走起，走了几段还不够就换长一级的：那说明要找的不密。
时段由排位里的来件时间（UTC 秒）算，对齐 1970-01-01，与时区、历法无关。
"""

from __future__ import annotations

SHORTEST = 4 * 86_400
"""最短的一级，秒。"""
TIMES = 4
"""一级是下一级的几倍。"""
LEVELS = "abcdef"
"""各级的记号，由短到长：4、16、64、256、1024、4096 天。"""
AT_A_LEVEL = 4
"""一级至少走这么多段才换长一级的。"""


def tokens(place: str, bits: int) -> str:
    """件的各级时段作词，一个数组；`place` 是排位列，来件的秒数在 `bits` 位以上。"""
    words = (
        f"'~{one}' || (({place} >> {bits}) / {SHORTEST * TIMES**level})::text"
        for level, one in enumerate(LEVELS)
    )
    return f"ARRAY[{', '.join(words)}]"


def cover(newest: int, oldest: int) -> list[str]:
    """`newest` 到 `oldest`（含，UTC 秒）之间各时段的词，由近到远，首尾相接。"""
    at, last = newest // SHORTEST + 1, oldest // SHORTEST
    found: list[str] = []
    while at > last:
        most = min(len(found) // AT_A_LEVEL, len(LEVELS) - 1)
        level = next(one for one in range(most, -1, -1) if at % TIMES**one == 0)
        at -= TIMES**level
        found.append(f"~{LEVELS[level]}{at // TIMES**level}")
    return found


def lately(newest: int) -> tuple[str, str]:
    """到 `newest`（UTC 秒）为止的十六天到三十二天：第二级的两段。"""
    at = newest // (SHORTEST * TIMES)
    return f"~{LEVELS[1]}{at}", f"~{LEVELS[1]}{at - 1}"
