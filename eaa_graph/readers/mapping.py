"""From a coded project to the sheets of a review, by a mapping that people can read and change.

Codes in software for qualitative analysis have no roles: a mapping says which
part of the code tree holds contexts, which mechanisms, and so on; which source
is which article; and which of a passage's codes belong to one extraction.
:func:`propose` guesses one from names, :func:`apply` uses it, and counts both
sides: what the file holds, and what of it the review carries.
"""

from __future__ import annotations

__all__ = ["Imported", "apply", "beside", "guess", "propose", "reading_of"]

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from eaa_graph.coded_project import (
    Code,
    CodedProject,
    Coding,
    Mapping,
    Selection,
    Source,
    codings_of,
    tally,
    toml_line,
    toml_text,
)
from eaa_graph.errors import BadSettings, UnreadableFile
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import ACTIVATIONS, BASES, POLARITIES, ROLES, SHEETS, STANCES, Row
from eaa_graph.readers import RawSheet, Reading
from eaa_graph.tables import Cell, Column, Table

_WORDS = {"stance": STANCES, "polarity": POLARITIES, "basis": BASES, "activation": ACTIVATIONS}
_LISTED = 5
#: Everything a record refuses in a text; tab and line feed are welcome.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Imported(NamedTuple):
    """What an import gives: the rows, and the account of what was carried."""

    reading: Reading
    losses: Table


# --- proposing ------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _role_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for role in ROLES:
        for sheet in ("extractions", "configurations"):
            spec = SHEETS[sheet].spec(role + "s")
            for word in (role, role + "s", *spec.synonyms):
                names.setdefault(_plain(word), role)
    for role in ("theme", "stance", "polarity", "basis", "activation"):
        names.setdefault(role, role)
        for word in SHEETS["extractions"].spec(role).synonyms:
            names.setdefault(_plain(word), role)
    names.update({"themes": "theme", "process themes": "theme", "processes": "theme", "agents": "actor"})
    # What a synonym of a column means there, it does not mean as the name of a code.
    for word in ("effect", "direction", "from", "process", "response", "responses", "strength"):
        names.pop(word, None)
    return names


_NAMES = _role_names()
_PREFIX = re.compile(
    r"^\s*(c|m|o|i|a|ctx|context|mech|mechanism|outcome|intervention|actor|resource|reasoning)\s*(?:[:\-–—_.=]|::)\s*\S",
    re.IGNORECASE,
)
_LETTER = {
    "c": "context",
    "ctx": "context",
    "m": "mechanism",
    "mech": "mechanism",
    "o": "outcome",
    "i": "intervention",
    "a": "actor",
}


def _by_name(code: Code, prefixes: bool) -> str:
    role = _NAMES.get(_plain(code.name), "")
    if not role:
        # "1. Contexts", "CMO: Contexts", "Context codes"
        bare = re.sub(r"^(cmo|\d+)\s+|\s+(codes?|factors?|nodes?)$", "", _plain(code.name))
        role = _NAMES.get(bare, "")
    if not role and prefixes and (match := _PREFIX.match(code.name)):
        word = match.group(1).casefold()
        role = _LETTER.get(word, word)
    return role


def guess(project: CodedProject) -> Mapping:
    """Return the mapping that names suggest: roles by the words of the field, ids by names.

    A code called "Contexts" (or "Mechanism", "Outcomes", ...) gives its role to everything beneath it;
    codes called "C: ..." and "M - ..." are taken at their letter when at least two letters are used so.
    Everything else has no role: its codings are kept, but as an attribute of their extractions.
    """
    letters = {
        _LETTER.get(m.group(1).casefold(), m.group(1).casefold()) for c in project.codes if (m := _PREFIX.match(c.name))
    }
    roles: dict[str, str] = {}
    words: dict[str, str] = {}
    inherited: dict[str, str] = {}
    parents = {c.parent for c in project.codes}
    for code in project.codes:
        above = inherited.get(code.parent, "")
        role = "" if above in _WORDS else _by_name(code, len(letters & set(ROLES)) >= 2)
        # A lone code deep in the tree that happens to be called "stakeholders" says little.
        says_so = code.guid in parents or (not code.parent and role not in _WORDS) or _PREFIX.match(code.name)
        if role and role != above and says_so:
            roles[code.guid] = role
        inherited[code.guid] = roles.get(code.guid, above)
        if above in _WORDS and (word := _plain(code.name)) in _WORDS[above]:
            words[code.guid] = word
    arms = bool(project.selections) and all(s.kind == "arm" for s in project.selections)
    return Mapping(
        unit="source" if arms else "selection",
        roles=roles,
        words=words,
        codes=_ids((c.guid, c.name) for c in project.codes),
        sources=_ids((s.guid, _stem(s)) for s in project.sources if not s.of),
        coders=_ids((u.guid, u.name) for u in project.users),
    )


def _stem(source: Source) -> str:
    name = source.name or re.split(r"[/\\]", source.path)[-1]
    return re.sub(r"\.(docx?|pdf|txt|rtf|odt|html?|md|jpe?g|png|mp[34]|m4a|wav)$", "", name, flags=re.IGNORECASE)


def _ids(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each GUID a short id made of its name, unlike all others."""
    result: dict[str, str] = {}
    taken: set[str] = set()
    for guid, name in pairs:
        short = re.sub(r"[^\w.]+", "-", name.casefold()).strip("-._")[:60].strip("-._") or guid
        number, unique = 2, short
        while unique in taken:
            unique, number = f"{short}-{number}", number + 1
        taken.add(unique)
        result[guid] = unique
    return result


def propose(project: CodedProject, default: Mapping | None = None) -> str:
    """Return the text of a `mapping.toml` for `project`, filled with guesses and explained line by line.

    Parameters
    ----------
    project : CodedProject
    default : Mapping, optional
        What to propose instead of what names suggest.

    Returns
    -------
    str
        TOML that :meth:`eaa_graph.coded_project.Mapping.from_toml` reads; every code stands in its order,
        with its name and how often it is used as a comment.
    """
    guessed = guess(project)
    mapping = default or guessed
    used = Counter(c.code for c in codings_of(project))
    depth: dict[str, int] = {}
    lines = [
        f"# What the codes, sources and people of {' '.join(project.file.split())} mean in the review.",
        "# Change the right-hand sides; keep the GUIDs, which tie a line to its code whatever it is called later.",
        "",
        "[import]",
        "# Which of a passage's codes make one extraction (always of one coder):",
        "#   selection: codes on exactly the same passage",
        "#   overlap: codes on passages that overlap, directly or through others",
        "#   paragraph: codes on passages that begin in the same paragraph",
        "#   source: codes in the same source, or in the same arm of a study",
        f"unit = {toml_text(mapping.unit)}",
        "",
        "# A code's role holds for everything beneath it, until a code further down says otherwise:",
        f"# {', '.join(ROLES)}, theme;",
        "# stance, polarity, basis, activation (the codes beneath stand for the words, see [words]);",
        "# heading (a folder, not a concept); ignore (leave out). Without a role a code is kept as a concept,",
        "# and its codings as an attribute. Take the # from the start of a line to give a code a role.",
        "[roles]",
    ]
    for code in project.codes:
        depth[code.guid] = depth.get(code.parent, -1) + 1
        remark = f"{'. ' * depth[code.guid]}{code.name} ({used[code.guid]} codings)"
        if code.guid in mapping.roles:
            lines.append(toml_line(code.guid, mapping.roles[code.guid], remark))
        elif not code.parent or depth[code.guid] < 2:
            lines.append("# " + toml_line(code.guid, "", remark))
    lines += ["", "# Words that codes stand for.", "[words]"]
    by_guid = {c.guid: c for c in project.codes}
    lines += [toml_line(g, w, by_guid[g].name) for g, w in mapping.words.items()]
    if mapping.kinds:
        lines += ["", "# The kind the codebook lists a concept as, where that is not its code's role.", "[kinds]"]
        lines += [toml_line(g, k, by_guid[g].name) for g, k in mapping.kinds.items() if g in by_guid]
    lines += ["", "# The id each code gets as a concept.", "[codes]"]
    lines += [toml_line(c.guid, mapping.codes.get(c.guid, guessed.codes[c.guid]), c.name) for c in project.codes]
    lines += [
        "",
        '# The article each source is. "" leaves a source out; the id of an article you have joins it.',
        "[sources]",
    ]
    lines += [
        toml_line(s.guid, mapping.sources.get(s.guid, guessed.sources[s.guid]), s.name)
        for s in project.sources
        if not s.of
    ]
    lines += ["", "# The id of each coder.", "[coders]"]
    lines += [toml_line(u.guid, mapping.coders.get(u.guid, guessed.coders[u.guid]), u.name) for u in project.users]
    return "\n".join(lines) + "\n"


# --- reading a file with whatever mapping there is ---------------------------------------------


def beside(path: Path) -> Path | None:
    """Return the mapping file that lies beside `path`: ``<file>.mapping.toml``, then ``mapping.toml``."""
    for candidate in (path.with_name(path.name + ".mapping.toml"), path.with_name("mapping.toml")):
        if candidate.is_file():
            return candidate
    return None


def reading_of(project: CodedProject, path: Path, default: Mapping | None = None) -> Reading:
    """Map `project`, read from `path`, by the mapping beside it or by a guess that says so.

    Parameters
    ----------
    project : CodedProject
    path : Path
    default : Mapping, optional
        What to use without a mapping beside the file, where the format says more than names do.

    Raises
    ------
    UnreadableFile
        If there is a mapping that cannot be used.
    """
    file = beside(path)
    if file is None:
        mapping = default or guess(project)
        roles = Counter(mapping.roles.values())
        listed = ", ".join(f"{role} ({count})" for role, count in sorted(roles.items())) or "none"
        note = finding(
            "mapping-guessed",
            Where(path.name),
            f"there is no mapping.toml beside {path.name}; roles guessed from the codes' names: {listed}",
            f"Run eaa-graph import {path.name} --propose, and say there what the codes mean.",
        )
        imported = apply(project, mapping)
        return _with_findings(imported.reading, (note,))
    try:
        mapping = Mapping.from_toml(file.read_text(encoding="utf-8-sig"), file.name)
    except (BadSettings, OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{file.name}: {error}") from None
    return apply(project, mapping).reading


def _with_findings(reading: Reading, more: tuple[Finding, ...]) -> Reading:
    return Reading(reading.name, reading.sheets, reading.review, reading.review_where, (*more, *reading.findings))


# --- applying ---------------------------------------------------------------------------------------


class _Extraction(NamedTuple):
    """Codes of one coder that belong together, with the passages they lie on."""

    source: str
    coder: str
    selections: tuple[Selection, ...]
    codings: tuple[Coding, ...]


class _Work:
    """One application of a mapping: looks things up and keeps account."""

    def __init__(self, project: CodedProject, mapping: Mapping) -> None:
        self.project = project
        self.mapping = mapping
        self.findings: list[Finding] = []
        self.carried: Counter[str] = Counter()
        self.why: dict[str, Counter[str]] = defaultdict(Counter)
        self.codes = {c.guid: c for c in project.codes}
        self.sources = {s.guid: s for s in project.sources}
        self.notes = {n.guid: n for n in project.notes}
        self.used_notes: set[str] = set()
        self.mended = 0
        self.used = {c.code for c in codings_of(project)}
        self.parents = {c.parent for c in project.codes}
        self.groups: dict[str, list[str]] = defaultdict(list)
        default = guess(project)
        self.code_ids = _complete(mapping.codes, default.codes)
        self.source_ids = _complete(mapping.sources, default.sources)
        self.coder_ids = _complete(mapping.coders, default.coders)
        self.roles: dict[str, str] = {}
        for code in project.codes:
            self.roles[code.guid] = mapping.roles.get(code.guid) or self.roles.get(code.parent, "")
        # In files of our own the ids and the rest come back from the mapping: no trace of the journey is kept.
        self.own = project.software.startswith("eaa-graph")
        self.notes_by_link: dict[str, list[str]] = defaultdict(list)
        self.note_links: set[str] = set()
        for link in project.links:
            for note, target in ((link.origin, link.target), (link.target, link.origin)):
                if note in self.notes and target and target not in self.notes:
                    self.notes_by_link[target].append(note)
                    self.note_links.add(link.guid)

    def where(self, guid: str = "") -> Where:
        return Where(self.project.file, cell=guid)

    def lose(self, item: str, why: str, count: int = 1) -> None:
        self.why[item][why] += count

    def role(self, code: str) -> str:
        return self.roles.get(code, "")

    def is_concept(self, code: Code) -> bool:
        role = self.role(code.guid)
        if role in ("ignore", "heading", *_WORDS):
            return False
        # The code that gives a subtree its role and is never used itself is a heading: "Contexts", or a folder.
        return not (
            code.guid in self.mapping.roles
            and (_NAMES.get(_plain(code.name)) == role or not code.codable)
            and code.guid not in self.used
            and code.guid in self.parents
        )

    def printable(self, text: str) -> str:
        """Return `text` with line feeds for line ends and spaces for what cannot be printed."""
        if text.isprintable():
            return text
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        mended = _UNPRINTABLE.sub(" ", text)
        self.mended += mended != text
        return mended

    def memo(self, *holders: tuple[str, tuple[str, ...]]) -> str:
        """Return the texts of the notes that hang on these things, each once."""
        texts = []
        for guid, notes in holders:
            for note in dict.fromkeys((*notes, *self.notes_by_link.get(guid, ()))):
                if note in self.notes:
                    self.used_notes.add(note)
                    texts.append(self.notes[note].text or self.notes[note].name)
        return "\n\n".join(dict.fromkeys(t.strip() for t in texts if t.strip()))

    def root(self, source: str) -> str:
        own = self.sources.get(source)
        return own.of if own is not None and own.of else source


def _complete(given: dict[str, str], default: dict[str, str]) -> dict[str, str]:
    """Return `given` with the ids of `default` for what it does not name, unlike all others."""
    taken = set(given.values())
    result = dict(given)
    for guid, short in default.items():
        if guid in given:
            continue
        number, unique = 2, short
        while unique in taken:
            unique, number = f"{short}-{number}", number + 1
        taken.add(unique)
        result[guid] = unique
    return result


def apply(project: CodedProject, mapping: Mapping) -> Imported:
    """Map a project onto the sheets of a review.

    Parameters
    ----------
    project : CodedProject
    mapping : Mapping
        What it says nothing of gets a guessed id and no role, with a finding.

    Returns
    -------
    Imported
        The rows of `articles`, `concepts` and `extractions` with the people who coded, and the loss report:
        for every kind of thing how many the file holds, how many were carried, how many not, and why.
    """
    work = _Work(project, mapping)
    _compare(work)
    articles = _articles(work)
    concepts = _concepts(work)
    extractions = _extractions(work)
    people = [_person(work.coder_ids[u.guid], u.name) for u in project.users]
    work.carried["users"] = len(people)
    losses = _account(work)
    about = {"title": mapping.title or project.name, **({"id": mapping.review} if mapping.review else {})}
    review = {"review": about, "people": people}
    sheets = [
        _sheet(work, "articles", articles),
        _sheet(work, "concepts", concepts),
        _sheet(work, "extractions", extractions),
    ]
    if work.mended:
        work.findings.append(
            finding(
                "control-characters",
                work.where(),
                f"{work.mended} texts held characters that cannot be printed; each became a space",
            )
        )
    reading = Reading(
        Path(project.file).stem or project.name,
        tuple(s for s in sheets if s.rows or s.name == "articles"),
        review,
        work.where(),
        (*project.findings, *work.findings),
    )
    return Imported(reading, losses)


def _person(ident: str, name: str) -> dict[str, str]:
    return {"id": ident, "name": name} if name and name != ident else {"id": ident}


def _compare(work: _Work) -> None:
    """Say where mapping and project do not meet."""
    mapping, project = work.mapping, work.project
    for what, table, there in (
        ("code", {**mapping.roles, **mapping.codes, **mapping.words}, set(work.codes)),
        ("source", mapping.sources, set(work.sources)),
        ("coder", mapping.coders, {u.guid for u in project.users}),
    ):
        gone = sorted(set(table) - there)
        if gone:
            work.findings.append(
                finding(
                    "mapping-gap",
                    work.where(),
                    f"the mapping speaks of {len(gone)} {what}(s) that the project does not hold: {_some(gone)}",
                    "Take them out of the mapping, or check that it belongs to this file.",
                )
            )
    for what, names, table in (
        ("codes", {c.guid: c.name for c in project.codes if work.is_concept(c)}, mapping.codes),
        ("sources", {s.guid: s.name for s in project.sources if not s.of}, mapping.sources),
    ):
        new = [names[g] for g in names if table and g not in table]
        if new:
            work.findings.append(
                finding(
                    "mapping-gap",
                    work.where(),
                    f"{len(new)} {what} are not in the mapping and get an id of their own: {_some(new)}",
                    f"Add them to [{'codes' if what == 'codes' else 'sources'}].",
                )
            )
    bare = [c.name for c in project.codes if not work.role(c.guid) and c.guid in work.used]
    if bare:
        work.findings.append(
            finding(
                "mapping-gap",
                work.where(),
                f"{len(bare)} codes in use have no role: {_some(bare)}; their codings are kept as the attribute "
                "codes_without_role",
                "Give them, or a code above them, a role in [roles].",
            )
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


_COLUMN_BY_NAME = {
    _plain(name): column.name
    for column in SHEETS["articles"].columns
    if column.name not in ("id", "phase")
    for name in (column.name, *column.synonyms)
}


_FIXED = frozenset({"id"})
_TRACES = frozenset({"source_guid", "source_file", "source_kind", "code_guid", "selection_guid"})


def _articles(work: _Work) -> list[tuple[str, dict[str, str]]]:
    project = work.project
    variables = {v.guid: v for v in project.variables}
    cases: dict[str, list[str]] = defaultdict(list)
    values: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for source in project.sources:
        values[work.root(source.guid)] += [(v.variable, v.value) for v in source.values]
    for case in project.cases:
        for guid in case.sources:
            cases[guid].append(case.name or case.guid)
            values[guid] += [(v.variable, v.value) for v in case.values]
        if any(g in work.sources for g in case.sources):
            work.carried["cases"] += 1
        else:
            work.lose("cases", "belongs to passages or codes, not to a source")
    groups = work.groups
    for group in project.groups:
        for guid in (*group.sources, *group.codes):
            groups[guid].append(group.name)
        if group.sources or group.codes:
            work.carried["sets"] += 1
        else:
            work.lose("sets", "empty, or a set of notes")
    rows: dict[str, tuple[str, dict[str, str]]] = {}
    for source in project.sources:
        if source.of:
            continue
        ident = work.source_ids.get(source.guid, "")
        if not ident:
            work.lose("sources", "left out by the mapping")
            continue
        work.carried["sources"] += 1
        row = {
            "id": ident,
            "title": "" if work.own else _stem(source),
            "source_guid": source.guid,
            "source_file": source.path or source.name,
            "source_kind": source.kind,
            "description": source.description,
            "memo": work.memo((source.guid, source.notes)),
            "case": "; ".join(dict.fromkeys(cases.get(source.guid, ()))),
            "sets": "; ".join(dict.fromkeys(groups.get(source.guid, ()))),
        }
        for guid, value in values.get(source.guid, ()):
            variable = variables.get(guid)
            name = variable.name if variable and variable.name else guid
            column = _COLUMN_BY_NAME.get(_plain(name), name)
            if column in _FIXED or (column in _TRACES and not work.own):
                column = f"{column} (variable)"
            if row.get(column) and column != "title" and value not in row[column].split("; "):
                row[column] += f"; {value}"
            else:
                row[column] = value
        if ident in rows:
            # Two sources may be one article (text and PDF): the first row stays, what the second adds is added.
            first = rows[ident][1]
            for key, value in row.items():
                if value and not first.get(key):
                    first[key] = value
                elif value and key.startswith("source_") and value not in first[key]:
                    first[key] += f"; {value}"
        else:
            rows[ident] = (source.guid, row)
    for source in project.sources:
        if source.values and work.source_ids.get(work.root(source.guid)):
            work.carried["values"] += len(source.values)
        elif source.values:
            work.lose("values", "of a source that was left out", len(source.values))
    for case in project.cases:
        if any(work.source_ids.get(g) for g in case.sources):
            work.carried["values"] += len(case.values)
        elif case.values:
            work.lose("values", "of a case without a source", len(case.values))
    used = {v.variable for s in project.sources for v in s.values} | {
        v.variable for c in project.cases for v in c.values
    }
    for guid in variables:
        if guid in used:
            work.carried["variables"] += 1
        else:
            work.lose("variables", "nothing has a value of it")
    return list(rows.values())


def _concepts(work: _Work) -> list[tuple[str, dict[str, str]]]:
    groups = work.groups
    rows: dict[str, tuple[str, dict[str, str]]] = {}
    for code in work.project.codes:
        if not work.is_concept(code):
            role = work.role(code.guid)
            if role == "ignore":
                work.lose("codes", "left out by the mapping")
            else:
                work.carried["codes"] += 1  # as the role, the heading or the word it stands for
            continue
        work.carried["codes"] += 1
        role = work.role(code.guid)
        ident = work.code_ids[code.guid]
        parent = work.codes.get(code.parent)
        heading = ""
        if parent is not None and not work.is_concept(parent):
            heading, parent = "" if work.own else parent.name, None
        row = {
            "id": ident,
            "label": code.name,
            "definition": code.description,
            "kind": work.mapping.kinds.get(code.guid, role),
            "broader": work.code_ids[parent.guid] if parent is not None else "",
            "group": heading,
            "code_guid": code.guid,
            "memo": work.memo((code.guid, code.notes)),
            "sets": "; ".join(dict.fromkeys(groups.get(code.guid, ()))),
        }
        if row["broader"] == ident:
            row["broader"] = ""
        if ident in rows:
            first = rows[ident][1]
            for key, value in row.items():
                if value and not first.get(key):
                    first[key] = value
            if row["kind"] != first["kind"] and code.guid not in work.mapping.kinds:
                # One concept in several roles: the codebook lists it for none of them in particular.
                first["kind"] = ""
            first["code_guid"] = "; ".join(dict.fromkeys((*first["code_guid"].split("; "), code.guid)))
        else:
            rows[ident] = (code.guid, row)
    return list(rows.values())


def _extractions(work: _Work) -> list[tuple[str, dict[str, str]]]:
    rows = []
    taken: Counter[str] = Counter()
    for group in _grouped(work):
        article = work.source_ids.get(work.root(group.source), "")
        if not article:
            work.lose("codings", "in a source that was left out", len(group.codings))
            continue
        row = _extraction_row(work, group, article)
        if row is None:
            continue
        taken[row["id"]] += 1
        if taken[row["id"]] > 1:
            row["id"] = f"{row['id']}-{taken[row['id']]}"
        rows.append((group.codings[0].guid, row))
    for selection in work.project.selections:
        if not selection.codings:
            work.lose("selections", "carries no code")
        elif all(work.role(c.code) == "ignore" for c in selection.codings):
            work.lose("selections", "carries only codes that the mapping leaves out")
        elif not work.source_ids.get(work.root(selection.source), ""):
            work.lose("selections", "in a source that was left out")
        else:
            work.carried["selections"] += 1
    return rows


def _earliest(coding: Coding) -> tuple[str, str]:
    return (coding.date or "9", coding.guid)


def _grouped(work: _Work) -> list[_Extraction]:
    """Put together the codings that make one extraction, in the order of the text."""
    pairs: dict[tuple[str, str], list[tuple[Selection | None, Coding]]] = defaultdict(list)
    for whole in work.project.sources:
        for coding in whole.codings:
            pairs[whole.guid, coding.user].append((None, coding))
    for selection in work.project.selections:
        for coding in selection.codings:
            pairs[selection.source, coding.user or selection.user].append((selection, coding))
    result = []
    for (source, coder), members in pairs.items():
        for bundle in _bundles(members, work.mapping.unit):
            kept = [(s, c) for s, c in bundle if work.role(c.code) != "ignore"]
            if len(kept) < len(bundle):
                work.lose("codings", "with codes that the mapping leaves out", len(bundle) - len(kept))
            if not kept:
                continue
            selections = list(dict.fromkeys(s for s, _ in kept if s is not None))
            selections.sort(key=lambda s: (s.position, s.guid))
            codings = sorted((c for _, c in kept), key=_earliest)
            result.append(_Extraction(source, coder, tuple(selections), tuple(codings)))
    return result


_Pair = tuple[Selection | None, Coding]


def _bundles(members: list[_Pair], unit: str) -> list[list[_Pair]]:
    whole = [p for p in members if p[0] is None]
    # Recordings, pictures and pages have no characters; a passage whose place is unknown stands alone.
    keyed: dict[tuple[object, ...], list[_Pair]] = defaultdict(list)
    ranged: list[_Pair] = []
    for pair in members:
        selection = pair[0]
        if selection is None:
            continue
        if unit == "source":
            keyed[("source", selection.name if selection.kind == "arm" else "")].append(pair)
        elif unit == "overlap" and len(selection.position) == 2:
            ranged.append(pair)
        elif unit == "paragraph" and selection.paragraph is not None:
            keyed[("paragraph", selection.paragraph)].append(pair)
        elif selection.position:
            keyed[(selection.kind, *selection.position)].append(pair)
        else:
            keyed[("alone", selection.guid)].append(pair)
    if unit == "source" and whole:
        keyed[("source", "")] += whole
        whole = []
    bundles = [whole] if whole else []
    bundles += keyed.values()
    ranged.sort(key=lambda p: (p[0].position if p[0] else (), p[1].guid))
    current: list[_Pair] = []
    reach = -1
    for pair in ranged:
        start, end = pair[0].position if pair[0] else (0, 0)
        # Passages that only touch do not overlap; an empty passage overlaps what surrounds it.
        if current and start < reach:
            current.append(pair)
            reach = max(reach, end)
            continue
        if current and pair[0] is not None and current[-1][0] is not None and current[-1][0].position == (start, end):
            current.append(pair)
            continue
        if current:
            bundles.append(current)
        current, reach = [pair], end
    if current:
        bundles.append(current)
    return bundles


def _extraction_row(work: _Work, group: _Extraction, article: str) -> dict[str, str] | None:
    by_role: dict[str, list[str]] = defaultdict(list)
    words: dict[str, list[str]] = defaultdict(list)
    bare: list[str] = []
    for coding in group.codings:
        code = work.codes.get(coding.code)
        if code is None:
            work.lose("codings", "of a code that the file does not hold")
            continue
        role = work.role(code.guid)
        work.carried["codings"] += 1
        if role in _WORDS:
            words[role].append(work.mapping.words.get(code.guid) or _plain(code.name))
        elif role in ROLES or role == "theme":
            by_role[role].append(work.code_ids[code.guid])
        else:
            bare.append(code.name)
    if not (by_role or words or bare):
        return None
    first = group.codings[0]
    holders = [(s.guid, s.notes) for s in group.selections] + [(c.guid, c.notes) for c in group.codings]
    described = [s.description for s in group.selections if s.description]
    themes = list(dict.fromkeys(by_role.get("theme", ())))
    row = {
        "id": work.mapping.extractions.get(first.guid, first.guid),
        "article": article,
        "theme": themes[0] if themes else "",
        **{role + "s": " | ".join(sorted(set(by_role.get(role, ())))) for role in ROLES},
        "stance": "",
        "polarity": "",
        "basis": "",
        "activation": "",
        "quote": _quote(group.selections),
        "locator": group.selections[0].name if work.own and group.selections else _locator(group.selections),
        "note": "\n\n".join(t for t in (*described, work.memo(*holders)) if t),
        "coder": work.coder_ids.get(group.coder, group.coder),
        "date": first.date[:10] if re.match(r"\d{4}-\d\d-\d\d", first.date) else "",
        "codes_without_role": "; ".join(dict.fromkeys(bare)),
        "selection_guid": "; ".join(s.guid for s in group.selections),
    }
    for role, found in words.items():
        distinct = list(dict.fromkeys(found))
        row[role] = distinct[0]
        if len(distinct) > 1:
            row["codes_without_role"] = "; ".join(filter(None, [row["codes_without_role"], *distinct[1:]]))
    if len(themes) > 1:
        row["themes_coded"] = "; ".join(themes)
        work.findings.append(
            finding(
                "several-themes",
                work.where(first.guid),
                f"one passage of {article} is coded with the themes {', '.join(themes)}; {themes[0]} is taken",
                "Code the passage once for each theme, or keep the theme that matters.",
            )
        )
    return row


def _quote(selections: tuple[Selection, ...]) -> str:
    """Return the words of passages in their order; what overlaps is not repeated."""
    parts: list[str] = []
    reach = -1
    for selection in selections:
        words = selection.quote
        if not words or not words.strip():
            continue
        if len(selection.position) == 2 and len(words) == selection.position[1] - selection.position[0]:
            start, end = selection.position
            if parts and start <= reach:
                parts[-1] += words[reach - start :] if end > reach else ""
                reach = max(reach, end)
                continue
            reach = end
        parts.append(words)
    return " […] ".join(dict.fromkeys(p.strip() for p in parts))


def _clock(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes:02d}:{rest / 1000:06.3f}"


def _locator(selections: tuple[Selection, ...]) -> str:
    places = []
    for s in selections:
        if s.kind in ("text", "transcript") and len(s.position) == 2:
            places.append(f"characters {s.position[0]}–{s.position[1]}")
        elif s.kind in ("audio", "video") and len(s.position) == 2:
            places.append(f"{_clock(s.position[0])}–{_clock(s.position[1])}")
        elif s.kind == "pdf" and s.position:
            places.append(f"p. {s.position[0]}")
        elif s.kind == "picture" and len(s.position) == 4:
            places.append("area {},{}–{},{}".format(*s.position))
        elif s.name and s.kind != "text":
            places.append(s.name)
    return "; ".join(dict.fromkeys(places))


def _sheet(work: _Work, name: str, rows: list[tuple[str, dict[str, str]]]) -> RawSheet:
    known = [c.name for c in SHEETS[name].columns]
    used: dict[str, None] = {}
    made = []
    for guid, row in rows:
        values = {}
        for key, value in row.items():
            text = work.printable(value).strip()
            if text and not (work.own and key in _TRACES):
                values[work.printable(key).strip() or "unnamed"] = text
        used.update(dict.fromkeys(values))
        made.append(Row(Where(work.project.file, name, 0, "", guid), values))
    headers = [h for h in known if h in used] + [h for h in used if h not in known]
    return RawSheet(name, Where(work.project.file, name), tuple(headers), tuple(made))


# --- the account ----------------------------------------------------------------------------------


def _account(work: _Work) -> Table:
    project = work.project
    work.carried["notes"] = len(work.used_notes)
    hanging = set(project.notes_of_project)
    for note in project.notes:
        if note.guid not in work.used_notes:
            work.lose(
                "notes", "on the project as a whole" if note.guid in hanging else "hangs on nothing that is carried"
            )
    for link in project.links:
        if link.guid in work.note_links and (link.origin in work.used_notes or link.target in work.used_notes):
            work.carried["links"] += 1
        else:
            work.lose("links", "links between codes or passages have no place in a review")
    if project.drawings:
        work.lose(
            "graphs", "drawings have no place in a review; they are made anew from the data", len(project.drawings)
        )
    held = tally(project)
    held["codings"] += held.pop("codings of whole sources")
    held.pop("texts of other sources")
    found = {**held, **dict(project.found)}
    rows: list[tuple[Cell, ...]] = []
    for item in sorted(set(held) | set(found), key=lambda k: list(held).index(k) if k in held else 99):
        total = found.get(item, 0)
        carried = work.carried[item]
        if not total and not carried:
            continue
        reasons = [f"{why} ({count})" for why, count in sorted(work.why[item].items())]
        rest = total - carried - sum(work.why[item].values())
        if rest > 0:
            reasons.append(f"could not be read, see the findings ({rest})")
        elif rest < 0:
            reasons.append(f"{-rest} added so that nothing refers to what is not there")
        rows.append((item, total, carried, total - carried, "; ".join(reasons)))
    if project.drawings or project.links:
        work.findings.append(
            finding(
                "not-carried",
                work.where(),
                "the loss report lists what of the file has no place in a review",
            )
        )
    return Table(
        "losses",
        f"What was carried from {project.file}",
        (
            Column("item", "What", "Kind of thing in the file."),
            Column("found", "In the file", "Counted in the file itself, apart from reading it."),
            Column("carried", "Carried", "How many of them are in the review."),
            Column("not_carried", "Not carried", "In the file less carried."),
            Column("why", "Why", "The reason, with how many."),
        ),
        tuple(rows),
        unit="things of the coded project",
        denominator=f"everything of its kind in {project.file}",
        note="Codings carried include those kept as the attribute codes_without_role. The file itself is not changed.",
    )
