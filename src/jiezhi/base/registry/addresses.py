"""地址的统一写法，供查找比对（不改变登记的地址）。纯文字处理，不查库。"""

import re
import unicodedata

_DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100}
_NUMERAL = re.compile(r"([零〇一二两三四五六七八九十百]+)(?=号|栋|幢|座|巷|弄|单元|层|楼|室|房)")
_VARIANTS = (
    (re.compile(r"\([^()]*\)"), ""),  # 括号里多是说明
    (re.compile(r"[\s,.。,、;:;:·'\"“”]+"), ""),
    (re.compile(r"#|號"), "号"),
    (re.compile(r"号楼|棟|幢"), "栋"),
    (re.compile(r"(?<=[0-9A-Z])座"), "栋"),
    (re.compile(r"(?<=[0-9])弄"), "巷"),
    (re.compile(r"第(?=[0-9])"), ""),
    (re.compile(r"(?<=[0-9])[-‐-―−~]+(?=[0-9A-Z])"), "-"),
)
# 上级地名可有可无，去掉再比。“区”前是“小、园、工业”等字的是小区、园区的名字，不去。
_PREFIXES = (
    re.compile(r"^(?:中国)?[一-龥]{2,3}(?:省|自治区)"),
    re.compile(r"^[一-龥]{2,4}市(?!场)"),
    re.compile(r"^[一-龥]{2,4}(?<![小社园厂校景营片业宅库发税新活属舍墅范住老旧])区"),
    re.compile(r"^[一-龥]{2,6}街道(?:办事处)?"),
    re.compile(r"^[一-龥]{2,8}社区(?:居委会)?"),
)
MAX_LENGTH = 200


def _arabic(match: re.Match[str]) -> str:
    text = match[1]
    if not any(c in _UNITS for c in text):
        return "".join(str(_DIGITS[c]) for c in text)
    total, digit = 0, None
    for c in text:
        if c in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[c]
            digit = None
        else:
            digit = _DIGITS[c]
    return str(total + (digit or 0))


def _once(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).upper()
    for pattern, replacement in _VARIANTS:
        text = pattern.sub(replacement, text)
    text = _NUMERAL.sub(_arabic, text)
    for prefix in _PREFIXES:
        shorter = prefix.sub("", text)
        if shorter:  # 只写了“福保街道”的，就按福保街道找
            text = shorter
    return text


def normalise_address(text: str) -> str:
    """地址的统一写法：半角、去空白和标点、统一 号/栋/巷、门牌里的汉字数字改阿拉伯数字、去掉省市区街道社区。

    >>> normalise_address("深圳市 福田区福保街道石厦北二街十二号3幢")
    '石厦北二街12号3栋'
    """
    for _ in range(8):  # 去掉一层之后可能露出又一层
        text, before = _once(text), text
        if text == before:
            break
    return text[:MAX_LENGTH]


def common_prefix(one: str, other: str) -> str:
    """共同的开头；不在一个数字当中断开（12 号与 123 号的共同开头不含“12”）。"""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    while (
        length
        and one[length - 1].isdigit()
        and (one[length : length + 1].isdigit() or other[length : length + 1].isdigit())
    ):
        length -= 1
    return one[:length]
