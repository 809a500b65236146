"""查询码：来件人凭编号和查询码查自己那一件。由全局标识和本机钥匙算出，库里不存，也就偷不走。

查询码 10 个字符、50 位，不用容易看错的字母（I、L、O、U）；抄错的大小写、I 与 1、O 与 0、横线和空格都认。
试错次数由调用者管（services.residents）。
"""

from __future__ import annotations

import hmac

from jiezhi.base.accounts import secrets
from jiezhi.base.casework import matters
from jiezhi.base.casework.models import Case

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
NOBODY = "00000000-0000-0000-0000-000000000000"
_ALIKE = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})


def receipt_code(uid: str) -> str:
    """一件的查询码，如 `7K3QF-90XTA`。`uid` 是全局标识。没有本机钥匙的人算不出。"""
    number = int(secrets.blind_index("receipt", uid), 16)
    text = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(LENGTH))
    return f"{text[:5]}-{text[5:]}"


def case_with_code(number: str, code: str) -> Case | None:
    """编号和查询码都对的那一件；不对为 None。没有这个编号也照样算一遍，花的时间看不出有没有这件。

    没有声明来件人的业务（处罚、检查）不给查。
    """
    given = _plain(code).encode()
    rows = Case.objects.filter(number=number).select_related("version").defer("version__content")
    found: Case | None = None
    # 同一编号只在不同的主办系统里才有几件，逐件比完，不因先对上就停。
    pairs: list[tuple[str, Case | None]] = [(str(row.uid), row) for row in rows]
    for uid, case in pairs or [(NOBODY, None)]:
        if hmac.compare_digest(_plain(receipt_code(uid)).encode(), given):
            found = case
    if found is None or matters.definition_of(found.version).matter.reported_by is None:
        return None
    return found


def _plain(code: str) -> str:
    """统一写法：半角大写，去掉空白和横线，容易看错的换成一样。"""
    return secrets.normalise(code)[:64].translate(_ALIKE)
