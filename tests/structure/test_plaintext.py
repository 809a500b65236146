"""敏感内容的明文有几条路：哪个文件能解密、凭什么不用先记查看。新加一条路，先在这里写明，再写进程序。"""

from __future__ import annotations

import re
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src" / "jiezhi"

# 解密的文件 → 为什么可以。
DECRYPTS = {
    "base/accounts/fields.py": "模型字段：取属性时才解密，给人看的走 accounts.actions.reveal",
    "base/accounts/secrets.py": "解密本身",
    "base/casework/bundles.py": "重放和案卷包；案卷包在 archive 里先记查看",
    "base/casework/comparison.py": "核验：敏感的只说不同，不给内容",
    "base/casework/engine/rows.py": "件的样子；页面上打码，明文走 disclosure",
    "base/casework/queries.py": "办理记录：打码后才出来",
    "base/casework/upkeep.py": "依法清除",
    "cli/serve.py": "启动时试钥匙，不出内容",
    "connect/hooks/content.py": "推送：敏感的打码，文字里的姓名电话遮住",
    "connect/steps.py": "推送的打码；送节点的，送不送姓名电话由系统管理员逐个节点定（缺省不送，有管理记录）",
    "connect/excel/changes.py": "再导入时比对，写成打码的",
    "connect/excel/engine.py": "再导入时比对，只说哪一列不同",
    "connect/excel/exporting.py": "打码；写明理由的先记查看",
    "services/qualification/queries.py": "只取证件的有效期",
}
# 写查看记录的文件。
RECORDS = {
    "base/accounts/actions.py",
    "base/accounts/records.py",
    "base/archive/actions.py",
    "base/casework/disclosure.py",
    "base/documents/actions.py",
    "connect/excel/exporting.py",
    "connect/systems/copying.py",
}


def using(pattern: str) -> set[str]:
    found = re.compile(pattern)
    return {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if "tests" not in path.parts and found.search(path.read_text(encoding="utf-8"))
    }


def test_only_these_files_decrypt() -> None:
    assert using(r"(?:secrets\.|[^.\w])decrypt\(") - set(DECRYPTS) == set()


def test_only_these_files_write_reads_and_in_one_way() -> None:
    assert using(r"\bnote_reads\(") == RECORDS
    assert using(r"\bSensitiveRead\((?!AppendOnlyModel)") == {"base/accounts/records.py"}


def test_nothing_asks_for_the_record_in_clear() -> None:
    assert using(r"show_sensitive=True") == set()
