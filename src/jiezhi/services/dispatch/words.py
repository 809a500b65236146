"""文字：分词、两段话有多像、一段话里可能是地址的字句。不查库，不用模型。"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from jiezhi.base.registry.addresses import normalise_address

# 说了等于没说的词；其余靠“两边都有的才算像”自然压低。
_STOP_TEXT = """
我们 你们 他们 请问 您好 你好 谢谢 希望 反映 投诉 举报 情况 问题 处理 解决 现在
目前 已经 没有 有人 这里 那里 这个 那个 一个 一直 今天 昨天 昨晚 今晚 每天 每次
好几 几次 还是 还有 因为 所以 如果 相关 部门 政府 街道 领导 尽快 马上 麻烦 帮忙
真的 实在 非常 影响 附近 旁边 门口 楼下 楼上 地点 就是 就在 为什么 怎么 怎么办 什么
可以 不能 不要 需要 应该 进行 以及 市民 群众 居民 来电 表示 建议 要求
"""
_STOP = frozenset(_STOP_TEXT.split())
_CLAUSE = re.compile(
    "[\uff0c\u3002\uff1b\uff01\uff1f\u3001\u2026\u201c\u201d\u300a\u300b\uff08\uff09\uff1a,.;!?()\"'\\s]+"
)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[\u3400-\u9fff]{2,}|[a-z][a-z0-9]+")
_MAX_TEXT = 2000  # 再长的只看前面这些字
_KEY_MIN, _KEY_MAX = 4, 30


def plain(text: str) -> str:
    """半角、小写。"""
    return unicodedata.normalize("NFKC", text[:_MAX_TEXT]).lower()


@lru_cache(maxsize=8192)
def tokens(text: str) -> frozenset[str]:
    """一段话里有内容的词（两个字以上，长词连同里面的短词，去掉套话和数字）。"""
    import rjieba  # 词典载入要一百多毫秒，用到才引入

    cut = rjieba.cut_for_search(plain(text))
    return frozenset(word for word in cut if _WORD.fullmatch(word) and word not in _STOP)


@lru_cache(maxsize=8192)
def bigrams(text: str) -> frozenset[str]:
    """相邻两个汉字。分词偶尔切错，两字串不受影响。"""
    return frozenset(run[i : i + 2] for run in _HAN.findall(plain(text)) for i in range(len(run) - 1))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    """共有的占短的一边多少与占两边平均多少，取中间：一句话的来件与一大段的来件也可以说同一件事。"""
    if not one or not other:
        return 0.0
    common = len(one & other)
    return (common / min(len(one), len(other)) + 2 * common / (len(one) + len(other))) / 2


def similarity(one: str, other: str, *, without: tuple[str, ...] = ()) -> float:
    """两段话有多像，0 到 1。`without` 里的字句（地址、社区名）先去掉：同一个地方的两件事不因地名相同而像。"""
    for words in without:
        if words:
            one, other = one.replace(words, " "), other.replace(words, " ")
    return (_share(tokens(one), tokens(other)) * 3 + _share(bigrams(one), bigrams(other))) / 4


@lru_cache(maxsize=2048)
def address_keys(text: str) -> frozenset[str]:
    """一段话里可能是登记地址的字句（已统一写法），供整句比对。

    按标点断句、按词断头尾，四个字以上；“我住河畔路12号三栋楼上”会给出“河畔路12号3栋”。
    """
    found: set[str] = set()
    for clause in _CLAUSE.split(text[:_MAX_TEXT]):
        if len(clause) < _KEY_MIN:
            continue
        key = normalise_address(clause)
        ends = [0]
        for word in _cut(key):
            ends.append(ends[-1] + len(word))
        for at, start in enumerate(ends):
            for end in ends[at + 1 :]:
                if end - start > _KEY_MAX:
                    break
                if end - start >= _KEY_MIN:
                    found.add(key[start:end])
    return frozenset(found)


def _cut(text: str) -> list[str]:
    import rjieba

    return list(rjieba.cut(text))
