"""What a format cannot hold, counted: every value of a review that a writer leaves behind."""

from __future__ import annotations

__all__ = ["losses"]

from collections import Counter

from eaa_graph.model import Records
from eaa_graph.tables import Column, Table


def losses(before: Records, after: Records, title: str) -> Table:
    """Compare a review with what a format carries of it, value by value.

    Parameters
    ----------
    before : Records
        The review.
    after : Records
        What reading the written file back gives (a writer's ``carried(before)``).
    title : str
        Heading of the table.

    Returns
    -------
    Table
        For each sheet and column that holds anything: values in the review, values carried, values not carried.
        A list of three ids counts as one value. Records are matched by their keys; a record that is not
        carried loses all its values.
    """
    had: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    order: dict[tuple[str, str], None] = {}
    for name in type(before).model_fields:
        olds = [before.review] if name == "review" else getattr(before, name)
        news = {r.key: r for r in ([after.review] if name == "review" else getattr(after, name))}
        for old in olds:
            new = news.get(old.key)
            for field in type(old).model_fields:
                value = getattr(old, field)
                if value is None or value == ():
                    continue
                order.setdefault((name, field))
                had[name, field] += 1
                kept[name, field] += new is not None and getattr(new, field) == value
    rows = tuple((s, c, had[s, c], kept[s, c], had[s, c] - kept[s, c]) for s, c in order)
    return Table(
        "losses",
        title,
        (
            Column("sheet", "Sheet"),
            Column("column", "Column"),
            Column("values", "In the review", "Cells that hold something."),
            Column("carried", "Carried", "Cells that come back unchanged."),
            Column("not_carried", "Not carried", "Cells that do not."),
        ),
        rows,
        unit="values (cells that hold something)",
        denominator="all values of the review",
        note="Writing changes nothing in the review itself.",
    )
