"""A Frictionless `datapackage.json` that says what is in the CSV files of a review folder.

References
----------
Data Package v1, https://specs.frictionlessdata.io/data-package/.
"""

from __future__ import annotations

__all__ = ["PART", "describe", "write"]

import csv
import json
import re
from pathlib import Path
from typing import Any

from eaa_graph.errors import Refused
from eaa_graph.model import SHEETS, ColumnSpec, Records
from eaa_graph.writers import Writer
from eaa_graph.writers.whole import write_whole

_TYPES = {"year": "year", "count": "integer"}


def _field(header: str, spec: ColumnSpec | None) -> dict[str, Any]:
    if spec is None:
        return {"name": header, "type": "string", "description": "A column of the review's own."}
    field: dict[str, Any] = {"name": header, "type": _TYPES.get(spec.kind, "string"), "description": spec.meaning}
    constraints: dict[str, Any] = {}
    if spec.required:
        constraints["required"] = True
    if spec.kind == "id" and spec.name == "id":
        constraints["unique"] = True
    if spec.choices:
        constraints["enum"] = list(spec.choices)
    if constraints:
        field["constraints"] = constraints
    return field


def describe(records: Records, folder: Path) -> dict[str, Any]:
    """Return the description of the CSV files in `folder`: resources with a schema for each sheet of a review.

    Columns are those the files have. A cell that names one thing of another sheet becomes a foreign key; lists of ids
    cannot be one in this standard and say so in their description.
    """
    resources = []
    present = {name: folder / f"{name}.csv" for name in SHEETS if (folder / f"{name}.csv").is_file()}
    for name, file in present.items():
        sheet = SHEETS[name]
        with file.open(encoding="utf-8-sig", newline="") as stream:
            headers = next(csv.reader(stream), [])
        specs = {c.name: c for c in sheet.columns}
        schema: dict[str, Any] = {"fields": [_field(h, specs.get(h)) for h in headers]}
        if "id" in headers and "id" in specs:
            schema["primaryKey"] = "id"
        keys = [
            {"fields": h, "reference": {"resource": target if target != name else "", "fields": "id"}}
            for h in headers
            if (spec := specs.get(h)) is not None
            and spec.kind == "ref"
            and len(spec.refers_to) == 1
            and (target := spec.refers_to[0]) in present
            and "id" in {c.name for c in SHEETS[target].columns}
        ]
        if keys:
            schema["foreignKeys"] = keys
        resources.append(
            {
                "name": name,
                "path": f"{name}.csv",
                "title": name.capitalize(),
                "description": sheet.meaning,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": schema,
            }
        )
    review = records.review
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": re.sub(r"[^a-z0-9._-]+", "-", review.id.casefold()).strip("-") or "review",
        "title": review.title,
        "resources": resources,
    }
    if review.question:
        package["description"] = review.question
    if review.licence:
        package["licenses"] = [{"name": review.licence}]
    people = [
        {"title": p.name or p.id, **({"path": f"https://orcid.org/{p.orcid}"} if p.orcid else {})}
        for p in records.people
    ]
    if people:
        package["contributors"] = people
    return package


def write(records: Records, path: Path) -> list[Path]:
    """Write `datapackage.json` into the review folder `path` (or to the file `path`) beside its CSV files.

    Raises
    ------
    Refused
        If there are no CSV files of a review there: the description would describe nothing.
    """
    file = path if path.suffix == ".json" else path / "datapackage.json"
    package = describe(records, file.parent)
    if not package["resources"]:
        raise Refused(f"{file.parent} holds no CSV files of a review; write them first (export --format folder)")
    return [write_whole(file, json.dumps(package, ensure_ascii=False, indent=2) + "\n")]


PART = Writer(
    name="datapackage",
    title="Frictionless data package",
    description="A datapackage.json that describes the CSV files of a review folder.",
    suffix=".json",
    write=write,
)
