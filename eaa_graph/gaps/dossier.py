"""A dossier for one gap: everything a reader needs to decide what it means and what would fill it.

What was looked for, where and by whom; out of how much; what chance would give; the evidence nearest to it, with its
words; which articles to read again first; and the three readings of a thing that is missing: it does not apply, it
does not take place, it happens and is not reported.
"""

from __future__ import annotations

__all__ = ["Block", "Dossier", "Section", "dossier"]

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np

from eaa_graph.errors import BadSettings
from eaa_graph.gaps import TYPES
from eaa_graph.gaps.register import Gap, find
from eaa_graph.gaps.reporting import in_order, plural, reporting, selection, who
from eaa_graph.gaps.surprise import in_words, number, share
from eaa_graph.measures.choosing import coders_who_read
from eaa_graph.measures.support import passages as passages_of
from eaa_graph.model import ACTIVATIONS, BASES, POLARITIES, ROLES, STANCES, slot_concepts
from eaa_graph.network import Incidence, Index
from eaa_graph.tables import Thing

#: Words of a passage: quote, the coder's note, where in the article. Each may be missing.
Words = tuple[str | None, str | None, str | None]

_MECHANISM = ("mechanism", "resource", "reasoning")
#: Types for which something is missing, so that the question why it is missing makes sense.
_MISSING = ("empty", "latent in a theme", "reported absent", "thin", "expected by another theory", "untested combination", "not reported")  # fmt: skip


class Passage(NamedTuple):
    """One passage as shown: what it is about, and its words."""

    id: str
    about: str
    words: str
    quoted: bool
    locator: str


class Block(NamedTuple):
    """A piece of a section: exactly one of the four is filled.

    Attributes
    ----------
    text : str
        A paragraph.
    items : tuple of str
        A list.
    table : tuple of tuple of str
        A table; its first row is the header.
    passages : tuple of Passage
    """

    text: str = ""
    items: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    passages: tuple[Passage, ...] = ()


class Section(NamedTuple):
    """A heading and what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


_STYLE = (
    "body{font:1rem/1.5 system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif;color:#1a1a1a;background:#fff;max-width:50rem;"
    "margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #767676;"
    "padding:.25rem .6rem;text-align:left;vertical-align:top}th{background:#f2f2f2}blockquote{border-left:4px solid #767676;"
    "margin:.5rem 0;padding:0 0 0 1rem}figure{margin:1rem 0}figcaption{color:#4d4d4d}.scroll{overflow-x:auto}"
)


@dataclass(frozen=True, slots=True)
class Dossier:
    """All about one gap.

    Attributes
    ----------
    gap : Gap
    language : str
        Of the review, for the page.
    title : str
    sections : tuple of Section
    """

    gap: Gap
    language: str
    title: str
    sections: tuple[Section, ...]

    def markdown(self) -> str:
        """Return the dossier as Markdown (CommonMark with tables); every text of the review is escaped."""
        out = [f"# {_mark(self.title)}", ""]
        for section in self.sections:
            out += [f"## {_mark(section.heading)}", ""]
            for block in section.blocks:
                if block.text:
                    out += [_mark(block.text), ""]
                if block.items:
                    out += [*(f"- {_mark(item)}" for item in block.items), ""]
                if block.table:
                    head, *body = block.table
                    out.append("| " + " | ".join(_mark(c) for c in head) + " |")
                    out.append("|" + " --- |" * len(head))
                    out += ["| " + " | ".join(_mark(c) for c in row) + " |" for row in body]
                    out.append("")
                for p in block.passages:
                    place = f" ({_mark(p.locator)})" if p.locator else ""
                    words = f"“{_mark(p.words)}”" if p.quoted else _mark(p.words)
                    out += [f"- **{_mark(p.id)}** · {_mark(p.about)}{place}  ", f"  {words}"]
                if block.passages:
                    out.append("")
        return "\n".join(out).rstrip("\n") + "\n"

    def html(self, whole: bool = True) -> str:
        """Return the dossier as HTML: a whole page, or an ``<article>`` to put into one.

        Nothing is asked of any other server, and every text of the review is escaped.
        """
        name = f"gap-{escape(self.gap.id, quote=True)}"
        out = [f'<article aria-labelledby="{name}">', f'<h1 id="{name}">{escape(self.title)}</h1>']
        for place, section in enumerate(self.sections, start=1):
            out.append(f'<section aria-labelledby="{name}-{place}">')
            out.append(f'<h2 id="{name}-{place}">{escape(section.heading)}</h2>')
            for block in section.blocks:
                out += _html(block)
            out.append("</section>")
        out.append("</article>")
        inner = "\n".join(out) + "\n"
        if not whole:
            return inner
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.language, quote=True)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{inner}</main>\n</body>\n</html>\n"
        )


def _mark(text: str) -> str:
    """Escape what Markdown or HTML would take for its own, and keep the text on one line."""
    flat = " ".join(text.split())
    flat = re.sub(r"([\\`*_\[\]|<>#~&])", r"\\\1", flat)
    return re.sub(r"^(\d+)([.)])(?=\s|$)|^([-+=])", lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", flat)


def _html(block: Block) -> list[str]:
    out: list[str] = []
    if block.text:
        out.append(f"<p>{escape(block.text)}</p>")
    if block.items:
        out += ["<ul>", *(f"<li>{escape(item)}</li>" for item in block.items), "</ul>"]
    if block.table:
        head, *body = block.table
        out.append('<div class="scroll">')
        out.append("<table>")
        out.append("<thead><tr>" + "".join(f'<th scope="col">{escape(c)}</th>' for c in head) + "</tr></thead>")
        out.append("<tbody>")
        out += [
            f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(c)}</td>" for c in row[1:]) + "</tr>"
            for row in body
        ]
        out += ["</tbody>", "</table>", "</div>"]
    for p in block.passages:
        place = f" ({escape(p.locator)})" if p.locator else ""
        words = f"<blockquote><p>{escape(p.words)}</p></blockquote>" if p.quoted else f"<p>{escape(p.words)}</p>"
        out.append(
            f"<figure>{words}<figcaption><strong>{escape(p.id)}</strong> · {escape(p.about)}{place}</figcaption></figure>"
        )
    return out


# --- gathering ------------------------------------------------------------------------------------


class _Looking:
    """One gap with the columns it is looked at in."""

    def __init__(
        self, incidence: Incidence, chosen: Incidence, words: Mapping[str, Words], gap: Gap, most: int
    ) -> None:
        self.all, self.chosen, self.words, self.gap, self.most = incidence, chosen, words, gap, most
        pairs = [(t, role) for t, role in zip(gap.things, gap.roles, strict=True) if t.kind == "concept"]
        index = chosen.concept_index
        self.themes = [index[t.id] for t, role in pairs if role == "theme"]
        #: (concept, the roles in which it is asked for).
        self.asked: list[tuple[int, tuple[str, ...]]] = [
            (index[t.id], self._roles(role)) for t, role in pairs if role != "theme"
        ]

    def _roles(self, role: str) -> tuple[str, ...]:
        if self.gap.rule == "expectations" and role in _MECHANISM:
            return _MECHANISM
        return (role,) if role in ROLES else ROLES

    def label(self, number_: int) -> str:
        return f"“{self.chosen.concepts[number_].label}”"

    def coding(self, concept: int, roles: Iterable[str], columns: Incidence | None = None) -> Index:
        """Return the passages that code a concept in one of these roles."""
        found = [passages_of(columns or self.chosen, role, concept) for role in roles]
        # Those of one role are in order and once each already.
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found)).astype(np.int32)

    def within(self, columns: Incidence | None = None) -> Index:
        """Return the passages that show just what was looked for."""
        source = columns or self.chosen
        found: Index = np.arange(len(source), dtype=np.int32)
        for concept, roles in self.asked:
            found = np.intersect1d(found, self.coding(concept, roles, source), assume_unique=True).astype(np.int32)
        if self.themes:
            found = found[np.isin(source.theme[found], self.themes)]
        return found if self.asked else found[:0]

    def articles(self, rows: Index) -> set[int]:
        return set(np.unique(self.chosen.article[rows]).tolist())

    def shown(self, rows: Sequence[int]) -> tuple[Passage, ...]:
        """Return passages with their words, challenging ones first: these are the ones that are easily passed over."""
        source = self.chosen

        def rank(row: int) -> tuple[bool, str]:
            return source.stance[row] != STANCES.index("challenges"), source.extractions[row]

        return tuple(self._passage(row) for row in sorted(rows, key=rank)[: self.most])

    def _passage(self, row: int) -> Passage:
        source = self.chosen
        low, high = np.searchsorted(source.coding_extraction, [row, row + 1])
        codes: dict[str, list[str]] = {}
        for role, concept in zip(source.coding_role[low:high].tolist(), source.coding_concept[low:high].tolist(), strict=True):  # fmt: skip
            codes.setdefault(ROLES[role], []).append(source.concepts[concept].label)
        told = [source.articles[source.article[row]].id]
        if source.theme[row] >= 0:
            told.append(f"under {source.concepts[source.theme[row]].label}")
        told += [f"{role}: {', '.join(names)}" for role, names in codes.items()]
        for words, column in ((STANCES, source.stance), (POLARITIES, source.polarity), (BASES, source.basis)):
            if column[row] >= 0:
                told.append(words[column[row]])
        if source.activation[row] >= 0 and ACTIVATIONS[source.activation[row]] != "unknown":
            told.append(f"activation {ACTIVATIONS[source.activation[row]]}")
        if source.coder[row] >= 0:
            told.append(source.records.people[source.coder[row]].id)
        name = source.extractions[row]
        quote, note, locator = self.words.get(name, (None, None, None))
        if quote:
            return Passage(name, " · ".join(told), quote, True, locator or "")
        said = f"No quote; in the coder's words: {note}" if note else "No quote and no note: go to the article."
        return Passage(name, " · ".join(told), said, False, locator or "")


def _what(look: _Looking) -> Section:
    chosen, records = look.chosen, look.chosen.records
    items = []
    for concept in [c for c, _ in look.asked] + look.themes:
        record = chosen.concepts[concept]
        kind = ", ".join(w for w in (record.listed_as, record.status) if w)
        definition = (
            record.definition or "no definition in the codebook, so two readers may have looked for different things"
        )
        items.append(f"{record.label}{f' ({kind})' if kind else ''}: {definition}")
    items += [
        f"Expected by {e.source}" + (f": {e.why}" if e.why else "")
        for e in sorted(records.expectations, key=lambda e: e.key)
        if e.concept in look.gap.concepts
    ]
    by_id = {c.id: c for c in records.configurations}
    items += [
        f"{t.id}: {by_id[t.id].statement or 'no sentence'}" for t in look.gap.things if t.kind == "configuration" and t.id in by_id
    ]  # fmt: skip
    roles = sorted({role for role in look.gap.roles if role in ROLES})
    if roles:
        items.append(f"Looked for as {' and '.join(roles)}" + (f", under the theme {look.label(look.themes[0])}." if look.themes else "."))  # fmt: skip
    return Section("What was looked for", (Block(items=tuple(items)),) if items else (Block(text=look.gap.subject),))


def _where(look: _Looking) -> Section:
    """Say who read what, and what each coder saw of it."""
    incidence = look.all
    people = coders_who_read(incidence)
    head = ["Coder", "Counted here", "Articles read", "Extractions"]
    themes = bool(look.themes)
    if themes:
        head += ["Says the theme is reported", "Says it is not"]
    if look.asked:
        head.append("Passages with what was looked for")
    rows = []
    for person in [*people, *([-1] if (incidence.coder < 0).any() or not people else [])]:
        mine, reports = incidence.coder == person, incidence.reported_coder == person
        read = np.union1d(incidence.article[mine], incidence.reported_article[reports])
        counted = look.chosen.coders is None or person in look.chosen.coders
        row = [
            incidence.records.people[person].id if person >= 0 else "not named",
            "yes" if counted else "no", str(len(read)), str(int(mine.sum())),
        ]  # fmt: skip
        if themes:
            about = reports & np.isin(incidence.reported_theme, look.themes)
            row += [str(int((about & value).sum())) for value in (incidence.reported_value, ~incidence.reported_value)]
        if look.asked:
            row.append(str(int(mine[look.within(incidence)].sum())))
        rows.append(tuple(row))
    return Section("Where, and by whom", (Block(table=(tuple(head), *rows)),))


def _out_of(look: _Looking) -> Section:
    gap, chosen = look.gap, look.chosen
    blocks = []
    if gap.count is not None and gap.denominator is not None:
        blocks.append(Block(text=f"{gap.count:,} of {gap.out_of}, as coded by {who(chosen)}."))
    else:
        blocks.append(Block(text="This gap is in what the theory says, so there is no denominator."))
    if look.themes:
        record = reporting(chosen)
        place = record.themes.tolist().index(look.themes[0])
        yes, no, nothing = (int(a[:, place].sum()) for a in (record.reported, record.not_reported, record.no_record))
        blocks.append(
            Block(
                text=f"Of {plural(len(chosen.articles), 'article')}, {yes} report {look.label(look.themes[0])}, {no} are said "
                f"not to, and of {nothing} nobody recorded it." + record.remarks
            )
        )
    return Section("Out of how much", tuple(blocks))


def _chance(look: _Looking) -> Section:
    gap = look.gap
    if gap.p is None or gap.q is None or gap.expected is None:
        return Section(
            "Expected and seen",
            (
                Block(
                    text="What chance would give cannot be worked out for this gap: it is not a count among fixed totals."
                ),
            ),
        )
    table = (
        ("Seen", "Expected", "p of so few or fewer", "q among all", "In words"),
        (f"{gap.count or 0:,}", number(gap.expected), share(gap.p), share(gap.q), in_words(gap.p, gap.q)),
    )
    kept = (
        "Expected and p keep fixed how often the concept is coded and how many articles report each theme"
        if look.themes
        else "Expected and p keep fixed how often each of the two is coded"
    )
    return Section(
        "Expected and seen", (Block(table=table), Block(text=f"{kept}; q allows for how many were looked at."))
    )


def _nearest(look: _Looking) -> Section:
    chosen = look.chosen
    groups: list[tuple[str, Index]] = []
    inside = look.within()
    if look.gap.rule == "contradictory-cells" or len(inside):
        groups.append(("Just there", inside))
    names = " and ".join(look.label(c) for c, _ in look.asked)
    if len(look.asked) > 1:
        each = [look.coding(c, roles) for c, roles in look.asked]
        both = set.intersection(*(look.articles(rows) for rows in each))
        union = np.unique(np.concatenate(each))
        groups.append(
            (
                f"In articles that code {names} in different passages",
                union[np.isin(chosen.article[union], sorted(both))],
            )
        )
        groups += [(f"With {look.label(c)} elsewhere", rows) for (c, _), rows in zip(look.asked, each, strict=True)]
    elif look.asked:
        concept, roles = look.asked[0]
        as_asked = look.coding(concept, roles)
        other = look.coding(concept, [r for r in ROLES if r not in roles]) if set(roles) != set(ROLES) else as_asked[:0]
        if look.themes:
            groups.append((f"With {names} there in another role", other[np.isin(chosen.theme[other], look.themes)]))
            groups.append((f"With {names} under other themes", as_asked))
        groups.append((f"With {names} in another role", other))
        groups.append((f"Where {names} is the theme", np.flatnonzero(chosen.theme == concept).astype(np.int32)))
        if not len(as_asked) and not len(other):
            near = [chosen.concept_index[b] for b in chosen.concepts[concept].broader if b in chosen.concept_index]
            near += [n for n, c in enumerate(chosen.concepts) if chosen.concepts[concept].id in c.broader]
            groups += [(f"With {look.label(n)}, broader or narrower", look.coding(n, ROLES)) for n in in_order(chosen, near).tolist()]  # fmt: skip
    for thing in look.gap.things:
        configuration = next((c for c in chosen.records.configurations if thing == (thing.kind, c.id, thing.label) and thing.kind == "configuration"), None)  # fmt: skip
        if configuration is not None:
            names_ = [*configuration.supporting, *configuration.challenging]
            listed = [chosen.extraction_index[e] for e in names_ if e in chosen.extraction_index]
            groups.append((f"Listed as evidence for {configuration.id}", np.array(sorted(listed), dtype=np.int32)))
            groups.append((f"With a mechanism of {configuration.id}", _with_mechanism(look, configuration.id)))
    blocks: list[Block] = []
    used: set[int] = set()
    for heading, rows in groups:
        new = [r for r in rows.tolist() if r not in used]
        if not new:
            continue
        used.update(new)
        rest = len(new) - look.most
        more = f", of which {look.most} are shown; all: {', '.join(chosen.ids(new))}" if rest > 0 else ""
        blocks += [Block(text=f"{heading}: {plural(len(new), 'passage')} in {plural(len(look.articles(np.array(new))), 'article')}{more}."), Block(passages=look.shown(new))]  # fmt: skip
    return Section("Nearest evidence", tuple(blocks) or (Block(text=f"No passage by {who(chosen)} comes near it."),))


def _with_mechanism(look: _Looking, name: str) -> Index:
    configuration = next(c for c in look.chosen.records.configurations if c.id == name)
    found = [
        passages_of(look.chosen, role, look.chosen.concept_index[c])
        for role in _MECHANISM
        for c in slot_concepts(configuration.slot(role))
        if c in look.chosen.concept_index
    ]
    return np.unique(np.concatenate(found)).astype(np.int32) if found else np.zeros(0, dtype=np.int32)


def _fill(look: _Looking) -> Section:
    """Say what would fill the gap, and in which articles to look first."""
    gap, chosen = look.gap, look.chosen
    if gap.state == "open slot":
        return _fill_slot(look)
    if gap.type == "contradictory":
        return Section(
            "What would settle it",
            (Block(text="Read both sides and ask what differs around them: who, where, how far the mechanism was set off. A difference in context refines the theory; none leaves it contradicted."),),
        )  # fmt: skip
    if gap.rule == "not-looked-for":
        return _fill_by_reading(look)
    found = look.within()
    seen = look.articles(found)
    if look.themes:
        record = reporting(chosen)
        column = record.themes.tolist().index(look.themes[0])
        candidates = set(np.flatnonzero(record.reported[:, column]).tolist()) - seen
        why = f"report {look.label(look.themes[0])} and do not code {look.label(look.asked[0][0])} there"
    else:
        candidates = set(np.unique(chosen.article).tolist()) - seen
        why = f"are coded and hold no passage with {' and '.join(look.label(c) for c, _ in look.asked)}"
    parts = [look.coding(c, ROLES) for c, _ in look.asked]
    here = chosen.article[np.isin(chosen.theme, look.themes)] if look.themes else chosen.article
    in_place = Counter(here.tolist())
    elsewhere = [Counter(chosen.article[rows].tolist()) for rows in parts]
    ranked = sorted(candidates, key=lambda a: (-sum(bool(c[a]) for c in elsewhere), -sum(c[a] for c in elsewhere), -in_place[a], chosen.articles[a].id))  # fmt: skip
    if not ranked:
        return Section(
            "What would fill it",
            (Block(text="Every article that could show it does; only new evidence would add to it."),),
        )
    head = ("Article", *(f"Passages with {look.label(c)} anywhere" for c, _ in look.asked), "Passages under the theme" if look.themes else "Passages", "Appraised as")  # fmt: skip
    judged: dict[str, list[str]] = {}
    for appraisal in sorted(chosen.records.appraisals, key=lambda a: a.key):
        told = [
            f"{aspect} {value}"
            for aspect in ("relevance", "richness", "rigour")
            if (value := getattr(appraisal, aspect))
        ]
        if told:
            judged.setdefault(appraisal.target, []).append(", ".join(told) + (f" ({appraisal.assessor})" if appraisal.assessor else ""))  # fmt: skip
    shown = ranked[: 2 * look.most]
    rows = tuple(
        (chosen.articles[a].id, *(str(c[a]) for c in elsewhere), str(in_place[a]), "; ".join(judged.get(chosen.articles[a].id, ())) or "not appraised")
        for a in shown
    )  # fmt: skip
    blocks = [
        Block(
            text=f"{plural(len(ranked), 'article')} {why}: candidates for reading again, those that code it elsewhere first."
        )
    ]
    blocks.append(Block(table=(head, *rows)))
    if len(ranked) > len(shown):
        blocks.append(Block(text="And " + ", ".join(chosen.articles[a].id for a in ranked[len(shown) :]) + "."))
    return Section("What would fill it", tuple(blocks))


def _fill_by_reading(look: _Looking) -> Section:
    from eaa_graph.gaps.looked_for import not_looked_for

    wanted = [t for t in look.gap.things if t.kind != "person"]
    person = [t for t in look.gap.things if t.kind == "person"]
    rows = not_looked_for(look.all if look.all.coders is None else look.chosen, coder=_spoken(look.chosen)).records()
    articles: list[str] = []
    for row in rows:
        if row["type"] == look.gap.type and row["subject"] == (wanted[0] if wanted else None) and row["coder"] == (person[0] if person else None):  # fmt: skip
            which = row["which"]
            articles = [t.id for t in which if isinstance(t, Thing)] if isinstance(which, tuple) else []
            break
    if look.gap.type == "not reported":
        text = "New evidence: these articles were read for it and say nothing. Their authors may know more than they wrote."
    elif person:
        text = f"{person[0].id} should read these again with the code in hand, or say that it does not fit:"
    else:
        text = "Reading, and filling the sheet 'reported' with yes or no for each theme:"
    listed = (Block(items=tuple(articles)),) if articles else ()
    return Section("What would fill it", (Block(text=text), *listed))


def _spoken(chosen: Incidence) -> str:
    """Return the selection as a coder parameter says it."""
    if chosen.coders is None:
        return "all"
    return chosen.records.people[chosen.coders[0]].id


def _fill_slot(look: _Looking) -> Section:
    chosen, gap = look.chosen, look.gap
    role, name = gap.roles[0], gap.things[0].id
    rows = _with_mechanism(look, name)
    in_role = (chosen.coding_role == ROLES.index(role)) & np.isin(chosen.coding_extraction, rows)
    passage, concept = chosen.coding_extraction[in_role], chosen.coding_concept[in_role]
    found = []
    for number_ in np.unique(concept).tolist():
        here = passage[concept == number_]
        stance = chosen.stance[here]
        found.append(
            (
                chosen.concepts[number_].label, len(look.articles(here)),
                int((stance == STANCES.index("supports")).sum()), int((stance == STANCES.index("challenges")).sum()),
            )
        )  # fmt: skip
    found.sort(key=lambda f: (-f[1], f[0]))
    if not found:
        return Section(
            "What would fill it", (Block(text=f"No passage that codes a mechanism of {name} codes a {role}."),)
        )
    head = (role.capitalize(), "Articles", "Supporting passages", "Challenging passages")
    return Section(
        "What would fill it",
        (
            Block(text=f"What passages with a mechanism of {name} code as {role}: proposals to read, not an answer."),
            Block(table=(head, *((f[0], *map(str, f[1:])) for f in found))),
        ),
    )


def _readings(look: _Looking) -> Section | None:
    """Set out the three readings of something missing, each with what bears on it."""
    gap, chosen = look.gap, look.chosen
    if gap.type not in _MISSING or not look.asked:
        return None
    rows = np.unique(np.concatenate([look.coding(c, roles) for c, roles in look.asked])).astype(np.int32)
    activation, stance = chosen.activation[rows], chosen.stance[rows]
    none = int((activation == ACTIVATIONS.index("none")).sum())
    weak = int((activation == ACTIVATIONS.index("weak")).sum())
    against = int((stance == STANCES.index("challenges")).sum())
    hindering = int((chosen.polarity[rows] == POLARITIES.index("hindering")).sum())
    everybody = look.within(look.all)
    others = len(everybody) - len(look.within())
    inferred = int((chosen.basis[rows] == BASES.index("inferred")).sum())
    where = "elsewhere" if look.themes else "at all"
    number_ = len(rows)
    if not number_:
        silent = "nobody codes it, so the codes say nothing"
        return Section(
            "Three readings",
            (
                Block(text="The codes alone cannot tell these apart; reading, and asking the authors, can."),
                Block(
                    items=(
                        f"It does not apply. Then the theory should say where it does. Bearing on it: {silent}.",
                        f"It does not take place. Then it is missing from the work, not from the review. Bearing on it: {silent}.",
                        "It happens and is not reported. Then it is missing from the articles. Bearing on it: coders not counted "
                        f"here see it in {plural(others, 'passage')}.",
                    )
                ),
            ),
        )
    items = [
        f"It does not apply. Then the theory should say where it does. Bearing on it: {plural(against, 'passage')} of {number_} "
        f"that code it {where} challenge the theory.",
        f"It does not take place. Then it is missing from the work, not from the review. Bearing on it: of {number_} passages, "
        f"{none} say that it was not activated, {weak} that it was weak, {hindering} that it hindered.",
        f"It happens and is not reported. Then it is missing from the articles. Bearing on it: {inferred} of {number_} passages "
        "had to be inferred, since the article does not state it; "
        + (
            f"coders not counted here see it in {plural(others, 'passage')}."
            if look.all is not chosen and len(look.all) > len(chosen)
            else "nobody else's codings are there to compare."
        ),
    ]
    return Section(
        "Three readings",
        (
            Block(text="The codes alone cannot tell these apart; reading, and asking the authors, can."),
            Block(items=tuple(items)),
        ),
    )


def dossier(
    incidence: Incidence,
    passages: Mapping[str, Words],
    gap_id: str,
    theory: str | None = None,
    coder: str = "preferred",
    thin: int = 2,
    most: int = 12,
) -> Dossier:
    """Return everything about one gap of the register.

    Parameters
    ----------
    incidence : Incidence
        All coders side by side (columns already limited to some coders are taken as they are).
    passages : mapping of str to (quote, note, locator)
        Words of the extractions, by id; each may be None. An extraction that is not there is shown without words.
    gap_id : str
        Id of the gap, from the register.
    theory, coder, thin
        As given to the register.
    most : int
        Passages shown with their words in each group, 1 or more; the ids of all are given.

    Raises
    ------
    UnknownName
        If the register has no such gap.
    BadSettings
        If `most` is less than 1.
    """
    if most < 1:
        raise BadSettings("most must be 1 or more")
    gap = find(incidence, gap_id, theory, coder, thin)
    look = _Looking(incidence, selection(incidence, coder), passages, gap, most)
    about = Section(
        "What the gap is",
        (
            Block(text=gap.reading),
            Block(
                items=(
                    f"Type: {gap.type}. {TYPES[gap.type]}",
                    f"Severity: {gap.severity}. It orders reading and weighs nothing.",
                    f"Id: {gap.id} (rule {gap.rule})" + (f", in theory version {theory}" if theory else ""),
                )
            ),
        ),
    )
    readings = _readings(look)
    limits = Section(
        "What this cannot show",
        (
            Block(
                text="Counts are patterns in what was coded, not causes. A gap tells where to look; whether something is missing "
                "from the world, from the articles or from the coding is for people to find out."
            ),
        ),
    )
    sections = [about, _what(look), _where(look), _out_of(look), _chance(look), _nearest(look), _fill(look)]
    return Dossier(
        gap,
        incidence.records.review.language,
        f"Gap: {gap.subject} ({gap.type})",
        (*sections, *((readings,) if readings else ()), limits),
    )
