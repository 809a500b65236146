"""一处执法现场：谁、在哪里、什么情形；执法的各种经过共用的写法。"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from jiezhi.demo.year.life import Life, Story, Who
from jiezhi.demo.year.people import Town
from jiezhi.demo.year.words import load

BANK = "云桥农商行云桥路支行"
WAYS = {"直接送达": 60, "留置送达": 10, "电子送达": 12, "邮寄送达": 10, "委托送达": 3, "公告送达": 5}
"""几种送达方式平常占几份。"""

Picks = Callable[[dict[str, Any]], bool]


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return load("enforcement")


class Scene:
    """现场。`kind` 是 spot 当场处罚、caution 敬告、penalty 普通程序；`picks` 从句式表里挑哪几种情形。"""

    def __init__(self, life: Life, town: Town, kind: str, picks: Picks = lambda one: True) -> None:
        self.life, self.town = life, town
        rng = life.rng
        self.scene: dict[str, Any] = rng.choice([one for one in _texts()[kind] if picks(one)])
        self.building = town.somewhere(rng, "沿街商铺", "小区商铺", "城中村商铺", "沿街市场", "沿街写字楼")
        self.person = self.scene["kind"] == "自然人"
        self.party = town.party(rng, self.scene["kind"], self.building)
        self.uid = ""
        self._slots = {
            "place": self.building.label,
            "n": str(rng.randint(2, 9)),
            "m": str(rng.randint(12, 40)),
        }

    def words(self, part: str) -> str:
        """这一种情形的一句话；没有专门的用各种情形共用的。"""
        options = self.scene.get(part) or _texts()[part]
        text = options if isinstance(options, str) else self.life.rng.choice(options)
        return self.town.words.fill(self.life.rng, text, self._slots)

    def fine(self) -> int:
        """罚多少，分。"""
        return int(self.life.rng.choice(self.scene["fines"]))

    def photos(self, kind: str, count: int = 1) -> list[str]:
        """几张照片。"""
        return self.town.photo(self.life.rng, kind, count)

    def about_party(self, *, age: bool = True) -> dict[str, Any]:
        """当事人、案由、执法人员几栏。"""
        found: dict[str, Any] = {
            "parties": [self.party], "party_kind": self.scene["kind"], "cause": self.scene["cause"], "handlers": self.town.handlers(),
        }  # fmt: skip
        return found | ({"age_band": "成年人" if self.person else "不适用"} if age else {})

    def at_place(self) -> dict[str, Any]:
        """地点栏。"""
        return {"spot": self.town.spot(self.building)}

    def does(self, action: str, who: Who, reason: str = "", /, **inputs: Any) -> Story:
        """在这一件上办一步。"""
        return self.life.does(self.uid, action, who, reason, **inputs)

    def served(self, doc: str, way: str = "", *, again: bool = False) -> Story:
        """送达一种文书，各种方式各有各的手续；公告的等到期满。`again` 是变更之后再送一次，要写明送给谁。"""
        life, rng = self.life, self.life.rng
        way = way or rng.choices(list(WAYS), list(WAYS.values()))[0]
        server = self.town.person("enforcement_officer", nth=1)
        life.workdays(rng.randint(1, 3), rng.choice((10, 15)))
        given: dict[str, Any] = {"way": way, "receipt": self.photos("paper")} | (
            {"to": self.party} if again else {}
        )
        at = life.now
        match way:
            case "留置送达":
                given["witness"] = f"{self.building.label}所在社区居委会 工作人员"
                given["media"] = self.photos("scene")
            case "电子送达":
                given |= {"consent": self.photos("paper"), "arrived": life.now.isoformat()}
            case "邮寄送达":  # 收件在先，回执寄回来再登记
                life.workdays(rng.randint(2, 4))
                at = life.now - timedelta(days=1, hours=rng.randint(0, 3))
            case "公告送达":
                tried = [{"way": "直接送达", "on": life.day(-3), "result": "登记住所没有人"}]
                given |= {"why": "其他方式无法送达", "tried": tried}
                given["course"] = "两次到登记住所没有人，邮件退回，公告登在街道公告栏和政务网站"
        given["on"] = at.date().isoformat()
        inputs = {f"{doc}_{name}": value for name, value in given.items()}
        yield from life.records(self.uid, f"serve_{doc}", server, at, **inputs)
        if way == "公告送达":
            life.days(34)
