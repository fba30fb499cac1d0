"""The arithmetic of what a review reports: the document flow and figures with parts.

A review's own numbers are evidence too; where they do not add up, that is a
finding, never a correction.
"""

from __future__ import annotations

__all__ = ["check_arithmetic"]

from collections import defaultdict

from eaa_graph.errors import nearest
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import FlowStep, Records


def check_arithmetic(records: Records, flow: Where, figures: Where) -> list[Finding]:
    """Return a finding for each sum in `records` that does not come out.

    Parameters
    ----------
    records : Records
    flow, figures : Where
        The sheets to name; the messages name the rows.
    """
    return [*_flow(records.flow, flow), *_figures(records, figures)]


def _flow(steps: tuple[FlowStep, ...], where: Where) -> list[Finding]:
    """Check that what comes out of each stage is what went in.

    Rows that share a stage and an origin together account for the documents of
    that origin. An origin names an outcome, `stage/outcome` when several stages
    have that outcome, or a whole stage.
    """
    counts: dict[str, int] = defaultdict(int)
    stages_of: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        counts[f"{step.stage}/{step.outcome}"] += step.count
        stages_of[step.outcome].add(step.stage)
    stage_totals: dict[str, int] = defaultdict(int)
    for step in steps:
        stage_totals[step.stage] += step.count
    found: list[Finding] = []
    groups: dict[tuple[str, tuple[str, ...]], list[FlowStep]] = defaultdict(list)
    for step in steps:
        if step.origin:
            groups[step.stage, step.origin].append(step)
    for (stage, origin), members in sorted(groups.items()):
        incoming: list[int] = []
        for name in origin:
            if name in counts:
                incoming.append(counts[name])
            elif len(stages_of.get(name, ())) == 1:
                incoming.append(counts[f"{next(iter(stages_of[name]))}/{name}"])
            elif name in stages_of:
                choices = " or ".join(f"{s}/{name}" for s in sorted(stages_of[name]))
                found.append(
                    finding(
                        "flow-arithmetic",
                        where,
                        f"flow: {stage!r} comes from {name!r}, which several stages have",
                        f"write {choices}",
                    )
                )
            elif name in stage_totals:
                incoming.append(stage_totals[name])
            else:
                near = nearest(name, [*stages_of, *stage_totals])
                found.append(
                    finding(
                        "flow-arithmetic",
                        where,
                        f"flow: {stage!r} comes from {name!r}, which no row counts",
                        f"did you mean {near[0]!r}?" if near else "add the row it comes from",
                    )
                )
        if len(incoming) < len(origin):
            continue
        total = sum(m.count for m in members)
        if total != sum(incoming):
            parts = " + ".join(f"{m.count} {m.outcome}" for m in members)
            sources = " + ".join(f"{n} {name}" for n, name in zip(incoming, origin, strict=True))
            found.append(
                finding(
                    "flow-arithmetic",
                    where,
                    f"flow: {stage!r} accounts for {parts} = {total}, but {sources} = {sum(incoming)} went in",
                    "correct a count, or add the outcome that is missing",
                )
            )
    return found


def _figures(records: Records, where: Where) -> list[Finding]:
    found: list[Finding] = []
    parts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for figure in records.figures:
        if figure.part_of:
            parts[figure.part_of].append((figure.label, figure.count))
        if figure.denominator is not None and figure.count > figure.denominator:
            found.append(
                finding(
                    "figure-arithmetic",
                    where,
                    f"figure {figure.id!r} reports {figure.count} out of {figure.denominator}",
                    "check the number and its denominator in the source",
                )
            )
    for figure in records.figures:
        if figure.id not in parts or figure.parts in (None, "overlapping"):
            continue
        total = sum(count for _, count in parts[figure.id])
        listed = " + ".join(f"{count} {label}" for label, count in parts[figure.id])
        if figure.parts == "complete" and total != figure.count:
            found.append(
                finding(
                    "figure-arithmetic",
                    where,
                    f"figure {figure.id!r} ({figure.label}) is reported as {figure.count}, but its parts {listed} = {total}",
                    "nothing, if the source says so: it is the source's slip",
                )
            )
        elif figure.parts == "partial" and total > figure.count:
            found.append(
                finding(
                    "figure-arithmetic",
                    where,
                    f"figure {figure.id!r} ({figure.label}) is reported as {figure.count}, but the parts named, {listed} = {total}, exceed it",
                    "check the source, or mark the parts as overlapping",
                )
            )
    return found
