"""演示用的照片：画出来的街景、纸面，同一编号总是同一张。不是真的照片。"""

from __future__ import annotations

import io
import random
from datetime import datetime

from PIL import Image, ImageDraw

from jiezhi.base.casework import files

KINDS = {"scene": "现场", "before": "处理前", "after": "处理后", "paper": "签收材料"}


def store_picture(kind: str, number: int, *, name: str = "", now: datetime) -> str:
    """画第 `number` 张某种照片存好，返回摘要。`kind` 是 scene 现场、before 处理前、after 处理后、paper 纸面。"""
    stream = io.BytesIO(_draw(kind, number))
    title = f"{name or KINDS[kind]}.jpg"
    return files.store(stream, title, kind="photo", acting_officer=None, now=now).pk


def _draw(kind: str, number: int) -> bytes:
    rng = random.Random(f"{kind}:{number}")
    picture = _paper(rng) if kind == "paper" else _street(rng, littered=kind != "after")
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def _street(rng: random.Random, *, littered: bool) -> Image.Image:
    sky = tuple(rng.randint(180, 225) for _ in range(3))
    picture = Image.new("RGB", (640, 480), sky)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 330, 640, 480), fill=(126, 128, 126))
    draw.rectangle((0, 330, 640, 352), fill=(170, 168, 160))
    left = -rng.randint(0, 60)
    while left < 640:
        width, height = rng.randint(90, 190), rng.randint(120, 290)
        tone = rng.randint(0, 60)
        draw.rectangle(
            (left, 330 - height, left + width, 330), fill=(150 + tone // 2, 138 + tone // 3, 120 + tone)
        )
        for x in range(left + 14, left + width - 24, 34):
            for y in range(345 - height, 290, 46):
                draw.rectangle((x, y, x + 18, y + 26), fill=(90, 104 + tone, 120))
        left += width + rng.randint(4, 18)
    for _ in range(rng.randint(4, 9) if littered else 0):
        x, y, size = rng.randint(10, 590), rng.randint(350, 450), rng.randint(12, 46)
        colour = (rng.randint(90, 190), rng.randint(60, 150), rng.randint(40, 120))
        draw.rectangle((x, y, x + size, y + size * 2 // 3), fill=colour, outline=(60, 50, 40))
    return picture


def _paper(rng: random.Random) -> Image.Image:
    picture = Image.new("RGB", (480, 640), (248, 247, 242))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((150, 50, 330, 66), fill=(60, 60, 60))
    for row in range(110, rng.randint(420, 500), 26):
        draw.rectangle((60, row, rng.randint(300, 420), row + 6), fill=(120, 120, 120))
    x = rng.randint(250, 330)
    draw.ellipse((x, 490, x + 110, 600), outline=(196, 40, 40), width=5)
    draw.line((70, 570, 70 + rng.randint(60, 120), 570 - rng.randint(5, 30)), fill=(40, 40, 120), width=4)
    return picture
