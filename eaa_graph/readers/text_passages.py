"""Passages of texts: where paragraphs begin, and the plain text of an HTML document."""

from __future__ import annotations

__all__ = ["HtmlText", "paragraph_starts"]

import re
from bisect import bisect_right
from html.parser import HTMLParser
from itertools import accumulate

_BLANK_LINE = re.compile(r"\r?\n[ \t]*\r?\n\s*")
_LINE_END = re.compile(r"\r\n?|\n")
_BLOCKS = frozenset(
    ["p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "br", "blockquote", "pre", "table", "section"]
)
_SKIPPED = frozenset({"script", "style", "head", "title"})


def paragraph_starts(text: str) -> list[int]:
    """Return where paragraphs begin: after blank lines if there are any, else after every line end.

    Examples
    --------
    >>> paragraph_starts("one" + chr(10) + "two")
    [0, 4]
    """
    mark = _BLANK_LINE if re.search(r"\n[ \t]*\r?\n", text) else _LINE_END
    return [0, *(m.end() for m in mark.finditer(text))]


class HtmlText(HTMLParser):
    """The text of an HTML document, without its tags.

    Attributes
    ----------
    text : str
        All character data in order, entities resolved.
    blocks : list of int
        Positions in `text` where a paragraph, heading, list item or row begins.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._length = 0
        self._skipping = 0
        self.blocks = [0]
        self.feed(html)
        self.close()
        self.text = "".join(self._parts)
        self._bytes: list[int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser's
        """Note where blocks begin."""
        self._skipping += tag in _SKIPPED
        if tag in _BLOCKS and self.blocks[-1] != self._length:
            self.blocks.append(self._length)

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not text."""
        if tag in _SKIPPED and self._skipping:
            self._skipping -= 1

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._skipping:
            self._parts.append(data)
            self._length += len(data)

    def at_byte(self, offset: int) -> int:
        """Return the index in `text` of a position counted in bytes of UTF-8."""
        if self._bytes is None:
            self._bytes = [0, *accumulate(len(c.encode("utf-8")) for c in self.text)]
        return bisect_right(self._bytes, offset) - 1
