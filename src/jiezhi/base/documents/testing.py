"""测试用：带文书的小业务，和把印出来的页变成扫描件的办法。"""

from __future__ import annotations

import io
import random
from datetime import timedelta
from typing import Any

import segno
from PIL import Image, ImageDraw

from jiezhi.base.accounts.models import Officer
from jiezhi.base.casework import actions, files, outbox
from jiezhi.base.casework.models import Case, EvidenceFile
from jiezhi.base.casework.outcome import Outcome
from jiezhi.base.casework.testing import MATTER, START, Office, definition
from jiezhi.base.documents import codes
from jiezhi.base.documents.models import Document
from jiezhi.core.procedure.definition import Definition

HOUR = timedelta(hours=1)

REPLY = """\
= {{ reporter.name or '来件人' }}：
您反映的“{{ subject }}”（{{ case.number }}）已经办理，现答复如下：
一、办理情况
{{ reply }}
{% if spot %}
（一）地点。{{ spot }}
{% endif %}
| 承办单位 | {{ to_unit }} | 经办人 | {{ handlers }} |
依照{{ cite('office.handle') }}答复。
"""

PAPERS: dict[str, Any] = {
    "reply": {"title": "答复书", "layout": "letter", "text": REPLY, "signs": ["经办人"], "seal": True},
    "talk": {
        "title": "谈话笔录",
        "layout": "record",
        "text": "问：{{ subject }}是怎么回事？\n答：{{ reply or '（待补）' }}\n",
        "signs": ["被询问人", "询问人"],
    },
}


def paper_definition(**changes: Any) -> Definition:
    """测试业务，答复时出答复书，谈话可以谈几次、每次一份笔录。"""
    acts = {
        **MATTER["actions"],
        "answer": MATTER["actions"]["answer"] | {"document": ["reply"]},
        "redo": {
            "title": "重新答复", "from": "answered", "by": "unit.unit_clerk", "collect": ["reply"],
            "document": ["reply"],
        },
        "talk": {"title": "谈话", "from": "handling", "by": "unit.unit_clerk", "document": ["talk"]},
    }  # fmt: skip
    return definition(**{"actions": acts, "documents": PAPERS, **changes})


def handling(office: Office, subject: str = "路灯不亮", **inputs: Any) -> Case:
    """一件办到“办理中”的件。"""
    found = actions.open_case(
        "test.report", acting_officer=office.dispatcher, inputs={"subject": subject, **inputs}, now=START
    )
    assert isinstance(found, Outcome), found
    done = actions.act(
        found.uid, "dispatch", acting_officer=office.dispatcher, inputs={"to_unit": "law"}, now=START + HOUR
    )
    assert done.ok, done
    return Case.objects.get(uid=found.uid)


def answered(office: Office, reply: str = "已经换好路灯", **inputs: Any) -> Document:
    """答复过、答复书做好的件。"""
    case = handling(office, **inputs)
    done = actions.act(
        str(case.uid), "answer", acting_officer=office.clerk, inputs={"reply": reply}, now=START + 2 * HOUR
    )
    assert done.ok, done
    drained = outbox.drain(START + 3 * HOUR)
    assert not drained.failed, drained
    return Document.objects.get(case=case, name="reply")


def printed(
    document: Document, *, dpi: int = 200, page: int | None = None, code: str | None = None, text: str = ""
) -> Image.Image:
    """印出来的一页（A4，左下角 17 毫米的二维码，满页文字似的横线）。`text` 让两页画面不同。"""
    unit = dpi / 25.4
    sheet = Image.new("L", (round(210 * unit), round(297 * unit)), 255)
    draw = ImageDraw.Draw(sheet)
    for row in range(40, 255, 10):
        draw.line((30 * unit, row * unit, 180 * unit, row * unit), fill=60, width=max(1, dpi // 100))
    draw.text((40 * unit, 30 * unit), text or document.short, fill=0)
    target = io.BytesIO()
    content = codes.text_of(document.short, page)
    if forged := code or (document.code if document.code != codes.code_of(document.short) else ""):
        content = content.replace(codes.code_of(document.short, page), forged)
    segno.make(content, error="q", boost_error=False, micro=False).save(
        target, kind="png", scale=12, border=2
    )
    target.seek(0)
    size = round(17 * unit)
    sheet.paste(
        Image.open(target).convert("L").resize((size, size), Image.Resampling.LANCZOS),
        (round(28 * unit), round(270 * unit)),
    )
    return sheet


def worn(sheet: Image.Image, *, tilt: float = 0, noise: float = 0, seed: int = 1) -> Image.Image:
    """扫歪了、有麻点的。`noise` 是变成黑白麻点的比例。"""
    found = sheet.rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    chance = random.Random(seed)
    width, height = found.size
    pixels = found.load()
    assert pixels is not None
    for _ in range(int(width * height * noise)):
        pixels[chance.randrange(width), chance.randrange(height)] = chance.choice((0, 255))
    return found


def scanned(*sheets: Image.Image, officer: Officer, name: str = "扫描.pdf") -> EvidenceFile:
    """几页合成一份 PDF 上传。"""
    target = io.BytesIO()
    sheets[0].save(target, "PDF", resolution=200, save_all=True, append_images=sheets[1:])
    target.seek(0)
    return files.store(target, name, kind="any", acting_officer=officer, now=START + 4 * HOUR)
