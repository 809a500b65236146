"""读一个文件夹的业务模板。

`_law/` 放法律（means 法律含义词表、statutes 法律名录、law 法律规则）,`_traits/` 放通用做法，`_powers/` 放权责清单的种子
（powers），`_discretion/` 放裁量基准（discretion），`_systems/` 放外部系统的登记（system），代码表（list）放哪里都行，其余文件夹放业务模板（matter），一个文件一份。一个文件坏了不影响别的文件；全部文件的全部问题一次列出。
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jiezhi.core.discretion.check import check as check_benchmark
from jiezhi.core.discretion.decl import BenchmarkDecl
from jiezhi.core.procedure.checks import check_laws, check_matter, check_powers
from jiezhi.core.procedure.definition import Definition
from jiezhi.core.procedure.errors import PackError, Problem, in_order
from jiezhi.core.procedure.explain import problems_of
from jiezhi.core.procedure.external import ExternalDecl
from jiezhi.core.procedure.externalcheck import external_of
from jiezhi.core.procedure.law import CodeListFile, LawDecl, MeansFile, StatutesFile
from jiezhi.core.procedure.matter import MatterDecl, TraitDecl
from jiezhi.core.procedure.packfiles import problem_in, read_sources
from jiezhi.core.procedure.packset import LoadedMatter, PackSet
from jiezhi.core.procedure.paperfiles import attach, read_papers
from jiezhi.core.procedure.powers import PowersFile
from jiezhi.core.procedure.source import Mark, Path, Positions, Source, read_text
from jiezhi.core.procedure.traits import LoadedTrait, expand, references, resolve

M = TypeVar("M", bound=BaseModel)


def load_folder(path: str | os.PathLike[str]) -> PackSet:
    """读文件夹下全部 `**/*.yaml`。

    出：PackSet，问题都在 `problems` 里；文件夹不存在时抛 FileNotFoundError。文件名按次序读，结果每次一样。
    """
    root = FilePath(path)
    if not root.is_dir():
        raise FileNotFoundError(f"没有这个文件夹：{root.name}")
    packs = PackSet(root=root.name)
    found = read_sources(root, packs)
    read_papers(root, packs)
    for source in found["means"]:
        _take_means(source, packs)
    for source in found["statutes"]:
        _take_statutes(source, packs)
    for source in found["law"]:
        _take_law(source, packs)
    for source in found["list"]:
        _take_codes(source, packs)
    for source in found["trait"]:
        _take_trait(source, packs)
    packs.problems += check_laws(packs)
    for source in found["matter"]:
        matter, problems = _matter(source, packs)
        packs.problems += problems
        if matter is not None:
            (packs.matters if matter.usable else packs.faulty)[matter.decl.matter] = matter
    for source in found["powers"]:
        _take_powers(source, packs)
    packs.problems += check_powers(packs)
    for source in found["discretion"]:
        _take_benchmark(source, packs)
    for source in found["system"]:
        decl, problems = external_of(source, packs)
        packs.problems += [one for one in problems if not source.under_flagged(_keys(one.path, source.data))]
        if decl and _register(packs, "systems", decl.system, source, ("system",), "外部系统"):
            packs.externals[decl.system] = decl
    packs.problems = in_order(packs.problems)
    return packs


def load_matter(text: str, pack_set: PackSet, file: str = "业务模板") -> LoadedMatter:
    """读单独一份业务模板（浏览器里编辑的、测试里写的），法律和通用做法取自 `pack_set`,不改动它。

    有错误抛 PackError（全部问题）；只有提醒时正常返回，提醒在 `problems` 里。
    """
    matter, problems = try_matter(text, pack_set, file)
    if matter is None or not matter.usable:
        raise PackError(problems)
    return matter


def load_external(text: str, pack_set: PackSet, file: str = "登记") -> ExternalDecl:
    """读单独一份外部系统的登记（本单位改的），引用的业务模板取自 `pack_set`。有错误抛 PackError（全部问题，指到行列）。"""
    source = read_text(text, file)
    problems = list(source.problems)
    decl = None
    if isinstance(source.data, dict) and "system" in source.data:
        decl, more = external_of(source, pack_set)
        problems += more
    elif not problems:
        problems.append(problem_in(source, "file.kind", (), "外部系统的登记最外层要有 system（代号）"))
    if decl is None or any(one.is_error for one in problems):
        raise PackError(in_order(problems))
    return decl


def try_matter(
    text: str, pack_set: PackSet, file: str = "业务模板"
) -> tuple[LoadedMatter | None, list[Problem]]:
    """同 `load_matter`,不抛异常：读得出多少算多少，连同全部问题。编辑器一边写一边看用它。"""
    source = read_text(text, file)
    problems = list(source.problems)
    if source.data is None:
        return None, problems
    if not isinstance(source.data, dict) or "matter" not in source.data:
        problems.append(problem_in(source, "file.kind", (), "业务模板最外层要有 matter（业务模板代号）"))
        return None, in_order(problems)
    matter, more = _matter(source, pack_set, alone=True)
    problems = in_order([*problems, *more])
    if matter is not None:
        matter.problems = problems
    return matter, problems


def _validate(model: type[M], source: Source, data: Any, packs: PackSet, pack: str) -> M | None:
    try:
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        packs.problems += [
            problem
            for problem in problems_of(
                error,
                model,
                data,
                lambda path, key: source.positions.at(path, key=key),
                pack=pack,
                file=source.file,
            )
            if not source.under_flagged(_keys(problem.path, data))
        ]
        return None


def _keys(path: tuple[str, ...], data: Any) -> Path:
    """问题里的路径（全是文字）还原成带序号的路径。"""
    found: list[str | int] = []
    for part in path:
        if isinstance(data, list) and part.isdigit():
            index = int(part)
            found.append(index)
            data = data[index] if index < len(data) else None
        else:
            found.append(part)
            data = data.get(part) if isinstance(data, dict) else None
    return tuple(found)


def _register(packs: PackSet, kind: str, name: str, source: Source, path: Path, word: str) -> bool:
    """记下声明的位置；重名时报问题并返回 False。"""
    earlier = packs.marks.get((kind, name))
    if earlier:
        say = f"{word}“{name}”已经在 {earlier.file}:{earlier.line} 声明过"
        packs.problems.append(problem_in(source, "name.duplicate", path, say, pack=name))
        return False
    packs.marks[(kind, name)] = source.positions.at(path) or Mark(source.file, 0, 0)
    return True


def _take_means(source: Source, packs: PackSet) -> None:
    decl = _validate(MeansFile, source, source.data, packs, "means")
    for name, title in decl.means.items() if decl else ():
        if _register(packs, "means", name, source, ("means", name), "法律含义"):
            packs.means[name] = title


def _take_statutes(source: Source, packs: PackSet) -> None:
    decl = _validate(StatutesFile, source, source.data, packs, "statutes")
    for name, statute in decl.statutes.items() if decl else ():
        if _register(packs, "statutes", name, source, ("statutes", name), "法律"):
            packs.statutes[name] = statute


def _take_law(source: Source, packs: PackSet) -> None:
    decl = _validate(LawDecl, source, source.data, packs, str(source.data.get("law")))
    if decl and _register(packs, "laws", decl.law, source, ("law",), "法律规则集"):
        packs.laws.append(decl)
        for name in decl.rules:
            packs.marks[("rules", f"{decl.law}/{name}")] = source.positions.at(("rules", name)) or Mark(
                source.file, 0, 0
            )


def _take_codes(source: Source, packs: PackSet) -> None:
    decl = _validate(CodeListFile, source, source.data, packs, str(source.data.get("list")))
    if decl and _register(packs, "codes", decl.list, source, ("list",), "代码表"):
        packs.codes[decl.list] = decl


def _take_powers(source: Source, packs: PackSet) -> None:
    decl = _validate(PowersFile, source, source.data, packs, "powers")
    for code, power in decl.powers.items() if decl else ():
        if _register(packs, "powers", code, source, ("powers", code), "事项代码"):
            packs.powers[code] = power
            for key in ("basis", "authorisation", "matter", "also", "params"):
                mark = source.positions.at(("powers", code, key))
                packs.marks[("powers", f"{code}/{key}")] = mark or Mark(source.file, 0, 0)


def _take_benchmark(source: Source, packs: PackSet) -> None:
    decl = _validate(BenchmarkDecl, source, source.data, packs, str(source.data.get("discretion")))
    if decl and _register(packs, "benchmarks", decl.discretion, source, ("discretion",), "裁量基准"):

        def tell(code: str, path: Path, say: str) -> None:
            packs.problems.append(problem_in(source, code, path, say, pack=decl.discretion))

        check_benchmark(decl, packs.statutes, set(packs.powers), packs.benchmarks.values(), tell)
        packs.benchmarks[decl.discretion] = decl


def _take_trait(source: Source, packs: PackSet) -> None:
    """通用做法：展开之前先查形状，含 `$` 的值展开之后才查得了，这里放过。"""
    data, name = source.data, str(source.data.get("trait"))
    problems: list[Problem] = []
    try:
        TraitDecl.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        for problem in problems_of(
            error,
            TraitDecl,
            data,
            lambda path, key: source.positions.at(path, key=key),
            pack=name,
            file=source.file,
        ):
            path = _keys(problem.path, data)
            if not source.under_flagged(path) and not _open_ended(data, path):
                problems.append(problem)
    arguments = data.get("arguments") if isinstance(data.get("arguments"), dict) else {}
    title = data["title"] if isinstance(data.get("title"), str) else name
    trait = LoadedTrait(name, title, arguments, data, source.positions, source.file, problems)
    for unused in sorted(set(arguments) - trait.used()):
        say = f"通用做法“{title}”的参数“{unused}”没有用到，请删掉或用“${unused}”引用"
        problems.append(
            problem_in(source, "trait.argument_idle", ("arguments", unused), say, pack=name, severity="warn")
        )
    packs.problems += problems
    if _register(packs, "traits", name, source, ("trait",), "通用做法"):
        packs.traits[name] = trait


def _open_ended(data: Any, path: Path) -> bool:
    """这个位置的键或值含 `$`,要等展开。"""
    for part in path:
        if isinstance(part, str) and references(part):
            return True
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(data, str) and bool(references(data))


def _matter(
    source: Source, packs: PackSet, *, alone: bool = False
) -> tuple[LoadedMatter | None, list[Problem]]:
    pack = str(source.data["matter"])
    expanded = expand(source.data, source.positions, packs.traits)
    problems = [p if p.file else _placed(p, expanded.positions, source.file) for p in expanded.problems]
    if not alone:
        earlier = packs.marks.get(("matters", pack))
        if earlier:
            say = f"业务模板代号“{pack}”已经在 {earlier.file}:{earlier.line} 用过，请换一个"
            return None, [problem_in(source, "name.duplicate", ("matter",), say, pack=pack)]
        packs.marks[("matters", pack)] = source.positions.at(("matter",)) or Mark(source.file, 0, 0)
    marks = expanded.positions
    problems += attach(expanded.data, source.file, pack, packs, marks)
    try:
        decl = MatterDecl.model_validate(expanded.data, by_alias=True, by_name=False)
    except ValidationError as error:
        # 通用做法文件里已经报过的，不因为每个引用它的业务模板再报一遍。
        told = {(p.file, p.line, p.column) for trait in packs.traits.values() for p in trait.problems}
        problems += [
            problem
            for problem in problems_of(
                error,
                MatterDecl,
                expanded.data,
                lambda path, key: marks.at(path, key=key),
                pack=pack,
                file=source.file,
            )
            if (problem.file, problem.line, problem.column) not in told
            and not source.under_flagged(_keys(problem.path, expanded.data))
        ]
        return None, in_order(problems)
    problems += check_matter(decl, packs, marks, source.file)
    try:
        resolved = resolve(decl)
    except PackError as error:
        problems += [_placed(problem, marks, source.file) for problem in error.problems]
        return None, in_order(problems)
    except ValidationError as error:
        problems += problems_of(
            error,
            MatterDecl,
            expanded.data,
            lambda path, key: marks.at(path, key=key),
            pack=pack,
            file=source.file,
        )
        return None, in_order(problems)
    definition = Definition.build(resolved, packs.statutes, tuple(packs.laws), packs.means)
    kept = in_order([*source.problems, *problems])
    return LoadedMatter(decl, definition, source.file, marks, kept, expanded.from_traits), in_order(problems)


def _placed(problem: Problem, marks: Positions, file: str) -> Problem:
    mark = marks.at(problem.path) or Mark(file, 0, 0)
    return replace(problem, file=mark.file, line=mark.line, column=mark.column)
