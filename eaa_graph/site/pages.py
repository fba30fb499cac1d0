"""Each page of the site: its path and its HTML, in a stable order."""

from __future__ import annotations

__all__ = ["MENU", "ROWS_PER_PAGE", "pages_of"]

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from markupsafe import Markup

from eaa_graph import __version__
from eaa_graph.errors import Refused
from eaa_graph.findings import RULES, SEVERITIES
from eaa_graph.gaps import TYPES
from eaa_graph.gaps.dossier import dossier
from eaa_graph.gaps.register import Gap
from eaa_graph.measures.occurrence import occurrence
from eaa_graph.model import ROLES, STANCES, Configuration, Extraction
from eaa_graph.site import sparql
from eaa_graph.site.grouping import LONG, PER_PAGE, Grouped, Picture
from eaa_graph.site.names import anchor, page_name, safe_name
from eaa_graph.site.rendering import Shown, amount, environment, shown, tightened
from eaa_graph.tables import Table, Thing, many
from eaa_graph.theory.difference import diff
from eaa_graph.theory.evidence import ORIGINS
from eaa_graph.theory.sentences import arrow, claim_sentence, sentence

#: Rows of a long table on one page.
ROWS_PER_PAGE = 300
_ARTICLES_PER_PAGE = 500
#: Passages of each group in a gap's dossier; the ids of all are linked.
_NEAREST = 2

MENU = (
    ("index.html", "Overview"),
    ("pages/history.html", "Theory"),
    ("pages/support.html", "Support"),
    ("pages/matrix.html", "Matrix"),
    ("pages/together.html", "Together"),
    ("pages/explorer.html", "Explorer"),
    ("pages/gaps.html", "Gaps"),
    ("pages/articles.html", "Articles"),
    ("pages/concepts.html", "Concepts"),
    ("pages/agreement.html", "Agreement"),
    ("pages/questions.html", "Questions"),
    ("pages/plain.html", "In plain words"),
    ("pages/downloads.html", "Downloads"),
)
#: What there is to download, by the folder that it lies in; the last takes what is left.
_SHELVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Interactive maps, one file each", ("maps",)),
    ("Figures", ("figures",)),
    ("Tables, as CSV for a spreadsheet or for R", ("tables",)),
    ("Figures of the report", ("report-figures",)),
    ("Report, graph and findings", ()),
)
_DOORS = (
    ("pages/plain.html", "In plain words", "For everybody: what was done, what it may mean, what is missing"),
    ("pages/matrix.html", "Matrix", "What is coded under which theme, with the passages behind every cell"),
    ("pages/explorer.html", "Explorer", "Filter the links between context, mechanism and outcome"),
    ("pages/support.html", "Support", "Evidence for and against each configuration"),
    ("pages/gaps.html", "Gaps", "What is missing, of what type, and where to look next"),
    ("pages/questions.html", "Questions", "Everything that can be asked, with the answers"),
)


def pages_of(grouped: Grouped) -> Iterator[tuple[str, str]]:
    """Yield every HTML page as (path from the top of the site, text).

    Parameters
    ----------
    grouped : Grouped
    """
    yield from _Site(grouped).pages()


class _Told:
    """What a passage's lines say beside its words."""

    __slots__ = ("anchor", "bears", "codes", "labels", "words")

    def names(self, members: Sequence[str]) -> str:
        """Return codes in words: those of coders whose passages are not counted lead nowhere, since no page counts them."""
        return ", ".join(self.labels.get(c, c) for c in members)

    def __init__(self, g: Grouped, e: Extraction) -> None:
        self.labels = g.labels
        self.anchor = anchor("e", e.id)
        self.codes = [(role, e.codes(role)) for role in ROLES if e.codes(role)]
        activation = f"activation {e.activation}" if e.activation and e.activation != "unknown" else None
        self.words = [w for w in (e.polarity, e.basis, activation, e.locator, e.coder) if w]
        self.bears = g.bears_on.get(e.id, [])


class _Site:
    def __init__(self, grouped: Grouped) -> None:
        self.g = grouped
        self.material = grouped.material
        self.records = grouped.records
        self._passages: dict[str, Markup] = {}
        aside = sum(f.sets_row_aside for f in self.material.findings)
        who = "all coders side by side" if self.g.coder == "all" else self.g.coder
        self.shared: dict[str, Any] = {
            "g": self.g,
            "material": self.material,
            "records": self.records,
            "review": self.records.review,
            "menu": MENU,
            "with_menu": frozenset(path for path, _ in MENU),
            "version": __version__,
            "counted": f"{many(len(self.g.counted), 'extraction')} by {who}" if self.g.counted else "",
            "aside": aside,
            "answered": self.material.tables,
        }

    def page(self, template: str, path: str, title: str, here: str = "", **values: Any) -> tuple[str, str]:
        root = "../" * path.count("/")
        html = (
            environment()
            .get_template(template)
            .render(self.shared | values | {"root": root, "title": title, "here": here or path, "path": path})
        )
        return path, tightened(html)

    def pages(self) -> Iterator[tuple[str, str]]:
        parts: tuple[Callable[[], Iterable[tuple[str, str]]], ...] = (
            self.overview,
            self.article_pages,
            self.concept_pages,
            self.theme_pages,
            self.configuration_pages,
            self.theory_pages,
            self.gap_pages,
            self.question_pages,
            self.lists,
        )
        for part in parts:
            yield from part()

    # --- passages ---------------------------------------------------------------------------------

    @cached_property
    def _passage(self) -> Callable[[Extraction, _Told, bool], Markup]:
        module = environment().get_template("macros.html").make_module({"g": self.g, "root": "../"})
        made: Callable[[Extraction, _Told, bool], Markup] = module.passage  # type: ignore[attr-defined]
        return made

    def passages(self, members: Iterable[Extraction], whole: bool = False) -> Markup:
        """Return passages as list items: in short, or whole with links from every code.

        Each is made once, since every page but the overview is one folder down.
        """
        known = self._passages
        out = []
        for e in members:
            made = known.get(e.id)
            if made is None or whole:
                # The macro has escaped what it was given; only the space around it goes.
                made = Markup(str(self._passage(e, _Told(self.g, e), whole)).strip())  # noqa: S704
                if not whole:
                    known[e.id] = made
            out.append(made)
        return Markup("\n").join(out)

    def by_ids(self, ids: Sequence[str]) -> Markup:
        return self.passages(self.g.extractions[i] for i in ids if i in self.g.extractions)

    # --- the theory in words ---------------------------------------------------------------------

    def told(self, configurations: Iterable[Configuration]) -> list[dict[str, Any]]:
        return [
            {
                "k": k,
                "sentence": sentence(k, self.g.labels),
                "evidence": self.evidence_line(k),
                "plain": self.plain_line(k),
            }
            for k in configurations
        ]

    def articles_bearing(self, k: Configuration, stance: str, origins: Sequence[str] = ORIGINS) -> int:
        found = self.g.bearings
        return len(found.in_articles({e for o in origins for e in found.of([k], stance, o)}))

    def evidence_line(self, k: Configuration) -> str:
        parts = []
        for origin, words in (("asserted", "A person says"), ("matched", "Codes match")):
            counts = [
                f"{stance} in {many(n, 'article')}"
                for stance in STANCES
                if (n := self.articles_bearing(k, stance, [origin]))
            ]
            parts.append(f"{words}: {', '.join(counts) or 'nothing'}.")
        return " ".join(parts)

    def plain_line(self, k: Configuration) -> str:
        n = {stance: self.articles_bearing(k, stance) for stance in ("supports", "challenges")}
        total = self.g.articles_read
        says = (
            f"{n['supports']:,} of {many(total, 'article')} speak for it"
            if n["supports"] != 1
            else f"1 of {many(total, 'article')} speaks for it"
        )
        against = f"{n['challenges']:,} against" if n["challenges"] else "none against"
        return f"{says}, {against}."

    @cached_property
    def current(self) -> Any:
        """The version that nobody has revised yet; the latest of several."""
        heads = [v for v in self.g.history.heads if v.status != "rival"] or list(self.g.history.heads)
        return heads[-1] if heads else (self.g.history.versions[-1] if self.g.history.versions else None)

    def figures(self, *words: str) -> list[Picture]:
        """Return the figures whose names hold one of these words."""
        return [f for name, f in sorted(self.material.figures.items()) if any(w in name for w in words)]

    # --- overview -----------------------------------------------------------------------------------

    def overview(self) -> Iterator[tuple[str, str]]:
        records, g = self.records, self.g
        counts = [
            (name, len(things), to)
            for name, things, to in (
                ("articles", records.articles, "pages/articles.html"),
                ("extractions", records.extractions, "pages/articles.html"),
                ("concepts", records.concepts, "pages/concepts.html"),
                ("configurations", records.configurations, "pages/support.html"),
                ("theory versions", records.theories, "pages/history.html"),
            )
        ]
        by_type = Counter(gap.type for gap in g.gaps)
        first = Counter(gap.type for gap in g.gaps if gap.severity == "warning")
        gap_types = [
            (t, by_type[t], first[t], meaning, f"pages/{self.gap_page(t)}")
            for t, meaning in TYPES.items()
            if by_type[t]
        ]
        told = self.told(self.current.configurations) if self.current else []
        yield self.page(
            "index.html",
            "index.html",
            records.review.title,
            counts=counts,
            without_quote=sum(1 for e in records.extractions if not e.quote),
            standing=self.standing(),
            figure=next(iter(self.figures("heatmap", "mechanism-by-theme")), None),
            current=self.current,
            told=told,
            gap_types=gap_types,
            doors=_DOORS,
        )

    def standing(self) -> list[Markup]:
        """Say in sentences what stands out: most coded, best and least supported, challenged, most surprising gap."""
        g = self.g
        out: list[Markup] = []

        def link(kind: str, id_: str, label: str) -> Markup:
            return Markup('<a href="{}">{}</a>').format(g.path(kind, id_), label)

        mechanisms = sorted(
            ((by["mechanism"], c) for c, by in g.roles_coded.items() if by.get("mechanism")),
            key=lambda p: (-p[0], p[1]),
        )
        if mechanisms:
            named = [Markup("{} ({})").format(link("concept", c, g.labels[c]), n) for n, c in mechanisms[:3]]
            out.append(
                Markup("Mechanisms coded in most articles, out of {} read: {}.").format(
                    amount(g.articles_read), Markup(", ").join(named)
                )
            )
        if self.current:
            configurations = self.current.configurations
            support = sorted(
                ((self.articles_bearing(k, "supports"), k.id) for k in configurations), key=lambda p: (-p[0], p[1])
            )
            best = [Markup("{} ({})").format(link("configuration", k, k), n) for n, k in support[:3] if n]
            if best:
                out.append(
                    Markup("Configurations with supporting evidence from most articles: {}.").format(
                        Markup(", ").join(best)
                    )
                )
            against = [k.id for k in configurations if self.articles_bearing(k, "challenges")]
            if against:
                names = Markup(", ").join(link("configuration", k, k) for k in against)
                out.append(
                    Markup('<a href="pages/support.html#challenges">Challenged by some passages</a>: {}.').format(names)
                )
            untested = [k.id for k in configurations if g.bearings.state(k) in ("untested", "touched only")]
            if untested:
                names = Markup(", ").join(link("configuration", k, k) for k in untested)
                out.append(Markup("Without any passage that speaks for or against the whole: {}.").format(names))
        surprising = sorted((gap.q, gap.p or 0.0, gap.id) for gap in g.gaps if gap.q is not None and gap.q <= 0.05)
        if surprising:
            by_id = {gap.id: gap for gap in g.gaps}
            named = [link("gap", i, by_id[i].subject) for _, _, i in surprising[:3]]
            out.append(Markup("Emptier than chance would make it: {}.").format(Markup("; ").join(named)))
        return out

    # --- one page for each thing ------------------------------------------------------------------

    def paged(self, id_: str, total: int, size: int) -> list[tuple[str, str]]:
        """Return (file name, label) for each page of a long list."""
        count = max(1, -(-total // size))
        return [(page_name(safe_name(id_), n), str(n)) for n in range(1, count + 1)]

    def article_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        plain = (
            "country",
            "field",
            "study",
            "collection",
            "phase",
            "reported_concept",
            "reported_methods",
            "pmcid",
            "licence",
        )
        coders_of_themes = sorted({r.coder or "not named" for r in self.records.reported})
        for a in self.records.articles:
            members = g.by_article.get(a.id, [])
            parts = self.paged(a.id, len(members), PER_PAGE)
            facts = [
                ("PMCID" if name == "pmcid" else name.replace("_", " ").capitalize(), value)
                for name in plain
                if (value := getattr(a, name))
            ]
            facts += [(name[:1].upper() + name[1:], value) for name, value in a.attributes]
            says = g.reported.get(a.id, {})
            under = Counter(e.theme for e in members if g.coder in ("all", e.coder))
            themes = [(t, says.get(t, {}), under[t]) for t in g.themes if t in says or under[t]]
            per_coder = Counter(e.coder or "coder not named" for e in members)
            for number in range(1, len(parts) + 1):
                here = members[(number - 1) * PER_PAGE : number * PER_PAGE]
                by_coder: dict[str, list[Extraction]] = {}
                for e in here:
                    by_coder.setdefault(e.coder or "coder not named", []).append(e)
                yield self.page(
                    "article.html",
                    f"article/{parts[number - 1][0]}",
                    a.title or a.id,
                    "pages/articles.html",
                    a=a,
                    facts=facts,
                    themes=themes,
                    coders=coders_of_themes,
                    appraisals=g.appraisals.get(a.id, []),
                    passages=[(c, self.passages(m, whole=True)) for c, m in by_coder.items()],
                    total=", ".join(f"{n:,} by {c}" for c, n in per_coder.items()),
                    pages=parts,
                    number=number,
                )

    def concept_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        narrower: dict[str, list[str]] = defaultdict(list)
        for c in self.records.concepts:
            for b in c.broader:
                narrower[b].append(c.id)
        others: dict[str, Counter[str]] = defaultdict(Counter)
        if g.coder != "all":
            for e in self.records.extractions:
                if e.coder != g.coder:
                    for name in {c for role in ROLES for c in e.codes(role)}:
                        others[name][e.coder or "coder not named"] += 1
        expected: dict[str, list[Any]] = defaultdict(list)
        for x in self.records.expectations:
            expected[x.concept].append(x)
        for c in self.records.concepts:
            if c.id in g.only_themes:
                continue
            members = g.by_concept.get(c.id, [])
            parts = self.paged(c.id, len(members), PER_PAGE)
            under: dict[str, list[Extraction]] = defaultdict(list)
            beside: dict[tuple[str, str], set[str]] = defaultdict(set)
            for e, _ in members:
                under[e.theme or ""].append(e)
                for role in ROLES:
                    for other in e.codes(role):
                        if other != c.id:
                            beside[other, role].add(e.article)
            most = sorted(((o, r, len(found)) for (o, r), found in beside.items()), key=lambda x: (-x[2], x[0], x[1]))
            by_theme = [
                (t, len({e.article for e in found}), len(found), g.cells[c.id, t])
                for t, found in sorted(under.items(), key=lambda i: (i[0] == "", g.themes.index(i[0]) if i[0] else 0))
            ]
            held = [(k, played, arrow(g.configurations[k], g.labels)) for k, played in g.held_by.get(c.id, [])]
            for number in range(1, len(parts) + 1):
                here = members[(number - 1) * PER_PAGE : number * PER_PAGE]
                sections: dict[str, list[Extraction]] = {}
                for e, _ in here:
                    sections.setdefault(e.theme or "", []).append(e)
                yield self.page(
                    "concept.html",
                    f"concept/{parts[number - 1][0]}",
                    c.label,
                    "pages/concepts.html",
                    c=c,
                    narrower=narrower.get(c.id, []),
                    expected=expected.get(c.id, []),
                    theme_page=g.path("theme", c.id) if c.id in g.themes else "",
                    roles=g.roles_coded.get(c.id, {}),
                    others=sorted(others[c.id].items()) if c.id in others else [],
                    by_theme=by_theme,
                    beside=most[:16],
                    held=held,
                    gaps=g.gaps_about.get(("concept", c.id), []),
                    sections=[
                        (t, anchor("theme", t) if t else "no-theme", self.passages(found))
                        for t, found in sections.items()
                    ],
                    total=len(members),
                    pages=parts,
                    number=number,
                )

    def theme_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        for t in g.themes:
            yes: list[str] = []
            no: list[str] = []
            for a in self.records.articles:
                says = g.reported.get(a.id, {}).get(t, {})
                counted = [v for c, v in says.items() if g.counts_reports_of(c)]
                if counted:
                    (yes if any(counted) else no).append(a.id)
            found: dict[str, dict[str, set[str]]] = {role: defaultdict(set) for role in ROLES}
            for e in g.by_theme.get(t, []):
                for role in ROLES:
                    for c in e.codes(role):
                        found[role][c].add(e.article)
            by_role = [
                (
                    role,
                    sorted(
                        ((c, len(a), g.cells[c, t]) for c, a in by.items()),
                        key=lambda x: (-x[1], g.labels[x[0]].casefold(), x[0]),
                    ),
                )
                for role, by in found.items()
                if by
            ]
            yield self.page(
                "theme.html",
                g.path("theme", t),
                g.concepts[t].label,
                "pages/matrix.html",
                c=g.concepts[t],
                concept_page="" if t in g.only_themes else g.path("concept", t),
                yes=yes,
                no=no,
                unknown=len(self.records.articles) - len(yes) - len(no),
                by_role=by_role,
                total=len(g.by_theme.get(t, [])),
                articles=len({e.article for e in g.by_theme.get(t, [])}),
                out_of=len(yes) if yes or no else g.articles_read,
                gaps=g.gaps_about.get(("concept", t), []),
            )

    def configuration_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        for k in self.records.configurations:
            found = g.bearings
            groups = [
                (stance, origin, found.of([k], stance, origin))
                for stance in ("challenges", "supports", "refines")
                for origin in ORIGINS
            ]
            groups = [x for x in groups if x[2]]
            table = [
                (stance, *(len(found.in_articles(found.of([k], stance, origin))) for origin in ORIGINS))
                for stance in STANCES
            ]
            told = {e for _, _, ids in groups for e in ids}
            flat = [(stance, origin, e) for stance, origin, ids in groups for e in ids]
            parts = self.paged(k.id, len(flat), PER_PAGE)
            changes = [
                c for c in self.records.changes if k.id in (c.subject, *c.after) and (c.after or c.subject == k.id)
            ]
            for number in range(1, len(parts) + 1):
                sections: dict[tuple[str, str], list[str]] = {}
                for stance, origin, e in flat[(number - 1) * PER_PAGE : number * PER_PAGE]:
                    sections.setdefault((stance, origin), []).append(e)
                seen: set[str] = set()
                shown_ = []
                for (stance, origin), ids in sections.items():
                    # One element cannot stand twice on a page: a passage that matches and is asserted is linked the second time.
                    fresh = [e for e in ids if e not in seen]
                    again = [e for e in ids if e in seen]
                    seen.update(ids)
                    html = self.by_ids(fresh)
                    if again:
                        links = Markup(", ").join(
                            Markup('<a href="#{}">{}</a>').format(anchor("e", e), e) for e in again
                        )
                        html += Markup('<li class="p"><p class="m">Shown above as well: {}</p></li>').format(links)
                    shown_.append((stance, origin, html, len(next(x[2] for x in groups if x[:2] == (stance, origin)))))
                yield self.page(
                    "configuration.html",
                    f"configuration/{parts[number - 1][0]}",
                    k.id,
                    "pages/support.html",
                    k=k,
                    sentence=sentence(k, g.labels),
                    versions=g.versions_of.get(k.id, []),
                    changes=changes,
                    state=found.state(k),
                    table=table,
                    gaps=g.gaps_about.get(("configuration", k.id), []),
                    partly=[e for e in found.any_match.get(k.id, ()) if e not in told],
                    sections=shown_,
                    pages=parts,
                    number=number,
                )

    @cached_property
    def steps(self) -> dict[str, list[tuple[Any, list[str], Table]]]:
        """For each version what changed since each version it revises."""
        past = self.g.history
        return {
            v.id: [(p, d.prose(), d.table()) for p in past.parents(v.id) for d in (diff(p, v, past),)]
            for v in past.versions
        }

    def theory_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        for v in g.history.versions:
            yield self.page(
                "theory.html",
                g.path("theory", v.id),
                v.label,
                "pages/history.html",
                v=v,
                parents=g.history.parents(v.id),
                children=g.history.revisions(v.id),
                told=self.told(v.configurations),
                claims=[claim_sentence(c, g.labels) for c in v.claims],
                steps=[(p, prose, shown(table)) for p, prose, table in self.steps[v.id]],
            )

    def gap_pages(self) -> Iterator[tuple[str, str]]:
        g = self.g
        words = {e.id: (e.quote, e.note, e.locator) for e in self.records.extractions}
        for gap in g.gaps:
            if gap.id not in g.with_dossier:
                continue
            told = dossier(self.material.columns, words, gap.id, coder=self.material.coder, most=_NEAREST)
            yield self.page("gap.html", g.path("gap", gap.id), told.title, "pages/gaps.html", gap=gap, d=told)

    def question_pages(self) -> Iterator[tuple[str, str]]:
        files = {f.path for f in self.material.files}
        for q in self.material.questions:
            table = self.material.tables.get(q.name)
            total = len(table) if table is not None else 0
            csv = f"tables/{q.name}.csv"
            # Where the whole table is a file beside it, its page shows how it begins.
            parts = self.paged(q.name, 0 if csv in files else total, ROWS_PER_PAGE)
            least = LONG if csv in files else ROWS_PER_PAGE
            behind = self.behind(table) if table is not None and q.kind == "measure" else None
            for number in range(1, len(parts) + 1):
                part: Shown | None = None
                if table is not None and total:
                    part = shown(table, (), (number - 1) * least, number * least, behind)
                yield self.page(
                    "question.html",
                    f"question/{parts[number - 1][0]}",
                    q.title,
                    "pages/questions.html",
                    q=q,
                    shown=part,
                    total=total,
                    csv=csv if csv in files else "",
                    pages=parts,
                    number=number,
                )

    def behind(self, table: Table) -> str | None:
        """Return the first column of numbers that opens onto passages, if there is one."""
        for n, column in enumerate(table.columns):
            if any(isinstance(row[n], int | float) for row in table.rows[:20]) and any(
                table.opens(row, column.name) for row in range(min(20, len(table)))
            ):
                return column.name
        return None

    # --- lists and views ------------------------------------------------------------------------------

    def lists(self) -> Iterator[tuple[str, str]]:
        yield from self.article_list()
        yield from self.concept_list()
        yield from self.gap_list()
        yield self.matrix()
        yield self.together()
        yield self.support()
        yield self.theory_history()
        yield self.agreement()
        yield self.question_list()
        yield self.findings()
        yield self.about()
        yield self.plain()
        yield self.downloads()
        yield self.changes()
        yield self.page("search.html", "pages/search.html", "Search")
        yield self.page("explorer.html", "pages/explorer.html", "Explorer")
        yield self.page(
            "sparql.html",
            "pages/sparql.html",
            "SPARQL, without a server",
            "pages/questions.html",
            fits=self.g.queryable is not None,
            most=sparql.MOST_QUADS,
            folder=sparql.FOLDER,
            answers="pages/questions.html",
        )

    def changes(self) -> tuple[str, str]:
        since = self.material.since
        return self.page(
            "changes.html",
            "pages/changes.html",
            "Since the last build",
            "pages/downloads.html",
            since=since,
            tables=[shown(table, stop=ROWS_PER_PAGE) for table in since.tables] if since else [],
        )

    def article_list(self) -> Iterator[tuple[str, str]]:
        g = self.g
        rows = []
        for a in self.records.articles:
            mine = [e for e in g.by_article.get(a.id, []) if g.coder in ("all", e.coder)]
            says = g.reported.get(a.id)
            themes = None
            if says is not None:
                themes = sum(any(v for c, v in by.items() if g.counts_reports_of(c)) for by in says.values())
            rows.append(
                {
                    "a": a,
                    "to": g.path("article", a.id),
                    "themes": themes,
                    "passages": len(mine),
                    "challenging": sum(e.stance == "challenges" for e in mine),
                }
            )
        parts = self.paged("articles", len(rows), _ARTICLES_PER_PAGE)
        for number in range(1, len(parts) + 1):
            yield self.page(
                "articles.html",
                f"pages/{parts[number - 1][0]}",
                "Articles",
                "pages/articles.html",
                rows=rows[(number - 1) * _ARTICLES_PER_PAGE : number * _ARTICLES_PER_PAGE],
                country=any(a.country for a in self.records.articles),
                total=len(rows),
                pages=parts,
                number=number,
            )

    def concept_list(self) -> Iterator[tuple[str, str]]:
        g = self.g
        order = g.in_order([c.id for c in self.records.concepts])
        kinds = ("theme", *ROLES, "")
        flat = [(kind, g.concepts[c]) for kind in kinds for c in order if (g.concepts[c].listed_as or "") == kind]
        parts = self.paged("concepts", len(flat), _ARTICLES_PER_PAGE)
        for number in range(1, len(parts) + 1):
            groups: dict[str, list[Any]] = {}
            for kind, c in flat[(number - 1) * _ARTICLES_PER_PAGE : number * _ARTICLES_PER_PAGE]:
                groups.setdefault(f"Listed as {kind}" if kind else "Not listed as anything", []).append(
                    (c, g.roles_coded.get(c.id, {}))
                )
            yield self.page(
                "concepts.html",
                f"pages/{parts[number - 1][0]}",
                "Concepts",
                "pages/concepts.html",
                groups=list(groups.items()),
                pages=parts,
                number=number,
            )

    def gap_page(self, type_: str) -> str:
        """Return file name and place of the first gap of a type."""
        for number, rows in enumerate(self.g.gap_pages, start=1):
            if any(gap.type == type_ for gap in rows):
                return f"{page_name('gaps', number)}#{anchor('type', type_)}"
        return "gaps.html"

    def gap_list(self) -> Iterator[tuple[str, str]]:
        parts = [(page_name("gaps", n), str(n)) for n in range(1, len(self.g.gap_pages) + 1)]
        for number, rows in enumerate(self.g.gap_pages, start=1):
            by_type: dict[str, list[Gap]] = {}
            for gap in rows:
                by_type.setdefault(gap.type, []).append(gap)
            yield self.page(
                "gaps.html",
                f"pages/{parts[number - 1][0]}",
                "Gaps",
                "pages/gaps.html",
                anchors={gap.id: anchor("gap", gap.id) for gap in rows},
                sections=[(t, TYPES[t], anchor("type", t), found) for t, found in by_type.items()],
                map_=self.gap_map() if number == 1 else None,
                figures=self.figures("gap") if number == 1 else [],
                pages=parts,
                number=number,
            )

    def gap_map(self) -> dict[str, Any] | None:
        g = self.g
        counts: dict[tuple[str, str], int] = Counter()
        for gap in g.gaps:
            themes = [
                t.id for t, role in zip(gap.things, gap.roles, strict=True) if role == "theme" and t.kind == "concept"
            ]
            for t in themes or [""]:
                counts[t, gap.type] += 1
        if not counts:
            return None
        types = [t for t in TYPES if any(k[1] == t for k in counts)]
        rows = [t for t in (*g.themes, "") if any(k[0] == t for k in counts)]
        most = max(counts.values())
        return {
            "columns": types,
            "rows": [
                (
                    g.labels[t] if t else "not about a theme",
                    g.path("theme", t) if t else "",
                    [(n := counts.get((t, k), 0), min(5, 1 + 5 * n // (most + 1)), self.gap_page(k)) for k in types],
                )
                for t in rows
            ],
        }

    def matrix(self) -> tuple[str, str]:
        g = self.g
        matrices = []
        for role in ROLES:
            try:
                table = occurrence(g.chosen, role=role, by="theme")
            except Refused:
                continue
            cells: dict[tuple[str, str], tuple[int, int]] = {}
            down: dict[str, None] = {}
            across: dict[str, int] = {}
            for row in table.records():
                concept, theme = row["concept"], row["by"]
                n, out_of = row["count"], row["denominator"]
                if not isinstance(concept, Thing) or not isinstance(theme, Thing) or not isinstance(n, int):
                    continue
                down[concept.id] = None
                across[theme.id] = out_of if isinstance(out_of, int) else 0
                cells[concept.id, theme.id] = (n, across[theme.id])
            highest = max((n / d for n, d in cells.values() if d), default=0.0)
            width = next((s for s in (0.04, 0.05, 0.1, 0.15, 0.2) if s * 5 >= highest - 1e-9), 0.2)

            def step(n: int, d: int, width: float = width) -> int:
                return min(5, max(1, -int(-(n / d) // width))) if d else 1

            matrices.append(
                {
                    "role": role,
                    "title": f"{role.capitalize()}s by theme",
                    "columns": list(across.items()),
                    "rows": [
                        (
                            c,
                            [
                                (n, step(n, d), g.cells.get((c, t), "")) if (c, t) in cells else (None, 0, "")
                                for t in across
                                for n, d in (cells.get((c, t), (0, 0)),)
                            ],
                        )
                        for c in down
                    ],
                    "legend": [f"to {round(width * n * 100)} %" for n in range(1, 6)],
                    "note": f"Unit: articles, out of {table.denominator}.",
                }
            )
        return self.page("matrix.html", "pages/matrix.html", "Matrix", matrices=matrices)

    def part(self, name: str, columns: Sequence[str] = (), most: int = 0, behind: str | None = None) -> Shown | None:
        """Return an answer, or the first rows of it, for a page that shows several."""
        table = self.material.tables.get(name)
        if table is None or not table.rows:
            return None
        asked = {q.name for q in self.material.questions}
        more = f"question/{page_name(safe_name(name))}" if name in asked else ""
        return shown(table, columns, 0, most or None, behind, more)

    def together(self) -> tuple[str, str]:
        tables = [
            self.part(
                "cooccurrence",
                (
                    "first",
                    "second",
                    "count",
                    "first_units",
                    "second_units",
                    "units",
                    "jaccard",
                    "lift",
                    "z",
                    "q_curveball",
                    "q_bicm",
                ),
                30,
                "count",
            ),
            self.part("theory-pairs"),
            self.part("mechanisms-by-context", (), 30),
            self.part("outcomes-by-mechanism", (), 30),
            self.part("communities", ("concept", "community", "size", "stays", "strays")),
        ]
        return self.page(
            "together.html",
            "pages/together.html",
            "Together",
            tables=[t for t in tables if t],
            figures=self.figures("cooccurrence", "co-occurrence", "together"),
        )

    def support(self) -> tuple[str, str]:
        g, found = self.g, self.g.bearings

        def entry(k: Configuration) -> dict[str, Any]:
            return {
                "k": k,
                "arrow": arrow(k, g.labels),
                "state": found.state(k),
                "counts": [len(found.in_articles(found.of([k], s, o))) for s in STANCES for o in ORIGINS],
            }

        versions: list[tuple[Thing | None, list[dict[str, Any]]]] = [
            (v.thing, [entry(k) for k in v.configurations]) for v in reversed(g.history.versions)
        ]
        loose = [k for k in self.records.configurations if k.id not in g.versions_of]
        if loose:
            versions.append((None, [entry(k) for k in loose]))
        challenges = []
        shown_before: set[str] = set()
        for k in self.records.configurations:
            ids = sorted({e for o in ORIGINS for e in found.of([k], "challenges", o)})
            if ids:
                fresh = [e for e in ids[:40] if e not in shown_before]
                again = [e for e in ids[:40] if e in shown_before]
                shown_before.update(fresh)
                html = self.by_ids(fresh)
                if again:
                    links = Markup(", ").join(Markup('<a href="#{}">{}</a>').format(anchor("e", e), e) for e in again)
                    html += Markup('<li class="p"><p class="m">Shown above as well: {}</p></li>').format(links)
                challenges.append((k.id, html, len(ids)))
        return self.page(
            "support.html",
            "pages/support.html",
            "Support",
            versions=versions,
            challenges=challenges,
            figures=self.figures("alluvial", "lanes"),
        )

    def theory_history(self) -> tuple[str, str]:
        g = self.g
        entries = []
        for v in g.history.versions:
            signs: dict[str, str] = {}
            for p in g.history.parents(v.id):
                for element in diff(p, v, g.history).picture():
                    if element["thing"] == "configuration" and element["after"]:
                        signs[element["after"]] = element["row_sign"]
            states = Counter(g.bearings.state(k) for k in v.configurations)
            entries.append(
                {
                    "v": v,
                    "parents": g.history.parents(v.id),
                    "states": sorted(states.items()),
                    "steps": [(p, prose) for p, prose, _ in self.steps[v.id]],
                    "configurations": [(k.id, signs.get(k.id, ""), sentence(k, g.labels)) for k in v.configurations],
                }
            )
        tables = [self.part("gaps-over-versions", ("change", "id", "type", "subject", "was", "now", "why"), 150)]
        return self.page(
            "history.html",
            "pages/history.html",
            "Theory",
            entries=entries,
            tables=[t for t in tables if t],
            figures=self.figures("difference", "history", "chain"),
        )

    def agreement(self) -> tuple[str, str]:
        table = self.part("agreement")
        rows = []
        if table is not None:
            for row in self.material.tables["agreement"].records():
                low, at, high = (row.get(n) for n in ("alpha_low", "alpha", "alpha_high"))
                drawn = all(isinstance(v, float | int) for v in (low, at, high))

                def place(value: Any) -> float:
                    return round(20 + max(-0.2, min(1.0, float(value))) * 100, 1)

                def two(value: Any) -> str:
                    return f"{value:.2f}".replace("-", "−") if isinstance(value, float | int) else ""

                rows.append(
                    {
                        "subject": row["subject"],
                        "role": row.get("role"),
                        "units": row.get("units"),
                        "yes": two(row.get("yes_share")),
                        "percent": two(row.get("percent")),
                        "kappa": two(row.get("kappa")),
                        "ac1": two(row.get("ac1")),
                        "alpha": two(at),
                        "low": place(low) if drawn else None,
                        "high": place(high) if drawn else None,
                        "at": place(at) if drawn else None,
                        "low_": two(low),
                        "high_": two(high),
                        "beware": row.get("beware") or "",
                    }
                )
        more = [
            self.part(
                "set-agreement",
                ("meaning", "units", "labels", "identical", "jaccard", "alpha", "alpha_low", "alpha_high", "beware"),
            ),
            self.part("disagreements", ("article", "concept", "role", "says", "not_said", "differs"), 60),
        ]
        why = next((q.why_not for q in self.material.questions if q.name == "agreement"), "")
        return self.page(
            "agreement.html",
            "pages/agreement.html",
            "Agreement",
            table=table,
            rows=rows,
            more=[t for t in more if t],
            why_not=why,
            figures=self.figures("agreement"),
        )

    def question_list(self) -> tuple[str, str]:
        groups = []
        for kind, heading in (("question", "Questions to the records"), ("measure", "Measures and gaps")):
            rows = [
                (q, len(self.material.tables[q.name]) if q.name in self.material.tables else None)
                for q in self.material.questions
                if q.kind == kind
            ]
            if rows:
                groups.append((heading, rows))
        return self.page("questions.html", "pages/questions.html", "Questions", groups=groups)

    def findings(self) -> tuple[str, str]:
        by_rule: dict[tuple[int, str, str], list[Any]] = defaultdict(list)
        for f in self.material.findings:
            by_rule[-SEVERITIES.index(f.severity), f.severity, f.rule].append(f)
        groups = [
            (severity, rule, RULES[rule].meaning if rule in RULES else rule.replace("-", " ").capitalize(), rows)
            for (_, severity, rule), rows in sorted(by_rule.items(), key=lambda i: i[0])
        ]
        return self.page("findings.html", "pages/findings.html", "Findings", groups=groups)

    def about(self) -> tuple[str, str]:
        r = self.records.review
        facts = [
            (name, str(value))
            for name, value in (
                ("Question", r.question),
                ("Citation", r.citation),
                ("DOI", r.doi),
                ("Based on", r.based_on),
                ("Licence", r.licence),
                ("Heuristic", r.heuristic),
                ("Preferred coder", r.preferred_coder),
                *r.attributes,
            )
            if value
        ]
        tables = [self.part("document-flow"), self.part("reported-figures"), self.part("who-coded-what")]
        return self.page(
            "about.html",
            "pages/about.html",
            "About and methods",
            facts=facts,
            tables=[t for t in tables if t],
            figures=self.figures("flow", "saturation"),
        )

    def downloads(self) -> tuple[str, str]:
        """List the files of the results by what they are for; the formats of one thing share a row."""
        shelves: dict[str, dict[str, list[Any]]] = {title: {} for title, _ in _SHELVES}
        for f in (*self.material.maps, *self.material.files):
            folder, _, name = f.path.rpartition("/")
            title = next(t for t, folders in _SHELVES if folder in folders or not folders)
            stem, _, suffix = name.rpartition(".")
            row = f.path if title == _SHELVES[-1][0] else f"{folder}/{stem}"
            shelves[title].setdefault(row, []).append((suffix.upper(), f))
        return self.page(
            "downloads.html",
            "pages/downloads.html",
            "Downloads",
            shelves=[
                (
                    title,
                    [
                        (
                            found[0][1].path.rpartition("/")[2] if title == _SHELVES[-1][0] else row.rpartition("/")[2],
                            found,
                            next((f.about for _, f in found if f.about), ""),
                        )
                        for row, found in rows.items()
                    ],
                )
                for title, rows in shelves.items()
                if rows
            ],
        )

    def plain(self) -> tuple[str, str]:
        g = self.g
        seen: set[str] = set()
        missing = []
        for x in self.records.expectations:
            if x.concept in seen or x.concept not in g.concepts:
                continue
            seen.add(x.concept)
            articles = {e.article for e, _ in g.by_concept.get(x.concept, [])}
            missing.append((g.labels[x.concept], g.path("concept", x.concept), len(articles), x.source))
        missing.sort(key=lambda x: (x[2], x[0].casefold()))
        coded_by = {e.coder for e in self.records.extractions}
        return self.page(
            "plain.html",
            "pages/plain.html",
            "In plain words",
            told=self.told(self.current.configurations) if self.current else [],
            missing=missing,
            figures=self.figures("wheel", "plain"),
            software=[p.name or p.id for p in self.records.people if p.nature == "software" and p.id in coded_by],
        )
