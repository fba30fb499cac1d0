"""What the pages are made from, grouped once: no page looks through all extractions again."""

from __future__ import annotations

__all__ = ["Asked", "File", "Grouped", "Material", "Picture"]

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from eaa_graph.errors import Refused
from eaa_graph.findings import Finding
from eaa_graph.gaps import TYPES, register
from eaa_graph.living import Since
from eaa_graph.model import ROLES, Appraisal, Article, Concept, Configuration, Extraction, Records, slot_concepts
from eaa_graph.network import Incidence, selected
from eaa_graph.queries import Names
from eaa_graph.site.names import anchor, page_name, safe_name
from eaa_graph.store import Store
from eaa_graph.tables import Table, Thing
from eaa_graph.theory.evidence import Bearings, bearings
from eaa_graph.theory.versions import History, history
from eaa_graph.vocabulary import data_iri

if TYPE_CHECKING:
    from eaa_graph.site.sparql import Queryable

#: Longer tables are files; their pages show how they begin.
LONG = 15
#: Gaps in the list on one page.
GAPS_PER_PAGE = 300
#: Passages on one page: about a third of a megabyte.
PER_PAGE = 350


class Asked(NamedTuple):
    """A question that can be asked by name, as its page tells it.

    Attributes
    ----------
    name, title, description : str
    parameters : tuple of (name, meaning, default)
    kind : str
        ``question`` (SPARQL) or ``measure``.
    why_not : str
        Why there is no answer on the page; empty if there is one or nothing is known.
    """

    name: str
    title: str
    description: str
    parameters: tuple[tuple[str, str, str], ...] = ()
    kind: str = "question"
    why_not: str = ""


class File(NamedTuple):
    """A file of the results that can be downloaded: path from the top of the site, size in bytes, what it is."""

    path: str
    size: int
    about: str


class Picture(NamedTuple):
    """A figure: its title, the SVG, and the path of its file from the top of the site."""

    title: str
    svg: str
    path: str = ""


@dataclass(frozen=True)
class Material:
    """Everything that the site tells.

    Attributes
    ----------
    records : Records
    columns : Incidence
        The same, all coders side by side.
    coder : str
        Whose codings are counted: a coder's id, ``preferred`` or ``all``.
    findings : tuple of Finding
    tables : mapping of str to Table
        Answers by the name of their question.
    questions : tuple of Asked
        Everything that can be asked.
    figures : mapping of str to Picture
    files : tuple of File
    maps : tuple of File
        Stand-alone maps, to link to.
    since : Since or None
        What changed since the build before; None if there was none.
    store : Store or None
        The graph, for the page that answers SPARQL in the browser; None leaves that page without it.
    names : Names or None
        What the things in it are called.
    """

    records: Records
    columns: Incidence
    coder: str = "preferred"
    findings: tuple[Finding, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    questions: tuple[Asked, ...] = ()
    figures: Mapping[str, Picture] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    maps: tuple[File, ...] = ()
    since: Since | None = None
    store: Store | None = None
    names: Names | None = None


class Grouped:
    """The material by article, concept, theme, configuration and gap."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self._paths: dict[tuple[str, str], str] = {}
        self.records: Records = material.records
        self.concepts: dict[str, Concept] = {c.id: c for c in self.records.concepts}
        self.labels: dict[str, str] = {c.id: c.label for c in self.records.concepts}
        self.articles: dict[str, Article] = {a.id: a for a in self.records.articles}
        self.extractions: dict[str, Extraction] = {e.id: e for e in self.records.extractions}
        self.people: dict[str, str] = {p.id: p.name or p.id for p in self.records.people}
        self.configurations: dict[str, Configuration] = {c.id: c for c in self.records.configurations}
        chosen = material.coder
        if chosen == "preferred":
            chosen = self.records.review.preferred_coder or "all"
        #: Coder whose passages are counted; ``all`` for everybody.
        self.coder = chosen
        self.chosen: Incidence = selected(material.columns, material.coder)
        self.counted: tuple[Extraction, ...] = tuple(e for e in self.records.extractions if chosen in ("all", e.coder))

    @cached_property
    def queryable(self) -> Queryable | None:
        """What the SPARQL page answers from; None where there is no graph, or one too large for a browser."""
        from eaa_graph.site.sparql import Queryable

        store, names = self.material.store, self.material.names
        if store is None or names is None:
            return None
        paths = {name: self.path(thing.kind, thing.id) for name, thing in names.things.items()}
        paths |= {data_iri(names.base, "extraction", e): self.path("extraction", e) for e in self.extractions}
        made = Queryable(store, names, {name: path for name, path in paths.items() if path})
        return made if made.fits else None

    # --- groupings --------------------------------------------------------------------------

    @cached_property
    def by_article(self) -> dict[str, list[Extraction]]:
        """All extractions of each article, the counted coder's first."""
        found: dict[str, list[Extraction]] = defaultdict(list)
        for e in sorted(
            self.records.extractions, key=lambda e: (self.coder not in ("all", e.coder), e.coder or "", e.id)
        ):
            found[e.article].append(e)
        return found

    @cached_property
    def by_concept(self) -> dict[str, list[tuple[Extraction, tuple[str, ...]]]]:
        """Counted extractions that code each concept, with the roles it plays there, by theme and article."""
        found: dict[str, list[tuple[Extraction, tuple[str, ...]]]] = defaultdict(list)
        for e in self.counted:
            roles: dict[str, list[str]] = {}
            for role in ROLES:
                for c in e.codes(role):
                    roles.setdefault(c, []).append(role)
            for c, played in roles.items():
                found[c].append((e, tuple(played)))
        for members in found.values():
            members.sort(key=lambda pair: (self._theme_place(pair[0].theme), pair[0].article, pair[0].id))
        return found

    @cached_property
    def themes(self) -> tuple[str, ...]:
        """Concepts used or listed as theme, in codebook order."""
        used = {e.theme for e in self.records.extractions if e.theme} | {r.theme for r in self.records.reported}
        used |= {c.id for c in self.records.concepts if c.listed_as == "theme"}
        return self.in_order(used)

    @cached_property
    def _theme_places(self) -> dict[str, int]:
        return {t: n for n, t in enumerate(self.themes)}

    def _theme_place(self, theme: str | None) -> int:
        return self._theme_places.get(theme or "", len(self._theme_places))

    def in_order(self, concepts: set[str] | Sequence[str]) -> tuple[str, ...]:
        """Return concepts in codebook order: by position, then label."""

        def key(c: str) -> tuple[int, str, str]:
            position = self.concepts[c].position if c in self.concepts else None
            return (position if position is not None else 1 << 30, self.labels.get(c, c).casefold(), c)

        return tuple(sorted(concepts, key=key))

    @cached_property
    def only_themes(self) -> frozenset[str]:
        """Concepts that are themes and nothing else: their page is the theme's."""
        coded = {c for e in self.records.extractions for role in ROLES for c in e.codes(role)}
        held = {c for k in self.records.configurations for role in ROLES for c in slot_concepts(k.slot(role))}
        return frozenset(t for t in self.themes if t not in coded and t not in held)

    @cached_property
    def roles_coded(self) -> dict[str, dict[str, int]]:
        """For each concept the articles in which it is coded in each role, by the counted coder."""
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for c, members in self.by_concept.items():
            for e, roles in members:
                for role in roles:
                    found[c][role].add(e.article)
        return {
            c: {r: len(a) for r, a in sorted(by.items(), key=lambda i: ROLES.index(i[0]))} for c, by in found.items()
        }

    @cached_property
    def by_theme(self) -> dict[str, list[Extraction]]:
        """Counted extractions under each theme."""
        found: dict[str, list[Extraction]] = defaultdict(list)
        for e in self.counted:
            if e.theme:
                found[e.theme].append(e)
        return found

    @cached_property
    def reported(self) -> dict[str, dict[str, dict[str, bool]]]:
        """Article to theme to coder to whether the theme is reported."""
        found: dict[str, dict[str, dict[str, bool]]] = defaultdict(lambda: defaultdict(dict))
        for r in self.records.reported:
            found[r.article][r.theme][r.coder or "not named"] = r.reported
        return found

    def counts_reports_of(self, coder: str | None) -> bool:
        """Whether theme reports of this coder are counted; what nobody signed holds for all."""
        return self.coder == "all" or coder in (self.coder, None, "not named")

    @cached_property
    def appraisals(self) -> dict[str, list[Appraisal]]:
        """Appraisals by what they judge."""
        found: dict[str, list[Appraisal]] = defaultdict(list)
        for a in self.records.appraisals:
            found[a.target].append(a)
        return found

    @cached_property
    def held_by(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Configurations that hold each concept, with the roles it plays there."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
        for k in self.records.configurations:
            roles: dict[str, list[str]] = {}
            for role in ROLES:
                for c in slot_concepts(k.slot(role)):
                    roles.setdefault(c, []).append(role)
            for c, played in roles.items():
                found[c].append((k.id, tuple(played)))
        return found

    @cached_property
    def history(self) -> History:
        """The theory's versions."""
        return history(self.records)

    @cached_property
    def versions_of(self) -> dict[str, list[Thing]]:
        """Theory versions that hold each configuration."""
        found: dict[str, list[Thing]] = defaultdict(list)
        for version in self.history.versions:
            for k in version.configurations:
                found[k.id].append(version.thing)
        return found

    @cached_property
    def bearings(self) -> Bearings:
        """What bears on each configuration, those that no version holds included."""
        held = {k for v in self.history.versions for k in (c.id for c in v.configurations)}
        loose = tuple(k for k in self.records.configurations if k.id not in held)
        past = self.history
        if loose:
            from eaa_graph.theory.versions import Version

            past = History((*past.versions, Version("-", "-", configurations=loose)))
        return bearings(self.material.columns, past, self.material.coder)

    @cached_property
    def bears_on(self) -> dict[str, list[str]]:
        """Configurations that each extraction bears on."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for (k, _, _), ids in sorted(self.bearings.passages.items()):
            for e in ids:
                found[e][k] = None
        return {e: list(k) for e, k in found.items()}

    @cached_property
    def gaps(self) -> tuple[register.Gap, ...]:
        """Every gap; none where there is nothing to look for gaps in."""
        try:
            return register.collect(self.material.columns, coder=self.material.coder)[0]
        except Refused:
            return ()

    @cached_property
    def gaps_about(self) -> dict[tuple[str, str], list[register.Gap]]:
        """Gaps about each thing, by (kind, id)."""
        found: dict[tuple[str, str], list[register.Gap]] = defaultdict(list)
        for gap in self.gaps:
            for thing in dict.fromkeys(gap.things):
                found[thing.kind, thing.id].append(gap)
        return found

    @cached_property
    def articles_read(self) -> int:
        """Articles with an extraction or a theme report of the counted coder."""
        read = {e.article for e in self.counted}
        read |= {r.article for r in self.records.reported if self.counts_reports_of(r.coder)}
        return len(read)

    @cached_property
    def coders(self) -> list[tuple[str, int]]:
        """Who coded how many extractions."""
        return sorted(Counter(e.coder or "not named" for e in self.records.extractions).items())

    # --- where things are ---------------------------------------------------------------------

    def path(self, kind: str, id_: str) -> str:
        """Return the path of the page about a thing, from the top of the site; empty if it has none."""
        known = self._paths.get((kind, id_))
        if known is None:
            known = self._paths[kind, id_] = self._path(kind, id_)
        return known

    def _path(self, kind: str, id_: str) -> str:
        if kind == "extraction":
            e = self.extractions.get(id_)
            if e is None:
                return ""
            name = page_name(safe_name(e.article), self.article_page.get(id_, 1))
            return f"article/{name}#{anchor('e', id_)}"
        if kind == "article":
            return f"article/{safe_name(id_)}.html" if id_ in self.articles else ""
        if kind in ("concept", "theme"):
            if id_ not in self.concepts:
                return ""
            theme = id_ in self.only_themes or kind == "theme"
            return f"{'theme' if theme else 'concept'}/{safe_name(id_)}.html"
        if kind == "configuration":
            return f"configuration/{safe_name(id_)}.html" if id_ in self.configurations else ""
        if kind == "theory":
            return f"theory/{safe_name(id_)}.html" if id_ in self._theories else ""
        if kind == "gap":
            return self._gaps.get(id_, "")
        return ""

    @cached_property
    def _theories(self) -> frozenset[str]:
        return frozenset(t.id for t in self.records.theories)

    @cached_property
    def gap_pages(self) -> list[list[register.Gap]]:
        """The list of gaps, by type, page by page."""
        types = list(TYPES)
        rows = sorted(self.gaps, key=lambda gap: (types.index(gap.type), gap.severity != "warning"))
        return [rows[n : n + GAPS_PER_PAGE] for n in range(0, len(rows), GAPS_PER_PAGE)] or [[]]

    @cached_property
    def with_dossier(self) -> frozenset[str]:
        """Gaps with a page of their own: those worth a look before conclusions are drawn."""
        return frozenset(gap.id for gap in self.gaps if gap.severity == "warning")

    @cached_property
    def _gaps(self) -> dict[str, str]:
        """Where each gap is told: on a page of its own, or in the list."""
        return {
            gap.id: f"gap/{safe_name(gap.id)}.html"
            if gap.id in self.with_dossier
            else f"pages/{page_name('gaps', number)}#{anchor('gap', gap.id)}"
            for number, rows in enumerate(self.gap_pages, start=1)
            for gap in rows
        }

    @cached_property
    def article_page(self) -> dict[str, int]:
        """The page of its article on which an extraction stands, where that is not the first."""
        return {
            e.id: number // PER_PAGE + 1
            for members in self.by_article.values()
            for number, e in enumerate(members)
            if number >= PER_PAGE
        }

    @cached_property
    def cells(self) -> dict[tuple[str, str], str]:
        """Where the passages of a concept under a theme begin: (concept, theme) to path."""
        found: dict[tuple[str, str], str] = {}
        for c, members in self.by_concept.items():
            for number, (e, _) in enumerate(members):
                key = (c, e.theme or "")
                if key not in found:
                    name = page_name(safe_name(c), number // PER_PAGE + 1)
                    found[key] = f"concept/{name}#{anchor('theme', e.theme) if e.theme else 'no-theme'}"
        return found
