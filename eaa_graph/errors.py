"""The exception tree: everything that makes a command stop.

A problem *inside* the input is never an exception: it is a
:class:`eaa_graph.findings.Finding`. An exception means that the work asked for
could not be done at all; the command line prints its message as one line and
exits with :attr:`EaaError.exit_code`.
"""

from __future__ import annotations

__all__ = [
    "BadQuery",
    "BadSettings",
    "EaaError",
    "MissingExtra",
    "Refused",
    "SharedName",
    "StoreUnavailable",
    "UnknownName",
    "UnreadableFile",
]

import difflib
from collections.abc import Iterable

#: Characters of a message: a damaged file can put all of itself into one.
_LONGEST_MESSAGE = 4000


class EaaError(Exception):
    """Root of every error this package raises on purpose.

    Attributes
    ----------
    exit_code : int
        What a command exits with when this error reaches it.
    """

    exit_code = 2

    def __str__(self) -> str:
        """Return the message; of one as long as the file it speaks of, what is wrong and what to do."""
        text = super().__str__()
        return text if len(text) <= _LONGEST_MESSAGE else f"{text[:1000]} … {text[-500:]}"


class UnreadableFile(EaaError):
    """A file or folder that cannot be read at all (missing, locked, encrypted, not what it claims)."""


class UnknownName(EaaError):
    """A name that is not known, with the nearest known names.

    Parameters
    ----------
    what : str
        The kind of thing named: ``"question"``, ``"concept"``, ``"format"``.
    name : str
        The name that was given.
    known : iterable of str
        The names that would have been right.
    """

    def __init__(self, what: str, name: str, known: Iterable[str] = ()) -> None:
        self.what = what
        self.name = name
        self.known = tuple(known)
        message = f"no {what} is called {name!r}"
        near = nearest(name, self.known)
        if near:
            message += f"; did you mean {' or '.join(repr(n) for n in near)}?"
        elif self.known and len(self.known) <= 12:
            message += f"; known: {', '.join(self.known)}"
        super().__init__(message)


class SharedName(UnknownName):
    """A label that several things bear, so that only an id says which of them is meant.

    Parameters
    ----------
    what : str
        The kind of thing named.
    name : str
        The label that was given.
    ids : iterable of str
        The ids of the things that bear it.
    """

    def __init__(self, what: str, name: str, ids: Iterable[str]) -> None:
        self.what = what
        self.name = name
        self.known = tuple(ids)
        either = " or ".join(repr(i) for i in self.known[:5]) + (" …" if len(self.known) > 5 else "")
        EaaError.__init__(self, f"more than one {what} is called {name!r}: say which by its id, {either}")


class BadQuery(EaaError):
    """A SPARQL query or a question's parameter that cannot be run."""


class BadSettings(EaaError):
    """A setting with a value that makes no sense."""


class Refused(EaaError):
    """A computation that would print a number nobody could stand behind; the message says why."""


class StoreUnavailable(EaaError):
    """A store that cannot be opened, reached or written."""


class MissingExtra(EaaError):
    """An optional part is not installed.

    Parameters
    ----------
    purpose : str
        What the user wanted to do.
    extra : str
        The extra that brings it: ``pip install "eaa-graph[extra]"``.
    """

    def __init__(self, purpose: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f'{purpose} needs an optional part: pip install "eaa-graph[{extra}]"')


#: A name longer than this is taken for text.
_LONGEST_NAME = 200


def nearest(name: str, known: Iterable[str], count: int = 2) -> list[str]:
    """Return the known names most like `name`, best first (at most `count`).

    Examples
    --------
    >>> nearest("suports", ["supports", "refines", "challenges"])
    ['supports']
    """
    if len(name) > _LONGEST_NAME:  # a slip of the pen is short, and comparing takes the square of the length
        return []
    by_folded = {k.casefold(): k for k in known if len(k) <= _LONGEST_NAME}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=count, cutoff=0.6)
    return [by_folded[m] for m in matches]
