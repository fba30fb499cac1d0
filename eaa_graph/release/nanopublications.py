"""One nanopublication for each configuration: what it claims, on what evidence, who says so.

A nanopublication is four graphs: a head that names the other three, the
assertion, where the assertion comes from, and how the nanopublication itself
came about. They are signed when somebody gives a key (:mod:`eaa_graph.release.signing`).

References
----------
Nanopublication guidelines, https://nanopub.net/guidelines/working_draft/.
"""

from __future__ import annotations

__all__ = ["PREFIXES", "faults", "nanopublication", "nanopublications"]

from collections import defaultdict
from collections.abc import Iterable, Mapping

from eaa_graph import __version__
from eaa_graph.model import Configuration
from eaa_graph.release.describing import About, licence_iri
from eaa_graph.release.linked import Triple
from eaa_graph.release.signing import NPX, Signer, sign
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    PROV,
    RDF,
    RDFS,
    SKOS,
    XSD,
    Quad,
    Term,
    data_iri,
    iri,
    iri_value,
    literal,
)

NP = "http://www.nanopub.org/nschema#"
PREFIXES = {"np": NP, "npx": NPX}
_TYPE = iri(RDF + "type")
#: What a concept brings along, so that the assertion can be read by itself.
_OF_CONCEPT = {iri(SKOS + name) for name in ("prefLabel", "definition")}


def nanopublication(
    about: About,
    configuration: Configuration,
    by_subject: Mapping[Term, list[tuple[Term, Term]]],
    evidence: Iterable[Term],
) -> dict[str, list[Triple]]:
    """Return the four graphs of the nanopublication of one configuration, by IRI, the head first.

    Parameters
    ----------
    about : About
    configuration : Configuration
    by_subject : mapping of Term to list of (Term, Term)
        What the release says of everything, without what is inferred.
    evidence : iterable of Term
        The evidence lines that a person asserted for this configuration.
    """
    here = data_iri(about.base, "nanopublication", configuration.id)
    head, assertion, provenance, publication = (
        f"{here}#{part}" for part in ("Head", "assertion", "provenance", "pubinfo")
    )
    claim = iri(data_iri(about.base, "configuration", configuration.id))
    asserted: set[Triple] = {(claim, p, o) for p, o in by_subject.get(claim, []) if p != iri(EAA + "proposedBy")}
    for _, part in by_subject.get(claim, []):
        if part.startswith(f"<{about.base}slot/"):
            asserted |= {(part, p, o) for p, o in by_subject.get(part, [])}
    for _, _, o in tuple(asserted):
        if o.startswith(f"<{about.base}concept/"):
            asserted |= {(o, p, v) for p, v in by_subject.get(o, []) if p in _OF_CONCEPT}
    review = iri(data_iri(about.base, "review", about.records.review.id))
    said = iri(assertion)
    origin: set[Triple] = {(said, iri(PROV + "hadPrimarySource"), review)}
    for line in sorted(evidence):
        origin |= {(line, p, o) for p, o in by_subject.get(line, [])}
        origin.add((said, iri(PROV + "wasDerivedFrom"), line))
    authors = [
        iri(data_iri(about.base, "person", p.id)) for p in about.records.people if _made(configuration, p.id, p.name)
    ]
    for who in authors:
        origin.add((said, iri(PROV + "wasAttributedTo"), who))
    proposed = [o for p, o in by_subject.get(claim, []) if p == iri(EAA + "proposedBy")]
    origin |= {(claim, iri(EAA + "proposedBy"), o) for o in proposed}
    it = iri(here)
    info: set[Triple] = {
        (it, iri(DCTERMS + "created"), literal(f"{about.date}T00:00:00Z", datatype=XSD + "dateTime")),
        (it, iri(DCTERMS + "isPartOf"), iri(about.url)),
        (it, iri(PROV + "wasGeneratedBy"), iri(f"{about.url}prov.ttl#build")),
        (
            it,
            iri(RDFS + "label"),
            literal(f"Configuration {configuration.id} (made with eaa-graph {__version__})", "en"),
        ),
    }
    address = licence_iri(about.licence)
    rights = (iri(DCTERMS + "license"), iri(address)) if address else (iri(DCTERMS + "rights"), literal(about.licence))
    info.add((it, *rights))
    creators = authors or [iri(data_iri(about.base, "person", p.id)) for p in about.records.people]
    info |= {(it, iri(DCTERMS + "creator"), who) for who in creators}
    for who in creators:
        info |= {(who, p, o) for p, o in by_subject.get(who, []) if p in (iri(RDFS + "label"), _TYPE)}
    return {
        head: [
            (it, _TYPE, iri(NP + "Nanopublication")),
            (it, iri(NP + "hasAssertion"), said),
            (it, iri(NP + "hasProvenance"), iri(provenance)),
            (it, iri(NP + "hasPublicationInfo"), iri(publication)),
        ],
        assertion: sorted(asserted),
        provenance: sorted(origin),
        publication: sorted(info),
    }


def _made(configuration: Configuration, identifier: str, name: str | None) -> bool:
    author = (configuration.author or "").casefold()
    return bool(author) and author in (identifier.casefold(), (name or "").casefold())


def nanopublications(
    about: About, quads: Iterable[Quad], signer: Signer | None = None
) -> dict[str, dict[str, list[Triple]]]:
    """Return the nanopublication of every configuration, by its id; signed, if there is somebody who signs."""
    by_subject: dict[Term, list[tuple[Term, Term]]] = defaultdict(list)
    lines: dict[Term, list[Term]] = defaultdict(list)
    matched: set[Term] = set()
    for s, p, o, _ in quads:
        by_subject[s].append((p, o))
        if p == f"<{EAA}evidenceFor>":
            lines[o].append(s)
        if p == f"<{EAA}evidenceOrigin>" and o == f"<{EAA}evidence-matched>":
            matched.add(s)
    made = {
        c.id: nanopublication(
            about,
            c,
            by_subject,
            [line for line in lines[iri(data_iri(about.base, "configuration", c.id))] if line not in matched],
        )
        for c in about.records.configurations
    }
    if signer is None:
        return made
    return {
        identifier: sign(graphs, data_iri(about.base, "nanopublication", identifier), signer)
        for identifier, graphs in made.items()
    }


def faults(quads: Iterable[tuple[Term, Term, Term, Term]]) -> list[str]:
    """Return everything that keeps quads from being one well-formed nanopublication; empty when it is one.

    Checks the rules of the guidelines: one head with exactly one of each of the three links, four graphs with names of
    their own and nothing outside them, none empty, the assertion spoken of in the provenance and the nanopublication
    in the publication information.
    """
    by_graph: dict[str, set[Triple]] = defaultdict(set)
    for s, p, o, g in quads:
        by_graph[iri_value(g) if g else ""].add((s, p, o))
    heads = [
        (graph, s)
        for graph, triples in by_graph.items()
        for s, p, o in triples
        if p == _TYPE and o == f"<{NP}Nanopublication>"
    ]
    if len(heads) != 1:
        return [f"{len(heads)} nanopublications are declared instead of one"]
    head, it = heads[0]
    found = []
    parts: dict[str, str] = {}
    for link in ("hasAssertion", "hasProvenance", "hasPublicationInfo"):
        named = [o for s, p, o in by_graph[head] if s == it and p == f"<{NP}{link}>"]
        if len(named) == 1:
            parts[link] = iri_value(named[0])
        else:
            found.append(f"the head has {len(named)} values for {link} instead of one")
    if found:
        return found
    names = [iri_value(it), head, *parts.values()]
    if len(set(names)) != len(names):
        found.append("the nanopublication and its four graphs do not all have names of their own")
    found += [f"the graph of {link} is empty" for link, graph in parts.items() if not by_graph.get(graph)]
    found += [f"statements lie outside the four graphs, in {g or 'no graph'}" for g in by_graph if g not in names[1:]]
    assertion = f"<{parts['hasAssertion']}>"
    if not any(assertion in (s, o) for s, _, o in by_graph.get(parts["hasProvenance"], ())):
        found.append("the provenance does not speak of the assertion")
    about = by_graph.get(parts["hasPublicationInfo"], set())
    if not any(s == it for s, _, _ in about):
        found.append("the publication information does not speak of the nanopublication")
    for wanted in ("created", "creator"):
        if not any(s == it and p == f"<{DCTERMS}{wanted}>" for s, p, _ in about):
            found.append(f"the publication information does not say dcterms:{wanted}")
    return found
