"""电话号码的检查。"""

import re

from jiezhi.base.accounts import secrets


def phone_problem(value: str) -> str:
    """号码哪里不对（给人看的话）；没问题时为空串。空号码不算错。"""
    text = secrets.normalise_phone(value)
    if not text:
        return ""
    if not re.fullmatch(r"\+?\d+", text):
        return "电话只能是数字（可带区号、连接号或国际区号）"
    if text.startswith("+"):
        return "" if 7 <= len(text) - 1 <= 15 else "境外电话应为国际区号加号码，共 7 到 15 位数字"
    if len(text) == 11 and re.match(r"1[3-9]", text):
        return ""
    if text.startswith("1") and 9 <= len(text) <= 13:
        if len(text) != 11:
            return f"手机号应为 11 位，现在是 {len(text)} 位"
        return "手机号第二位应在 3 到 9 之间，请重新核对"
    if re.fullmatch(r"0\d{9,11}|[2-9]\d{6,7}|[48]00\d{7}|\d{3,6}", text):
        return ""
    return "电话号码位数不对：手机 11 位；固定电话请写区号加 7 或 8 位号码"
