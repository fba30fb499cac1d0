"""A made-up review of any size for the benchmarks, and how its parts are kept between runs."""

from __future__ import annotations

__all__ = ["Line", "Material", "growth", "reading"]

import csv
import math
import pickle
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from eaa_graph.encode import encode  # noqa: E402 (the checkout's own package)
from eaa_graph.findings import Where  # noqa: E402
from eaa_graph.model import Records, Row  # noqa: E402
from eaa_graph.readers import RawSheet, Reading  # noqa: E402
from eaa_graph.store import OxigraphStore, Store  # noqa: E402
from eaa_graph.validate import validate  # noqa: E402

if TYPE_CHECKING:
    from eaa_graph.network import Incidence


class Line(NamedTuple):
    """One comparison: ours against theirs, in `unit`; `wanted` says what the ratio should be."""

    what: str
    ours: float
    theirs: float
    wanted: str
    met: bool
    unit: str = "s"


_WORDS = ("people", "talk", "about", "needs", "and", "write", "down", "so", "that", "others", "read", "and", "answer")
#: Cells of the table mechanism by theme that the made-up review leaves empty, when it reports themes.
_EMPTY = {(mechanism, (mechanism * 3) % 7) for mechanism in range(9)}


def reading(articles: int, rows: int, seed: int = 1, reported: bool = False) -> Reading:
    """Return a made-up review as a reader would hand it over: `rows` coded passages for each article.

    As many codes as real reviews have: 26 mechanisms, 7 themes, 40 contexts, 30 outcomes; a passage of 200
    characters, a coder, a page. With `reported` there is also the sheet of the themes that each article reports, and
    nine cells of mechanism by theme stay empty.
    """
    draw = random.Random(seed)
    passages = [" ".join(draw.choices(_WORDS, k=60))[:200].strip() for _ in range(500)]
    kinds = {"theme": 7, "mechanism": 26, "context": 40, "outcome": 30}
    codes = {kind: [f"{kind}-{n:02d}" for n in range(count)] for kind, count in kinds.items()}
    coded: set[tuple[int, str]] = set()

    def sheet(name: str, cells: Iterator[dict[str, str]], headers: tuple[str, ...]) -> RawSheet:
        place = f"{name}.csv"
        made = tuple(Row(Where(place, row=n), values) for n, values in enumerate(cells, 2))
        return RawSheet(name, Where(place), headers, made)

    def mechanisms(theme: str, many: int) -> str:
        found = draw.sample(codes["mechanism"], many)
        if reported:
            found = [m for m in found if (int(m[-2:]), int(theme[-2:])) not in _EMPTY] or [codes["mechanism"][-1]]
        return " | ".join(found)

    def extractions() -> Iterator[dict[str, str]]:
        for number in range(articles * rows):
            theme = draw.choice(codes["theme"])
            coded.add((number // rows, theme))
            yield {
                "id": f"e{number:07d}",
                "article": f"a{number // rows:06d}",
                "theme": theme,
                "contexts": draw.choice(codes["context"]),
                "mechanisms": mechanisms(theme, 1 + number % 2),
                "outcomes": draw.choice(codes["outcome"]),
                "stance": draw.choice(("supports", "supports", "challenges")),
                "quote": f"{passages[number % 500]} ({number})",
                "locator": f"p. {number % 40 + 1}",
                "coder": f"coder-{number % 2 + 1}",
            }

    def configurations() -> Iterator[dict[str, str]]:
        for number in range(12):
            chosen = {kind: draw.sample(codes[kind], 2) for kind in ("context", "mechanism", "outcome")}
            yield {"id": f"c{number:02d}"} | {f"{kind}s": " / ".join(found) for kind, found in chosen.items()}

    def reports() -> Iterator[dict[str, str]]:
        for number in range(articles):
            for theme in codes["theme"]:
                # Where a passage is coded under a theme, the article reports it.
                said = "yes" if (number, theme) in coded or draw.random() < 0.5 else "no"
                yield {"article": f"a{number:06d}", "theme": theme, "reported": said, "coder": "coder-1"}

    headers = ("id", "article", "theme", "contexts", "mechanisms", "outcomes", "stance", "quote", "locator", "coder")
    sheets = [
        sheet("articles", ({"id": f"a{n:06d}", "title": f"Article {n}"} for n in range(articles)), ("id", "title")),
        sheet(
            "concepts",
            ({"id": code, "label": code, "kind": kind} for kind, found in codes.items() for code in found),
            ("id", "label", "kind"),
        ),
        sheet("extractions", extractions(), headers),
        sheet("configurations", configurations(), ("id", "contexts", "mechanisms", "outcomes")),
        sheet(
            "theories",
            iter([{"id": "first", "configurations": "|".join(f"c{n:02d}" for n in range(12))}]),
            ("id", "configurations"),
        ),
    ]
    if reported:
        sheets.append(sheet("reported", reports(), ("article", "theme", "reported", "coder")))
    return Reading("bench", tuple(sheets), {"title": "bench"}, Where("review.toml"))


def growth(sizes: Sequence[float], spent: Sequence[float]) -> float:
    """Return the exponent b of spent = a * size ** b, by least squares on the logarithms."""
    x, y = [math.log(n) for n in sizes], [math.log(max(s, 1e-9)) for s in spent]
    middle = sum(x) / len(x)
    return sum((a - middle) * b for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)


@dataclass(frozen=True)
class Material:
    """The made-up review of one size, in every form that a comparison starts from; kept in a folder between processes.

    Attributes
    ----------
    folder : Path
    articles, rows : int
    """

    folder: Path
    articles: int
    rows: int = 20

    @cached_property
    def reading(self) -> Reading:
        """As a reader hands it over."""
        return reading(self.articles, self.rows, reported=True)

    @cached_property
    def sheets(self) -> Path:
        """As a review folder: CSV files and review.toml."""
        folder = self.folder / f"sheets-{self.articles}"
        if not folder.exists():
            beside = folder.with_suffix(".part")
            beside.mkdir(exist_ok=True)
            for sheet in self.reading.sheets:
                with (beside / f"{sheet.name}.csv").open("w", encoding="utf-8", newline="") as stream:
                    writer = csv.writer(stream, lineterminator="\n")
                    writer.writerow(sheet.headers)
                    writer.writerows([row.values[header] for header in sheet.headers] for row in sheet.rows)
            (beside / "review.toml").write_text('[review]\nid = "bench"\ntitle = "bench"\n', "utf-8")
            beside.rename(folder)
        return folder

    @cached_property
    def records(self) -> Records:
        """As records."""

        def made() -> Records:
            checked = validate(self.reading)
            assert checked.made == checked.rows, "the made-up review must be without fault"
            return checked.records

        found: Records = self._kept("records", made)
        return found

    @cached_property
    def columns(self) -> Incidence:
        """As integer columns."""
        from eaa_graph.network import Incidence

        found: Incidence = self._kept("columns", lambda: Incidence.from_records(self.records))
        return found

    @cached_property
    def ntriples(self) -> Path:
        """As a file of N-Triples, without the ontology."""
        path = self.folder / f"review-{self.articles}.nt"
        if not path.exists():
            beside = path.with_suffix(".part")
            beside.write_text("".join(f"{s} {p} {o} .\n" for s, p, o, _ in encode(self.records)), "utf-8")
            beside.rename(path)
        return path

    @cached_property
    def store(self) -> Store:
        """In Oxigraph, in memory."""
        store = OxigraphStore()
        store.add(encode(self.records))
        return store

    @cached_property
    def loaded(self) -> Store:
        """In Oxigraph, in memory, all in one named graph: from the file, which is quicker than from the records."""
        store = OxigraphStore()
        with self.ntriples.open(encoding="utf-8") as lines:
            store.add_lines((line.rstrip("\n") for line in lines), "urn:bench")
        return store

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        path = self.folder / f"{name}-{self.articles}.pickle"
        if path.exists():
            return pickle.loads(path.read_bytes())
        made = make()
        beside = path.with_suffix(".part")
        beside.write_bytes(pickle.dumps(made))
        beside.rename(path)
        return made
