"""jiezhi classify train|eval：诉求归类的训练和评估。训练只在命令行和 worker 里做。"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jiezhi.cli.output import emit, fail, officer_named, refusing


@click.group("classify", help="诉求归类：训练、评估")
def classify_command() -> None:
    """命令组。"""


_columns = (
    click.option("--text", "texts", multiple=True, help="文字所在的列，可写几次；不写用 标题、内容 一类的列"),
    click.option("--label", default="一级标签", show_default=True, help="类别所在的列"),
    click.option("--json", "as_json", is_flag=True),
)


def _with_columns(function: Any) -> Any:
    for option in reversed(_columns):
        function = option(function)
    return function


@classify_command.command("train", help="用已归类的表训练；或 --history 用本单位办结的件训练")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--history", is_flag=True, help="用本单位由人定过类别的办结件")
@click.option("--precision", default=0.95, show_default=True, help="建议的目标准确率：达不到把握就不说")
@_with_columns
def train_command(
    file: Path | None, history: bool, precision: float, texts: tuple[str, ...], label: str, as_json: bool
) -> None:
    if history == (file is not None):
        fail("请给一个文件，或写 --history", as_json)
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.assist.classify import actions
    from jiezhi.assist.classify.data import DataError
    from jiezhi.assist.classify.train import TrainingError

    now = timezone.now()
    try:
        if file is None:
            done = actions.train_from_history(now=now, target_precision=precision)
        else:
            done = actions.train_from_file(
                file,
                list(texts) or ["留言主题", "留言详情"],
                label,
                acting_officer=None,
                now=now,
                target_precision=precision,
            )
    except (DataError, TrainingError) as error:
        fail(str(error), as_json)
    score = _score(done.score)
    data = {"ok": True, "rows": done.rows, "skipped": done.skipped, "classes": done.classes, "score": score}
    lines = [
        f"用 {done.rows} 行、{done.classes} 类训练好并换上；跳过 {done.skipped} 行",
        f"留出的样本上：准确率 {score['accuracy']:.1%}，各类平均 F1 {score['macro_f1']:.3f},"
        f"敢给建议的占 {score['coverage']:.1%}，其中对的 {score['precision']:.1%}",
    ]
    emit(data, as_json, lines)


@classify_command.command("eval", help="在一份已归类的表上考现用的模型")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_with_columns
def eval_command(file: Path, texts: tuple[str, ...], label: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from jiezhi.assist.classify import queries
    from jiezhi.assist.classify.data import DataError, read_labelled
    from jiezhi.assist.classify.evaluate import hold_out

    model = queries.current()
    if model is None:
        fail("还没有训练过模型，先 jiezhi classify train 文件", as_json)
    try:
        rows = read_labelled(file, list(texts) or ["留言主题", "留言详情"], label)
    except DataError as error:
        fail(str(error), as_json)
    report = hold_out(model, rows.texts, rows.labels)
    score = _score(report)
    lines = [
        f"{len(rows.texts)} 行：准确率 {score['accuracy']:.1%}，各类平均 F1 {score['macro_f1']:.3f},"
        f"敢给建议的占 {score['coverage']:.1%}，其中对的 {score['precision']:.1%}"
    ]
    emit({"ok": True, "rows": len(rows.texts), "score": score}, as_json, lines)


@classify_command.command("restore", help="换回上一个模型（新训练的不如原来的）")
@click.option("--as", "login", required=True, help="系统管理员的登录名")
@click.option("--json", "as_json", is_flag=True)
def restore_command(login: str, as_json: bool) -> None:
    from jiezhi.cli.main import django_ready

    django_ready()
    from django.utils import timezone

    from jiezhi.assist.classify import actions

    with refusing("没有换回", as_json):
        done = actions.restore_previous(acting_officer=officer_named(login, as_json), now=timezone.now())
    if not done:
        fail("没有上一个模型可以换回", as_json)
    emit({"ok": True}, as_json, ["已换回上一个模型"])


def _score(report: Any) -> dict[str, float]:
    names = ("accuracy", "macro_f1", "coverage", "precision")
    return {name: float(getattr(report, name) or 0) for name in names}
