"""Shipped questions: `.rq` files with headers, their parameters, and running them.

A question is one file in ``queries/ask/``. Its header (lines starting with
``#+``, after grlc's convention) says what it asks, of whom, in which unit and
out of what; its parameters are ``VALUES ?name { UNDEF }`` lines, filled with
typed terms only, never with text.
"""

from __future__ import annotations

__all__ = ["WORDS", "Names", "Question", "ask", "filled", "names", "question", "questions", "run", "to_cell"]

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from eaa_graph.errors import BadQuery, EaaError, SharedName, UnknownName
from eaa_graph.resources import folder
from eaa_graph.store import Solutions, Store
from eaa_graph.tables import Cell, Column, Table, Thing
from eaa_graph.vocabulary import EAA, XSD, Literal, Term, data_iri, iri, literal, read_term, split_data_iri

#: Kinds of value a parameter may take, beside the kinds of things of a review.
WORDS = {
    "stance": ("supports", "refines", "challenges"),
    "role": ("context", "intervention", "actor", "resource", "reasoning", "mechanism", "outcome", "theme"),
}
#: Stands for whoever coded without being named: an empty text would mean everybody.
_NOBODY = "\0"
_HEADER = re.compile(r"^#\+ ?(.*)$")
_ENTRY = re.compile(r"^\s*-\s*([a-z_0-9]+)\s*(?:\(([a-z]+)(?:,\s*([^)]*))?\))?\s*:\s*(.+)$")


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One parameter of a question: its name, what it names, what it means, what it is when not given."""

    name: str
    kind: str
    meaning: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One shipped query with all that its header says.

    Attributes
    ----------
    name : str
        File name without suffix; typed after ``eaa-graph ask FOLDER``.
    summary, description : str
        The question in plain words; how it is answered and what the answer cannot show.
    tags : tuple of str
    unit, denominator : str
        What its counts count, out of what.
    parameters : tuple of QueryParameter
    columns : tuple of Column
        Meaning of each column, in the order of the SELECT.
    opens : tuple of str
        Columns that, given to ``extractions-behind`` (or the question named first), find the passages behind a
        row; ``name=value`` gives a parameter the same value for every row.
    severity, fix : str
        For gap queries: how severe a row is, and what to do about it.
    sparql : str
        The query itself, header included.
    """

    name: str
    summary: str
    description: str
    sparql: str
    tags: tuple[str, ...] = ()
    unit: str = ""
    denominator: str = ""
    parameters: tuple[QueryParameter, ...] = ()
    columns: tuple[Column, ...] = ()
    opens: tuple[str, ...] = ()
    severity: str = ""
    fix: str = ""


def _read(path: Path) -> Question:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadQuery(f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    fields: dict[str, str] = {}
    entries: dict[str, list[tuple[str, str, str, str]]] = {"parameters": [], "columns": []}
    key = ""
    for line in text.splitlines():
        match = _HEADER.match(line)
        if match is None:
            continue
        content = match[1]
        started = re.match(r"^([a-z]+):\s*(.*)$", content)
        entry = _ENTRY.match(content)
        if started and not content.startswith(" "):
            key = started[1]
            fields[key] = started[2]
        elif key in entries and entry:
            entries[key].append((entry[1], entry[2] or "", entry[3] or "", entry[4]))
        elif entries.get(key):
            name, kind, default, meaning = entries[key][-1]
            entries[key][-1] = (name, kind, default, f"{meaning} {content.strip()}")
        elif key:
            fields[key] = f"{fields[key]} {content.strip()}".strip()
    if not fields.get("summary"):
        raise EaaError(f"{path.name}: the header lacks '#+ summary:'")
    return Question(
        name=path.stem,
        summary=fields["summary"],
        description=fields.get("description", ""),
        sparql=text,
        tags=tuple(t.strip() for t in fields.get("tags", "").split(",") if t.strip()),
        unit=fields.get("unit", ""),
        denominator=fields.get("denominator", ""),
        parameters=tuple(
            QueryParameter(name, kind or "text", meaning, default.removeprefix("default").strip())
            for name, kind, default, meaning in entries["parameters"]
        ),
        columns=tuple(Column(name, name.replace("_", " "), meaning) for name, _, _, meaning in entries["columns"]),
        opens=tuple(fields.get("opens", "").split()),
        severity=fields.get("severity", ""),
        fix=fields.get("fix", ""),
    )


@cache
def questions(kind: str = "ask") -> dict[str, Question]:
    """Return the shipped queries of one folder (``ask``, ``gaps`` or ``infer``) by name."""
    return {path.stem: _read(path) for path in sorted((folder("queries") / kind).glob("*.rq"))}


def question(name: str, kind: str = "ask") -> Question:
    """Return one shipped query.

    Raises
    ------
    UnknownName
        With the nearest names.
    """
    known = questions(kind)
    if name not in known:
        raise UnknownName("question", name, known)
    return known[name]


# --- names: how things of a review are called --------------------------------------------


@dataclass(frozen=True)
class Names:
    """What the things of one store are called.

    Attributes
    ----------
    base : str
        Base of the review's IRIs.
    preferred_coder : str
        Id, or empty.
    things : dict of str to Thing
        IRI to thing, for everything with an identifier.
    """

    base: str
    preferred_coder: str
    things: dict[str, Thing]
    ids: dict[str, dict[str, str]] = field(default_factory=dict, compare=False)

    def find(self, kind: str, name: str) -> str:
        """Return the IRI of the thing of `kind` whose id or label is `name`.

        Raises
        ------
        UnknownName
            With the nearest ids.
        """
        iri_text = data_iri(self.base, kind, name)
        if iri_text in self.things:
            return iri_text
        ids = self.ids.get(kind, {})
        folded = name.casefold()
        by_label = [i for i, thing in self.things.items() if thing.kind == kind and thing.label.casefold() == folded]
        if len(by_label) == 1:
            return by_label[0]
        if by_label:
            raise SharedName(kind, name, sorted(self.things[i].id for i in by_label))
        raise UnknownName(kind, name, ids)


def names(store: Store) -> Names:
    """Return the names of everything in `store`.

    Raises
    ------
    EaaError
        If the store holds no review.
    """
    found = store.select(
        "SELECT ?review ?id ?base ?coder WHERE { ?review a eaa:Review ; dcterms:identifier ?id ; eaa:baseIri ?base . "
        "OPTIONAL { ?review eaa:preferredCoder ?coder } } ORDER BY ?review"
    )
    if not found.rows:
        raise EaaError("there is no review in this graph")
    _, review_id, base_iri, coder = found.rows[0]
    base = f"{_text(base_iri)}{data_iri('', '', _text(review_id))[1:]}/"
    preferred = split_data_iri(base, _text(coder)) if coder else None
    labelled: dict[str, Thing] = {}
    rows = store.select(
        "SELECT ?thing ?id ?name WHERE { VALUES ?class { eaa:Review eaa:Coder eaa:CodingPhase eaa:Article eaa:Study eaa:Code eaa:CMOConfiguration "
        "eaa:ProgrammeTheory eaa:Claim eaa:ReportedFigure } ?thing a ?class ; dcterms:identifier ?id . "
        "OPTIONAL { ?thing skos:prefLabel ?concept } OPTIONAL { ?thing rdfs:label ?other } BIND(COALESCE(?concept, ?other) AS ?name) } ORDER BY ?thing ?name"
    )
    for thing, identifier, name in rows.rows:
        value = _text(thing)
        parts = split_data_iri(base, value)
        if parts and value not in labelled:
            labelled[value] = Thing(parts[0], _text(identifier), _text(name) if name else _text(identifier))
    ids: dict[str, dict[str, str]] = {}
    for value, thing_ in labelled.items():
        ids.setdefault(thing_.kind, {})[thing_.id] = value
    return Names(base, preferred[1][0] if preferred else "", labelled, ids)


def _text(term: Term | None) -> str:
    value = read_term(term or '""')
    return value.value if isinstance(value, Literal) else value


def to_cell(term: Term | None, known: Names) -> Cell:
    """Return a term as a table cell: a thing of the review, one of the field's words, a number or text."""
    if term is None:
        return None
    value = read_term(term)
    if isinstance(value, Literal):
        if value.datatype == XSD + "integer":
            return int(value.value)
        if value.datatype in (XSD + "decimal", XSD + "double", XSD + "float"):
            return float(value.value)
        if value.datatype == XSD + "boolean":
            return value.value in ("true", "1")
        return value.value
    thing = known.things.get(value)
    if thing is not None:
        return thing
    parts = split_data_iri(known.base, value)
    if parts:
        identifier = " / ".join(p for p in parts[1] if p)
        return Thing(parts[0], parts[1][0] if len(parts[1]) == 1 else identifier, identifier or "not named")
    if value.startswith(EAA) and "-" in value[len(EAA) :]:
        return (
            value[len(EAA) :].partition("-")[2]
            if not value.startswith(EAA + "theory-status-")
            else value[len(EAA) + 14 :]
        )
    return value


# --- running -----------------------------------------------------------------------------------


def _term(parameter: QueryParameter, text: str, known: Names) -> Term:
    kind = parameter.kind
    if kind in WORDS:
        if text not in WORDS[kind]:
            raise UnknownName(kind, text, WORDS[kind])
        return iri(f"{EAA}{kind}-{text}")
    if kind == "number":
        if not re.fullmatch(r"-?\d+", text):
            raise BadQuery(f"{parameter.name} must be a whole number, not {text!r}")
        return literal(text, datatype=XSD + "integer")
    if kind == "text":
        return literal(text)
    if text == _NOBODY:
        return iri(data_iri(known.base, kind, ""))
    if kind == "extraction":  # too many to keep the names of all
        return iri(data_iri(known.base, kind, text))
    return iri(known.find("concept" if kind == "theme" else kind, text))


def filled(asked: Question, given: Mapping[str, str], known: Names) -> str:
    """Return the SPARQL of a question with its parameters filled in by typed terms.

    Raises
    ------
    UnknownName
        If a parameter or the thing it names is not known.
    BadQuery
        If a parameter that the question needs is not given.
    """
    by_name = {p.name: p for p in asked.parameters}
    for name in given:
        if name not in by_name:
            raise UnknownName(f"parameter of {asked.name}", name, by_name)
    sparql = asked.sparql
    for parameter in asked.parameters:
        text = given.get(parameter.name, parameter.default)
        if parameter.kind == "person" and text == "preferred":
            text = known.preferred_coder
        pattern = r"VALUES\s+\?" + parameter.name + r"\s*\{[^}]*\}"
        if text == "required":
            raise BadQuery(f"{asked.name} needs {parameter.name}=...: {parameter.meaning}")
        if text in ("", "all"):
            # `VALUES ?x { UNDEF }` means "anything"; without the line every engine plans the same query better.
            sparql = re.sub(pattern + r"[ \t]*\n?", "", sparql)
            continue
        term = _term(parameter, text, known)
        block = f"VALUES ?{parameter.name} {{ {term} }}"
        sparql, count = re.subn(pattern, block.replace("\\", r"\\"), sparql)
        if not count:
            raise BadQuery(f"{asked.name}: no VALUES ?{parameter.name} {{ UNDEF }} to fill in")
    return sparql


def run(store: Store, asked: Question, given: Mapping[str, str] | None = None, known: Names | None = None) -> Table:
    """Run a question with parameters given as text.

    Parameters
    ----------
    store : Store
    asked : Question
    given : mapping of str to str, optional
        Parameter name to value: an id or label, a word, a number. ``all`` leaves a parameter open.
    known : Names, optional
        From :func:`names`, to save looking them up again.

    Raises
    ------
    UnknownName
        If a parameter or the thing it names is not known.
    """
    given = dict(given or {})
    known = known or names(store)
    answer = _described(asked, store.select(filled(asked, given, known)))
    table = _table(asked, answer, known)

    def opens(row: int, _: str) -> tuple[str, ...]:
        cells = dict(zip(answer.variables, table.rows[row], strict=True))
        direct = cells.get("extraction")
        if isinstance(direct, Thing):
            return (direct.id,)
        if not asked.opens:
            return ()
        # The first word may name another question that lists extractions; else it is the general one.
        elsewhere = asked.opens[0] in questions()
        behind = question(asked.opens[0] if elsewhere else "extractions-behind")
        asked_for: dict[str, str] = {}
        for entry in asked.opens[elsewhere:]:
            name, fixed, value = entry.partition("=")
            if fixed:
                asked_for[name] = value
            elif cells.get(name) is not None:
                asked_for[name] = _as_text(cells[name])
        allowed = {p.name for p in behind.parameters}
        asked_for |= {name: value for name, value in given.items() if name in allowed and name not in asked_for}
        return tuple(
            sorted({c.id for c in run(store, behind, asked_for, known).column("extraction") if isinstance(c, Thing)})
        )

    return replace(table, opens=opens)


def _described(asked: Question, answer: Solutions) -> Solutions:
    """Leave out variables that the header does not describe: they are there for the order of the rows only."""
    described = {c.name for c in asked.columns}
    kept = [i for i, name in enumerate(answer.variables) if name in described or not described]
    if len(kept) == len(answer.variables):
        return answer
    return Solutions(tuple(answer.variables[i] for i in kept), [tuple(row[i] for i in kept) for row in answer.rows])


def _as_text(cell: Cell) -> str:
    return (cell.id or _NOBODY) if isinstance(cell, Thing) else str(cell)


def _table(asked: Question, answer: Solutions, known: Names) -> Table:
    described = {c.name: c for c in asked.columns}
    return Table(
        name=asked.name,
        title=asked.summary,
        columns=tuple(described.get(v, Column(v, v.replace("_", " "))) for v in answer.variables),
        rows=tuple(tuple(to_cell(term, known) for term in row) for row in answer.rows),
        unit=asked.unit,
        denominator=asked.denominator,
        note=asked.description,
    )


def ask(store: Store, name: str, given: Mapping[str, str] | None = None, known: Names | None = None) -> Table:
    """Answer the shipped question `name`; see :func:`run`."""
    return run(store, question(name), given, known)
