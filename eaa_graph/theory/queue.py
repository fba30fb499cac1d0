"""The retroduction queue: which articles to read again after the theory changed, and what to ask of each.

Retroduction goes back to what was coded before a change with the question that the
change raises. An article is in the queue when it was coded before the version and its
coding touches a changed concept, or should: it codes concepts that mostly go with a
changed one in the other articles. What has been read again is kept in a small CSV file
of the team's own, which is never emptied by asking again.
"""

from __future__ import annotations

__all__ = [
    "NEAR",
    "PROGRESS_COLUMNS",
    "Progress",
    "Target",
    "mark",
    "queue",
    "read_progress",
    "targets",
    "write_progress",
]

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from eaa_graph.errors import StoreUnavailable, UnknownName, UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import ROLES, Change, Claim, Configuration, Extraction, Records, Slot, slot_concepts
from eaa_graph.tables import Cell, Column, Table, Thing, many
from eaa_graph.theory.difference import Difference, diff
from eaa_graph.theory.sentences import listed
from eaa_graph.theory.versions import History, Version

#: From this share on a concept is said to go often with a changed one.
NEAR = 0.5
#: A share of fewer articles than this says nothing.
_FEWEST = 2


class Target(NamedTuple):
    """One change of the theory that articles are to be read again for.

    Attributes
    ----------
    item : Configuration or Claim
        As it is now; as it was, when it was dropped.
    dropped : bool
    concepts : tuple of str
        The concepts that the change is about, sorted.
    differences : tuple of Difference
    """

    item: Configuration | Claim
    dropped: bool
    concepts: tuple[str, ...]
    differences: tuple[Difference, ...]


def targets(version: Version, past: History, since: Version | None = None) -> tuple[Target, ...]:
    """Return what changed on the way to `version`, as things to ask articles about.

    Parameters
    ----------
    version : Version
    past : History
    since : Version, optional
        The version to compare with; without it, those that `version` revises.

    Returns
    -------
    tuple of Target
        By id. Empty when there is nothing to compare with, or nothing of the theory changed.
    """
    found: dict[tuple[str, str, bool], tuple[Configuration | Claim, set[str], list[Difference]]] = {}
    for earlier in [since] if since else past.parents(version.id):
        held = {False: _held(earlier), True: _held(version)}
        for d in diff(earlier, version, past).differences:
            if d.thing == "concept" or d.sign == "=" or d.kind in ("annotated", "evidence changed"):
                continue
            if d.kind in ("split", "merged"):
                continue  # each of its pairs is there on its own
            dropped = d.kind == "dropped"
            name = (d.before if dropped else d.after)[0]
            item = held[not dropped][d.thing, name]
            in_slots = d.slot in (*ROLES, "from", "to") or d.kind == "re-roled"
            whole = {c for _, slot in _slots(item) for c in slot_concepts(slot)}
            concepts = {*d.old, *d.new} if in_slots and d.kind != "regrouped" else whole
            entry = found.setdefault((d.thing, name, dropped), (item, set(), []))
            entry[1].update(concepts)
            entry[2].append(d)
    return tuple(
        Target(item, key[2], tuple(sorted(concepts)), tuple(differences))
        for key, (item, concepts, differences) in sorted(found.items(), key=lambda entry: entry[0])
        if concepts
    )


def _held(version: Version) -> dict[tuple[str, str], Configuration | Claim]:
    held: dict[tuple[str, str], Configuration | Claim] = {("configuration", c.id): c for c in version.configurations}
    return held | {("claim", c.id): c for c in version.claims}


def _slots(item: Configuration | Claim) -> list[tuple[str, Slot]]:
    """Return the filled slots of a configuration, or the two ends of a claim."""
    if isinstance(item, Claim):
        return [("from", (item.from_concepts,)), ("to", (item.to_concepts,))]
    return [(role, item.slot(role)) for role in ROLES if item.slot(role)]


# --- the queue -------------------------------------------------------------------------------


def queue(
    records: Records,
    past: History,
    version: str,
    *,
    since: str | None = None,
    coder: str = "preferred",
    near: float = NEAR,
    questions: int = 3,
    progress: Iterable[Progress] = (),
) -> Table:
    """Return the articles to read again after a change of the theory, the most promising first.

    Parameters
    ----------
    records : Records
    past : History
    version : str
        Id or label of the version that the change led to.
    since : str, optional
        Version to compare with; without it, those that `version` revises.
    coder : str
        Whose coding is looked at: a coder's id, ``"preferred"`` or ``"all"``.
    near : float
        From this share of articles on, a concept goes often with a changed one.
    questions : int
        At most so many changed configurations are asked about in one article.
    progress : iterable of Progress
        What has been done, from :func:`read_progress`.

    Returns
    -------
    Table
        What is still to do comes first, by score; the score is a mean over the changed configurations and claims of the mean over
        their changed concepts of 1 if the article codes the concept, else the largest share of articles with one of its
        concepts that also code the changed one (0 below `near`). Cells open onto the passages that made the article
        a candidate. A configuration that a person already lists a passage of the article for is not asked about.

    Raises
    ------
    UnknownName
        If there is no such version or coder.
    """
    this = past.version(version)
    earlier = past.version(since) if since else None
    changed = targets(this, past, earlier)
    chosen = _coded_by(records, coder)
    before, when = _before(chosen, this, past.changes_to(this.id))
    coded = _concepts_of(before)
    shares = _shares(coded, sorted({c for t in changed for c in t.concepts}))
    # An article that a person already lists as evidence for a configuration as it is now has been read for it.
    source = {e.id: e.article for e in records.extractions}
    weighed = {t: frozenset() if t.dropped else _articles(t.item, source) for t in changed}
    titles = {a.id: a.title or a.id for a in records.articles}
    kept = list(progress)
    rows: list[tuple[tuple[bool, float, str], tuple[Cell, ...], dict[str, tuple[str, ...]]]] = []
    for article in sorted(coded):
        found = _look(coded[article], [t for t in changed if article not in weighed[t]], len(changed), shares, near)
        if found is None:
            continue
        score, asked, touched, neighbours = found
        done, by, date, note = _state(kept, article, this.id)
        cells: tuple[Cell, ...] = (
            Thing("article", article, titles.get(article, article)),
            round(score, 3),
            "codes" if touched else "near",
            _things(touched, past.labels),
            _things(neighbours, past.labels),
            tuple(Thing(_kind(t.item), t.item.id, t.item.id) for t, _, _ in asked),
            " ".join(_question(article, coded[article], t, n, shares, past.labels) for t, _, n in asked[:questions]),
            max((e.date for e in before[article] if e.date), default=None),
            done,
            by or None,
            date or None,
            note or None,
        )
        behind = {
            "codes": _passages(before[article], touched),
            "near": _passages(before[article], neighbours),
            "question": _passages(before[article], {*touched, *neighbours}),
        }
        behind["score"] = behind["question"]
        rows.append(((done, -score, article), cells, behind))
    rows.sort(key=lambda row: row[0])
    return Table(
        name="retroduction_queue",
        title=f"Articles to read again after {this.label}",
        columns=(
            Column("article", "Article"),
            Column("score", "Score", "0 to 1: how much of what changed the article codes, or is likely to tell of"),
            Column("why", "Why", "codes: its coding touches a changed concept; near: it should"),
            Column("codes", "Changed concepts it codes"),
            Column("near", "Concepts that often go with changed ones", "By which it is near"),
            Column("configurations", "Changed configurations and claims"),
            Column("question", "Question to ask of it"),
            Column("coded_on", "Last coded", "Empty where no date is recorded"),
            Column("done", "Read again"),
            Column("by", "By"),
            Column("date", "On"),
            Column("note", "Note"),
        ),
        rows=tuple(row[1] for row in rows),
        unit="articles",
        denominator=f"the {many(len(before), 'article')} coded by {_who(records, coder)} {when}",
        note=_note(this, changed, near, kept, {row[0][2] for row in rows}, bool(earlier or past.parents(this.id))),
        opens=lambda row, column: rows[row][2].get(column, ()),
    )


def _articles(item: Configuration | Claim, source: Mapping[str, str]) -> frozenset[str]:
    if isinstance(item, Claim):
        return frozenset()  # a claim lists no evidence
    return frozenset(source[e] for e in (*item.supporting, *item.challenging) if e in source)


def _kind(item: Configuration | Claim) -> str:
    return "claim" if isinstance(item, Claim) else "configuration"


def _note(
    version: Version, changed: Sequence[Target], near: float, kept: Sequence[Progress], asked: set[str], compared: bool
) -> str:
    if not compared:
        return f"{version.id} revises no version: there is no change to read articles again for."
    if not changed:
        return f"Nothing of the theory changed on the way to {version.id}."
    note = (
        f"Score: mean over {len(changed)} changed configurations and claims of the mean over their changed concepts of 1 if the "
        "article codes the concept, otherwise the largest share of articles with one of its concepts that also code the "
        f"changed one (at least {_FEWEST} articles, shares below {near:g} count 0); a configuration for which a passage of "
        "the article is listed as evidence already counts 0 and is not asked about. It orders reading; it says nothing of "
        "what an article will be found to show."
    )
    others = {p.article for p in kept if p.version == version.id and p.article and p.article not in asked}
    if others:
        note += f" The record of progress also names articles not in this queue: {listed(sorted(others))}."
    return note


def _coded_by(records: Records, coder: str) -> list[Extraction]:
    if coder == "preferred":
        coder = records.review.preferred_coder or "all"
    if coder == "all":
        return sorted(records.extractions, key=lambda e: e.id)
    known = {p.id for p in records.people} | {e.coder for e in records.extractions if e.coder}
    if coder not in known:
        raise UnknownName("coder", coder, sorted(known))
    return sorted((e for e in records.extractions if e.coder == coder), key=lambda e: e.id)


def _who(records: Records, coder: str) -> str:
    if coder == "preferred":
        coder = records.review.preferred_coder or "all"
    return "all coders" if coder == "all" else coder


def _before(
    extractions: Sequence[Extraction], version: Version, changes: Sequence[Change]
) -> tuple[dict[str, list[Extraction]], str]:
    """Return the extractions coded before the version, by article, and how that was told."""
    moment = version.date or max((c.date for c in changes if c.date), default="")
    dated = bool(moment) and any(e.date for e in extractions)
    articles: dict[str, list[Extraction]] = {}
    for extraction in extractions:
        # As precise as the less precise of the two dates: "2024" may be before "2024-05".
        width = min(len(extraction.date or ""), len(moment))
        if not dated or not width or (extraction.date or "")[:width] <= moment[:width]:
            articles.setdefault(extraction.article, []).append(extraction)
    if dated:
        return articles, f"up to {moment} or without a date"
    return (
        articles,
        "(at any time: dates of coding are not recorded)" if moment else "(at any time: the change is undated)",
    )


def _concepts_of(articles: Mapping[str, Sequence[Extraction]]) -> dict[str, frozenset[str]]:
    return {
        article: frozenset(c for e in extractions for role in ROLES for c in e.codes(role))
        for article, extractions in articles.items()
    }


_Shares = dict[str, dict[str, tuple[int, int]]]


def _shares(coded: Mapping[str, frozenset[str]], changed: Sequence[str]) -> _Shares:
    """Return for each changed concept its neighbours, with (articles with both, articles with the neighbour)."""
    number = Counter(c for concepts in coded.values() for c in concepts)
    shares: _Shares = {}
    for concept in changed:
        both = Counter(c for concepts in coded.values() if concept in concepts for c in concepts if c != concept)
        shares[concept] = {c: (n, number[c]) for c, n in sorted(both.items()) if n >= _FEWEST}
    return shares


def _nearest(concept: str, concepts: frozenset[str], shares: _Shares) -> tuple[float, str]:
    """Return the neighbour in `concepts` that goes with `concept` most often, and how often."""
    near = shares[concept]
    candidates = [(near[c][0] / near[c][1], c) for c in concepts if c in near]
    return min(((share, c) for share, c in candidates), key=lambda x: (-x[0], x[1]), default=(0.0, ""))


_Asked = tuple[Target, float, dict[str, str]]


def _look(
    concepts: frozenset[str], changed: Sequence[Target], count: int, shares: _Shares, near: float
) -> tuple[float, list[_Asked], list[str], list[str]] | None:
    """Return the score of an article, what to ask it about, and by which concepts; None if it is no candidate."""
    asked: list[_Asked] = []
    touched: set[str] = set()
    neighbours: set[str] = set()
    for target in changed:
        total = 0.0
        by: dict[str, str] = {}
        for concept in target.concepts:
            if concept in concepts:
                total += 1
                touched.add(concept)
            elif not target.dropped:
                share, neighbour = _nearest(concept, concepts, shares)
                if share >= near and neighbour:
                    total += share
                    by[concept] = neighbour
                    neighbours.add(neighbour)
        if total:
            asked.append((target, total / len(target.concepts), by))
    if not asked:
        return None
    asked.sort(key=lambda a: (-a[1], a[0].item.id, a[0].dropped))
    score = sum(value for _, value, _ in asked) / count
    return score, asked, sorted(touched), sorted(neighbours)


def _question(
    article: str,
    concepts: frozenset[str],
    target: Target,
    neighbours: Mapping[str, str],
    shares: _Shares,
    labels: Mapping[str, str],
) -> str:
    """Word what to ask of an article about one changed configuration."""
    item = target.item
    here: list[str] = []
    missing: dict[str, list[str]] = {}
    for role, slot in _slots(item):
        # Of alternatives, the one that the article codes most of.
        best = max(slot, key=lambda alternative: sum(c in concepts for c in alternative) / len(alternative))
        here += [c for c in best if c in concepts and c not in here]
        lacks = [c for c in best if c not in concepts]
        if lacks:
            missing[role] = lacks

    def named(ids: Iterable[str]) -> str:
        return listed([labels.get(c, c) for c in ids])

    opening = f"{item.id}: "
    if target.dropped:
        return f"{opening}it was dropped, and {article} codes {named(here)}: does {article} still speak for it?"
    if not missing:
        return f"{opening}{article} codes {named(here)}: does it show them at work together as the {_kind(item)} says, or otherwise?"
    parts = [named(ids) if role in ("from", "to") else f"{named(ids)} as {role}" for role, ids in missing.items()]
    if here:
        return f"{opening}{article} codes {named(here)}: does it also tell of {listed(parts)}?"
    reasons = []
    for concept, neighbour in sorted(neighbours.items()):
        both, all_ = shares[concept][neighbour]
        reasons.append(f"{named([neighbour])} goes with {named([concept])} in {both} of {all_} articles")
    return f"{opening}{article} codes none of it, but {'; '.join(reasons)}: does it tell of {listed(parts)}?"


def _things(concepts: Iterable[str], labels: Mapping[str, str]) -> tuple[Thing, ...]:
    return tuple(Thing("concept", c, labels.get(c, c)) for c in concepts)


def _passages(extractions: Iterable[Extraction], concepts: Iterable[str]) -> tuple[str, ...]:
    wanted = set(concepts)
    return tuple(sorted(e.id for e in extractions if any(wanted & set(e.codes(role)) for role in ROLES)))


# --- progress ----------------------------------------------------------------------------------

PROGRESS_COLUMNS = ("article", "version", "done", "by", "date", "note")
_YES = ("yes", "y", "true", "1", "x", "done")
_NO = ("", "no", "n", "false", "0")


class Progress(NamedTuple):
    """One row of the record of what has been read again.

    Attributes
    ----------
    article, version : str
    done : str
        As written: yes, no or empty.
    by, date, note : str
    more : tuple of (str, str)
        Columns of the team's own, kept as they are.
    """

    article: str
    version: str
    done: str = ""
    by: str = ""
    date: str = ""
    note: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether `done` says yes."""
        return self.done.casefold() in _YES


def _state(progress: Sequence[Progress], article: str, version: str) -> tuple[bool, str, str, str]:
    mine = [p for p in progress if (p.article, p.version) == (article, version)]
    if not mine:
        return False, "", "", ""
    chosen = next((p for p in mine if p.is_done), mine[0])
    return chosen.is_done, chosen.by, chosen.date, chosen.note


def read_progress(path: Path) -> tuple[tuple[Progress, ...], tuple[Finding, ...]]:
    """Read the record of progress; a file that is not there yet is an empty record.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8 with the columns :data:`PROGRESS_COLUMNS`; others are kept.

    Returns
    -------
    entries : tuple of Progress
        Every row, also those that name no article or version: nothing is lost when the record is written again.
    findings : tuple of Finding

    Raises
    ------
    UnreadableFile
        If it is there but cannot be read as a table.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    where = Where(path.name)
    findings: list[Finding] = []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
        findings.append(
            finding(
                "encoding-guessed",
                where,
                f"{path.name} is not UTF-8; it was read as Windows-1252.",
                "Save it as UTF-8.",
            )
        )
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [h.strip() for h in next(rows, [])]
        cells = [(rows.line_num, row) for row in rows if any(c.strip() for c in row)]
    except csv.Error as error:
        raise UnreadableFile(f"{path}: not a table of comma-separated values ({error})") from error
    names = [h.casefold() for h in header]
    if header:
        findings += [
            finding("missing-column", where, f"{path.name} has no column {name!r}.", f"Add a column {name!r}.")
            for name in ("article", "version", "done")
            if name not in names
        ]
    entries: list[Progress] = []
    seen: set[tuple[str, str]] = set()
    for line, row in cells:
        place = where._replace(row=line)
        if len(row) > len(header):
            findings.append(
                finding(
                    "ragged-row", place, "The row has more cells than the header.", "Quote a cell that holds a comma."
                )
            )
        known: dict[str, str] = {}
        more: list[tuple[str, str]] = []
        for number, cell in enumerate(row):
            name = names[number] if number < len(names) else ""
            if name in PROGRESS_COLUMNS and name not in known:
                known[name] = cell.strip()
            elif cell.strip():
                more.append(
                    (
                        header[number] if number < len(header) and header[number] else f"column {number + 1}",
                        cell.strip(),
                    )
                )
        entry = Progress(
            known.get("article", ""),
            known.get("version", ""),
            known.get("done", ""),
            known.get("by", ""),
            known.get("date", ""),
            known.get("note", ""),
            tuple(more),
        )
        entries.append(entry)
        if not entry.article or not entry.version:
            findings.append(
                Finding(
                    "progress-unclear",
                    "warning",
                    place,
                    "The row names no article or no version; it counts for nothing.",
                    "Fill both.",
                )
            )
        elif (entry.article, entry.version) in seen:
            findings.append(
                Finding(
                    "progress-repeated",
                    "warning",
                    place,
                    f"{entry.article} is listed twice for {entry.version}; it is done if one of the rows says so.",
                    "Keep one of the rows.",
                )
            )
        seen.add((entry.article, entry.version))
        if entry.done.casefold() not in (*_YES, *_NO):
            findings.append(
                Finding(
                    "progress-unclear",
                    "warning",
                    place._replace(column="done"),
                    f"{entry.done!r} is neither yes nor no; it counts as no.",
                    "Write yes or no.",
                )
            )
    return tuple(entries), tuple(findings)


def mark(
    progress: Iterable[Progress],
    article: str,
    version: str,
    *,
    done: bool = True,
    by: str = "",
    date: str = "",
    note: str = "",
) -> tuple[Progress, ...]:
    """Return the record with one article marked as read again (or not) for a version.

    What was noted before is kept where nothing new is given.
    """
    entries = list(progress)
    word = "yes" if done else "no"
    found = False
    for number, entry in enumerate(entries):
        if (entry.article, entry.version) == (article, version):
            entries[number] = entry._replace(
                done=word, by=by or entry.by, date=date or entry.date, note=note or entry.note
            )
            found = True
    if not found:
        entries.append(Progress(article, version, word, by, date, note))
    return tuple(entries)


def write_progress(path: Path, progress: Iterable[Progress]) -> None:
    """Write the record of progress, by version and article, replacing the file in one step.

    Raises
    ------
    StoreUnavailable
        If it cannot be written.
    """
    entries = sorted(progress, key=lambda p: (p.version, p.article, p))
    extra = sorted({name for entry in entries for name, _ in entry.more})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*PROGRESS_COLUMNS, *extra])
    for entry in entries:
        more = dict(entry.more)
        writer.writerow([*entry[: len(PROGRESS_COLUMNS)], *(more.get(name, "") for name in extra)])
    beside = path.with_name(path.name + ".new")
    try:
        beside.write_bytes(text.getvalue().encode("utf-8"))
        beside.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be written: {error.strerror}") from error
