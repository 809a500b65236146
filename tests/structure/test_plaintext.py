"""敏感内容的明文有几条路：哪里解密、哪里把明文取出来、凭什么不用先记查看。新加一条路，先在这里写明，再写进程序。"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src" / "jiezhi"

# 解密的文件 → 为什么可以。
DECRYPTS = {
    "base/accounts/fields.py": "模型字段：取属性时才解密，给人看的走 accounts.actions.reveal",
    "base/accounts/secrets.py": "解密本身",
    "base/casework/bundles.py": "重放和案卷包；案卷包在 archive 里先记查看",
    "base/casework/comparison.py": "核验：敏感的只说不同，不给内容",
    "base/casework/engine/rows.py": "件的样子；页面上打码，明文走 disclosure",
    "base/casework/followups.py": "对并入各件说的话：知道要遮哪些姓名电话",
    "base/casework/queries.py": "办理记录：打码后才出来",
    "base/casework/upkeep.py": "依法清除",
    "cli/serve.py": "启动时试钥匙，不出内容",
    "connect/hooks/content.py": "推送：敏感的打码，文字里的姓名电话遮住",
    "connect/steps.py": "推送的打码；送节点的，送不送姓名电话由系统管理员逐个节点定（缺省不送，有管理记录）",
    "connect/excel/changes.py": "再导入时比对，写成打码的",
    "connect/excel/copies.py": "留存的来表：接着导、把没有导入的行退回导入的人",
    "connect/excel/engine.py": "再导入时比对，只说哪一列不同",
    "connect/excel/exporting.py": "打码；写明理由的先记查看",
    "services/qualification/queries.py": "只取证件的有效期",
}
# 取得到明文的函数：取一件现在的样子、一步填了什么、重放、案卷。
OPENINGS = {
    "case_view", "load_for_reading", "replay", "replay_bundle", "steps.filled", "steps.reason", "people_to_mask",
    "bundles.load", "bundles.stream",
}  # fmt: skip
# 哪个文件的哪个函数取了 → 取来做什么、明文为什么出不去。
OPENED = {
    "api/present.py:_fields": "打码后才给",
    "base/archive/dossier.py:gather": "案卷包：先记查看，再交给人",
    "base/casework/disclosure.py:reveal_field": "先提交查看记录，再给",
    "base/casework/engine/loading.py:_loaded": "办理：在事务里算，结果不含明文",
    "base/casework/followups.py:own_words": "对并入各件说的话：遮住主件上的姓名电话",
    "base/casework/handing.py:plan_moves": "预览交接：转给谁、能不能转，不出字段值",
    "base/casework/engine/reading.py:read_together": "成批看能办什么，不出字段值",
    "base/casework/integrity.py:_case": "核验：敏感的只说不同",
    "base/casework/integrity.py:verify_cases": "核验：敏感的只说不同",
    "base/casework/oversight.py:urging": "能催办、督办哪些，不出字段值",
    "base/casework/queries.py:available": "能办哪些、差什么，不出字段值",
    "base/casework/queries.py:refused": "差什么权、什么条件，不出字段值",
    "base/casework/replay.py:compare_bundle": "重放比对：敏感的只说不同",
    "base/casework/replay.py:differences": "重放比对：敏感的只说不同",
    "base/casework/replay.py:replay": "重放，给核验用",
    "base/casework/replay.py:replay_many": "重放比对：敏感的只说不同",
    "base/casework/slips.py:accept_step": "更正时只取不保密的，看材料是不是本来就在",
    "base/documents/actions.py:receipt": "送达回证写受送达人；下载文书另按件的范围",
    "base/documents/making.py:render": "文书本来要写当事人；打码写在模板里",
    "connect/hooks/content.py:_body": "推送：敏感的打码，文字里的姓名电话遮住",
    "connect/nodes/outbound.py:_cleaner": "知道要遮哪些姓名电话",
    "connect/nodes/outbound.py:_put_news": "送节点：只送逐个节点定了的字段，文字遮住",
    "connect/nodes/outbound.py:queue_act": "送节点：只送逐个节点定了的字段，文字遮住",
    "connect/nodes/outbound.py:queue_open": "送节点：只送逐个节点定了的字段，文字遮住",
    "connect/systems/actions.py:_inputs": "拿来与对方的比，采用时写回本件",
    "connect/systems/copying.py:_Writer.copied": "抄录单：打码；写明理由的先记查看",
    "connect/systems/copying.py:_Writer.secrets": "列出有哪些敏感字段，好先记查看",
    "demo/year/run.py:checked": "示例数据的核验",
    "services/residents/queries.py:_choices": "来件人能办哪几步，不出字段值",
    "services/residents/queries.py:_contents": "只给声明了公开、不保密的",
    "services/serving/queries.py:servings": "只取送达的日期和给谁送了，名称在页面上打码",
    "web/office/dossier.py:Dossier.current": "打码后才上页面",
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
    assert using(r"(?:secrets\.|[^.\w])decrypt(?:_bytes)?\(") - set(DECRYPTS) == set()


def test_only_these_files_write_reads_and_in_one_way() -> None:
    assert using(r"\bnote_reads\(") == RECORDS
    assert using(r"\bSensitiveRead\((?!AppendOnlyModel)") == {"base/accounts/records.py"}


def test_nothing_asks_for_the_record_in_clear() -> None:
    assert using(r"show_sensitive=True") == set()


def opened() -> Iterator[str]:
    """取明文的各处：文件:函数。"""
    for path in SRC.rglob("*.py"):
        if "tests" in path.parts or path.name.startswith("testing"):
            continue
        name = path.relative_to(SRC).as_posix()
        yield from (f"{name}:{where}" for where in _calls(ast.parse(path.read_text(encoding="utf-8")), ""))


def _calls(node: ast.AST, where: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        inner = where
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inner = f"{where}.{child.name}".lstrip(".")
        if isinstance(child, ast.Call) and OPENINGS & _named(child.func):
            yield where
        yield from _calls(child, inner)


def _named(function: ast.expr) -> set[str]:
    if isinstance(function, ast.Name):
        return {function.id}
    if not isinstance(function, ast.Attribute):
        return set()
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    return {function.attr, f"{owner}.{function.attr}"}


def test_every_place_that_opens_the_plain_text_is_listed() -> None:
    assert set(opened()) == set(OPENED)


def test_opening_from_a_new_place_would_be_noticed() -> None:
    code = "class A:\n    def b(self):\n        return rows.case_view(x, ()), steps.filled(y)"
    assert list(_calls(ast.parse(code), "")) == ["A.b", "A.b"]
