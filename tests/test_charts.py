"""Figures, read back: every mark equals its cell, every row that must show is there, and nothing leaves the frame."""

from __future__ import annotations

import math
import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from click.testing import CliRunner

from eaa_graph import pipeline, registry, resources
from eaa_graph.charts import heatmap
from eaa_graph.charts.drawing import (
    INK,
    SHARES,
    SOFT,
    WARNING,
    WIDTHS,
    apart,
    fixed_width,
    hyphenated,
    ink_on,
    sorted_out,
    text_width,
    wrapped,
)
from eaa_graph.charts.drawing import key_of as key
from eaa_graph.cli import main
from eaa_graph.errors import MissingExtra, Refused, UnknownName
from eaa_graph.model import (
    Appraisal,
    Article,
    Concept,
    Configuration,
    Extraction,
    FlowStep,
    Person,
    Records,
    Reported,
    Review,
    Theory,
)
from eaa_graph.settings import Settings
from eaa_graph.tables import Column, Table, Thing
from eaa_graph.validate import Checked
from eaa_graph.writers.pictures import picture

SVG = "{http://www.w3.org/2000/svg}"
CHARTS = tuple(sorted(registry.parts("charts")))
#: Columns whose cells must show: every row that has a value there has a mark.
SHOWN = {
    "agreement": ("percent",),
    "alluvial": ("articles",),
    "chains": ("supports", "challenges", "weakest"),
    "co-occurrence": ("count",),
    "difference": ("sign",),
    "flow": ("documents",),
    "gapmap": ("articles",),
    "heatmap": (),
    "lanes": (),
    "saturation": ("expected",),
    "wheels": ("articles",),
}
HOSTILE = (
    "<script>alert('x')</script>",
    "\"quotes\" & 'more' ]]> -->",
    "😀🏳️‍🌈 emoji 👩‍👩‍👧",
    "שלום עולם مرحبا",
    "W" * 300,
    ("long words " * 28).strip(),
)


@cache
def pilot() -> pipeline.Built:
    return pipeline.review(resources.example("eaa_pilot"))


@cache
def made(hostile: bool = False, contexts: int = 20, mechanisms: int = 22, outcomes: int = 18) -> pipeline.Built:
    """Return a review with 60 concepts (or few), two coders, 30 configurations that ripple, two theory versions."""
    draw = random.Random(3)

    def label(kind: str, number: int) -> str:
        return HOSTILE[number] if hostile and number < len(HOSTILE) else f"{kind} concept number {number}"

    numbers = {"context": contexts, "mechanism": mechanisms, "outcome": outcomes, "theme": 7}
    ids = {kind: [f"{kind[:2]}{n:02d}" for n in range(count)] for kind, count in numbers.items()}
    concepts = tuple(
        Concept(id=i, label=label(kind, n), listed_as=kind, position=n) for kind in ids for n, i in enumerate(ids[kind])
    )
    articles = tuple(Article(id=f"a{n:03d}") for n in range(80))
    extractions = tuple(
        Extraction(
            id=f"{a.id}-{coder}{n}",
            article=a.id,
            theme=draw.choice(ids["theme"]),
            contexts=tuple(draw.sample(ids["context"], draw.choice([0, 1, 2]))),
            mechanisms=tuple(draw.sample(ids["mechanism"], draw.choice([1, 1, 2]))),
            outcomes=tuple(draw.sample(ids["outcome"], draw.choice([0, 1, 1]))),
            stance=draw.choice(["supports", "supports", "refines", "challenges"]),
            coder=coder,
        )
        for a in articles
        for n in range(5)
        for coder in ("x", "y")
    )
    configurations = tuple(
        Configuration(
            id=f"K{n:02d}" if not (hostile and n == 7) else "K" * 90,
            contexts=(*((c,) for c in draw.sample(ids["context"], draw.choice([0, 1, 2]))),)
            + (((ids["outcome"][n % outcomes],),) if n % 4 == 1 else ()),
            mechanisms=(tuple(draw.sample(ids["mechanism"], draw.choice([1, 2, 3]))),),
            outcomes=((ids["outcome"][(n + 1) % outcomes],),),
        )
        for n in range(30)
    )
    found = HOSTILE[0] if hostile else "found"
    records = Records(
        review=Review(id="made", title="Made", preferred_coder="x"),
        articles=articles,
        concepts=concepts,
        people=(Person(id="x"), Person(id="y")),
        extractions=extractions,
        reported=tuple(
            Reported(article=a.id, theme=t, reported=True, coder=c)
            for a in articles
            for t in ids["theme"]
            for c in "xy"
        ),
        appraisals=tuple(
            Appraisal(target=a.id, rigour=draw.choice(["high", "medium", "low"]), assessor="x") for a in articles
        ),
        configurations=configurations,
        theories=(
            Theory(
                id="one",
                label=HOSTILE[0] if hostile else "First",
                configurations=tuple(c.id for c in configurations[:20]),
            ),
            Theory(
                id="two",
                label=HOSTILE[4] if hostile else "Second",
                configurations=tuple(c.id for c in configurations[5:]),
                revision_of=("one",),
            ),
        ),
        flow=(
            FlowStep(stage="search", outcome=found, count=300),
            FlowStep(
                stage="screening", origin=(found,), outcome="in", count=120, reason=HOSTILE[5] if hostile else "fits"
            ),
            FlowStep(stage="screening", origin=(found,), outcome=HOSTILE[4] if hostile else "out", count=170),
        ),
    )
    return pipeline.Built(Checked(records, (), 0), Settings())


def review(which: str) -> pipeline.Built:
    if which == "small":
        return made(contexts=4, mechanisms=6, outcomes=3)
    return pilot() if which == "pilot" else made(which == "hostile")


#: Asked so that there is something to draw: only the newest theory has chains short enough to be read.
ASKED = {"chains": {"theory": "two", "longest": "2"}}


@cache
def drawing(which: str, name: str, width: str = "174") -> pipeline.Drawing:
    asked = {} if which == "pilot" else ASKED.get(name, {})
    return pipeline.draw(review(which), name, {**asked, "width": width})


def drawn(which: str, name: str, width: str = "174") -> pipeline.Drawing:
    """Return a drawing; skip where the figure says, rightly, that it cannot be drawn."""
    try:
        return drawing(which, name, width)
    except Refused as refusal:
        helps = re.search(r"[a-z_]+=…|[a-z_]+=\d|wider figure|nothing to draw", str(refusal))
        assert helps, "a refusal says what helps"
        if (which, name) in {("pilot", "chains"), ("small", "chains")} or width in ("85", "114"):
            pytest.skip(str(refusal))
        raise


def marks(root: ET.Element) -> list[tuple[int, str, str, ET.Element]]:
    return [
        (int(e.get("data-row", "")), e.get("data-column", ""), e.get("data-value", ""), e)
        for e in root.iter()
        if e.get("data-row") is not None
    ]


EVERY = pytest.mark.parametrize("name", CHARTS)
REVIEWS = pytest.mark.parametrize("which", ["pilot", "big", "hostile"])


# --- what is drawn is what is counted -------------------------------------------------------


@EVERY
@REVIEWS
def test_every_mark_equals_its_cell(which: str, name: str) -> None:
    made_ = drawn(which, name)
    root = ET.fromstring(made_.svg)
    table = made_.tables[0]
    found = marks(root)
    assert found
    for row, column, value, _ in found:
        cell = table.rows[row][table.index(column)]
        assert value == (key(cell) if isinstance(cell, Thing | tuple) else str(cell)), (row, column)


@EVERY
@REVIEWS
def test_every_row_that_must_show_is_there(which: str, name: str) -> None:
    made_ = drawn(which, name)
    table = made_.tables[0]
    found = {(row, column) for row, column, _, _ in marks(ET.fromstring(made_.svg))}
    for column in SHOWN[name]:
        wanted = {n for n, cell in enumerate(table.column(column)) if cell is not None}
        have = {row for row, mark in found if mark == column}
        if name in ("alluvial", "co-occurrence"):  # the strongest only, and it says how many are left out
            counts = table.column(column)
            least = min(int(str(counts[row])) for row in have)
            wanted = {row for row in wanted if int(str(counts[row])) >= least}
            assert len(have) == len(table) or "left out" in made_.svg
        if name == "saturation" and len(table) > 60:
            assert {0, len(table) - 1} <= have
            continue
        assert have == wanted, column


def test_lanes_show_every_part_and_all_three_counts() -> None:
    for which in ("pilot", "big"):
        made_ = drawing(which, "lanes")
        table = made_.tables[0]
        found = {(row, column) for row, column, _, _ in marks(ET.fromstring(made_.svg))}
        for number, record in enumerate(table.records()):
            shown = (number, "concept" if record["concept"] is not None else "alternative")
            assert shown in found
        configurations = {str(r["configuration"]) for r in table.records()}
        for stance in ("supports", "refines", "challenges"):
            assert sum(column == stance for _, column in found) == len(configurations)


def test_the_heat_map_shows_every_cell() -> None:
    made_ = drawing("pilot", "heatmap")
    assert {row for row, _, _, _ in marks(ET.fromstring(made_.svg))} == set(range(len(made_.tables[0])))


# --- geometry that encodes numbers ----------------------------------------------------------


def proportional(pairs: list[tuple[float, float]], slack: float = 0.02) -> None:
    """Check that sizes are one constant times their numbers."""
    factor = max(size for _, size in pairs) / max(number for number, _ in pairs)
    assert factor > 0
    for number, size in pairs:
        assert size == pytest.approx(number * factor, abs=slack + 0.01 * factor * number)


def test_bars_of_lanes_are_as_long_as_their_counts() -> None:
    root = ET.fromstring(drawing("pilot", "lanes").svg)
    proportional(
        [
            (float(value), float(e.get("width", 0)))
            for _, column, value, e in marks(root)
            if column in ("supports", "refines", "challenges") and e.tag == f"{SVG}rect"
        ]
    )


def area(element: ET.Element) -> float:
    if element.tag == f"{SVG}circle":
        return math.pi * float(element.get("r", 0)) ** 2
    if element.tag == f"{SVG}rect":
        return float(element.get("width", 0)) * float(element.get("height", 0))
    points = [tuple(float(n) for n in p.split(",")) for p in element.get("points", "").split()]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))) / 2


def test_bubbles_have_areas_like_their_counts() -> None:
    for width in ("174", "85"):
        root = ET.fromstring(drawing("pilot", "gapmap", width).svg)
        proportional([(float(v), area(e)) for _, _, v, e in marks(root) if e.tag == f"{SVG}circle"], slack=0.3)


def test_links_are_as_wide_and_concepts_as_large_as_their_counts() -> None:
    root = ET.fromstring(drawing("pilot", "co-occurrence").svg)
    found = marks(root)
    proportional([(float(v), float(e.get("stroke-width", 0))) for _, c, v, e in found if c == "count"])
    proportional([(float(v), area(e)) for _, c, v, e in found if c != "count"], slack=1.0)


def test_ribbons_and_bars_are_as_high_as_their_counts() -> None:
    made_ = drawing("pilot", "alluvial")
    root = ET.fromstring(made_.svg)
    table = made_.tables[0]
    heights = []
    sums: dict[tuple[int, str], float] = {}
    for row, _, value, element in marks(root):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", element.get("d", ""))]
        first_y = numbers[1]
        last_y = numbers[-1]
        heights.append((float(value), last_y - first_y))
        for place in range(3):
            bar = (place, str(table.rows[row][place]))
            sums[bar] = sums.get(bar, 0.0) + last_y - first_y
    proportional(heights)
    bars = [e for e in root.iter(f"{SVG}rect") if e.find(f"{SVG}title") is not None]
    assert sorted(round(float(b.get("height", 0)), 1) for b in bars) == pytest.approx(
        sorted(round(h, 1) for h in sums.values()), abs=0.15
    )


def test_the_curve_and_the_dots_stand_at_their_values() -> None:
    made_ = drawing("pilot", "saturation")
    table = made_.tables[0]
    points = [
        (float(table.rows[row][0]), float(value), float(e.get("cx", 0)), float(e.get("cy", 0)))
        for row, _, value, e in marks(ET.fromstring(made_.svg))
    ]
    (u0, v0, x0, y0), (u1, v1, x1, y1) = points[0], points[-1]
    for units, value, x, y in points:
        assert x == pytest.approx(x0 + (units - u0) / (u1 - u0) * (x1 - x0), abs=0.02)
        assert y == pytest.approx(y0 + (value - v0) / (v1 - v0) * (y1 - y0), abs=0.02)


def test_agreement_dots_and_intervals_stand_at_their_values() -> None:
    made_ = drawing("pilot", "agreement")
    table = made_.tables[0]
    found = marks(ET.fromstring(made_.svg))
    dots = [(float(v), float(e.get("cx", 0))) for _, c, v, e in found if c == "alpha"]
    (low, x_low), (high, x_high) = min(dots), max(dots)

    def place(value: float) -> float:
        return x_low + (value - low) / (high - low) * (x_high - x_low)

    assert len({x for _, x in dots}) > 10
    for value, x in dots:
        assert x == pytest.approx(place(value), abs=0.02)
    for row, column, value, element in found:
        if column == "alpha_low":
            assert float(element.get("x1", 0)) == pytest.approx(place(float(value)), abs=0.02)
            top = table.rows[row][table.index("alpha_high")]
            assert float(element.get("x2", 0)) == pytest.approx(place(float(str(top))), abs=0.02)


def test_sectors_of_a_wheel_are_equal_and_their_numbers_are_written() -> None:
    made_ = drawing("pilot", "wheels")
    root = ET.fromstring(made_.svg)
    words = [e.text for e in root.iter(f"{SVG}text")]
    for _, _, value, _ in marks(root):
        assert value in words
    assert len(marks(root)) == len(made_.tables[0])


def extent(element: ET.Element) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a mark."""

    def of(name: str) -> float:
        return float(element.get(name, 0))

    if element.tag == f"{SVG}rect":
        return of("x"), of("y"), of("x") + of("width"), of("y") + of("height")
    if element.tag == f"{SVG}circle":
        return of("cx") - of("r"), of("cy") - of("r"), of("cx") + of("r"), of("cy") + of("r")
    if element.tag == f"{SVG}polygon":
        points = [tuple(float(n) for n in p.split(",")) for p in element.get("points", "").split()]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return min(xs), min(ys), max(xs), max(ys)
    raise AssertionError(element.tag)


@pytest.mark.parametrize(
    ("which", "name", "width"),
    [
        ("pilot", "lanes", "174"),
        ("pilot", "lanes", "85"),
        ("pilot", "heatmap", "174"),
        ("big", "heatmap", "114"),
        ("pilot", "gapmap", "174"),
        ("pilot", "gapmap", "85"),
        ("big", "chains", "174"),
        ("big", "chains", "85"),
    ],
)
def test_the_number_beside_a_mark_is_the_one_it_shows(which: str, name: str, width: str) -> None:
    root = ET.fromstring(drawing(which, name, width).svg)
    numbers = [
        (float(e.get("x", 0)), float(e.get("y", 0)), e.text or "", float(e.get("font-size", 0)))
        for e in root.iter(f"{SVG}text")
        if re.fullmatch(r"\d+", e.text or "")
    ]
    seen = 0
    for _, column, value, element in marks(root):
        if not re.fullmatch(r"\d+", value) or column not in ("articles", "count", "supports", "refines", "challenges"):
            continue
        if value == "0" and name != "chains":  # hatched, or no bar: nothing is written
            continue
        left, top, right, bottom = extent(element)

        def apart(
            number: tuple[float, float, str, float], box: tuple[float, ...] = (left, top, right, bottom)
        ) -> float:
            x, y = number[0], number[1] - number[3] * 0.35
            return math.hypot(max(box[0] - x, 0, x - box[2]), max(box[1] - y, 0, y - box[3]))

        assert min(numbers, key=apart)[2] == value, (column, value)
        seen += 1
    assert seen > 10


@pytest.mark.parametrize("which", ["pilot", "big"])
def test_shades_of_the_heat_map_are_those_of_the_legend(which: str) -> None:
    made_ = drawing(which, "heatmap")
    root = ET.fromstring(made_.svg)
    table = made_.tables[0]
    steps = {}
    for before, after in pairwise(list(root.iter())):
        found = re.fullmatch(r"(?:up to |(\d+)–)(\d+)%", after.text or "") if after.tag == f"{SVG}text" else None
        if found:
            steps[before.get("fill")] = (float(found[1] or 0) / 100, float(found[2]) / 100)
    assert len(steps) == 5
    for row, _, value, element in marks(root):
        out_of = table.rows[row][3]
        if int(value):
            low, high = steps[element.get("fill")]
            assert low - 1e-9 <= int(value) / int(str(out_of)) <= high + 1e-9
        else:
            assert "hatch" in (element.get("fill") or "")


@pytest.mark.parametrize("which", ["pilot", "big"])
def test_shades_of_a_wheel_are_those_of_the_legend(which: str) -> None:
    root = ET.fromstring(drawing(which, "wheels").svg)
    steps = {}
    for before, after in pairwise(list(root.iter())):
        found = re.fullmatch(r"(\d+)(?: to (\d+))? articles?", after.text or "") if after.tag == f"{SVG}text" else None
        if found:
            steps[before.get("fill")] = (int(found[1]), int(found[2] or found[1]))
    assert steps
    for _, _, value, element in marks(root):
        if int(value):
            low, high = steps[element.get("fill")]
            assert low <= int(value) <= high
        else:
            assert "hatch" in (element.get("fill") or "")


def test_agreement_writes_what_it_draws() -> None:
    made_ = drawing("pilot", "agreement")
    root = ET.fromstring(made_.svg)
    table = made_.tables[0]
    lines = {round(float(e.get("y", 0)) - float(e.get("font-size", 0)) * 0.35, 0): e.text or "" for e in root.iter(f"{SVG}text") if re.match(r"−?\d\.\d\d", e.text or "") and e.get("text-anchor") == "end"}  # fmt: skip
    checked = 0
    for row, column, value, element in marks(root):
        if column != "alpha":
            continue
        told = next(t for y, t in lines.items() if abs(y - float(element.get("cy", 0))) < 2)
        assert told.startswith(f"{float(value):.2f}".replace("-", "−"))
        high = table.rows[row][table.index("alpha_high")]
        assert (f" to {high:.2f}".replace(" -", " −") in told) if isinstance(high, float) else (" to " not in told)
        checked += 1
    assert checked > 40


def test_flow_boxes_write_their_counts_and_say_where_sums_fail() -> None:
    words = " ".join(e.text or "" for e in ET.fromstring(drawing("pilot", "flow").svg).iter(f"{SVG}text"))
    for count in (138, 65, 73, 51, 14):
        assert f"n = {count}" in words
    assert "not accounted for" not in words
    broken = drawing("big", "flow")
    assert "300 in; 120 + 170 = 290 out: 10 not accounted for" in broken.svg
    assert "do not add up at screening" in broken.svg


def test_flow_joins_origins_of_several_stages() -> None:
    built = pipeline.review(resources.folder("data") / "eaa_published")
    table = pipeline.answer(built, "flow-steps")
    assessed = next(r for r in table.records() if r["outcome"] == "assessed")
    assert (assessed["incoming"], assessed["outgoing"], assessed["adds_up"]) == (329, 329, True)
    svg = pipeline.draw(built, "flow").svg
    assert "54 + 40 + 227 + 8 = 329 in; 329 out" in svg
    boxes = [e for _, _, _, e in marks(ET.fromstring(svg))]
    assert len(boxes) == len(table)
    spans = [tuple(float(b.get(k, 0)) for k in ("x", "y", "width", "height")) for b in boxes]
    for n, (x, y, w, h) in enumerate(spans):
        for x2, y2, w2, h2 in spans[n + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y, "boxes overlap"


def test_a_flow_in_a_circle_is_drawn_as_far_as_it_goes() -> None:
    steps = (
        FlowStep(stage="s", origin=("b",), outcome="a", count=1),
        FlowStep(stage="t", origin=("a",), outcome="b", count=1),
    )
    records = made().records.model_copy(update={"flow": steps})
    svg = pipeline.draw(pipeline.Built(Checked(records, (), 0), Settings()), "flow").svg
    assert len(marks(ET.fromstring(svg))) == 2


# --- the frame, the words, the ids -----------------------------------------------------------


@EVERY
@pytest.mark.parametrize("which", ["pilot", "small", "big", "hostile"])
@pytest.mark.parametrize("width", list(WIDTHS))
def test_words_stay_inside_the_frame(which: str, name: str, width: str) -> None:
    root = ET.fromstring(drawn(which, name, width).svg)
    _, _, wide, high = (float(n) for n in root.get("viewBox", "").split())
    assert float(root.get("width", "")[:-2]) == WIDTHS[width]
    for element in root.iter(f"{SVG}text"):
        size = float(element.get("font-size", 0))
        long = text_width(element.text or "", size) * (1.06 if element.get("font-weight") else 1.0)
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        left = x - {"middle": long / 2, "end": long}.get(element.get("text-anchor", ""), 0.0)
        assert left >= -0.5, element.text
        assert left + long <= wide + 0.5, element.text
        assert size * 0.7 <= y <= high, element.text
        assert size >= 7 if width != "slide" else size >= 11


def overlap(root: ET.Element) -> list[tuple[str, str]]:
    """Return pairs of words that run into each other."""
    boxes = []
    for element in root.iter(f"{SVG}text"):
        size = float(element.get("font-size", 0))
        long = text_width(element.text or "", size) / 1.05
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        left = x - {"middle": long / 2, "end": long}.get(element.get("text-anchor", ""), 0.0)
        boxes.append((left, y - size * 0.72, left + long, y + size * 0.2, element.text or ""))
    boxes.sort(key=lambda b: b[1])
    found = []
    for n, (left, top, right, bottom, text) in enumerate(boxes):
        for left2, top2, right2, bottom2, text2 in boxes[n + 1 :]:
            if top2 >= bottom:
                break
            if left < right2 and left2 < right and top < bottom2 and text.strip() and text2.strip():
                found.append((text, text2))
    return found


@EVERY
@pytest.mark.parametrize("which", ["pilot", "small", "big", "hostile"])
@pytest.mark.parametrize("width", list(WIDTHS))
def test_no_words_run_into_each_other(which: str, name: str, width: str) -> None:
    assert overlap(ET.fromstring(drawn(which, name, width).svg)) == []


@EVERY
def test_title_description_legend_and_numbers_are_words(name: str) -> None:
    made_ = drawn("big", name)
    root = ET.fromstring(made_.svg)
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == made_.tables[0].title
    assert described is not None
    assert len(described.text or "") > 40
    assert re.search(r"\d", described.text or ""), "the description holds numbers of the data"
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert "NaN" not in made_.svg
    assert " nan" not in made_.svg
    assert not list(root.iter(f"{SVG}image"))


@EVERY
def test_ids_begin_with_the_prefix_and_references_hold(name: str) -> None:
    asked = {**ASKED.get(name, {}), "prefix": "other"}
    svg = pipeline.draw(made(), name, asked).svg
    root = ET.fromstring(svg)
    ids = [e.get("id", "") for e in root.iter() if e.get("id")]
    assert ids
    assert len(ids) == len(set(ids))
    assert all(i.startswith("other-") for i in ids)
    for wanted in re.findall(r"url\(#([^)]+)\)", svg):
        assert wanted in ids


@pytest.mark.parametrize("prefix", ['a"><script>alert(1)</script>', "two words", "7", "שלום", "x" * 300])
def test_a_prefix_of_any_text_makes_ids_that_hold(prefix: str) -> None:
    svg = pipeline.draw(pilot(), "heatmap", {"prefix": prefix}).svg
    root = ET.fromstring(svg)
    ids = [e.get("id", "") for e in root.iter() if e.get("id")]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", i) for i in ids)
    assert set((root.get("aria-labelledby") or "").split()) <= set(ids)
    assert all(wanted in ids for wanted in re.findall(r"url\(#([^)]+)\)", svg))
    other = pipeline.draw(pilot(), "heatmap", {"prefix": prefix + "!"}).svg
    assert not set(ids) & {e.get("id") for e in ET.fromstring(other).iter() if e.get("id")}


@EVERY
def test_hostile_labels_stay_words(name: str) -> None:
    svg = drawn("hostile", name).svg
    root = ET.fromstring(svg)
    allowed = {
        *("svg", "title", "desc", "defs", "pattern", "marker", "rect", "path", "circle", "line", "polygon", "text"),
    }
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= allowed
    assert "<script" not in svg
    for element in root.iter():
        assert not any(attribute.startswith("on") or "href" in attribute for attribute in element.attrib)


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    table = pipeline.answer(pilot(), "flow-steps")
    rows = tuple((*row[:4], "bad \x00\x08\ud800 text", *row[5:]) for row in table.rows)
    svg = registry.find("charts", "flow").function(replace(table, rows=rows))
    ET.fromstring(svg.encode())
    assert "bad ��� text" in svg


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def test_words_can_be_read_on_what_is_behind_them() -> None:
    for fill in (*SHARES, "#ffffff", "#f2f4f6", "#e6e9ed"):
        assert contrast(ink_on(fill), fill) >= 4.5, fill
    for ink in (INK, SOFT, WARNING):
        assert contrast(ink, "#ffffff") >= 4.5
        assert contrast(SOFT, "#e6e9ed") >= 4.5
    # Shades of the heat map and the wheels keep their order in grey.
    grey = [luminance(fill) for fill in SHARES]
    assert grey == sorted(grey, reverse=True)
    for one, other in pairwise(SHARES):
        assert contrast(one, other) > 1.12


@EVERY
def test_words_in_a_figure_are_dark_enough(name: str) -> None:
    for element in ET.fromstring(drawn("big", name).svg).iter(f"{SVG}text"):
        ink = element.get("fill", "")
        assert ink in ("#ffffff",) or contrast(ink, "#ffffff") >= 4.5, ink


# --- signs ---------------------------------------------------------------------------------


def test_signs_of_a_difference_have_a_shape_and_a_stroke_of_their_own() -> None:
    root = ET.fromstring(drawing("pilot", "difference").svg)
    shapes: dict[str, set[str]] = {}
    for _, column, value, element in marks(root):
        if column == "sign":
            shape = element.tag.removeprefix(SVG)
            corners = len(element.get("points", "").split())
            shapes.setdefault(value, set()).add(f"{shape}{corners}{element.get('fill')}")
    assert set(shapes) == {"+", "-", "="}
    assert all(len(looks) == 1 for looks in shapes.values())
    assert len(set.union(*shapes.values())) == len(shapes), "two signs look alike"
    struck = [e.text for e in root.iter(f"{SVG}text") if e.get("text-decoration") == "line-through"]
    assert sorted(struck) == ["assets", "intentions"]


def test_open_slots_are_drawn_open() -> None:
    svg = pipeline.draw(pilot(), "lanes", {"theory": "eaa-initial"}).svg
    root = ET.fromstring(svg)
    opened = [e for _, c, v, e in marks(root) if c == "alternative" and v == "0"]
    assert len(opened) == 3
    assert all("hatch" in e.get("fill", "") and e.get("stroke-dasharray") for e in opened)
    assert "left open" in svg


def test_empty_cells_are_hatched_and_explained() -> None:
    made_ = drawing("pilot", "gapmap")
    empty = [e for _, _, v, e in marks(ET.fromstring(made_.svg)) if v == "0"]
    assert len(empty) == sum(r["articles"] == 0 for r in made_.tables[0].records())
    for element in empty:
        title = element.find(f"{SVG}title")
        assert "hatch" in element.get("fill", "")
        assert title is not None
        assert "articles that report" in (title.text or "")
    assert "place to look, not proof of absence" in made_.svg


# --- the same evidence, the same bytes ---------------------------------------------------------

_PROGRAM = """
import hashlib
from eaa_graph import pipeline, resources
from eaa_graph.errors import Refused
built = pipeline.review(resources.example("eaa_pilot"))
for name in pipeline.drawable():
    try:
        print(name, hashlib.sha256(pipeline.draw(built, name).svg.encode()).hexdigest())
    except Refused as refusal:
        print(name, refusal)
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    told = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "77")
    }
    assert len(told) == 1
    assert len(told.pop().splitlines()) == len(CHARTS)


@pytest.mark.parametrize("name", ["lanes", "alluvial", "co-occurrence", "gapmap", "wheels", "difference"])
def test_bytes_do_not_depend_on_the_order_of_rows(name: str) -> None:
    records = made().records
    shuffled = records.model_copy(update={"extractions": tuple(reversed(records.extractions))})
    built = pipeline.Built(Checked(shuffled, (), 0), Settings())
    assert pipeline.draw(built, name).svg == drawing("big", name).svg


# --- refusals ----------------------------------------------------------------------------------


def empty(table: Table) -> Table:
    return replace(table, rows=())


@EVERY
def test_an_empty_table_is_refused(name: str) -> None:
    chart = registry.find("charts", name)
    tables = drawn("big", name).tables
    with pytest.raises(Refused, match="nothing to draw"):
        chart.function(*(empty(t) for t in tables))


def test_a_hairball_is_refused_with_the_filter_that_helps() -> None:
    with pytest.raises(Refused, match=r"hairball: ask for least=(\d+), which leaves (\d+)") as refusal:
        pipeline.draw(made(), "co-occurrence", {"least": "2"})
    least = re.search(r"least=(\d+)", str(refusal.value))
    assert least is not None
    pipeline.draw(made(), "co-occurrence", {"least": least[1]})
    with pytest.raises(Refused, match=r"tangle: ask for least=(\d+)") as refusal:
        pipeline.draw(made(), "alluvial", {"least": "1"})
    least = re.search(r"least=(\d+)", str(refusal.value))
    assert least is not None
    pipeline.draw(made(), "alluvial", {"least": least[1]})


def test_a_width_too_narrow_is_refused() -> None:
    steps = (
        FlowStep(stage="s", outcome="all", count=9),
        *(FlowStep(stage="t", origin=("all",), outcome=f"o{n}", count=1) for n in range(9)),
    )
    built = pipeline.Built(Checked(made().records.model_copy(update={"flow": steps}), (), 0), Settings())
    with pytest.raises(Refused, match="9 boxes side by side do not fit into 85: choose a wider figure"):
        pipeline.draw(built, "flow", {"width": "85"})
    assert pipeline.draw(built, "flow", {"width": "slide"}).svg


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="lanes"):
        pipeline.draw(pilot(), "lane")
    with pytest.raises(UnknownName, match="theory"):
        pipeline.draw(pilot(), "lanes", {"theorie": "x"})


# --- the tables that only pictures ask for ---------------------------------------------------------


def test_parts_of_configurations_hold_every_slot_and_open_onto_passages() -> None:
    table = pipeline.answer(pilot(), "configuration-parts", {"theory": "all"})
    told = {(str(r["configuration"]), str(r["role"]), r["alternative"], key(r["concept"])) for r in table.records()}
    assert ("E01", "context", 0, "") in told
    assert {("P07", "context", n, c) for n, c in ((1, "lived-experience-leadership"), (2, "community-setting"))} <= told
    assert ("P05", "mechanism", 1, "interpretation") in told
    support = {
        (str(r["theory"]), str(r["configuration"])): r
        for r in pipeline.answer(pilot(), "support").records()
        if r["completeness"] == "any"
    }
    article = {e.id: e.article for e in pilot().records.extractions}
    for number, record in enumerate(table.records()):
        whole = support[str(record["theory"]), str(record["configuration"])]
        for stance in ("supports", "refines", "challenges"):
            behind = table.opens(number, stance)
            assert record[stance] == whole[f"{stance}_articles"] == len({article[e] for e in behind})


def test_paths_are_what_brute_force_finds() -> None:
    built = made()
    table = pipeline.answer(built, "coded-paths")
    wanted: dict[tuple[str, str, str], set[str]] = {}
    for e in built.records.extractions:
        if e.coder != "x":
            continue
        for c in e.contexts or ("",):
            for m in e.mechanisms:
                for o in e.outcomes or ("",):
                    wanted.setdefault((c, m, o), set()).add(e.article)
    told = {(key(c), key(m), key(o)): n for c, m, o, n in table.rows}
    assert told == {path: len(articles) for path, articles in wanted.items()}
    article = {e.id: e.article for e in built.records.extractions}
    assert all(len({article[i] for i in table.opens(n, "articles")}) == row[3] for n, row in enumerate(table.rows))


def test_the_evidence_map_adds_up_to_the_cells() -> None:
    table = pipeline.answer(pilot(), "evidence-map")
    cells: dict[tuple[str, str], list[int]] = {}
    for record in table.records():
        cells.setdefault((key(record["concept"]), key(record["column"])), []).append(int(str(record["articles"])))
    for record in pipeline.answer(pilot(), "occurrence").records():
        assert sum(cells[key(record["concept"]), key(record["by"])]) == record["count"]
    with pytest.raises(UnknownName, match="assessor"):
        pipeline.answer(pilot(), "evidence-map", {"assessor": "nobody"})


def test_outcome_and_mechanism_counts_are_what_brute_force_finds() -> None:
    table = pipeline.answer(pilot(), "outcome-mechanisms")
    for record in table.records():
        together = {
            e.article
            for e in pilot().records.extractions
            if e.coder == "consensus"
            and key(record["outcome"]) in e.outcomes
            and key(record["mechanism"]) in (*e.mechanisms, *e.resources, *e.reasonings)
        }
        assert record["articles"] == len(together)


def test_chain_steps_say_the_same_as_chains() -> None:
    asked = {"theory": "two"}
    steps = list(pipeline.answer(made(), "chain-steps", asked).records())
    for number, chain in enumerate(pipeline.answer(made(), "chains", asked).records(), start=1):
        own = [s for s in steps if s["chain"] == number]
        assert tuple(str(s["configuration"]) for s in own) == tuple(str(t) for t in chain["path"])  # type: ignore[union-attr]
        assert " > ".join(str(s["supports"]) for s in own) == chain["articles_each"]
        weakest = {str(s["configuration"]) for s in own if s["weakest"]}
        assert weakest == {str(t) for t in chain["weakest"]}  # type: ignore[union-attr]


def test_the_difference_says_the_same_as_its_own_table() -> None:
    table = pipeline.answer(pilot(), "theory-difference")
    assert {str(r["pair_sign"]) for r in table.records()} == {"+", "~"}
    gone = [(str(r["after"]), key(r["concept"])) for r in table.records() if r["sign"] == "-"]
    assert gone == [("P11", "assets"), ("P11", "intentions")]
    with pytest.raises(Refused, match="revises another"):
        pipeline.answer(pipeline.review(resources.example("example_minimal")), "theory-difference")


def test_lines_of_known_width_keep_their_place_in_any_font() -> None:
    assert fixed_width("engagement", 1.0) == pytest.approx((8 * 556 + 833 + 278) / 1000)
    assert fixed_width("Déjà vu", 10) == pytest.approx(fixed_width("Deja vu", 10))
    assert fixed_width("bold", 1.0, bold=True) > fixed_width("bold", 1.0)  # type: ignore[operator]
    assert fixed_width("שלום", 8) is None
    for name in ("lanes", "agreement"):
        root = ET.fromstring(drawing("pilot", name).svg)
        for line in root.iter(f"{SVG}text"):
            if len(line.text or "") > 3:
                bold = int(line.get("font-weight", 400)) >= 600
                known = fixed_width(line.text or "", float(line.get("font-size", 0)), bold)
                assert float(line.get("textLength", 0)) == pytest.approx(known, abs=0.01)
                # The room that the layout gives is never less.
                assert known <= text_width(line.text or "", float(line.get("font-size", 0))) * (1.1 if bold else 1.0)


# --- small tools -----------------------------------------------------------------------------------


def test_labels_are_moved_apart_within_bounds() -> None:
    places = sorted_out([(10, 8), (11, 8), (12, 8), (90, 8)], 0, 100)
    assert all(b - a >= 8 - 1e-9 for a, b in pairwise(places))
    assert places[0] >= 4
    assert places[-1] <= 96


def test_words_are_cut_only_where_they_must_be() -> None:
    assert wrapped("one two", 500, 8) == ["one two"]
    assert "".join(hyphenated("interpretation", 30, 8)).replace("-", "") == "interpretation"
    assert all(text_width(line, 8) <= 60 for line in wrapped("W" * 300, 60, 8, most=3))
    assert wrapped("W" * 300, 60, 8, most=3)[-1].endswith("…")


def test_scripts_without_spaces_are_cut_between_signs_and_without_hyphens() -> None:
    words = "因为人们能够一起交谈，所以参与成为可能（见第二章）。"
    for width in range(33, 200, 3):
        lines = wrapped(words, width, 8)
        assert "".join(lines) == words
        assert all(text_width(line, 8) <= width for line in lines)
        assert not [line for line in lines if line[0] in "，）。" or line[-1] == "（"]
    assert wrapped("From 因为人们能够一起交谈", 60, 8)[0].startswith("From 因")
    assert "-" not in "".join(wrapped("참여가능성과대화의중요성", 40, 8))


def rows_of_words(rows: int, label: str) -> Table:
    """A long table as the heat map draws it."""
    concepts = [Thing("concept", f"c{n}", f"{label} {n}") for n in range(rows)]
    body = tuple((c, Thing("concept", "t", "how"), n, 9) for n, c in enumerate(concepts))
    columns = tuple(Column(name, name) for name in ("mechanism", "theme", "articles", "out_of"))
    return Table("heat", "Heat", columns, body)


def test_rows_of_the_heat_map_have_room_for_two_lines_of_words() -> None:
    root = ET.fromstring(
        heatmap.draw(rows_of_words(4, "what happens when people who run and people who use a service meet"))
    )
    assert not overlap(root)


def test_the_sums_of_the_flow_keep_their_order_beside_words_from_right_to_left() -> None:
    assert apart("screening") == "screening"
    assert apart("كيف") == "\u2068كيف\u2069"
    steps = (
        FlowStep(stage="found", outcome="screened", count=10),
        FlowStep(stage="كيف", origin=("screened",), outcome="included", count=9),
    )
    records = made().records.model_copy(update={"flow": steps})
    svg = pipeline.draw(pipeline.Built(Checked(records, (), 0), Settings()), "flow").svg
    assert "\u2068كيف\u2069: 10 in; 9 out: 1 not accounted for" in svg


def test_pictures_of_one_thing_say_one_thing() -> None:
    """One article, one passage: no '1 articles' in figure, description or table."""
    records = made().records
    extraction = next(e for e in records.extractions if e.contexts and e.mechanisms and e.outcomes and e.theme)
    extraction = extraction.model_copy(
        update={r: getattr(extraction, r)[:1] for r in ("contexts", "mechanisms", "outcomes")} | {"derived_from": ()}
    )
    one = {
        "articles": tuple(a for a in records.articles if a.id == extraction.article),
        "extractions": (extraction,),
        **dict.fromkeys(("reported", "appraisals", "configurations", "theories", "claims", "changes", "flow"), ()),
    }
    concepts = {extraction.theme, *extraction.contexts, *extraction.mechanisms, *extraction.outcomes}
    one["concepts"] = tuple(c.model_copy(update={"broader": ()}) for c in records.concepts if c.id in concepts)
    one["expectations"] = ()
    built = pipeline.Built(Checked(records.model_copy(update=one), (), 0), Settings())
    for name in ("heatmap", "gapmap", "alluvial"):
        drawing = pipeline.draw(built, name)
        said = " ".join([drawing.svg, *(f"{t.denominator} {t.note}" for t in drawing.tables)])
        assert not re.findall(
            r"(?<![\d.,–])\b1 (?:such )?(?:article|pair|path|place|context|mechanism|outcome|row|column|cell)s", said
        )


# --- files ---------------------------------------------------------------------------------------------


def test_draw_writes_the_figure_and_its_numbers(tmp_path) -> None:
    result = CliRunner().invoke(
        main, ["draw", "lanes", "--example", "eaa_pilot", "theory=eaa-initial", "--out", str(tmp_path / "a.svg")]
    )
    assert result.exit_code == 0, result.output
    assert ET.parse(tmp_path / "a.svg").getroot().get("width") == "174mm"
    assert (tmp_path / "a.csv").read_text("utf-8").splitlines()[0].startswith("theory")
    listed = CliRunner().invoke(main, ["draw", "--list"])
    assert all(name in listed.output for name in CHARTS)
    wrong = CliRunner().invoke(main, ["draw", "lanes", "--example", "eaa_pilot", "--format", "pdf", "--out", "a.svg"])
    assert wrong.exit_code == 2


@pytest.mark.parametrize("name", ["wheels", "gapmap"])
def test_png_and_pdf_hold_the_figure(name: str) -> None:
    pytest.importorskip("vl_convert")
    svg = drawing("pilot", name, "85").svg
    png = picture(svg, "png")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20], "big") == pytest.approx(85 / 25.4 * 300, abs=2)
    pdf = picture(svg, "pdf")
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+)", pdf)
    assert box is None or float(box[1]) == pytest.approx(85 / 25.4 * 72, abs=0.5)
    assert pdf[:5] == b"%PDF-"
    assert b"/Font" in pdf, "words stay words"


@pytest.mark.parametrize("name", ["gapmap", "lanes"])
def test_png_and_pdf_have_the_same_bytes_each_time(name: str) -> None:
    pytest.importorskip("vl_convert")
    svg = drawing("pilot", name, "85").svg
    # Fonts and patterns come in the order of a hash that changes: six times, so that chance does not hide it.
    assert len({picture(svg, "pdf") for _ in range(6)}) == 1
    assert len({picture(svg, "png") for _ in range(2)}) == 1
    pdf = picture(svg, "pdf")
    for entry in re.finditer(rb"(?m)^(\d{10}) 00000 n", pdf):
        assert re.match(rb"\d+ 0 obj", pdf[int(entry[1]) :])


def test_a_missing_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"eaa-graph\[figures\]"):
        picture("<svg/>", "png")
    with pytest.raises(UnknownName, match="svg"):
        picture("<svg/>", "gif")
