"""What the text of a measure's parameter chooses: concepts in a role, people, coders who read for themselves."""

from __future__ import annotations

__all__ = [
    "PARTS_OF_A_CONFIGURATION",
    "Coded",
    "coded_in",
    "coders_named",
    "coders_who_read",
    "independent_coders",
    "joined",
    "names_in",
    "role_of",
    "told",
]

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eaa_graph.errors import Refused, UnknownName
from eaa_graph.model import ROLES
from eaa_graph.network import Incidence, Index

#: The parts of a configuration and the roles that tell them: a mechanism may be told in its two halves.
PARTS_OF_A_CONFIGURATION = {"C": ("context",), "M": ("mechanism", "resource", "reasoning"), "O": ("outcome",)}


class Coded(NamedTuple):
    """A concept in a role.

    Attributes
    ----------
    role : str
        One of ``ROLES``.
    concept : int
        Index into ``incidence.concepts``.
    """

    role: str
    concept: int


def names_in(text: str | None, known: Iterable[str] = ()) -> list[str]:
    """Return the names in a list joined by ``|`` or commas, in the order given, once each.

    Parameters
    ----------
    text : str or None
    known : iterable of str
        Names that are taken whole although they hold a comma.

    Examples
    --------
    >>> names_in("dialogue, assets|dialogue")
    ['dialogue', 'assets']
    """
    if text is None:
        return []
    whole = set(known)
    pieces = [piece.strip() for piece in text.split("|")]
    names = [n.strip() for p in pieces for n in ([p] if p in whole else p.split(","))]
    return list(dict.fromkeys(n for n in names if n))


def coded_in(incidence: Incidence, name: str, among: tuple[str, ...] = ROLES) -> Coded:
    """Return the concept and role meant by `name`: an id or label, or ``role:concept``.

    Without a role it is the kind that the codebook lists the concept as, where that is one of
    `among`; otherwise the role of `among` in which most passages code it.

    Raises
    ------
    UnknownName
        If there is no such concept.
    Refused
        If the concept is coded in none of these roles.
    """
    role, colon, rest = name.partition(":")
    if colon and role in ROLES and name not in incidence.concept_index:
        return Coded(role, incidence.concept(rest.strip()))
    number = incidence.concept(name)
    return Coded(role_of(incidence, number, among), number)


def role_of(incidence: Incidence, number: int, among: tuple[str, ...] = ROLES) -> str:
    """Return the role of `among` that concept `number` stands in when none is named.

    Raises
    ------
    Refused
        If the codebook lists it for none of them and nobody coded it in one.
    """
    listed = incidence.concepts[number].listed_as
    if listed is not None and listed in among:
        return listed
    roles = incidence.coding_role[incidence.coding_concept == number]
    counts = {role: int(np.count_nonzero(roles == ROLES.index(role))) for role in among}
    best = max(among, key=lambda role: counts[role])  # the first of ROLES where several are equal
    if not counts[best]:
        wanted = ", ".join(among)
        raise Refused(
            f"nobody coded {incidence.concepts[number].id!r} as {wanted}; say in which role it is meant, as role:concept"
        )
    return best


def coders_who_read(incidence: Incidence) -> tuple[int, ...]:
    """Return everybody who coded a passage or judged a theme, in the order of their ids."""
    numbers = np.unique(np.concatenate([incidence.coder, incidence.reported_coder]))
    people = incidence.records.people
    return tuple(sorted((int(n) for n in numbers if n >= 0), key=lambda n: people[n].id))


def independent_coders(incidence: Incidence) -> tuple[int, ...]:
    """Return the coders who read for themselves: those who adjudicate nobody else's codings."""
    people = incidence.records.people
    return tuple(n for n in coders_who_read(incidence) if not people[n].reads)


def coders_named(incidence: Incidence, text: str | None) -> tuple[int, ...]:
    """Return the people named in a list, in the order given; :func:`independent_coders` for none.

    Raises
    ------
    UnknownName
        If nobody has such an id.
    """
    if not (text or "").strip():
        return independent_coders(incidence)
    known = incidence.coder_index
    found = []
    for name in names_in(text, known):
        if name not in known:
            raise UnknownName("coder", name, known)
        found.append(known[name])
    return tuple(found)


def joined(
    rows: NDArray[np.int64], key: NDArray[np.int64], lines: NDArray[np.int64], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every combination of what each row says so far with the concepts it has in one more part.

    Parameters
    ----------
    rows, key : int arrays
        What is known so far: a row's number (passage or article) and the key of one combination it shows.
    lines : int array of shape (L, 2)
        (row, concept), sorted.
    width : int
        Number of concepts; the new key is ``key * width + concept``.
    """
    starts = np.searchsorted(lines[:, 0], rows, side="left")
    counts = np.searchsorted(lines[:, 0], rows, side="right") - starts
    repeated = np.repeat(np.arange(len(rows)), counts)
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows[repeated], key[repeated] * width + lines[starts[repeated] + within, 1]


def told(incidence: Incidence, parts: Iterable[str]) -> tuple[Index, NDArray[np.int64]]:
    """Return every combination of concepts that a passage tells, one from each part.

    Parameters
    ----------
    incidence : Incidence
    parts : iterable of str
        Of ``C``, ``M`` and ``O``.

    Returns
    -------
    extraction : int32 array
    key : int64 array
        The concepts as digits to the base of the number of concepts, first part first.
    """
    width = max(len(incidence.concepts), 1)
    rows = np.arange(len(incidence), dtype=np.int64)
    key = np.zeros(len(incidence), dtype=np.int64)
    for part in parts:
        roles = [ROLES.index(role) for role in PARTS_OF_A_CONFIGURATION[part]]
        chosen = np.isin(incidence.coding_role, roles)
        lines = np.stack([incidence.coding_extraction[chosen], incidence.coding_concept[chosen]], axis=1)
        rows, key = joined(rows, key, np.unique(lines.astype(np.int64), axis=0).reshape(-1, 2), width)
    return rows.astype(np.int32), key
