"""热点：把一批来件里说同一件事的归到一起，算大小、时间跨度和热度。纯计算，不查库。"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jiezhi.base.casework.models import Case
from jiezhi.core.space import metres
from jiezhi.services.dispatch.session import text_of
from jiezhi.services.dispatch.words import bigrams, tokens

SAME_ISSUE = 0.30
"""两段话按稀有程度加权的相似（0 到 1）到这么多，算说同一件事。"""

SAME_PLACE_METRES = 500.0
"""都有坐标而相距更远的，再像也不归到一起。"""

MAX_DAYS_APART = 120.0
"""相隔更久的两件不直接相连（中间有别的来件接上的可以）。"""

RARE = 60
"""一个词出现在这么多件以内才拿来找可能相同的件；更常见的词不足以说明是同一件事。"""

HEAD = 300
"""正文只看前这么多字：写得长的，后面多是情绪和诉求，不说明是哪件事。"""

HALF_LIFE = timedelta(days=7)
"""热度的半衰期。"""


@dataclass(frozen=True, slots=True)
class Message:
    """一件来件里与热点有关的部分。坐标 WGS-84，可以没有。"""

    key: str
    title: str
    text: str
    at: datetime
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """一个热点。`heat` 是各件按 7 天减半的时新程度之和（刚来的一件算 1）；`keys` 按来件先后。"""

    keys: tuple[str, ...]
    size: int
    first: datetime
    last: datetime
    titles: tuple[str, ...]
    words: tuple[str, ...]
    heat: float


def group_by_issue(
    cases: Iterable[Case | Message], *, now: datetime | None = None, least: int = 2, samples: int = 3
) -> list[Issue]:
    """归并，热的在前。`least` 是至少几件才算；`now` 默认取最晚的一件（只影响热度）。

    做法：稀有词的倒排表找出可能相同的两两，按加权相似从高到低并查集归并；两个已有几件的小组要各自的
    代表也像才合，免得一件接一件把不相干的连成一片。
    """
    items = [_message(one) for one in cases]
    if not items:
        return []
    features = [_features(one) for one in items]
    weights = _weights(features)
    groups = _Groups(len(items))
    pairs = _pairs(features, weights)
    totals = [sum(weights[word] for word in found) for found in features]

    def alike(one: int, other: int) -> float:
        common = sum(weights[word] for word in features[one] & features[other])
        low, both = min(totals[one], totals[other]), totals[one] + totals[other]
        return (common / low + 2 * common / both) / 2 if low else 0.0

    scored = []
    for one, other in pairs:
        score = alike(one, other)
        if score >= SAME_ISSUE and _may_join(items[one], items[other]):
            scored.append((score, one, other))
    for _, one, other in sorted(scored, key=lambda item: (-item[0], item[1], item[2])):
        a, b = groups.find(one), groups.find(other)
        if a == b:
            continue
        # 两组都成了形：两个代表相像，或者牵线的两件各与对方的代表相像，才合。
        closest = max(alike(a, b), min(alike(one, b), alike(a, other)))
        if groups.size[a] == 1 or groups.size[b] == 1 or closest >= SAME_ISSUE * 0.8:
            groups.join(a, b)
    moment = now or max(one.at for one in items)
    found = [
        _issue([items[at] for at in members], weights, moment, samples)
        for members in groups.members().values()
        if len(members) >= least
    ]
    return sorted(found, key=lambda one: (-one.heat, -one.size, one.keys))


class _Groups:
    """并查集；代表是小组里最先定下的那一件。"""

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))
        self.size = [1] * count

    def find(self, at: int) -> int:
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def join(self, a: int, b: int) -> None:
        if (self.size[a], -a) < (self.size[b], -b):
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]

    def members(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for at in range(len(self.parent)):
            found[self.find(at)].append(at)
        return found


def _message(one: Case | Message) -> Message:
    if isinstance(one, Message):
        return one
    text = text_of(one.fields)
    return Message(str(one.uid), one.title, text, one.opened_at, one.lon, one.lat)


def _features(one: Message) -> frozenset[str]:
    # 标题重说一遍不加分，用集合即可。
    text = f"{one.title}。{one.text[:HEAD]}"
    return tokens(text) | bigrams(one.title)


def _weights(features: Sequence[frozenset[str]]) -> dict[str, float]:
    counts = Counter(word for found in features for word in found)
    return {word: math.log((len(features) + 1) / count) for word, count in counts.items()}


def _pairs(features: Sequence[frozenset[str]], weights: dict[str, float]) -> list[tuple[int, int]]:
    """至少共有两个稀有词的两两。"""
    holders: dict[str, list[int]] = defaultdict(list)
    for at, found in enumerate(features):
        for word in found:
            holders[word].append(at)
    shared: Counter[tuple[int, int]] = Counter()
    for group in holders.values():
        if 2 <= len(group) <= RARE:
            shared.update((one, other) for i, one in enumerate(group) for other in group[i + 1 :])
    return [pair for pair, count in shared.items() if count >= 2]


def _may_join(one: Message, other: Message) -> bool:
    if abs((one.at - other.at).total_seconds()) > MAX_DAYS_APART * 86400:
        return False
    if one.lon is None or one.lat is None or other.lon is None or other.lat is None:
        return True
    return metres(one.lon, one.lat, other.lon, other.lat) <= SAME_PLACE_METRES


def _issue(
    items: list[Message],
    weights: dict[str, float],
    now: datetime,
    samples: int,
) -> Issue:
    order = sorted(items, key=lambda one: (one.at, one.key))
    counts = Counter(word for one in items for word in tokens(f"{one.title}。{one.text[:HEAD]}"))
    common = [word for word in counts if counts[word] * 2 > len(items)]
    words = sorted(common, key=lambda word: (-counts[word] * weights[word], word))
    heat = sum(0.5 ** (max((now - one.at) / HALF_LIFE, 0.0)) for one in items)
    return Issue(
        keys=tuple(one.key for one in order),
        size=len(order),
        first=order[0].at,
        last=order[-1].at,
        titles=tuple(dict.fromkeys(one.title for one in order))[:samples],
        words=tuple(words[:5]),
        heat=round(heat, 2),
    )
