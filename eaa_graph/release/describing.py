"""What a release says of itself: VoID, DCAT 3 and PROV.

References
----------
VoID, https://www.w3.org/TR/void/. DCAT 3, https://www.w3.org/TR/vocab-dcat-3/. PROV-O, https://www.w3.org/TR/prov-o/.
"""

from __future__ import annotations

__all__ = ["PREFIXES", "About", "Statements", "built_by", "catalogue", "dataset", "licence_iri", "statistics"]

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eaa_graph import __version__
from eaa_graph.encode import review_base
from eaa_graph.model import Person, Records
from eaa_graph.release.linked import Triple
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    ONTOLOGY,
    OWL,
    PROV,
    RDF,
    RDFS,
    SKOS,
    XSD,
    Quad,
    Term,
    data_iri,
    graph_iri,
    integer,
    iri,
    literal,
)

#: Prefixes of the descriptions, beside those of every file.
PREFIXES: dict[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "void": "http://rdfs.org/ns/void#",
}
_DCAT, _FOAF, _SPDX, _VOID = (PREFIXES[name] for name in ("dcat", "foaf", "spdx", "void"))
_TYPE = iri(RDF + "type")

_LICENCES = {
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "cc-by-sa-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc-by-nc-sa-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "cc-by-nd-4.0": "https://creativecommons.org/licenses/by-nd/4.0/",
    "cc-by-nc-nd-4.0": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    "odbl-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "odc-by-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "pddl-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}


def licence_iri(licence: str) -> str:
    """Return the address of a licence named by its SPDX id (or by its address already); ``""`` if it is not known.

    Examples
    --------
    >>> licence_iri("CC BY 4.0")
    'https://creativecommons.org/licenses/by/4.0/'
    """
    text = licence.strip()
    if text.startswith(("http://", "https://")) and not set(text) & set(' <>"{}|^`\\'):
        return text
    return _LICENCES.get("-".join(text.casefold().replace("-", " ").split()), "")


@dataclass(frozen=True)
class About:
    """What every description of a release repeats.

    Attributes
    ----------
    records : Records
        As published.
    date : str
        YYYY-MM-DD.
    url : str
        Where the release will stand, ending in ``/``; also the IRI of the dataset.
    """

    records: Records
    date: str
    url: str

    @property
    def base(self) -> str:
        """Base of the review's IRIs."""
        return review_base(self.records.review)

    @property
    def licence(self) -> str:
        """The review's licence as named."""
        return self.records.review.licence or ""

    @property
    def authors(self) -> tuple[Person, ...]:
        """The people (not the software) of the review."""
        return tuple(p for p in self.records.people if p.nature != "software")

    @property
    def description(self) -> str:
        """The question, and what the data consist of."""
        r = self.records
        counts = (
            f"{len(r.articles)} articles, {len(r.extractions)} coded extractions, {len(r.concepts)} concepts, "
            f"{len(r.configurations)} configurations and {len(r.theories)} versions of a programme theory, as linked data."
        )
        return f"{r.review.question} {counts}" if r.review.question else counts


class Statements(set[Triple]):
    """Triples being put together."""

    def say(self, subject: str, predicate: str, *values: Term) -> None:
        """Add a statement for each value."""
        for value in values:
            self.add((iri(subject), iri(predicate), value))

    def thing(self, subject: str, *classes: str) -> None:
        """Say of which classes `subject` is."""
        for cls in classes:
            self.add((iri(subject), _TYPE, iri(cls)))


def _day(date: str) -> Term:
    return literal(date, datatype=XSD + "date")


def _licence(found: Statements, subject: str, licence: str) -> None:
    address = licence_iri(licence)
    if address:
        found.say(subject, DCTERMS + "license", iri(address))
    else:
        found.say(subject, DCTERMS + "rights", literal(licence))


def dataset(about: About, *classes: str) -> Statements:
    """Return what VoID, DCAT and the front page all say of the dataset."""
    review = about.records.review
    found = Statements()
    found.thing(about.url, *classes)
    found.say(about.url, DCTERMS + "title", literal(review.title, review.language))
    found.say(about.url, DCTERMS + "description", literal(about.description, "en"))
    found.say(about.url, DCTERMS + "identifier", literal(review.id))
    found.say(about.url, DCTERMS + "issued", _day(about.date))
    found.say(about.url, DCTERMS + "modified", _day(about.date))
    found.say(about.url, DCTERMS + "language", literal(review.language))
    found.say(about.url, DCTERMS + "conformsTo", iri(ONTOLOGY))
    found.say(about.url, DCTERMS + "subject", iri(data_iri(about.base, "review", review.id)))
    for person in about.records.people:
        who = data_iri(about.base, "person", person.id)
        author = person.nature != "software"
        found.say(about.url, DCTERMS + ("creator" if author else "contributor"), iri(who))
        found.thing(who, PROV + ("Person" if author else "SoftwareAgent"))
        found.say(who, RDFS + "label", literal(person.name or person.id))
        if person.orcid:
            found.say(who, OWL + "sameAs", iri(f"https://orcid.org/{person.orcid}"))
    if review.citation:
        found.say(about.url, DCTERMS + "bibliographicCitation", literal(review.citation))
    _licence(found, about.url, about.licence)
    return found


def statistics(about: About, quads: Mapping[str, Iterable[Quad]], dumps: Iterable[str], example: str) -> Statements:
    """Return the VoID description: sizes, vocabularies, classes and properties, named graphs, where the dumps are.

    Parameters
    ----------
    about : About
    quads : mapping of str to iterable of Quad
        By named graph.
    dumps : iterable of str
        Paths of the dumps in the release.
    example : str
        IRI of a thing of the review.
    """
    found = dataset(about, _VOID + "Dataset")
    triples: set[Triple] = set()
    for graph, statements in sorted(quads.items()):
        held = {(q.subject, q.predicate, q.object) for q in statements}
        triples |= held
        found.say(about.url, _VOID + "subset", iri(graph))
        found.thing(graph, _VOID + "Dataset")
        found.say(graph, _VOID + "triples", integer(len(held)))
        name = graph.removeprefix(graph_iri(about.base, "")[:-1])
        found.say(graph, DCTERMS + "title", literal(name))
    classes = Counter(o for _, p, o in triples if p == f"<{RDF}type>")
    properties = Counter(p for _, p, _ in triples)
    subjects = {s for s, _, _ in triples}
    sizes = {
        "triples": len(triples),
        "entities": len({s for s, p, _ in triples if p == f"<{RDF}type>"}),
        "classes": len(classes),
        "properties": len(properties),
        "distinctSubjects": len(subjects),
        "distinctObjects": len({o for _, _, o in triples}),
    }
    for name, size in sizes.items():
        found.say(about.url, _VOID + name, integer(size))
    found.say(about.url, _VOID + "uriSpace", literal(about.base))
    found.say(about.url, _VOID + "exampleResource", iri(example))
    for vocabulary in (EAA, SKOS, PROV, DCTERMS, "http://www.w3.org/ns/oa#"):
        found.say(about.url, _VOID + "vocabulary", iri(vocabulary))
    for path in dumps:
        found.say(about.url, _VOID + "dataDump", iri(about.url + path))
    for feature in ("Turtle", "TriG", "N-Triples", "RDF_XML", "JSON-LD"):
        found.say(about.url, _VOID + "feature", iri(f"http://www.w3.org/ns/formats/{feature}"))
    void = f"{about.url}void.ttl"
    for place, (cls, count) in enumerate(sorted(classes.items())):
        part = f"{void}#class-{place + 1}"
        found.say(about.url, _VOID + "classPartition", iri(part))
        found.say(part, _VOID + "class", cls)
        found.say(part, _VOID + "entities", integer(count))
    for place, (predicate, count) in enumerate(sorted(properties.items())):
        part = f"{void}#property-{place + 1}"
        found.say(about.url, _VOID + "propertyPartition", iri(part))
        found.say(part, _VOID + "property", predicate)
        found.say(part, _VOID + "triples", integer(count))
    found.thing(void, _VOID + "DatasetDescription")
    found.say(void, _FOAF + "primaryTopic", iri(about.url))
    return found


def catalogue(about: About, files: Mapping[str, tuple[bytes, str, str]]) -> Statements:
    """Return the DCAT 3 description: the dataset and a distribution for each file.

    Parameters
    ----------
    about : About
    files : mapping of str to (content, media type, title)
        By path in the release.
    """
    found = dataset(about, _DCAT + "Dataset")
    found.say(about.url, _DCAT + "landingPage", iri(about.url + "index.html"))
    found.say(about.url, _DCAT + "version", literal(about.date))
    for word in ("realist review", "programme theory", "context-mechanism-outcome configuration"):
        found.say(about.url, _DCAT + "keyword", literal(word, "en"))
    for path, (content, media, title) in sorted(files.items()):
        one = about.url + path
        found.say(about.url, _DCAT + "distribution", iri(one))
        found.thing(one, _DCAT + "Distribution")
        found.say(one, DCTERMS + "title", literal(title, "en"))
        found.say(one, _DCAT + "downloadURL", iri(one))
        found.say(one, _DCAT + "accessURL", iri(about.url))
        found.say(one, _DCAT + "mediaType", iri(f"https://www.iana.org/assignments/media-types/{media}"))
        found.say(one, _DCAT + "byteSize", literal(str(len(content)), datatype=XSD + "nonNegativeInteger"))
        found.say(one, DCTERMS + "issued", _day(about.date))
        _licence(found, one, about.licence)
        if media not in ("text/csv", "text/html"):
            found.say(one, DCTERMS + "conformsTo", iri(ONTOLOGY))
        _checksum(found, one, content)
    return found


def _checksum(found: Statements, subject: str, content: bytes, node: str = "") -> None:
    node = node or f"{subject}#sha256"
    found.say(subject, _SPDX + "checksum", iri(node))
    found.thing(node, _SPDX + "Checksum")
    found.say(node, _SPDX + "algorithm", iri(_SPDX + "checksumAlgorithm_sha256"))
    found.say(node, _SPDX + "checksumValue", literal(hashlib.sha256(content).hexdigest(), datatype=XSD + "hexBinary"))


def built_by(about: About, inputs: Iterable[Path], outputs: Iterable[str]) -> Statements:
    """Return the PROV of the build: which files (with checksums) went in, which software made what of them.

    There is no time of day in it, because the same input has to give the same bytes; the date is the release's.
    """
    found = Statements()
    here = f"{about.url}prov.ttl"
    build, software, review = (
        f"{here}#build",
        f"{here}#eaa-graph",
        data_iri(about.base, "review", about.records.review.id),
    )
    found.thing(build, PROV + "Activity")
    found.say(build, RDFS + "label", literal("from the review's files to this release", "en"))
    found.say(build, PROV + "wasAssociatedWith", iri(software))
    found.thing(software, PROV + "SoftwareAgent")
    found.say(software, RDFS + "label", literal(f"eaa-graph {__version__}"))
    found.say(software, OWL + "versionInfo", literal(__version__))
    for path in sorted(inputs):
        one = f"{here}#input-{data_iri('', '', path.name)[1:]}"
        found.thing(one, PROV + "Entity")
        found.say(one, RDFS + "label", literal(path.name))
        _checksum(found, one, path.read_bytes(), f"{one}-sha256")
        found.say(build, PROV + "used", iri(one))
        found.say(about.url, PROV + "wasDerivedFrom", iri(one))
    found.say(build, PROV + "used", iri(ONTOLOGY))
    found.thing(ONTOLOGY, PROV + "Entity")
    found.thing(about.url, PROV + "Entity")
    found.say(about.url, PROV + "wasGeneratedBy", iri(build))
    found.say(about.url, DCTERMS + "issued", _day(about.date))
    found.say(about.url, DCTERMS + "subject", iri(review))
    for output in sorted(outputs):
        found.thing(about.url + output, PROV + "Entity")
        found.say(about.url + output, PROV + "wasGeneratedBy", iri(build))
    for person in about.records.people:
        found.say(about.url, PROV + "wasAttributedTo", iri(data_iri(about.base, "person", person.id)))
    return found
