"""去标识：公开之前把自然人的姓名换成“张某”，遮住证件号、电话、银行卡、车牌、门牌室号；法人名称保留。

纯函数。先按当事人字段的值替换全文里的出现，再用样式扫一遍；`leaks` 是公开前的最后一道，扫到就不让公开。
宁可多遮，不可漏掉：分不清是不是自然人的当自然人。
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from jiezhi.core.procedure.identifiers import age_on, born_on, canonical, ric_problem, uscc_problem

ADULT = 18
HIDDEN = "***"
Party = Mapping[str, str]

_COMPOUND = frozenset(
    re.findall(
        "..",
        "欧阳司马上官诸葛东方独孤南宫万俟闻人夏侯赫连皇甫尉迟公羊澹台公冶宗政濮阳淳于单于太叔申屠公孙仲孙轩辕令狐钟离宇文长孙慕容"
        "鲜于闾丘司徒司空亓官司寇子车颛孙端木巫马公西漆雕乐正壤驷公良拓跋夹谷宰父谷梁段干百里东郭南门呼延羊舌微生左丘东门西门第五",
    )
)
_ORGANISATION = re.compile(
    r"(公司|企业|集团|工厂|厂|中心|商店|商行|商场|超市|酒店|饭店|宾馆|餐厅|茶楼|经营部|门市部|分店|个体工商户|合作社|"
    r"事务所|医院|诊所|药房|学校|幼儿园|协会|学会|基金会|委员会|管理处|工作室|银行|支行|工会"
    # 一个字的结尾也可能是人名，四个字以上才算。
    r"|(?<=..)[^\s][局站所院部店行场])$"
)
_ORGANISATION_KIND = re.compile("法人|企业|单位|组织|个体|机关|团体")

# 数字可能写成全角，中间可能有空格、短横；一律照样认。
_GAP = r"[\s\-‐-―−_.·•]*"
_GAPS = re.compile(_GAP.removesuffix("*") + "+")
_DIGIT = r"[0-9０-９]"


def _run(count: str) -> str:
    return f"{_DIGIT}(?:{_GAP}{_DIGIT}){count}"


_NUMERALS = "一二三四五六七八九十百零〇○两0-9０-９A-Za-zＡ-Ｚａ-ｚ"
_PLATE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"

_DATE = re.compile(r"(?<![0-9０-９])(?:19|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?![0-9０-９])")
# 次序有意义：长的、有样子的在前。
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("证件号", re.compile(_run("{16}") + _GAP + r"[0-9０-９XxＸｘ]")),
    ("银行卡号或电话", re.compile(_run("{11,}"))),
    (
        "电话",
        re.compile(
            rf"[1１]{_GAP}[3-9３-９](?:{_GAP}{_DIGIT}){{9}}|[0０]{_GAP}{_DIGIT}(?:{_GAP}{_DIGIT}){{8,10}}"
        ),
    ),
    ("电子邮箱", re.compile(r"[\w.+-]+[@＠][\w-]+(?:\.[\w-]+)+")),
    ("车牌", re.compile(rf"[{_PLATE}]\s?[A-Z]\s?[·•.\s]?\s?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳领]")),
    ("一长串号码", re.compile(r"[0-9０-９]{7,}(?!\s*[元万亿])")),
    (
        "门牌室号",
        re.compile(
            rf"(?<=[路街巷道里弄坊村园苑庄寨围组区])\s?[{_NUMERALS}]+(?:[-－—之][{_NUMERALS}]+)*号(?!令|文|公告)"
            rf"|[{_NUMERALS}]+(?:[-－—之][{_NUMERALS}]+)*(?:栋|幢|座|单元|室|号房)"
        ),
    ),
)


# 一遍换出来的称呼可能和旁边的字又凑成姓名，再换；这么多遍还换不完的，改成全遮住。
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Subject:
    """一个当事人在公开文本里怎样称呼，哪些值不得出现。"""

    shown: str
    organisation: bool
    name: str
    hidden: tuple[str, ...]


def is_organisation(party: Party) -> bool:
    """是不是法人、其他组织或个体工商户（名称照登）。看不出的当自然人。"""
    number = canonical(party.get("identifier", ""))
    # 有的号码两种校验都对：先认身份证，宁可把法人的名称也遮了。
    if number and not ric_problem(number):
        return False
    if number and not uscc_problem(number):
        return True
    name = _squeezed(party.get("name", "")).rstrip("）)")
    return bool(_ORGANISATION_KIND.search(party.get("kind", "")) or _ORGANISATION.search(name))


def subjects(parties: Iterable[Party]) -> list[Subject]:
    """当事人各自的称呼：自然人只留姓，同姓的加序号（张某1、张某2）；法人名称照登。次序照给的。"""
    listed = list(parties)
    names = [_squeezed(one.get("name", "")) for one in listed]
    stems = [
        "" if is_organisation(one) else _surname(name) + "某" for one, name in zip(listed, names, strict=True)
    ]
    known: dict[str, list[str]] = {}
    for stem, name in zip(stems, names, strict=True):
        if stem and name not in known.setdefault(stem, []):
            known[stem].append(name)
    found = []
    for one, name, stem in zip(listed, names, stems, strict=True):
        shown = name
        if stem:
            same = known[stem]
            shown = stem if len(same) == 1 else f"{stem}{same.index(name) + 1}"
        keys = ["phone", "address", "account"] if not stem else ["identifier", "phone", "address", "account"]
        hidden = tuple(one[key] for key in keys if len(_squeezed(one.get(key, ""))) > 1)
        found.append(Subject(shown, not stem, name, hidden))
    return found


def redactor(parties: Iterable[Party]) -> Callable[[str], str]:
    """去标识的函数：同样的当事人、好几段文字，备一次就够。"""
    listed = list(parties)
    found = subjects(listed)
    kept = _kept(found, listed)
    values = _Swap({value: HIDDEN for one in found for value in one.hidden})
    people = [one for one in found if one.name and not one.organisation and one.name not in HIDDEN]
    labels = [one.shown for one in people]
    # 称呼里又有谁的姓名（如姓名就叫“张某”），换成称呼会越换越多，改成遮住。
    table = {one.name: HIDDEN if any(one.name in label for label in labels) else one.shown for one in people}
    rounds = [_Swap(table)] * ROUNDS + [_Swap(dict.fromkeys(table, HIDDEN))] * ROUNDS

    def clean(text: str) -> str:
        # 称呼里可能有序号，放在号码之后换，免得和后面的号码连成一串。
        for names in rounds:
            before = text
            text = names.apply(_mask(values.apply(text), kept))
            if text == before:
                break
        return text

    return clean


def redact(text: str, parties: Iterable[Party]) -> str:
    """去标识后的文字。

    进：任意文字；当事人（字段值，可有 name、identifier、phone、address、account、kind）。
    出：自然人姓名换成称呼，当事人的号码、住址和一切像号码、门牌、车牌的都换成 `***`；换到再也没有可换的为止。
    """
    return redactor(parties)(text)


def leaks(text: str, parties: Iterable[Party]) -> list[str]:
    """还不能公开的地方，一处一句（不写出原值）；可以公开为空表。"""
    found = subjects(parties)
    kept = _kept(found, parties)
    problems = []
    for one in found:
        words = [] if one.organisation or not one.name else [("当事人姓名", one.name)]
        for what, value in [*words, *(("当事人的号码或住址", value) for value in one.hidden)]:
            if match := _Swap({value: ""}).find(text):
                problems.append(f"第 {match.start() + 1} 字起还有{what}")
    for what, start, _ in _shapes(text, kept):
        problems.append(f"第 {start + 1} 字起像是{what}")
    return list(dict.fromkeys(problems))


def minor_on(parties: Iterable[Party], day: date) -> bool:
    """当事人里有没有身份证号表明 `day` 那天不满十八周岁的；没有身份证号的看不出，不算有。"""
    for one in parties:
        born = born_on(one.get("identifier", ""))
        if born is not None and not is_organisation(one) and age_on(born, day) < ADULT:
            return True
    return False


# ---- 内部 ----


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _surname(name: str) -> str:
    return name[:2] if len(name) > 2 and name[:2] in _COMPOUND else name[:1]


def _kept(found: Sequence[Subject], parties: Iterable[Party]) -> frozenset[str]:
    """照登的号码：法人的统一社会信用代码。"""
    numbers = [canonical(one.get("identifier", "")) for one in parties]
    return frozenset(
        number
        for one, number in zip(found, numbers, strict=True)
        if one.organisation and not uscc_problem(number)
    )


@lru_cache(maxsize=1 << 14)
def _forms(char: str) -> frozenset[str]:
    """一个字的几种写法：全角半角、大写小写。"""
    plain = unicodedata.normalize("NFKC", char)
    forms = {char, plain, plain.upper(), plain.lower()}
    forms |= {chr(ord(one) + 0xFEE0) for one in list(forms) if len(one) == 1 and "!" <= one <= "~"}
    return frozenset(one for one in forms if len(one) == 1)


def _loose(value: Sequence[frozenset[str]]) -> bool:
    """值里自己就有可以当作间隔的字（如短横）。"""
    return any(_GAPS.search(char) for forms in value for char in forms)


def _inside(value: Sequence[frozenset[str]], text: str) -> bool:
    """去掉间隔的文字里，有没有一处逐字对得上。"""
    first, size = value[0], len(value)
    return any(
        char in first and all(map(frozenset.__contains__, value, text[at : at + size]))
        for at, char in enumerate(text[: len(text) - size + 1])
    )


class _Swap:
    """一次认出全部要换的值，长的在前；字与字之间夹了空格、短横也认。"""

    def __init__(self, table: Mapping[str, str]) -> None:
        values = sorted((value for value in table if _squeezed(value)), key=len, reverse=True)
        self._chars = [[_forms(char) for char in _squeezed(value)] for value in values]
        self._shown = [table[value] for value in values]
        self._compiled: re.Pattern[str] | None = None

    def find(self, text: str) -> re.Match[str] | None:
        return self._pattern.search(text) if self._possible(text) else None

    def apply(self, text: str) -> str:
        if not self._possible(text):
            return text
        return self._pattern.sub(lambda match: self._shown[(match.lastindex or 1) - 1], text)

    def _possible(self, text: str) -> bool:
        """可能有没有：多数文字里没有当事人的值，先粗看一遍，没有就不编样式——编比找贵得多。说没有的一定没有。"""
        present = set(text)
        left = [value for value in self._chars if not any(present.isdisjoint(forms) for forms in value)]
        if not left:
            return False
        plain = _GAPS.sub("", text)
        return any(_loose(value) or _inside(value, plain) for value in left)

    @property
    def _pattern(self) -> re.Pattern[str]:
        if self._compiled is None:
            branches = [
                _GAP.join("[" + "".join(map(re.escape, sorted(forms))) + "]" for forms in value)
                for value in self._chars
            ]
            self._compiled = re.compile("|".join(f"({branch})" for branch in branches))
        return self._compiled


def _shapes(text: str, kept: frozenset[str]) -> list[tuple[str, int, int]]:
    """像号码、车牌、门牌的地方：（是什么、起、止），从前到后、不重叠；日期和照登的号码除外。"""
    # 日期、照登的号码先换成同样长的空当，位置不变。
    blank = _DATE.sub(lambda match: "年" * len(match[0]), text)
    for number in kept:
        blank = re.sub(re.escape(number), lambda match: "码" * len(match[0]), blank, flags=re.IGNORECASE)
    taken: list[tuple[str, int, int]] = []
    for what, shape in _SHAPES:
        for match in shape.finditer(blank):
            if all(match.end() <= start or end <= match.start() for _, start, end in taken):
                taken.append((what, match.start(), match.end()))
    return sorted(taken, key=lambda item: item[1])


def _mask(text: str, kept: frozenset[str]) -> str:
    parts, last = [], 0
    for _, start, end in _shapes(text, kept):
        parts += [text[last:start], HIDDEN]
        last = end
    return "".join([*parts, text[last:]])
