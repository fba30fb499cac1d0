"""Descriptions that repositories and tools of other fields read: RO-Crate and Croissant.

References
----------
RO-Crate 1.1, https://www.researchobject.org/ro-crate/specification/1.1/. Croissant 1.0,
https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

from __future__ import annotations

__all__ = ["croissant", "data_package", "ro_crate"]

import csv
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eaa_graph import __version__
from eaa_graph.model import SHEETS
from eaa_graph.release.describing import About, licence_iri
from eaa_graph.vocabulary import ONTOLOGY
from eaa_graph.writers import datapackage

_CROISSANT_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _headers(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream), [])


def _plain(header: str) -> str:
    """Return a header as Croissant can use it in an identifier: no spaces, reversibly."""
    return re.sub(r"[^A-Za-z0-9._-]", lambda m: "".join(f"~{byte:02X}" for byte in m[0].encode()), header)


def _cite(about: About) -> str:
    review = about.records.review
    names = ", ".join(p.name or p.id for p in about.authors)
    return review.citation or f"{names + '. ' if names else ''}{review.title}. {about.date[:4]}. {about.url}"


def croissant(about: About, tables: Mapping[str, Path]) -> str:
    """Return the Croissant description of the tables of a release.

    Parameters
    ----------
    about : About
    tables : mapping of str to Path
        Path in the release to the CSV file itself.
    """
    review = about.records.review
    files, sets = [], []
    for place, file in sorted(tables.items()):
        sheet = SHEETS.get(file.stem)
        meaning = sheet.meaning if sheet else file.stem.replace("_", " ")
        files.append(
            {
                "@type": "cr:FileObject",
                "@id": file.name,
                "name": file.name,
                "description": meaning,
                "contentUrl": place,
                "encodingFormat": "text/csv",
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            }
        )
        specs = {c.name: c for c in sheet.columns} if sheet else {}
        sets.append(
            {
                "@type": "cr:RecordSet",
                "@id": file.stem,
                "name": file.stem,
                "description": meaning,
                **({"key": {"@id": f"{file.stem}/id"}} if "id" in _headers(file) else {}),
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{file.stem}/{_plain(header)}",
                        "name": header,
                        "description": specs[header].meaning if header in specs else "A column of the review's own.",
                        "dataType": "sc:Integer"
                        if header in specs and specs[header].kind in ("year", "count")
                        else "sc:Text",
                        "source": {"fileObject": {"@id": file.name}, "extract": {"column": header}},
                    }
                    for header in _headers(file)
                ],
            }
        )
    creators = [
        {"@type": "sc:Person", "name": p.name or p.id, **({"url": f"https://orcid.org/{p.orcid}"} if p.orcid else {})}
        for p in about.authors
    ]
    year, month, day = about.date.split("-")
    return _text(
        {
            "@context": _CROISSANT_CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            "name": datapackage.describe(about.records, Path("-"))["name"],
            "description": about.description,
            "url": about.url,
            "license": licence_iri(about.licence) or about.licence,
            "datePublished": about.date,
            "version": f"{int(year)}.{int(month)}.{int(day)}",
            "citeAs": _cite(about),
            "inLanguage": review.language,
            "isLiveDataset": False,
            **({"creator": creators} if creators else {}),
            "keywords": ["realist review", "programme theory"],
            "distribution": files,
            "recordSet": sets,
        }
    )


def data_package(about: About, folder: Path) -> str:
    """Return the Frictionless description of the tables in `folder`, with sizes and checksums."""
    package = datapackage.describe(about.records, folder)
    for resource in package["resources"]:
        content = (folder / resource["path"]).read_bytes()
        resource |= {"bytes": len(content), "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    address = licence_iri(about.licence)
    package |= {
        "id": about.url,
        "created": f"{about.date}T00:00:00Z",
        "version": about.date,
        "licenses": [{"name": about.licence, **({"path": address} if address else {})}],
    }
    return _text(package)


def _named(entities: list[dict[str, Any]]) -> dict[str, str] | list[dict[str, str]]:
    """Refer to entities; to one alone without a list around it, as RO-Crate recommends."""
    found = [{"@id": str(entity["@id"])} for entity in entities]
    return found[0] if len(found) == 1 else found


def ro_crate(about: About, files: Mapping[str, tuple[bytes, str, str]], folders: Mapping[str, str]) -> str:
    """Return `ro-crate-metadata.json`.

    Parameters
    ----------
    about : About
    files : mapping of str to (content, media type, title)
        The files described one by one.
    folders : mapping of str to str
        Folders described as a whole: path ending in ``/`` to title.
    """
    review = about.records.review
    people = [
        {
            "@id": f"https://orcid.org/{p.orcid}" if p.orcid else f"#person-{number}",
            "@type": "Person",
            "name": p.name or p.id,
        }
        for number, p in enumerate(about.authors, 1)
    ]
    software = [
        {"@id": f"#software-{number}", "@type": "SoftwareApplication", "name": p.name or p.id}
        for number, p in enumerate((p for p in about.records.people if p.nature == "software"), 1)
    ]
    address = licence_iri(about.licence)
    licence = {"@id": address or "#licence", "@type": "CreativeWork", "name": about.licence}
    maker = {
        "@id": "#eaa-graph",
        "@type": "SoftwareApplication",
        "name": "eaa-graph",
        "softwareVersion": __version__,
    }
    parts = [*sorted(files), *sorted(folders)]
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": review.title,
        "description": about.description,
        "datePublished": about.date,
        "license": {"@id": licence["@id"]},
        "identifier": about.url,
        "inLanguage": review.language,
        "conformsTo": {"@id": ONTOLOGY},
        "creditText": _cite(about),
        "hasPart": [{"@id": part} for part in parts],
        "mentions": {"@id": "#build"},
    }
    if people:
        root["author"] = _named(people)
    if software:
        root["contributor"] = _named(software)
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        licence,
        maker,
        *people,
        *software,
        {"@id": ONTOLOGY, "@type": "CreativeWork", "name": "Ontology of realist reviews"},
        {
            "@id": "#build",
            "@type": "CreateAction",
            "name": "Made from the review's files",
            "instrument": {"@id": "#eaa-graph"},
            "result": [{"@id": part} for part in parts],
        },
    ]
    for path, (content, media, title) in sorted(files.items()):
        graph.append(
            {
                "@id": path,
                "@type": "File",
                "name": title,
                "encodingFormat": media,
                "contentSize": str(len(content)),
                "sha256": hashlib.sha256(content).hexdigest(),
                "license": {"@id": licence["@id"]},
            }
        )
    graph += [{"@id": path, "@type": "Dataset", "name": title} for path, title in sorted(folders.items())]
    return _text({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph})
