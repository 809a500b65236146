"""证件号的检查。说明哪里不对，不说“格式错误”了事。"""

from datetime import date

from django.utils import timezone
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from jiezhi.base.accounts import secrets
from jiezhi.base.registry.models import IdentifierKind

_USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def ric_problem(number: str, today: date | None = None) -> str:
    """18 位身份证号哪里不对；没问题为空串。`number` 须已统一写法。

    不查前六位是否在现行区划表里：区划常有新设撤并，港澳台居民居住证（81、82、83 开头）和新版外国人永久居留
    身份证（9 开头）也用同样的编码，查表会误拒真证件。
    """
    if len(number) == 15 and number.isdigit():
        return "这是 15 位的旧号码，请填写 18 位身份证号"
    if len(number) != 18:
        return f"身份证号应为 18 位，现在是 {len(number)} 位"
    if not (number[:17].isascii() and number[:17].isdigit() and number[17] in "0123456789X"):
        return "身份证号前 17 位应为数字，最后一位应为数字或 X"
    try:
        born = ric.get_birth_date(number)
    except InvalidComponent:
        return "身份证号第 7 到 14 位不是有效的出生日期"
    if born > (today or timezone.localdate()):
        return "身份证号里的出生日期在今天之后"
    if number[17] != ric.calc_check_digit(number):
        return "身份证号校验位不对，多半有一位写错，请对照证件逐位核对"
    return ""


def uscc_problem(number: str) -> str:
    """18 位统一社会信用代码哪里不对；没问题为空串。`number` 须已统一写法。

    前两位允许字母：农村集体经济组织等的代码以 N 开头，python-stdnum 的整体检查会误拒，所以只用它的校验位算法。
    """
    if len(number) != 18:
        return f"统一社会信用代码应为 18 位，现在是 {len(number)} 位"
    if bad := sorted(set(number) - set(_USCC_LETTERS)):
        return f"统一社会信用代码里不会有“{'、'.join(bad)}”（字母 I、O、S、V、Z 从不使用，常与 1、0、5、U、2 混淆）"
    if not number[2:8].isdigit():
        return "统一社会信用代码第 3 到 8 位应为数字"
    if number[17] != uscc.calc_check_digit(number):
        return "统一社会信用代码校验位不对，多半有一位写错，请对照执照逐位核对"
    return ""


def identifier_problem(kind: str, value: str) -> str:
    """按证件种类检查 `value`（任意写法）。"""
    number = secrets.normalise(value)
    if kind == IdentifierKind.NONE:
        return "请选择证件种类" if number else ""
    if not number:
        return "请填写证件号，或把证件种类改为“未填”"
    if kind == IdentifierKind.RIC:
        return ric_problem(number)
    if kind == IdentifierKind.USCC:
        return uscc_problem(number)
    return "" if 4 <= len(number) <= 40 else "证件号应为 4 到 40 位"
