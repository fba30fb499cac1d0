"""Write what eaa-graph is made of, as a software bill of materials in CycloneDX 1.6 (JSON).

    .venv/bin/python scripts/sbom.py                     the core, to the screen
    .venv/bin/python scripts/sbom.py --extra server      with an optional part
    .venv/bin/python scripts/sbom.py --out sbom.json

Tells of every Python package that an installation brings along, as installed here, with version and licence, and of the
JavaScript that the package carries. Equal installations give equal files.
"""

from __future__ import annotations

__all__ = ["CARRIED", "Part", "bill", "installed", "licence_of"]

import argparse
import importlib.metadata as metadata
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

#: JavaScript in the wheel (eaa_graph/site/vendor and eaa_graph/server/vendor): npm name, version, licence.
CARRIED = (
    ("@zazuko/yasgui", "4.6.2", "MIT"),
    ("oxigraph", "0.5.11", "MIT OR Apache-2.0"),
    ("xz-decompress", "0.2.3", "MIT"),
)
#: Licences as packages write them, and as SPDX does.
_SPDX = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}


class Part(NamedTuple):
    """A package that comes along: its name, its version, its licence as an SPDX expression, what it needs itself."""

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(package: metadata.Distribution) -> str:
    """Return the licence that a package names, as an SPDX expression; its own words where they are none we know."""
    told = package.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classified = [c.rpartition("::")[2].strip() for c in told.get_all("Classifier") or [] if c.startswith("License ::")]
    if classified:
        return " OR ".join(sorted({_SPDX.get(c.lower(), c) for c in classified if c != "OSI Approved"}))
    words = (told.get("License") or "").strip().partition("\n")[0]
    return _SPDX.get(words.lower(), words or "not named")


def installed(extras: Iterable[str] = ()) -> list[Part]:
    """Return every package that `pip install eaa-graph` (with these extras) brings along, by name."""
    found: dict[str, Part] = {}

    def follow(name: str, wanted: tuple[str, ...]) -> None:
        package = metadata.distribution(name)
        needs = []
        for text in package.requires or ():
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *wanted)):
                needs.append(need)
        key = _plain(name)
        known = found.get(key)
        names = tuple(sorted({_plain(n.name) for n in needs} | set(known.needs if known else ())))
        if known is not None and known.needs == names:
            return
        found[key] = Part(key, package.version, licence_of(package), names)
        for need in needs:
            follow(need.name, tuple(sorted(need.extras)))

    follow("eaa-graph", tuple(extras))
    return [found[key] for key in sorted(found)]


def bill(extras: Iterable[str] = ()) -> dict[str, Any]:
    """Return the bill of materials as CycloneDX's JSON."""
    parts = installed(extras)
    (own,) = (p for p in parts if p.name == "eaa-graph")

    def component(kind: str, name: str, version: str, licence: str, address: str) -> dict[str, Any]:
        spdx = re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR) [A-Za-z0-9.+-]+)*", licence)
        return {
            "type": kind,
            "bom-ref": address,
            "name": name,
            "version": version,
            "purl": address,
            "licenses": [{"expression": licence}] if spdx else [{"license": {"name": licence}}],
        }

    def of_python(part: Part) -> str:
        return f"pkg:pypi/{part.name}@{part.version}"

    address = {p.name: of_python(p) for p in parts}
    carried = [
        component("library", name, version, licence, f"pkg:npm/{name.replace('@', '%40')}@{version}")
        for name, version, licence in CARRIED
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component("application", own.name, own.version, own.licence, address[own.name])},
        "components": [
            *(component("library", p.name, p.version, p.licence, address[p.name]) for p in parts if p is not own),
            *carried,
        ],
        "dependencies": [
            {
                "ref": address[p.name],
                "dependsOn": [
                    *(address[n] for n in p.needs),
                    *(c["bom-ref"] for c in carried if p is own),
                ],
            }
            for p in parts
        ],
    }


def main() -> None:
    """Write the bill to the screen or to a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--extra", action="append", default=[], help="an optional part; may be given several times")
    parser.add_argument("--out", type=Path, help="the file to write; the screen unless named")
    chosen = parser.parse_args()
    text = json.dumps(bill(chosen.extra), indent=1, ensure_ascii=False) + "\n"
    if chosen.out:
        chosen.out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
