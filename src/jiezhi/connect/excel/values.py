"""把格子变成要用的值。每个函数：空格子得 None；不合要求抛 `ValueProblem`,文字直接给用户看。"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from jiezhi.connect.excel.cells import Cell, blank, clean, one_line, show
from jiezhi.connect.excel.errors import ValueProblem

_FULL = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?[eE][+]?\d+")
_TRAILING_ZERO = re.compile(r"\d+\.0+")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}(?:转\d{1,6})?|[2-9]\d{6,7}(?:转\d{1,6})?|400\d{7}|1\d{4}(?:\d)?")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_YES = frozenset(["是", "有", "对", "√", "✓", "✔", "y", "yes", "true", "t", "1", "已", "真"])
_NO = frozenset(["否", "无", "不是", "没有", "×", "✗", "✘", "x", "n", "no", "false", "f", "0", "未", "假"])


def half(text: str) -> str:
    """Full-width letters, digits and marks to half-width, ends trimmed."""
    return clean(text if text.isascii() else text.translate(_FULL))


def as_text(value: Cell | None, *, max_length: int | None = None, lines: bool = False) -> str | None:
    """Text without what exports leave behind. `lines` keeps line breaks, else they become spaces.

    Numbers and dates are written out (188006.0 → “188006”). Raises `ValueProblem` beyond `max_length`
    characters.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = clean(value) if lines else one_line(value)
        if lines and ("\r" in text or "\t" in text):
            text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    else:
        text = show(value)
    if not text:
        return None
    if max_length is not None and len(text) > max_length:
        raise ValueProblem(f"有 {len(text)} 个字，最多 {max_length} 个字，请精简")
    return text


def as_number_text(value: Cell | None, *, length: int | None = None) -> str | None:
    """An identifier （编号、证件号） as text: 188006.0 → “188006”.

    Excel keeps 15 digits; a longer number stored as a number has lost its end and is refused, as is
    scientific notation. `length` is the length it must have; a shorter number probably lost its leading
    zeros.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueProblem("应为编号，却是日期或是否。请把该列设为文本后重新填写")
    if isinstance(value, str):
        text = half(value).removeprefix("'").strip()
        if not text:
            return None
        if _SCIENTIFIC.fullmatch(text):
            raise ValueProblem(f"“{text}”已丢失精度，请把该列设为文本后重新导出")
        if _TRAILING_ZERO.fullmatch(text):
            text = text.split(".", 1)[0]
        text = "".join(text.split())
    else:
        if isinstance(value, float) and not value.is_integer():
            raise ValueProblem(f"“{value}”带有小数，不像编号，请核对")
        if abs(value) >= 10**15:
            raise ValueProblem(f"“{value:.4E}”已丢失精度，请把该列设为文本后重新导出")
        text = str(int(value))
    if length is not None and len(text) != length:
        if len(text) < length and text.isdigit() and not isinstance(value, str):
            raise ValueProblem(f"“{text}”应为 {length} 位，开头的 0 可能丢了，请把该列设为文本后重新导出")
        raise ValueProblem(f"“{text}”应为 {length} 位，现为 {len(text)} 位，请核对")
    return text


def as_money_fen(value: Cell | None, *, unit: str = "元", negative: bool = False) -> int | None:
    """An amount as integer 分. In: a number, or text such as “¥1,234.50元”, “1.2万元”.

    `unit` is what a bare number counts: 元 or 万元. Raises `ValueProblem` on finer than 分, on a negative
    amount unless `negative`, and on anything else.
    """
    if blank(value) or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueProblem("应为金额，请填数字（单位：元）")
    times = 10000 if unit == "万元" else 1
    if isinstance(value, str):
        text = half(value).replace("\u00a5", "").replace("\uffe5", "").replace("人民币", "").replace(" ", "")
        found = re.fullmatch(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?)(万元|万|元|元整)?", text)
        if not found:
            raise ValueProblem(f"“{_short(value)}”不是金额，请填数字（单位：{unit}）")
        number = Decimal(found.group(1).replace(",", ""))
        if found.group(2):
            times = 10000 if found.group(2).startswith("万") else 1
    else:
        try:
            # Six places swallow binary noise (0.1 + 0.2) and still show a third decimal that was meant.
            number = Decimal(repr(value)).quantize(Decimal("0.000001"))
        except InvalidOperation:
            raise ValueProblem(f"“{value}”不是合理的金额，请核对") from None
    fen = number * times * 100
    if fen != fen.to_integral_value():
        raise ValueProblem(f"“{_short(show(value))}”比分还细，金额最多两位小数，请核对")
    if fen < 0 and not negative:
        raise ValueProblem(f"“{_short(show(value))}”是负数，金额不能为负，请核对")
    if abs(fen) >= 10**15:
        raise ValueProblem(f"“{_short(show(value))}”过大，请核对单位是不是{unit}")
    return int(fen)


def as_choice(value: Cell | None, choices: Sequence[str] | Mapping[str, str]) -> str | None:
    """One of the given choices. In: a sequence of names, or names and synonyms → value.

    Spaces, width and case do not count. Raises `ValueProblem` naming the choices, the nearest one first.
    """
    text = as_text(value)
    if text is None:
        return None
    table = choices if isinstance(choices, Mapping) else {name: name for name in choices}
    key = _key(text)
    for name, result in table.items():
        if _key(name) == key:
            return result
    near = difflib.get_close_matches(text, list(table), n=1, cutoff=0.5)
    hint = f"是不是“{near[0]}”？" if near else ""
    shown = "、".join(list(dict.fromkeys(table))[:12]) + ("等" if len(table) > 12 else "")
    raise ValueProblem(f"“{_short(text)}”不在可选范围内。{hint}可填：{shown}")


def as_phone(value: Cell | None) -> str | None:
    """A telephone number, mobile or fixed line, as digits only; 转 before an extension.

    “+86 138-0013-8000” → “13800138000”. Raises `ValueProblem` on several numbers and on
    anything else.
    """
    if blank(value) or value is None:
        return None
    if isinstance(value, str) and len(value) == 11 and _MOBILE.fullmatch(value):
        return value
    text = half(as_number_text(value) or "") if not isinstance(value, str) else half(value).removeprefix("'")
    if _SCIENTIFIC.fullmatch(text):
        raise ValueProblem(f"“{text}”已丢失精度，请把该列设为文本后重新导出")
    if re.search(r"\d{7,}\s*[、,/;\s]\s*\d{7,}", text):
        raise ValueProblem("一格里有几个号码，请只留一个，其余写到备注")
    number = re.sub(r"[\s\-—().]", "", re.sub(r"(?:分机|#|ext\.?)", "转", text, flags=re.IGNORECASE))
    number = re.sub(r"^(?:\+|00)86", "", number)
    if re.fullmatch(r"\d+\.0", text):
        number = text[:-2]
    if not _PHONE.fullmatch(number):
        raise ValueProblem(f"“{_short(text)}”不是有效的电话号码，请核对位数")
    return number


def as_bool(value: Cell | None) -> bool | None:
    """是/否. Also 有/无, √/×, Y/N, 1/0. Raises `ValueProblem` on anything else."""
    if blank(value) or value is None:
        return None
    if isinstance(value, bool):
        return value
    text = value if value in _YES else _key(show(value))
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValueProblem(f"“{_short(show(value))}”看不出是或否，请填“是”或“否”")


def as_int(value: Cell | None, *, low: int | None = 0, high: int | None = None) -> int | None:
    """A count. In: a whole number or its text （“1,200”）. Raises `ValueProblem` on fractions and out of
    range.
    """
    if blank(value) or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueProblem("应为整数，请核对")
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        value = int(value)
    text = half(value).replace(",", "") if isinstance(value, str) else show(value)
    if _TRAILING_ZERO.fullmatch(text):
        text = text.split(".", 1)[0]
    if not re.fullmatch(r"[+-]?\d{1,18}", text):
        raise ValueProblem(f"“{_short(text)}”不是整数，请核对")
    number = int(text)
    if (low is not None and number < low) or (high is not None and number > high):
        span = f"不小于 {low}" if high is None else f"不大于 {high}" if low is None else f"{low} 到 {high}"
        raise ValueProblem(f"“{number}”超出范围，应{'为 ' if '到' in span else ''}{span}")
    return number


def _key(text: str) -> str:
    return "".join(half(text).lower().split())


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= 30 else text[:30] + "…"


__all__ = [
    "as_bool", "as_choice", "as_int", "as_money_fen", "as_number_text", "as_phone", "as_text", "half",
]  # fmt: skip
