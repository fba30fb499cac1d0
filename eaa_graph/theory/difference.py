"""What changed between two versions of a programme theory, in the terms of the theory itself.

Any two versions can be compared, related or not. Their configurations (and direct
claims) are first *paired*: as a person says, by id, by the recorded changes, and last
by likeness of content; the pairing and its score are shown with every difference. Then
each pair is compared slot by slot. Every difference carries the reason, the move of
synthesis and the evidence that were recorded for it, or there is a finding that none was.

The order of rows, of concepts within a slot and of alternatives carries no meaning and
never makes a difference.
"""

from __future__ import annotations

__all__ = [
    "KINDS",
    "LIKENESS",
    "Diff",
    "Difference",
    "Edit",
    "Link",
    "apply",
    "canonical",
    "content",
    "diff",
]

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from eaa_graph.errors import UnknownName
from eaa_graph.findings import Finding, Where, finding
from eaa_graph.model import ROLES, Change, Claim, Configuration, Slot, slot_concepts
from eaa_graph.tables import Cell, Column, Table, Thing, many
from eaa_graph.theory.sentences import claim_sentence, listed, sentence, slot_words
from eaa_graph.theory.versions import History, Version

#: Each kind of difference: the sign it is drawn with, its mirror image (what it is called from the later version
#: to the earlier) and what it means.
KINDS: dict[str, tuple[str, str, str]] = {
    "added": ("+", "dropped", "Only in the second version."),
    "dropped": ("-", "added", "Only in the first version."),
    "split": ("~", "merged", "One of the first version became several of the second."),
    "merged": ("~", "split", "Several of the first version became one of the second."),
    "re-roled": ("~", "re-roled", "A concept plays another role."),
    "slot added": ("~", "slot removed", "A slot that was left open is filled."),
    "slot removed": ("~", "slot added", "A slot that was filled is left open."),
    "relinked": ("~", "relinked", "Within a slot, concepts were replaced by others."),
    "concept added": ("~", "concept removed", "Within a slot, concepts were added to those there."),
    "concept removed": ("~", "concept added", "Within a slot, concepts were taken out."),
    "regrouped": ("~", "regrouped", "The same concepts act together or as alternatives in another way."),
    "polarity changed": ("~", "polarity changed", "The outcome is helped, hindered or both in another way."),
    "relation changed": ("~", "relation changed", "A claim joins its concepts by another relation."),
    "reworded": ("~", "reworded", "The author's statement is worded otherwise."),
    "evidence changed": ("~", "evidence changed", "Other passages are said to support or challenge it."),
    "annotated": ("~", "annotated", "Note, author, source or a column of the team's own differ."),
    "renamed": ("=", "renamed", "The same under another id."),
    "unchanged": ("=", "unchanged", "The same in both versions."),
}
#: Kinds that say the same theory still: nobody owes a reason for them.
_NO_REASON_OWED = frozenset({"unchanged", "renamed", "annotated", "evidence changed"})

#: From this likeness on two configurations are taken for one that changed.
LIKENESS = 0.5


class Edit(NamedTuple):
    """One field of a configuration or claim before and after: what :func:`apply` replays."""

    field: str
    before: Any
    after: Any


class Link(NamedTuple):
    """A configuration or claim of the first version and what became of it in the second.

    Attributes
    ----------
    thing : str
        ``configuration`` or ``claim``.
    before, after : str
        Their ids.
    pairing : str
        How they were paired: ``given`` by a person, by ``id``, by ``recorded`` changes, by ``content``.
    score : float
        Likeness of content, 0 to 1: the mean of two Jaccard indices, of concepts in their roles and of concepts
        in any role.
    edits : tuple of Edit
        The fields that differ, in the order of the record.
    recorded : tuple of Change
        The recorded changes that lead from the one to the other.
    """

    thing: str
    before: str
    after: str
    pairing: str
    score: float
    edits: tuple[Edit, ...]
    recorded: tuple[Change, ...]


class Difference(NamedTuple):
    """One difference, in the terms of the theory.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    thing : str
        ``configuration``, ``claim``, or ``concept`` for what is true of the theory as a whole.
    before, after : tuple of str
        Ids in the first and in the second version.
    slot : str
        Role or field that differs; empty for the whole.
    old, new : tuple of str
        What was taken out and put in: concept ids, extraction ids, or words.
    pairing : str
        See :class:`Link`; empty where nothing is paired.
    score : float or None
        Likeness of the pair.
    recorded : tuple of Change
        The recorded changes behind it.
    """

    kind: str
    thing: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    slot: str = ""
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    pairing: str = ""
    score: float | None = None
    recorded: tuple[Change, ...] = ()

    @property
    def sign(self) -> str:
        """``+`` added, ``-`` dropped, ``~`` changed, ``=`` the same."""
        return KINDS[self.kind][0]

    @property
    def reason(self) -> str:
        """The recorded reasons, or empty."""
        return " ".join(_stopped(c.reason) for c in self.recorded if c.reason)

    @property
    def moves(self) -> tuple[str, ...]:
        """The recorded moves of synthesis."""
        return tuple(dict.fromkeys(c.move for c in self.recorded if c.move))

    @property
    def evidence(self) -> tuple[str, ...]:
        """Ids of the extractions recorded as evidence, sorted."""
        return tuple(sorted({e for c in self.recorded for e in c.evidence}))


_Item = Configuration | Claim
_Feature = tuple[str, str]


# --- content ------------------------------------------------------------------------------


def canonical(item: Configuration) -> Configuration:
    """Return the configuration with its slots in a fixed order: order within a slot carries no meaning."""
    return item.model_copy(update={f"{role}s": _canonical_slot(item.slot(role)) for role in ROLES})


def _canonical_slot(slot: Slot) -> Slot:
    return tuple(sorted({tuple(sorted(set(alternative))) for alternative in slot}))


def content(version: Version) -> tuple[tuple[Configuration, ...], tuple[Claim, ...]]:
    """Return what a version holds, in canonical form: configurations and claims by id.

    Two versions with equal content are the same theory under another name and date.
    """
    configurations = tuple(canonical(c) for c in sorted(version.configurations, key=lambda c: c.id))
    # A claim belongs to one version by name; its content does not include that name.
    claims = tuple(c.model_copy(update={"theory": "-"}) for c in sorted(version.claims, key=lambda c: c.id))
    return configurations, claims


_FIELDS: dict[str, tuple[str, ...]] = {
    "configuration": (
        *(role + "s" for role in ROLES),
        "statement",
        "polarity",
        "supporting",
        "challenging",
        "note",
        "author",
        "lint_ok",
        "attributes",
    ),
    "claim": ("from_concepts", "relation", "to_concepts", "statement", "source", "attributes"),
}


def _edits(thing: str, before: _Item, after: _Item) -> tuple[Edit, ...]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _FIELDS[thing])
    return tuple(Edit(name, old, new) for name, old, new in pairs if old != new)


def _features(item: _Item) -> frozenset[_Feature]:
    """Return the concepts of an item, each with the role it plays."""
    if isinstance(item, Claim):
        return frozenset(
            {("from", c) for c in item.from_concepts}
            | {("to", c) for c in item.to_concepts}
            | {("relation", f" {item.relation}")}
        )
    return frozenset((role, concept) for role in ROLES for concept in slot_concepts(item.slot(role)))


def _likeness(first: _Item, second: _Item) -> float:
    a, b = _features(first), _features(second)
    if not a and not b:
        # Nothing but words: only the same words are alike.
        return 1.0 if first.statement == second.statement else 0.0
    concepts_a, concepts_b = {c for _, c in a}, {c for _, c in b}
    return (len(a & b) / len(a | b) + len(concepts_a & concepts_b) / len(concepts_a | concepts_b)) / 2


# --- the difference -----------------------------------------------------------------------


@dataclass(frozen=True)
class Diff:
    """Everything that differs between two versions, and what does not.

    Attributes
    ----------
    before, after : Version
    links : tuple of Link
        The pairing with its patches, by thing and ids.
    added, dropped : tuple of Configuration or Claim
        What is only in the second, only in the first version, in canonical form.
    differences : tuple of Difference
        By thing, then ids, then kind in the order of :data:`KINDS`.
    findings : tuple of Finding
        Differences without a recorded reason; recorded changes that show in no difference.
    labels : mapping
        Concept id to label.
    """

    before: Version
    after: Version
    links: tuple[Link, ...]
    added: tuple[_Item, ...]
    dropped: tuple[_Item, ...]
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]
    labels: Mapping[str, str]

    @property
    def changes(self) -> tuple[Difference, ...]:
        """The differences that are not ``unchanged`` or ``renamed``."""
        return tuple(d for d in self.differences if d.sign != "=")

    def counts(self) -> dict[str, int]:
        """Return how many differences there are of each kind, in the order of :data:`KINDS`; kinds with none are left out."""
        return {kind: n for kind in KINDS if (n := sum(d.kind == kind for d in self.differences))}

    # --- as a table -----------------------------------------------------------------

    def table(self) -> Table:
        """Return one row for each difference; reasons and evidence cells open onto the recorded evidence."""
        rows: list[tuple[Cell, ...]] = [
            (
                d.sign,
                d.kind,
                d.thing,
                tuple(self._thing(d.thing, i) for i in d.before),
                tuple(self._thing(d.thing, i) for i in d.after),
                d.slot or None,
                self._cell(d, d.old),
                self._cell(d, d.new),
                d.pairing or None,
                None if d.score is None else round(d.score, 3),
                d.reason or None,
                ", ".join(d.moves) or None,
                tuple(Thing("extraction", e, e) for e in d.evidence),
                ", ".join(dict.fromkeys(c.by for c in d.recorded if c.by)) or None,
                ", ".join(dict.fromkeys(c.date for c in d.recorded if c.date)) or None,
            )
            for d in self.differences
        ]

        def opens(row: int, column: str) -> tuple[str, ...]:
            difference = self.differences[row]
            if difference.kind == "evidence changed" and column in ("old", "new"):
                return tuple(sorted(set(getattr(difference, column))))
            return difference.evidence if column in ("reason", "move", "evidence") else ()

        return Table(
            name="theory_difference",
            title=f"From {self.before.label} to {self.after.label}",
            columns=(
                Column("sign", "", "+ added, - dropped, ~ changed, = the same"),
                Column("kind", "Difference", "What kind of difference it is"),
                Column("thing", "Of", "configuration, claim, or concept (of the theory as a whole)"),
                Column("before", "Before", f"Ids in {self.before.id}"),
                Column("after", "After", f"Ids in {self.after.id}"),
                Column("slot", "Slot", "Role or field that differs"),
                Column("old", "Taken out"),
                Column("new", "Put in"),
                Column("pairing", "Paired by", "given by a person, id, recorded changes, or likeness of content"),
                Column("score", "Likeness", "0 to 1: mean Jaccard index of concepts in their roles and in any role"),
                Column("reason", "Recorded reason"),
                Column("move", "Move", "Move of synthesis"),
                Column("evidence", "Evidence", "Extractions recorded as having led to the change"),
                Column("by", "Decided by"),
                Column("date", "Date"),
            ),
            rows=tuple(rows),
            unit="differences",
            denominator=(
                f"{many(len(self.before.configurations), 'configuration')} and {many(len(self.before.claims), 'claim')} before, "
                f"{len(self.after.configurations)} and {len(self.after.claims)} after"
            ),
            note=(
                "Likeness only pairs what to compare; it does not say that one account grew out of the other. "
                "Pairs by content can be overruled. Reasons are as recorded; an empty cell means none was."
            ),
            opens=opens,
        )

    def _thing(self, thing: str, name: str) -> Thing:
        return Thing(thing, name, self.labels.get(name, name) if thing == "concept" else name)

    def _cell(self, difference: Difference, values: tuple[str, ...]) -> Cell:
        kind = _holds(difference)
        if kind == "words":
            return " ".join(values) or None
        return tuple(Thing(kind, v, self.labels.get(v, v) if kind == "concept" else v) for v in values)

    # --- as words ----------------------------------------------------------------------

    def prose(self) -> list[str]:
        """Return the difference as plain sentences, the whole first, then one configuration or claim after the other."""
        lines = [self._opening()]
        grouped = self._grouped()
        subjects = dict.fromkeys((d.thing, d.before, d.after) for d in self.differences if d.thing != "concept")
        told: set[tuple[str, str, str]] = set()
        for thing, before, after in subjects:
            found = [d for d in self.differences if (d.thing, d.before, d.after) == (thing, before, after)]
            if found[0].kind in ("split", "merged"):
                verb = "was split into" if found[0].kind == "split" else "were merged into"
                lines.append(f"{listed(list(before))} {verb} {listed(list(after))}.{_why(found[0])}")
                # A pair may be part of a split and of a merger: it is told once.
                pairs = [(thing, x, y) for x in before for y in after if (thing, x, y) not in told]
                told |= set(pairs)
                for _, x, y in pairs:
                    parts = [d for d in self.differences if (d.thing, d.before, d.after) == (thing, (x,), (y,))]
                    lines.append(self._pair(parts, part=True))
            elif found[0].kind in ("added", "dropped"):
                words = _in_words(self._contents[bool(after)][thing, (after or before)[0]], self.labels)
                lines.append(f"{(after or before)[0]} was {found[0].kind}: {words}{_why(found[0])}")
            elif found[0].kind != "unchanged" and (thing, before[0], after[0]) not in grouped:
                lines.append(self._pair(found, part=False))
        for thing in ("configuration", "claim"):
            same = [d.after[0] for d in self.differences if d.thing == thing and d.kind == "unchanged"]
            if same:
                lines.append(f"Unchanged: {_plural(thing, len(same))} {listed(same)}.")
        for kind, words in (("added", "New to the theory as a whole"), ("dropped", "No longer anywhere in the theory")):
            whole = [d for d in self.differences if d.thing == "concept" and d.kind == kind]
            # Concepts that came or went for one and the same reason are named together.
            by_reason: dict[str, list[str]] = {}
            for d in whole:
                by_reason.setdefault(_why(d) if d.recorded else "", []).append(self._named((*d.before, *d.after)))
            lines += [f"{words}: {listed(names)}.{why}" for why, names in by_reason.items()]
        lines += [
            f"In the theory as a whole, {self._named(d.after)} played the role of {listed(list(d.old))} before, "
            f"and of {listed(list(d.new))} after.{_why(d) if d.recorded else ''}"
            for d in self.differences
            if d.thing == "concept" and d.kind == "re-roled"
        ]
        return lines

    def _pair(self, found: Sequence[Difference], part: bool) -> str:
        """Say everything that differs within one pair, and why; the reason of a split or merger is told with it."""
        first = found[0]
        before, after = first.before[0], first.after[0]
        details = [self._detail(d) for d in found if d.kind != "annotated"]
        notes = [d.slot for d in found if d.kind == "annotated"]
        if notes:
            details.append(f"other {' and '.join(notes)}")
        name = after if before == after else f"{before} to {after}"
        if first.pairing == "content" and first.score is not None:
            name += f" (paired by likeness of content, {first.score:.2f})"
        elif first.pairing == "given":
            name += " (paired by hand)"
        owed = any(d.kind not in _NO_REASON_OWED for d in found)
        recorded = first._replace(recorded=_once(c for d in found for c in d.recorded))
        if part:
            shared = {c for g in self.differences if g.kind in ("split", "merged") for c in g.recorded}
            recorded = recorded._replace(recorded=tuple(c for c in recorded.recorded if c not in shared))
        why = _why(recorded) if recorded.recorded or (owed and not part) else ""
        return f"{name}: {'; '.join(details)}.{why}"

    def _detail(self, d: Difference) -> str:
        """Say one difference within a pair; verbs are past and so agree with any label."""
        role = {"from": "start of the claim", "to": "end of the claim"}.get(d.slot, d.slot)
        out, into = self._named(d.old), self._named(d.new)
        if d.kind == "re-roled":
            was, _, now = d.slot.partition(" to ")
            return f"{into} went from {was} to {now}"
        if d.kind in ("slot added", "slot removed"):
            words = self._slot(d, later=d.kind == "slot added")
            done = "filled" if d.kind == "slot added" else "emptied"
            return f"the slot of the {role} was {done} ({words})"
        if d.kind in ("relinked", "concept added", "concept removed"):
            now = self._slot(d, later=True)
            if d.kind == "relinked":
                return f"as {role}, {into} replaced {out} (now: {now})"
            return f"as {role}, {into} joined (now: {now})" if into else f"as {role}, {out} fell away (now: {now})"
        if d.kind == "regrouped":
            return f"the concepts of the {role} were grouped anew: {d.old[0]} became {d.new[0]}"
        if d.kind in ("polarity changed", "relation changed"):
            return f"the {d.slot} changed from {''.join(d.old) or 'not said'} to {''.join(d.new) or 'not said'}"
        if d.kind == "reworded":
            if d.old and d.new:
                return "the author's statement was reworded"
            return "a statement of the author's was added" if d.new else "the author's statement was left out"
        if d.kind == "evidence changed":
            ways = ((d.new, "added"), (d.old, "taken out"))
            parts = [f"{len(ids)} {d.slot} {_plural('passage', len(ids))} {word}" for ids, word in ways if ids]
            return " and ".join(parts)
        return "the same under another id" if d.kind == "renamed" else d.kind

    def _slot(self, d: Difference, later: bool) -> str:
        item = self._contents[later][d.thing, (d.after if later else d.before)[0]]
        if isinstance(item, Claim):
            return self._named(item.from_concepts if d.slot == "from" else item.to_concepts)
        return slot_words(item.slot(d.slot), self.labels)

    def _opening(self) -> str:
        name = f"From {self.before.label} ({self.before.id}) to {self.after.label} ({self.after.id})"
        parts = []
        for thing in ("configuration", "claim"):
            for kind in ("added", "dropped", "split", "merged"):
                found = [d for d in self.differences if d.thing == thing and d.kind == kind]
                count = len({x for d in found for x in d.before}) if kind == "merged" else len(found)
                if count:
                    parts.append(f"{count} {_plural(thing, count)} {kind}")
            grouped = self._grouped()
            changed = {(d.before, d.after) for d in self.changes if d.thing == thing and d.before and d.after}
            alone = [
                pair
                for pair in changed
                if len(pair[0]) == len(pair[1]) == 1 and (thing, pair[0][0], pair[1][0]) not in grouped
            ]
            if alone:
                parts.append(f"{len(alone)} {_plural(thing, len(alone))} changed")
        return f"{name}: {listed(parts)}." if parts else f"{name}: nothing changed."

    @cached_property
    def _contents(self) -> tuple[dict[tuple[str, str], _Item], dict[tuple[str, str], _Item]]:
        """What either version holds, by thing and id."""
        first, second = (
            {(thing, i): item for thing in _THINGS[:2] for i, item in _items(version, thing).items()}
            for version in (self.before, self.after)
        )
        return first, second

    def _grouped(self) -> dict[tuple[str, str, str], str]:
        """Return the pairs (thing, before, after) that belong to a split or merger."""
        return {
            (d.thing, x, y): d.kind
            for d in self.differences
            if d.kind in ("merged", "split")
            for x in d.before
            for y in d.after
        }

    def _named(self, concepts: Sequence[str]) -> str:
        return listed([self.labels.get(c, c) for c in dict.fromkeys(concepts)])

    # --- as data -----------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as plain lists and dictionaries, ready for JSON."""
        return {
            "before": {"id": self.before.id, "label": self.before.label},
            "after": {"id": self.after.id, "label": self.after.label},
            "counts": self.counts(),
            "differences": [
                {
                    "sign": d.sign,
                    "kind": d.kind,
                    "thing": d.thing,
                    "before": list(d.before),
                    "after": list(d.after),
                    "slot": d.slot,
                    "old": list(d.old),
                    "new": list(d.new),
                    "pairing": d.pairing,
                    "score": None if d.score is None else round(d.score, 6),
                    "recorded": [c.model_dump(mode="json", exclude_defaults=True) for c in d.recorded],
                }
                for d in self.differences
            ],
            "findings": [f._asdict() | {"where": str(f.where)} for f in self.findings],
        }

    def picture(self) -> list[dict[str, Any]]:
        """Return the elements of a drawing: one for each concept in a role of each pair, with its sign.

        Returns
        -------
        list of dict
            ``row`` (number of the pair, from 1), ``before`` and ``after`` (ids, empty for none), ``row_sign``,
            ``row_kind`` (split, merged, changed, added, dropped, renamed, unchanged), ``pairing``, ``role``, ``concept``, ``label``,
            ``sign`` (``~`` where the concept changed its role), ``was`` (the role it had), ``reason``. Claims use
            ``from`` and ``to`` as roles. An item without concepts has one element with an empty concept.
        """
        first, second = self._contents
        groups = self._grouped()
        rows: list[tuple[str, str, str, str, str, str]] = []
        for link in self.links:
            kinds = [
                d.kind
                for d in self.differences
                if (d.thing, d.before, d.after) == (link.thing, (link.before,), (link.after,))
            ]
            kind = groups.get((link.thing, link.before, link.after), "")
            kind = kind or ("changed" if any(KINDS[k][0] == "~" for k in kinds) else (kinds or ["unchanged"])[0])
            sign = "=" if kind in ("unchanged", "renamed") else "~"
            rows.append((link.thing, link.before, link.after, sign, kind, link.pairing))
        rows += [(_thing_of(item), "", item.id, "+", "added", "") for item in self.added]
        rows += [(_thing_of(item), item.id, "", "-", "dropped", "") for item in self.dropped]
        rows.sort(key=lambda r: (r[0] != "configuration", r[2] or "\uffff", r[1]))
        picture: list[dict[str, Any]] = []
        for number, (thing, before, after, sign, kind, pairing) in enumerate(rows, start=1):
            reasons = [
                d.reason
                for d in self.differences
                if before in (*d.before, "") and after in (*d.after, "") and d.thing == thing
            ]
            shared = {
                "row": number,
                "thing": thing,
                "before": before,
                "after": after,
                "row_sign": sign,
                "row_kind": kind,
                "pairing": pairing,
                "reason": next((r for r in reasons if r), ""),
            }
            for role, concept, mark, was in _elements(first.get((thing, before)), second.get((thing, after))):
                label = self.labels.get(concept, concept)
                picture.append(shared | {"role": role, "concept": concept, "label": label, "sign": mark, "was": was})
        return picture


def _elements(before: _Item | None, after: _Item | None) -> list[tuple[str, str, str, str]]:
    old = _features(before) if before else frozenset()
    new = _features(after) if after else frozenset()
    moved = {(role, c): was for was, role, c in _moves(old, new)}
    gone = {(was, c) for was, _, c in _moves(old, new)}
    elements = []
    for role, concept in sorted(old | new, key=_by_role):
        if (role, concept) in moved:
            elements.append((role, concept, "~", moved[role, concept]))
        elif (role, concept) not in gone:
            mark = "=" if (role, concept) in old & new else "+" if (role, concept) in new else "-"
            elements.append((role, concept.strip(), mark, ""))
    return elements or [("", "", "=" if before and after else "+" if after else "-", "")]


def _thing_of(item: _Item) -> str:
    return "claim" if isinstance(item, Claim) else "configuration"


_ORDER = {role: n for n, role in enumerate((*ROLES, "from", "relation", "to"))}


def _by_role(feature: _Feature) -> tuple[int, str]:
    return (_ORDER[feature[0]], feature[1])


# --- making it -------------------------------------------------------------------------------


def diff(
    before: Version,
    after: Version,
    past: History | None = None,
    *,
    pairing: Mapping[str, Sequence[str]] | None = None,
    likeness: float = LIKENESS,
) -> Diff:
    """Return the semantic difference of any two versions.

    Parameters
    ----------
    before, after : Version
        They may be unrelated: rivals, neighbours, versions of two reviews that share a codebook.
    past : History, optional
        Gives recorded changes, descent and labels. Without it nothing counts as recorded.
    pairing : mapping, optional
        A person's word on what became of what: id in `before` to ids in `after` (none for dropped); under the
        empty id, what is new. It overrules every other way of pairing for the ids it names.
    likeness : float
        From this likeness of content on, configurations left over are paired.

    Returns
    -------
    Diff

    Raises
    ------
    UnknownName
        If `pairing` names something neither version holds.

    Notes
    -----
    Configurations left over by ids and recorded changes are paired one to one, the most alike first. What is still
    left joins a pair as a split (or, in mirror image, a merger) if it is alike enough and holds part of the old
    content that its partner lost. ``diff(b, a)`` is the mirror image of ``diff(a, b)``.
    """
    story = _Story(before, after, past)
    links: list[Link] = []
    added: list[_Item] = []
    dropped: list[_Item] = []
    given = _given(before, after, pairing or {})
    for thing in ("configuration", "claim"):
        old, new = _items(before, thing), _items(after, thing)
        paired = _pair(old, new, story, given, likeness)
        links += [
            Link(thing, x, y, how, _likeness(old[x], new[y]), _edits(thing, old[x], new[y]), story.between(x, y))
            for (x, y), how in sorted(paired.items())
        ]
        added += [new[y] for y in sorted(new) if not any(y == b for _, b in paired)]
        dropped += [old[x] for x in sorted(old) if not any(x == a for a, _ in paired)]
    differences = _differences(links, added, dropped, story)
    differences += _of_concepts(before, after, story)
    differences.sort(key=_place)
    labels = dict(past.labels) if past else {}
    return Diff(
        before,
        after,
        tuple(links),
        tuple(added),
        tuple(dropped),
        tuple(differences),
        _findings(before, after, differences, story),
        labels,
    )


_THINGS = ("configuration", "claim", "concept")
_KIND_ORDER = {kind: n for n, kind in enumerate(KINDS)}


def _place(
    d: Difference,
) -> tuple[int, tuple[str, ...], bool, tuple[str, ...], int, int, tuple[str, ...], tuple[str, ...]]:
    # What the second version holds comes first, in its order, with where it came from; the dropped come last.
    return (
        _THINGS.index(d.thing),
        d.after or ("\uffff",),
        len(d.before) > 1,
        d.before,
        _KIND_ORDER[d.kind],
        _ORDER.get(d.slot, 99),
        d.old,
        d.new,
    )


def _items(version: Version, thing: str) -> dict[str, _Item]:
    configurations, claims = content(version)
    return {c.id: c for c in configurations} if thing == "configuration" else {c.id: c for c in claims}


def _given(before: Version, after: Version, pairing: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    old = {**_items(before, "configuration"), **_items(before, "claim")}
    new = {**_items(after, "configuration"), **_items(after, "claim")}
    for x, ys in pairing.items():
        if x and x not in old:
            raise UnknownName(f"configuration or claim of {before.id}", x, old)
        for y in ys:
            if y not in new:
                raise UnknownName(f"configuration or claim of {after.id}", y, new)
    return {x: tuple(ys) for x, ys in pairing.items()}


def _pair(
    old: Mapping[str, _Item],
    new: Mapping[str, _Item],
    story: _Story,
    given: Mapping[str, tuple[str, ...]],
    likeness: float,
) -> dict[tuple[str, str], str]:
    """Return which item became which, and how we know."""
    pairs = {(x, y): "given" for x, ys in given.items() if x in old for y in ys if y in new}
    fixed_old = {x for x in given if x in old}
    fixed_new = {y for ys in given.values() for y in ys if y in new}

    def free(x: str, y: str) -> bool:
        return x not in fixed_old and y not in fixed_new

    for x in sorted(old.keys() & new.keys()):
        if free(x, x):
            pairs[x, x] = "id"
    for x in sorted(old):
        for y in sorted(story.became(x) & new.keys()):
            if free(x, y):
                pairs.setdefault((x, y), "recorded")

    scores = _scores(old, new, likeness)
    by_likeness = sorted(scores, key=lambda pair: (-scores[pair], sorted(pair)))
    taken_old = fixed_old | {x for x, _ in pairs} | story.ended & old.keys()
    taken_new = fixed_new | {y for _, y in pairs} | story.began & new.keys()
    one_to_one: dict[tuple[str, str], str] = {}
    for x, y in by_likeness:
        if x not in taken_old and y not in taken_new:
            one_to_one[x, y] = "content"
            taken_old.add(x)
            taken_new.add(y)
    pairs |= one_to_one
    bases = [pair for pair, how in pairs.items() if how != "given"]
    joined: dict[tuple[str, str], str] = {}
    for x, y in by_likeness:
        if (
            y not in taken_new
            and x not in fixed_old
            and any(_divides(old[x], new[b], new[y]) for a, b in bases if a == x)
        ):
            joined[x, y] = "content"
            taken_new.add(y)
        elif (
            x not in taken_old
            and y not in fixed_new
            and any(_divides(new[y], old[a], old[x]) for a, b in bases if b == y)
        ):
            joined[x, y] = "content"
            taken_old.add(x)
    return pairs | joined


def _scores(old: Mapping[str, _Item], new: Mapping[str, _Item], likeness: float) -> dict[tuple[str, str], float]:
    """Return the likeness of every pair that is alike enough; only pairs that share a concept are looked at."""
    holders: dict[str, list[str]] = {}
    for y, item in new.items():
        for _, concept in _features(item) or {("", "")}:
            holders.setdefault(concept, []).append(y)
    scores = {}
    for x, item in old.items():
        near = {y for _, concept in _features(item) or {("", "")} for y in holders.get(concept, ())}
        for y in sorted(near):
            score = _likeness(item, new[y])
            if score >= likeness and score > 0:
                scores[x, y] = score
    return scores


def _divides(whole: _Item, part: _Item, other: _Item) -> bool:
    """Whether `part` and `other` each hold something of `whole` that the other lacks."""
    w, p, o = _features(whole), _features(part), _features(other)
    return bool(w & o - p) and bool(w & p - o)


# --- the recorded story ---------------------------------------------------------------------


class _Story:
    """The recorded changes on the way from one version to the other, and what they say became of what.

    Changes on the way to the second version are read forwards; those on the way to the first (from where the
    two part) backwards.
    """

    def __init__(self, before: Version, after: Version, past: History | None) -> None:
        forwards, backwards = _sides(before, after, past)
        changes = past.changes if past else ()
        self.forward = tuple(c for c in changes if c.theory in forwards)
        self.backward = tuple(c for c in changes if c.theory in backwards)
        self._steps: dict[tuple[str, int], list[tuple[str, int, Change]]] = {}
        for change in self.backward:
            for start in _after(change):
                self._steps.setdefault((start, 0), []).extend((end, 0, change) for end in _before(change))
        for change in self.forward:
            for start in _before(change):
                for stage in (0, 1):
                    self._steps.setdefault((start, stage), []).extend((end, 1, change) for end in _after(change))
        #: What a record says is new in the second version, or gone from the first: never paired by likeness.
        self.began = {y for c in self.forward if not _before(c) for y in _after(c)}
        self.began |= {y for c in self.backward if not _after(c) for y in _before(c)}
        self.ended = {x for c in self.forward if not _after(c) for x in _before(c)}
        self.ended |= {x for c in self.backward if not _before(c) for x in _after(c)}

    def _reached(self, start: str) -> dict[tuple[str, int], list[Change]]:
        found: dict[tuple[str, int], list[Change]] = {}
        ahead: list[tuple[str, int]] = [(start, 0)]
        seen = {(start, 0)}
        while ahead:
            here = ahead.pop()
            for name, stage, change in self._steps.get(here, ()):
                found.setdefault((name, stage), []).append(change)
                if (name, stage) not in seen:
                    seen.add((name, stage))
                    ahead.append((name, stage))
        return found

    def became(self, x: str) -> set[str]:
        """Return every id that, by the record, `x` became on the way."""
        return {name for name, _ in self._reached(x)}

    def between(self, x: str, y: str) -> tuple[Change, ...]:
        """Return the recorded changes on the ways from `x` to `y`; where `x` is `y`, those that name it alone too."""
        reached = self._reached(x)
        steps: list[Change] = []
        ahead = [(y, stage) for stage in (0, 1) if (y, stage) in reached]
        seen = set(ahead)
        while ahead:
            here = ahead.pop()
            for change in reached.get(here, ()):
                steps.append(change)
                # Forward steps end at stage 1 and may have begun at either; backward ones keep to stage 0.
                starts, stages = (_before(change), (0, 1)) if here[1] else (_after(change), (0,))
                for node in ((start, stage) for start in starts for stage in stages):
                    if node in reached and node not in seen:
                        seen.add(node)
                        ahead.append(node)
        return _once(steps)

    def origin(self, y: str) -> tuple[Change, ...]:
        """Return the recorded changes that brought `y` into the second version, or took it out of the first's branch."""
        return _once([c for c in self.forward if y in _after(c)] + [c for c in self.backward if y in _before(c)])

    def end(self, x: str) -> tuple[Change, ...]:
        """Return the recorded changes that took `x` out, or had brought it into the first version's branch."""
        return _once([c for c in self.forward if x in _before(c)] + [c for c in self.backward if x in _after(c)])

    def of_concepts(self, old: Iterable[str], new: Iterable[str]) -> tuple[Change, ...]:
        """Return the recorded changes of concepts that explain taking out `old` and putting in `new`."""
        out, into = set(old), set(new)
        found = []
        for changes, (start, end) in ((self.forward, (out, into)), (self.backward, (into, out))):
            for change in changes:
                first, last = set(_before(change)), set(_after(change))
                if start and end and first and last:
                    fits = bool(first & start) and bool(last & end)
                else:
                    fits = bool((first | last) & (start | end))
                if fits:
                    found.append(change)
        return _once(found)

    @property
    def changes(self) -> tuple[Change, ...]:
        return _once([*self.forward, *self.backward])


def _sides(before: Version, after: Version, past: History | None) -> tuple[set[str], set[str]]:
    """Return the versions whose changes lie on the way to `after`, and those on the way to `before`."""
    if past is None or before.id == after.id:
        return set(), set()
    known = {v.id for v in past.versions}
    above_before = ({before.id} | past.ancestors(before.id)) if before.id in known else {before.id}
    above_after = ({after.id} | past.ancestors(after.id)) if after.id in known else {after.id}
    forwards, backwards = above_after - above_before, above_before - above_after
    if not forwards and not backwards:
        # In a circle of revisions each descends from the other: take the last step to either.
        return {after.id}, {before.id}
    return forwards, backwards


def _before(change: Change) -> tuple[str, ...]:
    return change.before or (() if change.change == "added" else (change.subject,))


def _after(change: Change) -> tuple[str, ...]:
    if change.change == "dropped":
        return change.after
    return change.after or (change.subject,)


def _once(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(dict.fromkeys(changes), key=lambda c: (c.date or "", c.key)))


# --- reading the pairs -----------------------------------------------------------------------


def _differences(
    links: Sequence[Link], added: Sequence[_Item], dropped: Sequence[_Item], story: _Story
) -> list[Difference]:
    found: list[Difference] = []
    for thing in ("configuration", "claim"):
        mine = [link for link in links if link.thing == thing]
        for x in sorted({link.before for link in mine}):
            several = [link for link in mine if link.before == x]
            if len(several) > 1:
                ids = tuple(link.after for link in several)
                found.append(_group("split", thing, (x,), ids, several))
        for y in sorted({link.after for link in mine}):
            several = [link for link in mine if link.after == y]
            if len(several) > 1:
                ids = tuple(link.before for link in several)
                found.append(_group("merged", thing, ids, (y,), several))
    for link in links:
        found += _of_link(link, story)
    for item in added:
        thing = _thing_of(item)
        found.append(Difference("added", thing, (), (item.id,), recorded=story.origin(item.id)))
    for item in dropped:
        thing = _thing_of(item)
        found.append(Difference("dropped", thing, (item.id,), (), recorded=story.end(item.id)))
    return found


def _group(kind: str, thing: str, before: tuple[str, ...], after: tuple[str, ...], links: Sequence[Link]) -> Difference:
    ways = sorted({link.pairing for link in links})
    return Difference(
        kind,
        thing,
        before,
        after,
        pairing=" and ".join(ways),
        recorded=_once(c for link in links for c in link.recorded),
    )


def _moves(old: frozenset[_Feature], new: frozenset[_Feature]) -> list[tuple[str, str, str]]:
    """Return (old role, new role, concept) of every concept that left one role and took another."""
    moves = []
    for concept in sorted({c for _, c in old} & {c for _, c in new}):
        left = sorted((f for f in old - new if f[1] == concept), key=_by_role)
        taken = sorted((f for f in new - old if f[1] == concept), key=_by_role)
        moves += [(was[0], now[0], concept) for was, now in zip(left, taken, strict=False)]
    return moves


def _of_link(link: Link, story: _Story) -> list[Difference]:
    """Read the edits of one pair as differences of the theory."""
    changed = {edit.field: edit for edit in link.edits}
    found: list[Difference] = []

    def add(kind: str, slot: str = "", old: tuple[str, ...] = (), new: tuple[str, ...] = ()) -> None:
        concepts = story.of_concepts(old, new) if slot in _ORDER else ()
        recorded = _once([*link.recorded, *concepts])
        found.append(
            Difference(
                kind, link.thing, (link.before,), (link.after,), slot, old, new, link.pairing, link.score, recorded
            )
        )

    slots = _slots(link.thing, changed)
    old = frozenset((slot, c) for slot, (was, _) in slots.items() for c in slot_concepts(was))
    new = frozenset((slot, c) for slot, (_, now) in slots.items() for c in slot_concepts(now))
    moves = _moves(old, new)
    for start, end, concept in moves:
        add("re-roled", end, (concept,), (concept,))
        found[-1] = found[-1]._replace(slot=f"{start} to {end}")
    for slot, (was_slot, now_slot) in slots.items():
        was, now = set(slot_concepts(was_slot)), set(slot_concepts(now_slot))
        moved_out = {c for start, _, c in moves if start == slot}
        moved_in = {c for _, end, c in moves if end == slot}
        out, into = tuple(sorted(was - now - moved_out)), tuple(sorted(now - was - moved_in))
        if not was_slot or not now_slot:
            kind = "slot removed" if was_slot else "slot added"
            add(kind, slot, tuple(sorted(was)), tuple(sorted(now)))
            continue
        if out and into:
            add("relinked", slot, out, into)
        elif out or into:
            add("concept removed" if out else "concept added", slot, out, into)
        if _kept(was_slot, was & now) != _kept(now_slot, was & now):
            add("regrouped", slot, (_grouped(was_slot),), (_grouped(now_slot),))
    for name, kind in (("polarity", "polarity changed"), ("relation", "relation changed"), ("statement", "reworded")):
        if name in changed:
            add(kind, name, _words(changed[name].before), _words(changed[name].after))
    for name in ("supporting", "challenging"):
        if name in changed:
            edit = changed[name]
            gone, came = set(edit.before) - set(edit.after), set(edit.after) - set(edit.before)
            add("evidence changed", name, tuple(sorted(gone)), tuple(sorted(came)))
    for name in ("note", "author", "source", "lint_ok", "attributes"):
        if name in changed:
            add("annotated", name, _words(changed[name].before), _words(changed[name].after))
    if not found:
        add("unchanged" if link.before == link.after else "renamed")
    return found


def _slots(thing: str, changed: Mapping[str, Edit]) -> dict[str, tuple[Slot, Slot]]:
    """Return the slots that differ, before and after; the ends of a claim count as slots."""
    if thing == "configuration":
        return {r: (changed[r + "s"].before, changed[r + "s"].after) for r in ROLES if r + "s" in changed}
    ends = {"from": "from_concepts", "to": "to_concepts"}
    return {
        end: (_one_slot(changed[name].before), _one_slot(changed[name].after))
        for end, name in ends.items()
        if name in changed
    }


def _one_slot(ids: tuple[str, ...]) -> Slot:
    return (ids,) if ids else ()


def _kept(slot: Slot, concepts: set[str]) -> Slot:
    """Return what a slot says of some of its concepts: which act together, which are alternatives."""
    return _canonical_slot(tuple(a for a in (tuple(c for c in a if c in concepts) for a in slot) if a))


def _grouped(slot: Slot) -> str:
    return " / ".join("|".join(alternative) for alternative in slot)


def _words(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(f"{name}: {text}" for name, text in value)


def _of_concepts(before: Version, after: Version, story: _Story) -> list[Difference]:
    """Return what is true of the theory as a whole: concepts new to it, gone from it, or in other roles throughout."""
    old, new = before.concepts(), after.concepts()
    found = []
    for concept in sorted(old.keys() | new.keys()):
        if concept not in old:
            recorded = story.of_concepts((), (concept,))
            found.append(Difference("added", "concept", (), (concept,), recorded=recorded))
        elif concept not in new:
            recorded = story.of_concepts((concept,), ())
            found.append(Difference("dropped", "concept", (concept,), (), recorded=recorded))
        elif old[concept] != new[concept]:
            roles = [tuple(r for r in ROLES if r in where[concept]) for where in (old, new)]
            recorded = story.of_concepts((concept,), (concept,))
            found.append(
                Difference(
                    "re-roled", "concept", (concept,), (concept,), "roles", roles[0], roles[1], recorded=recorded
                )
            )
    return found


# --- what nobody wrote down ----------------------------------------------------------------


def _findings(before: Version, after: Version, differences: Sequence[Difference], story: _Story) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    where = Where("changes", cell=after.id)
    told: set[tuple[str, tuple[str, ...], tuple[str, ...]]] = set()
    grouped = {(d.thing, x, y) for d in differences if d.kind in ("split", "merged") for x in d.before for y in d.after}
    for d in differences:
        subject = (d.thing, d.before, d.after)
        part_of_group = d.kind not in ("split", "merged") and any(
            (d.thing, x, y) in grouped for x in d.before for y in d.after
        )
        if d.thing == "concept" or d.kind in _NO_REASON_OWED or subject in told or part_of_group:
            continue
        kinds = [
            e.kind for e in differences if (e.thing, e.before, e.after) == subject and e.kind not in _NO_REASON_OWED
        ]
        name = f"{d.thing} {' and '.join(d.after or d.before)}"
        came = f" (from {' and '.join(d.before)})" if d.before and d.before != d.after and d.after else ""
        if not any(e.recorded for e in differences if (e.thing, e.before, e.after) == subject):
            told.add(subject)
            findings.append(
                finding(
                    "change-not-recorded",
                    where,
                    f"From {before.id} to {after.id}: {name}{came}: {listed(list(dict.fromkeys(kinds)))}; no change is recorded.",
                    f"Add a row to the sheet of changes with theory {after.id}, the reason and the evidence.",
                )
            )
        elif not any(c.reason for e in differences if (e.thing, e.before, e.after) == subject for c in e.recorded):
            told.add(subject)
            findings.append(
                finding(
                    "change-without-reason",
                    where,
                    f"From {before.id} to {after.id}: {name}{came}: the recorded change gives no reason.",
                    "Say in the reason column why it was changed.",
                )
            )
    shown = {c for d in differences if d.kind != "unchanged" for c in d.recorded}
    findings += [
        finding(
            "change-shows-no-difference",
            Where("changes", cell=change.theory),
            f"The change recorded as {change.change} of {change.subject} on the way to {change.theory} shows in no "
            f"difference from {before.id} to {after.id}.",
            "Check the ids in the columns subject, from and to; it may also have been undone by a later change.",
        )
        for change in story.changes
        if change not in shown
    ]
    return tuple(findings)


# --- words -------------------------------------------------------------------------------------


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _plural(thing: str, count: int) -> str:
    return thing if count == 1 else f"{thing}s"


def _holds(d: Difference) -> str:
    """Return what `old` and `new` of a difference are: ``concept``, ``extraction`` or ``words``."""
    if d.kind == "evidence changed":
        return "extraction"
    kinds = ("re-roled", "slot added", "slot removed", "relinked", "concept added", "concept removed")
    return "concept" if d.kind in kinds and d.thing != "concept" else "words"


def _why(d: Difference) -> str:
    """Say what was recorded for a difference, or that nothing was."""
    if not d.recorded:
        return " No reason is recorded."
    parts = []
    for change in d.recorded:
        words = f" Reason recorded: {_stopped(change.reason)}" if change.reason else " The record gives no reason."
        details = [f"move: {change.move}"] if change.move else []
        if change.evidence:
            details.append(f"evidence: {listed(list(change.evidence))}")
        if change.by:
            details.append(f"decided by {change.by}")
        if change.date:
            details.append(change.date)
        words += f" ({'; '.join(details)})" if details else ""
        parts.append(words)
    return "".join(parts)


def _in_words(item: _Item, labels: Mapping[str, str]) -> str:
    if isinstance(item, Claim):
        return claim_sentence(item, labels)
    if not _features(item):
        return _stopped(item.statement or "nothing of it is theorised yet")
    return sentence(item, labels)


# --- replaying -----------------------------------------------------------------------------


def apply(difference: Diff, version: Version) -> Version:
    """Return the second version of `difference`, rebuilt from `version` and the recorded edits.

    Parameters
    ----------
    difference : Diff
    version : Version
        The first version of the difference, or one with the same content.

    Returns
    -------
    Version
        With the content (see :func:`content`) of the second version; name, date and people are the second's too.

    Raises
    ------
    UnknownName
        If `version` lacks something that the difference starts from.
    """
    rebuilt: dict[str, dict[str, _Item]] = {"configuration": {}, "claim": {}}
    for item in difference.added:
        rebuilt[_thing_of(item)][item.id] = item
    for link in sorted(difference.links, key=lambda k: (-k.score, k.before)):
        if link.after in rebuilt[link.thing]:
            continue  # a merger: rebuilt already, from the most alike
        base = _items(version, link.thing)
        if link.before not in base:
            raise UnknownName(link.thing, link.before, base)
        update = {"id": link.after} | {edit.field: edit.after for edit in link.edits}
        rebuilt[link.thing][link.after] = base[link.before].model_copy(update=update)
    claims = [c for _, c in sorted(rebuilt["claim"].items()) if isinstance(c, Claim)]
    return replace(
        difference.after,
        configurations=tuple(c for _, c in sorted(rebuilt["configuration"].items()) if isinstance(c, Configuration)),
        claims=tuple(c.model_copy(update={"theory": difference.after.id}) for c in claims),
    )
