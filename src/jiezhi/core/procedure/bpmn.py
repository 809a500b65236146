"""业务模板导出成 BPMN 2.0（带坐标），给别的流程工具看和核对。

环节是用户任务（停在那里等人选动作），后面的排他网关按 `action` 选办理动作；动作是用户任务，系统自动办的是服务任务，
办完到下一环节，去向有条件的再过一个排他网关。到期自动办理的是环节上的定时边界事件，到期时刻由本平台按法定数法算好，
以变量 `due_…` 给出（工作日没有别的标准写法）。办结是结束事件；办结之后还能重新打开的，先过一个网关。
这是骨架：办理条件、保护期和法律规则不在其中，以业务模板为准。
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jiezhi.core.procedure.actions import ActionDecl, Branch
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.layout import Node, layers, link, place

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"bpmn": MODEL, "bpmndi": DI, "dc": DC, "di": DD, "xsi": XSI}
SIZES = {
    "startEvent": (36, 36),
    "endEvent": (36, 36),
    "boundaryEvent": (36, 36),
    "exclusiveGateway": (50, 50),
}
TASK = (130, 70)
MARGIN = 60.0
SYSTEM = "system"


@dataclass
class _Item:
    """图上的一个元素。`attached` 是边界事件所在的任务，`due` 是它等的到期变量。"""

    id: str
    kind: str
    name: str
    note: str = ""
    attached: str = ""
    due: str = ""
    default: str = ""
    box: tuple[float, float, float, float] = (0, 0, 0, 0)


@dataclass
class _Flow:
    """一条顺序流。"""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""


@dataclass
class _Skeleton:
    """元素和连线，按声明的先后。"""

    definition: Definition
    items: dict[str, _Item] = field(default_factory=dict)
    flows: list[_Flow] = field(default_factory=list)

    def add(self, id_: str, kind: str, name: str, **more: Any) -> str:
        self.items[id_] = _Item(id_, kind, name, **more)
        return id_

    def flow(self, source: str, target: str, name: str = "", condition: str = "") -> _Flow:
        self.flows.append(_Flow(f"flow.{len(self.flows) + 1}", source, target, name, condition))
        return self.flows[-1]

    # ---- 元素 ----

    def build(self) -> None:
        """由业务模板展开。"""
        matter = self.definition.matter
        self.add("begin", "startEvent", "开始")
        for name, state in matter.states.items():
            if not state.terminal:
                self.add(f"state.{name}", "userTask", state.title, note=state.help or "")
            elif self.definition.by_state[name]:
                self.add(f"state.{name}", "exclusiveGateway", state.title)
                self.add(f"end.{name}", "endEvent", state.title)
                self.items[f"state.{name}"].default = self.flow(f"state.{name}", f"end.{name}", "办结").id
            else:
                self.add(f"state.{name}", "endEvent", state.title)
        opening = self.definition.opening_actions
        if len(opening) == 1:
            self.flow("begin", self._act(START, opening[0]))
        else:
            self.flow("begin", self.add(f"state.{START}", "userTask", "开件"))
        for name, state in matter.states.items():
            self._choices(name, f"state.{name}" if state.terminal else "")
        if len(opening) > 1:
            self._choices(START, "")

    def _choices(self, state: str, gateway: str) -> None:
        """一个环节能办的动作；`gateway` 是已有的网关（办结之后的），没有就设一个。"""
        names = self.definition.by_state[state]
        actions = self.definition.matter.actions
        chosen = [name for name in names if not _only_timed(actions[name])]
        if chosen and not gateway:
            gateway = self.add(f"choose.{state}", "exclusiveGateway", "办哪个动作")
            self.flow(f"state.{state}", gateway)
        for name in chosen:
            condition = f'action == "{name}"' if len(chosen) > 1 or gateway.startswith("state.") else ""
            flow = self.flow(gateway, self._act(state, name), actions[name].title, condition)
            if not condition:
                self.items[gateway].default = flow.id
        for name in names:
            for due, words in self._timers(name):
                if f"state.{state}" in self.items and self.items[f"state.{state}"].kind == "userTask":
                    timer = f"timer.{state}.{name}.{due}"
                    self.add(timer, "boundaryEvent", words, attached=f"state.{state}", due=due)
                    self.flow(timer, self._act(state, name))

    def _timers(self, name: str) -> list[tuple[str, str]]:
        """动作等哪些到期：（变量名, 说法）。"""
        matter, found = self.definition.matter, []
        action = matter.actions[name]
        for text in action.on:
            kind, _, rest = text.partition(".")
            if kind == "clock" and rest.removesuffix(".expires") in matter.clocks:
                clock = matter.clocks[rest.removesuffix(".expires")]
                found.append(
                    (f"due_{rest.removesuffix('.expires')}", f"{clock.title} {clock.limit or ''}".strip())
                )
            elif kind == "date" and rest in matter.fields:
                found.append((f"due_date_{rest}", f"到“{matter.fields[rest].title}”"))
        if action.every:
            found.append((f"due_every_{name}", f"每隔{action.every}"))
        return found

    def _act(self, state: str, name: str) -> str:
        """动作的任务和它的去向；同一环节同一动作只画一个。"""
        id_ = f"do.{state}.{name}"
        if id_ in self.items:
            return id_
        action = self.definition.matter.actions[name]
        kind = "serviceTask" if set(action.by) == {SYSTEM} else "userTask"
        self.add(id_, kind, action.title, note=self._note(action))
        targets = action.to or [Branch(state=state)]
        if len(targets) == 1:
            self.flow(id_, f"state.{targets[0].state}")
            return id_
        route = self.add(f"route.{state}.{name}", "exclusiveGateway", "去向")
        self.flow(id_, route)
        for branch in targets:
            when = branch.when.replace("done.", "done_") if branch.when else ""
            flow = self.flow(route, f"state.{branch.state}", branch.when or "其余", when)
            if not when:
                self.items[route].default = flow.id
        return id_

    def _note(self, action: ActionDecl) -> str:
        means = "、".join(self.definition.means.get(one, one) for one in action.means)
        basis = self.definition.label(action.basis)
        parts = [action.help or "", f"法律含义：{means}" if means else "", f"依据：{basis}" if basis else ""]
        return "\n".join(part for part in parts if part)

    # ---- 摆放 ----

    def arrange(self) -> None:
        """从左到右分层摆放；层内次序和位置用画图的同一套办法。"""
        after: dict[str, list[str]] = {name: [] for name in self.items}
        for flow in self.flows:
            source = self.items[flow.source].attached or flow.source
            after[source].append(flow.target)
        for name, item in self.items.items():
            if item.attached:
                del after[name]
        ranks, back = layers(after, "begin")
        nodes = {}
        for name in after:
            width, height = SIZES.get(self.items[name].kind, TASK)
            # 画图是从上到下，这里从左到右：宽高互换，算完再换回来。
            nodes[name] = Node(name, "state", ranks[name], height + 24, width + 24)
        for name, targets in after.items():
            for target in dict.fromkeys(targets):
                if ranks[target] == ranks[name] + 1 and (name, target) not in back:
                    link(nodes[name], nodes[target])
        place(list(nodes.values()))
        for name, node in nodes.items():
            width, height = SIZES.get(self.items[name].kind, TASK)
            self.items[name].box = (MARGIN + node.y - width / 2, MARGIN + node.x - height / 2, width, height)
        placed: dict[str, int] = {}
        for item in self.items.values():
            if item.attached:
                x, y, _, tall = self.items[item.attached].box
                index = placed[item.attached] = placed.get(item.attached, -1) + 1
                item.box = (x + 8 + index * 40, y + tall - 18, 36, 36)

    def points(self, flow: _Flow) -> list[tuple[float, float]]:
        """连线的折点：向右的两折；往回的从下面绕。"""
        x, y, w, h = self.items[flow.source].box
        tx, ty, tw, th = self.items[flow.target].box
        if tx >= x + w:
            middle = (x + w + tx) / 2
            return [(x + w, y + h / 2), (middle, y + h / 2), (middle, ty + th / 2), (tx, ty + th / 2)]
        low = max(y + h, ty + th) + 20
        return [(x + w / 2, y + h), (x + w / 2, low), (tx + tw / 2, low), (tx + tw / 2, ty + th)]


def _only_timed(action: ActionDecl) -> bool:
    """只会因到期而办，没有人来选的。"""
    timed = bool(action.every) or bool(action.on)
    return (
        set(action.by) == {SYSTEM}
        and timed
        and all(text.startswith(("clock.", "date.")) for text in action.on)
    )


def bpmn(definition: Definition) -> str:
    """导出成 BPMN 2.0 XML 文字（UTF-8，含图形坐标）。同样的业务模板导出同样的文字。先 `verify` 过的才保证走得通。"""
    skeleton = _Skeleton(definition)
    skeleton.build()
    skeleton.arrange()
    for prefix, uri in PREFIXES.items():
        ET.register_namespace(prefix, uri)
    matter = definition.matter
    root = ET.Element(
        f"{{{MODEL}}}definitions",
        {"id": "definitions", "targetNamespace": f"urn:jiezhi:{matter.matter}", "exporter": "jiezhi"},
    )
    attributes = {"id": f"matter.{matter.matter}", "name": matter.title, "isExecutable": "true"}
    process = ET.SubElement(root, f"{{{MODEL}}}process", attributes)
    for item in skeleton.items.values():
        _element(process, item, skeleton.flows)
    for flow in skeleton.flows:
        _sequence(process, flow)
    _diagram(root, skeleton, attributes["id"])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _element(process: ET.Element, item: _Item, flows: Sequence[_Flow]) -> None:
    attributes = {"id": item.id, "name": item.name}
    if item.default:
        attributes["default"] = item.default
    if item.attached:
        attributes |= {"attachedToRef": item.attached, "cancelActivity": "true"}
    node = ET.SubElement(process, f"{{{MODEL}}}{item.kind}", attributes)
    if item.note:
        ET.SubElement(node, f"{{{MODEL}}}documentation").text = item.note
    for tag, end in (("incoming", "target"), ("outgoing", "source")):
        for flow in flows:
            if getattr(flow, end) == item.id:
                ET.SubElement(node, f"{{{MODEL}}}{tag}").text = flow.id
    if item.due:
        timer = ET.SubElement(node, f"{{{MODEL}}}timerEventDefinition", {"id": f"{item.id}.timer"})
        _expression(timer, "timeDate", item.due)


def _sequence(process: ET.Element, flow: _Flow) -> None:
    attributes = {"id": flow.id, "sourceRef": flow.source, "targetRef": flow.target}
    if flow.name:
        attributes["name"] = flow.name
    node = ET.SubElement(process, f"{{{MODEL}}}sequenceFlow", attributes)
    if flow.condition:
        _expression(node, "conditionExpression", flow.condition)


def _expression(parent: ET.Element, tag: str, text: str) -> None:
    node = ET.SubElement(parent, f"{{{MODEL}}}{tag}", {f"{{{XSI}}}type": "bpmn:tFormalExpression"})
    node.text = text


def _diagram(root: ET.Element, skeleton: _Skeleton, process: str) -> None:
    diagram = ET.SubElement(root, f"{{{DI}}}BPMNDiagram", {"id": "diagram"})
    plane = ET.SubElement(diagram, f"{{{DI}}}BPMNPlane", {"id": "plane", "bpmnElement": process})
    for item in skeleton.items.values():
        attributes = {"id": f"shape.{item.id}", "bpmnElement": item.id}
        if item.kind == "exclusiveGateway":
            attributes["isMarkerVisible"] = "true"
        shape = ET.SubElement(plane, f"{{{DI}}}BPMNShape", attributes)
        x, y, width, height = (f"{number:.1f}" for number in item.box)
        ET.SubElement(shape, f"{{{DC}}}Bounds", {"x": x, "y": y, "width": width, "height": height})
    for flow in skeleton.flows:
        edge = ET.SubElement(plane, f"{{{DI}}}BPMNEdge", {"id": f"edge.{flow.id}", "bpmnElement": flow.id})
        for across, down in skeleton.points(flow):
            ET.SubElement(edge, f"{{{DD}}}waypoint", {"x": f"{across:.1f}", "y": f"{down:.1f}"})
