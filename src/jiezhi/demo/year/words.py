"""话：诉求、答复、意见各怎么说。句式在 words/ 下的 YAML 里，写法见各文件开头；人名、单位名、事情全是虚构的。"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\$([a-z_]+)")
_FOLDER = Path(__file__).parent / "words"
_JOINS = (("。。", "。"), ("，。", "。"), ("？。", "？"), ("！。", "！"), ("，，", "，"), ("。，", "，"), ("！，", "！"), ("请请", "请"))  # fmt: skip
# 这几样有相配的就只从相配的里挑，不用哪种事都说得上的。
_CLOSE = frozenset({"titles", "found", "done", "again"})


@dataclass(frozen=True)
class Report:
    """一条诉求：件名、正文；`theme` 是这一类里的哪种事，`slots` 是地点和数目，之后说到它时照着说。"""

    category: str
    theme: str
    slots: Mapping[str, str]
    title: str
    text: str


def load(name: str) -> dict[str, Any]:
    """words/ 下的一个文件。"""
    found: dict[str, Any] = YAML(typ="safe").load(_FOLDER / f"{name}.yaml")
    return found


class Words:
    """按种子说话。`rng` 由调用者给：每一件用自己的随机源，别的件变了，这一件的话不变。"""

    def __init__(self) -> None:
        self.voices = load("voices")
        self.office = load("office")
        self.topics: dict[str, dict[str, list[str]]] = {}
        for part in ("requests_city", "requests_life", "requests_order"):
            self.topics |= load(part)

    def fill(self, rng: random.Random, template: str, slots: Mapping[str, str] | None = None) -> str:
        """任选其一、填空；填进去的话里再有空也照填。"""
        text = template
        for _ in range(8):
            before = text
            text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
            text = _SLOT.sub(lambda match: self._slot(rng, match[1], slots or {}), text)
            if text == before:
                break
        return text

    def _slot(self, rng: random.Random, name: str, slots: Mapping[str, str]) -> str:
        if name in slots:
            return slots[name]
        if name in ("n", "m"):
            return str(rng.randint(2, 9) if name == "n" else rng.randint(3, 28))
        return str(rng.choice(self.voices[name]))

    def say(self, rng: random.Random, kind: str, **slots: str) -> str:
        """工作人员的一句话，如 say(rng, "return_reason")；句式在 office.yaml。"""
        return self.fill(rng, rng.choice(self.office[kind]), slots)

    def report(self, rng: random.Random, voice: str, category: str, place: str, theme: str = "") -> Report:
        """一条诉求。`voice` 是 snapshot 随手拍、hotline 热线、online 网上留言；给了 `theme` 就说那种事。"""
        facts = self.topics[category]["facts"]
        picked = rng.choice([one for one in facts if one.startswith(theme)])
        theme, fact = picked.split("~")
        known = {"place": place, "n": str(rng.randint(2, 9)), "m": str(rng.randint(3, 28))}
        slots = dict(known)
        slots["fact"] = self.fill(rng, fact, slots)
        for name in ("impact", "ask"):
            slots[name] = self.fill(rng, self._matching(rng, category, f"{name}s", theme), slots)
        title = self.fill(rng, self._matching(rng, category, "titles", theme), slots)
        text = self.fill(rng, rng.choice(self.voices[voice]), slots)
        if voice == "online":
            title = self.fill(rng, rng.choice(self.voices["title_online"]), {"title": title})
        for wrong, right in _JOINS:
            text = text.replace(wrong, right)
        return Report(category, theme, known, title, text)

    def about(self, rng: random.Random, report: Report, part: str) -> str:
        """办这件事时说的：`part` 是 found 现场情况、done 处理结果、again 为什么不满意。"""
        picked = self._matching(rng, report.category, part, report.theme)
        return self.fill(rng, picked, report.slots)

    def _matching(self, rng: random.Random, category: str, part: str, theme: str) -> str:
        split: Sequence[tuple[str, str, str]] = [one.partition("~") for one in self.topics[category][part]]
        own = [text for tags, mark, text in split if mark and theme in tags]
        common = [text for text, mark, _ in split if not mark]
        options = own if own and part in _CLOSE else own + common
        return rng.choice(options or self.voices[f"default_{part}"])


@lru_cache(maxsize=1)
def words() -> Words:
    """读一次，全进程共用。"""
    return Words()
