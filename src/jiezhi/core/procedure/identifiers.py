"""证件号的检查：身份证号、统一社会信用代码。说明哪里不对，不说“格式错误”了事。纯函数，不看现在几点。"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

_USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_RIC_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_USCC_SHAPE = re.compile(r"[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}")
_RIC_NAMES = frozenset({"RIC", "身份证", "居民身份证"})
_USCC_NAMES = frozenset({"USCC", "统一社会信用代码"})


def canonical(value: str) -> str:
    """证件号的统一写法：全角变半角，去掉空白和连接号，字母大写。"""
    return re.sub(r"[\s\-‐-―−_]+", "", unicodedata.normalize("NFKC", value)).upper()


def ric_problem(number: str, today: date | None = None) -> str:
    """18 位身份证号哪里不对；没问题为空串。`number` 须已统一写法；不给 `today` 就不查出生日期在不在将来。

    不查前六位是否在现行区划表里：区划常有新设撤并，港澳台居民居住证（81、82、83 开头）和新版外国人永久居留
    身份证（9 开头）也用同样的编码，查表会误拒真证件。
    """
    if len(number) == 15 and number.isdigit():
        return "这是 15 位的旧号码，请填写 18 位身份证号"
    if len(number) != 18:
        return f"身份证号应为 18 位，现在是 {len(number)} 位"
    if not _RIC_SHAPE.fullmatch(number):
        return "身份证号前 17 位应为数字，最后一位应为数字或 X"
    try:
        born = ric.get_birth_date(number)
    except InvalidComponent:
        return "身份证号第 7 到 14 位不是有效的出生日期"
    if today is not None and born > today:
        return "身份证号里的出生日期在今天之后"
    if number[17] != ric.calc_check_digit(number):
        return "身份证号校验位不对，多半有一位写错，请对照证件逐位核对"
    return ""


def born_on(number: str) -> date | None:
    """身份证号里的生日；不是一个对的 18 位身份证号为 None。`number` 什么写法都行。"""
    plain = canonical(number)
    if len(plain) != 18 or ric_problem(plain):
        return None
    born: date = ric.get_birth_date(plain)
    return born


def age_on(born: date, day: date) -> int:
    """`day` 那天满几周岁。周岁从生日的第二天算满（推导，有利于当事人），生日当天还小一岁。"""
    return day.year - born.year - ((day.month, day.day) <= (born.month, born.day))


def uscc_problem(number: str) -> str:
    """18 位统一社会信用代码哪里不对；没问题为空串。`number` 须已统一写法。

    前两位允许字母：农村集体经济组织等的代码以 N 开头，python-stdnum 的整体检查会误拒，所以只用它的校验位算法。
    """
    if len(number) != 18:
        return f"统一社会信用代码应为 18 位，现在是 {len(number)} 位"
    if bad := sorted(set(number) - set(_USCC_LETTERS)):
        return f"统一社会信用代码里不会有“{'、'.join(bad)}”（字母 I、O、S、V、Z 从不使用，常与 1、0、5、U、2 混淆）"
    if not (number[2:8].isascii() and number[2:8].isdigit()):
        return "统一社会信用代码第 3 到 8 位应为数字"
    if number[17] != uscc.calc_check_digit(number):
        return "统一社会信用代码校验位不对，多半有一位写错，请对照执照逐位核对"
    return ""


def party_identifier(kind: str, value: str) -> tuple[str, str]:
    """当事人的证件号 → （存下来的写法、哪里不对；没问题为空串）。

    `kind` 写明身份证、统一社会信用代码的照它查；没有写的看样子：17 位数字加一位数字或 X 的当身份证号（全是数字的
    信用代码也认），其余第 3 到 8 位是数字的 18 位当信用代码。写明是别的证件，或看不出是哪一种的（护照、打了星号
    的）不查，原样留着。
    """
    number, named = canonical(value), canonical(kind)
    if named in _RIC_NAMES:
        return number, ric_problem(number)
    if named in _USCC_NAMES:
        return number, uscc_problem(number)
    if named:
        return value, ""
    if _RIC_SHAPE.fullmatch(number):
        wrong = ric_problem(number)
        return number, "" if wrong and not uscc_problem(number) else wrong
    if _USCC_SHAPE.fullmatch(number):
        return number, uscc_problem(number)
    return value, ""
