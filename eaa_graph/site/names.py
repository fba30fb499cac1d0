"""File names of pages: made from any Unicode id, reversible, and safe on every file system and web host.

Windows and macOS take `A.html` and `a.html` for one file, refuse `con.html`, and limit lengths; some hosts
hide names that begin with a dot or an underscore. So a name holds only ``a-z 0-9 - _ ~ =``.
"""

from __future__ import annotations

__all__ = ["anchor", "from_name", "page_name", "safe_name"]

import hashlib
import re
from functools import lru_cache

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]*")
#: Device names that Windows refuses as file names, whatever the suffix.
_RESERVED = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))}
#: Longer names are cut and told apart by a hash: a path of 260 characters is all that Windows may allow.
_LONGEST = 80


@lru_cache(maxsize=1 << 16)
def safe_name(id_: str) -> str:
    """Return the file name (without suffix) of the page of a thing.

    Lower case letters of ASCII, digits, ``-`` and ``_`` stand for themselves, ``~a`` for ``A``, ``=xx`` for any other byte
    of UTF-8. A name that would be longer than 80 characters ends in ``=h`` and a hash instead, and cannot be read back.

    Examples
    --------
    >>> safe_name("P01"), safe_name("trust in staff"), safe_name("con")
    ('~p01', 'trust=20in=20staff', '=63on')
    """
    if len(id_) <= _LONGEST and _PLAIN.fullmatch(id_) and id_ not in _RESERVED:
        return id_
    out = []
    for char in id_:
        if char.isascii() and (char.islower() or char.isdigit() or char in "-_"):
            out.append(char)
        elif char.isascii() and char.isupper():
            out.append("~" + char.lower())
        else:
            out += [f"={byte:02x}" for byte in char.encode()]
    name = "".join(out)
    if name in _RESERVED or name[:1] in "-_":
        name = f"={ord(name[0]):02x}{name[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[:44].rstrip('=~')}=h{hashlib.blake2s(id_.encode(), digest_size=16).hexdigest()}"
    return name


def from_name(name: str) -> str | None:
    """Return the id that a file name stands for; None for one that was cut.

    Examples
    --------
    >>> from_name(safe_name("Ärger & P01"))
    'Ärger & P01'
    """
    if "=h" in name:
        return None
    raw = re.sub(r"~([a-z])", lambda m: m[1].upper(), name).encode()
    return re.sub(rb"=([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), raw).decode()


def page_name(name: str, number: int = 1) -> str:
    """Return the file name of the `number`-th page of a thing, from 1; safe names hold no dot, so none collide."""
    return f"{name}.html" if number == 1 else f"{name}.{number}.html"


def anchor(prefix: str, id_: str) -> str:
    """Return the id of an element about a thing, the same in links to it."""
    return f"{prefix}-{safe_name(id_)}"
