"""测试共用：样例文件夹和小业务模板。"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jiezhi.core.procedure.loader import load_folder
from jiezhi.core.procedure.packset import PackSet

SAMPLE = Path(__file__).parent / "sample_packs"

SMALL = """\
matter: demo.small
title: 小件
covers: [B1]
class: 群众诉求
fields:
  content: {title: 内容, type: text}
states:
  new: {title: 待办}
  done: {title: 办结, terminal: true, ended: done}
actions:
  register:
    title: 登记
    means: register
    from: start
    to: new
    by: reporter
    collect: [content, note?]
  close:
    title: 办结
    means: close
    from: new
    to: done
    by: post.dispatcher
"""


@lru_cache(maxsize=1)
def sample() -> PackSet:
    """样例文件夹，只读一次；测试不得改动它。"""
    return load_folder(SAMPLE)
