"""BPMN 导出：合标准的模式，另一家的流程引擎装得进、走得动，走到的地方与业务模板一样。"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from lxml import etree
from SpiffWorkflow import TaskState
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser, BpmnValidator
from SpiffWorkflow.task import Task

from jiezhi.core.procedure.bpmn import DC, DI, MODEL, bpmn
from jiezhi.core.procedure.definition import START, Definition
from jiezhi.core.procedure.loader import load_folder

PACKS = load_folder(Path(__file__).resolve().parents[3] / "packs")
DEFINITIONS = [loaded.definition for loaded in PACKS.matters.values() if loaded.definition]
EACH = pytest.mark.parametrize("definition", DEFINITIONS, ids=[one.id for one in DEFINITIONS])
LATER = "2999-01-01T00:00:00+00:00"


def workflow(definition: Definition) -> BpmnWorkflow:
    parser = BpmnParser(validator=BpmnValidator())
    parser.add_bpmn_str(bpmn(definition).encode())
    process = parser.get_spec(f"matter.{definition.id}")
    return BpmnWorkflow(process, parser.get_subprocess_specs(process.name))


def ready(flow: BpmnWorkflow) -> list[Task]:
    """等着办的任务：人办的，和要外面的系统办完的。"""
    flow.do_engine_steps()
    flow.refresh_timers()
    return [*flow.get_tasks(state=TaskState.READY, manual=True), *flow.get_tasks(state=TaskState.STARTED)]


@EACH
def test_well_formed_and_placed(definition: Definition) -> None:
    root = etree.fromstring(bpmn(definition).encode())
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    nodes = {
        one.get("id"): one for one in root.find(f"{{{MODEL}}}process") if not one.tag.endswith("sequenceFlow")
    }
    shapes = {one.get("bpmnElement"): one for one in root.iter(f"{{{DI}}}BPMNShape")}
    assert set(shapes) == set(nodes)
    boxes = {
        name: tuple(float(shape.find(f"{{{DC}}}Bounds").get(key)) for key in ("x", "y", "width", "height"))
        for name, shape in shapes.items()
        if not nodes[name].tag.endswith("boundaryEvent")
    }
    assert min(min(box[:2]) for box in boxes.values()) >= 0
    listed = sorted(boxes.items(), key=lambda one: one[1])
    for place, (name, (x, y, w, h)) in enumerate(listed):
        for other, (ox, oy, _, oh) in listed[place + 1 :]:
            if ox >= x + w:
                break
            assert not (oy < y + h and y < oy + oh), f"{name} 和 {other} 叠在一起"
    flows = {one.get("bpmnElement") for one in root.iter(f"{{{DI}}}BPMNEdge")}
    assert flows == {one.get("id") for one in root.iter(f"{{{MODEL}}}sequenceFlow")}
    tasks = {name for name in nodes if name.startswith("do.")}
    assert tasks == {
        f"do.{state}.{name}" for state, names in definition.by_state.items() for name in names
    }, "每个环节能办的每个动作都在图上"
    timers = {name.removeprefix("timer.").rsplit(".", 1)[0] for name in nodes if name.startswith("timer.")}
    assert timers == {
        f"{state}.{name}"
        for state, names in definition.by_state.items()
        for name in names
        for action in [definition.matter.actions[name]]
        if f"state.{state}" in nodes and nodes[f"state.{state}"].tag == f"{{{MODEL}}}userTask"
        if action.every or any(text.startswith(("clock.", "date.")) for text in action.on)
    }, "每个到期自动办理都有定时边界事件"


@EACH
def test_another_engine_loads_it_and_reaches_the_first_task(definition: Definition) -> None:
    flow = workflow(definition)
    opening = definition.opening_actions
    first = f"do.{START}.{opening[0]}" if len(opening) == 1 else f"state.{START}"
    assert [task.task_spec.name for task in ready(flow)] == [first]


@EACH
def test_another_engine_walks_where_the_pack_goes(definition: Definition) -> None:
    """没有条件的去向，两边走到同一个环节；有条件的，各判断都当作不成立。"""
    rng = random.Random(7)
    flow = workflow(definition)
    data: dict[str, object] = dict.fromkeys(definition.matter.predicates, False)
    data |= {f"done_{name}": False for name in definition.means}
    data |= {f"due_{name}": LATER for name in definition.matter.clocks}
    data |= {f"due_date_{name}": LATER for name in definition.matter.fields}
    data |= {f"due_every_{name}": LATER for name in definition.matter.actions}
    state, walked = START, 0
    waiting = ready(flow)
    while waiting and walked < 12:
        (task,) = waiting
        name = task.task_spec.name
        if name.startswith("state."):
            assert name == f"state.{state}"
            gateway = f"choose.{state}"
            choices = [one.name.rsplit(".", 1)[1] for one in flow.spec.task_specs[gateway].outputs]
            task.set_data(**{**data, "action": rng.choice(sorted(choices))})
        else:
            _, at, action = name.split(".")
            assert at == state and action in definition.by_state[state]
            decl = definition.matter.actions[action]
            task.set_data(**data)
            held = [
                branch
                for branch in decl.to
                if branch.when is not None and definition.guard(branch.when).holds({}, set())
            ] or [branch for branch in decl.to if branch.when is None]
            state = held[0].state if held else state if not decl.to else ""
            if not state:
                return  # 没有一支成立：骨架不知道真假，到此为止
            walked += 1
        task.complete() if task.state == TaskState.STARTED else task.run()
        waiting = ready(flow)
    assert walked
    assert flow.is_completed() == (not waiting)
