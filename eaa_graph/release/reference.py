"""The ontology's release files and its reference page, made from `ontology/eaa.ttl` and nothing else."""

from __future__ import annotations

__all__ = [
    "PATTERNS",
    "Ontology",
    "Pattern",
    "hierarchy_svg",
    "html",
    "neighbourhood_svg",
    "pattern_lines",
    "pattern_svg",
    "patterns_html",
    "write",
]

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

from eaa_graph.release.layers import Line, drawing
from eaa_graph.release.linked import Triple, jsonld, of_file, turtle
from eaa_graph.release.pages import STYLE, script_json
from eaa_graph.resources import folder
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    ONTOLOGY,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    Literal,
    Term,
    read_term,
)

_MORE_PREFIXES = {
    "bibo": "http://purl.org/ontology/bibo/",
    "obo": "http://purl.obolibrary.org/obo/",
    "vann": "http://purl.org/vocab/vann/",
}
#: Sections of the page: kind of term, its class in OWL, heading.
_KINDS = (
    ("class", OWL + "Class", "Classes"),
    ("object", OWL + "ObjectProperty", "Object properties"),
    ("data", OWL + "DatatypeProperty", "Data properties"),
    ("word", OWL + "NamedIndividual", "Words of fixed lists"),
)
_CHAR = 8.2


@dataclass(frozen=True)
class Ontology:
    """The ontology as the page tells it.

    Attributes
    ----------
    triples : tuple of Triple
    """

    triples: tuple[Triple, ...]

    @classmethod
    def read(cls) -> Ontology:
        """Return the shipped ontology."""
        return cls(of_file(folder("ontology") / "eaa.ttl"))

    @cached_property
    def _by_subject(self) -> dict[str, dict[str, list[Term]]]:
        found: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for s, p, o in self.triples:
            found[str(read_term(s))][str(read_term(p))].append(o)
        return found

    def terms(self, thing: str, predicate: str) -> list[Term]:
        """Return the values of a property."""
        return self._by_subject.get(thing, {}).get(predicate, [])

    def values(self, thing: str, predicate: str) -> list[str]:
        """Return the values of a property as text; blank nodes are left out."""
        read = [read_term(t) for t in self.terms(thing, predicate)]
        return [
            v.value if isinstance(v, Literal) else v for v in read if isinstance(v, Literal) or not v.startswith("_:")
        ]

    def value(self, thing: str, predicate: str) -> str:
        """Return the first value of a property, or nothing."""
        return next(iter(self.values(thing, predicate)), "")

    def pointing(self, predicate: str, thing: str) -> list[str]:
        """Return what points at `thing` with `predicate`."""
        return [
            str(read_term(s)) for s, p, o in self.triples if p == f"<{predicate}>" and o == f"<{thing}>" and s[0] == "<"
        ]

    def of_kind(self, cls: str) -> list[str]:
        """Return the ontology's own terms of a class of OWL, sorted."""
        return sorted(t for t in self.pointing(RDF + "type", cls) if t.startswith(EAA))

    def label(self, thing: str) -> str:
        """Return what a term is called."""
        return self.value(thing, RDFS + "label") or short(thing)

    def chain(self, thing: str) -> list[str]:
        """Return the properties of a property chain, in order."""
        found = []
        node = next(iter(self.terms(thing, OWL + "propertyChainAxiom")), None)
        while node and node != f"<{RDF}nil>":
            found.append(self.value(str(node), RDF + "first"))
            node = next(iter(self.terms(str(node), RDF + "rest")), None)
        return found

    @property
    def version(self) -> str:
        """The number of this version."""
        return self.value(ONTOLOGY, OWL + "versionInfo")


def short(iri: str) -> str:
    """Return a term's short name.

    Examples
    --------
    >>> short("https://w3id.org/eaa/onto#Code")
    'eaa:Code'
    """
    for prefix, space in {**PREFIXES, **_MORE_PREFIXES}.items():
        if iri.startswith(space):
            return f"{prefix}:{iri[len(space) :]}"
    return iri


def _anchor(iri: str) -> str:
    return f"#{iri[len(EAA) :]}" if iri.startswith(EAA) else iri


# --- diagrams ---------------------------------------------------------------------------------


def _box(x: float, y: float, width: float, text: str, own: bool, link: str) -> str:
    dash = "" if own else ' stroke-dasharray="4 3"'
    return (
        f'<a href="{escape(link)}"><rect x="{x:g}" y="{y:g}" width="{width:g}" height="22" rx="3" fill="currentColor" '
        f'fill-opacity="{0.07 if own else 0}" stroke="currentColor"{dash}/><text x="{x + 8:g}" y="{y + 15:g}">{escape(text)}</text></a>'
    )


def _svg(width: float, height: float, title: str, description: str, body: list[str], identifier: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="group" '
        f'aria-labelledby="{identifier}-t {identifier}-d" font-family="system-ui, Arial, sans-serif" font-size="13" fill="currentColor">'
        f'<title id="{identifier}-t">{escape(title)}</title><desc id="{identifier}-d">{escape(description)}</desc>'
        f"{''.join(body)}</svg>"
    )


def hierarchy_svg(onto: Ontology) -> str:
    """Return the tree of classes as a drawing; a class of two parents stands under each of them."""
    parents = {c: onto.values(c, RDFS + "subClassOf") for c in onto.of_kind(OWL + "Class")}
    children: dict[str, list[str]] = defaultdict(list)
    for cls, above in parents.items():
        for one in above:
            children[one].append(cls)
    roots = sorted(c for c in parents if not any(p in parents for p in parents[c]))
    body: list[str] = []
    widest, row = 0.0, 0

    def draw(cls: str, depth: int) -> None:
        nonlocal widest, row
        x, y = 12 + depth * 26, 10 + row * 27
        others = [p for p in parents[cls] if p not in parents]
        width = len(onto.label(cls)) * _CHAR + 16
        body.append(_box(x, y, width, onto.label(cls), True, _anchor(cls)))
        end = x + width
        for other in others:  # what it is a kind of elsewhere
            wide = len(short(other)) * _CHAR + 16
            body.append(
                f'<line x1="{end:g}" y1="{y + 11}" x2="{end + 18:g}" y2="{y + 11}" stroke="currentColor" stroke-opacity=".6"/>'
            )
            body.append(_box(end + 18, y, wide, short(other), False, other))
            end += 18 + wide
        widest = max(widest, end)
        row += 1
        for child in sorted(children[cls]):
            at = 10 + row * 27 + 11
            body.append(
                f'<path d="M{x + 10:g} {y + 22}V{at}H{x + 26:g}" fill="none" stroke="currentColor" stroke-opacity=".6"/>'
            )
            draw(child, depth + 1)

    for root in roots:
        draw(root, 0)
    description = "Indented: sub-class. Dashed boxes: classes of other vocabularies that the class is a kind of."
    return _svg(widest + 12, 20 + row * 27, "Classes of the ontology", description, body, "hierarchy")


def neighbourhood_svg(onto: Ontology, cls: str) -> str:
    """Return one class with the object properties that lead to it (left) and from it (right); ``""`` if there are none."""
    properties = onto.of_kind(OWL + "ObjectProperty")
    out = [(p, onto.value(p, RDFS + "range")) for p in properties if onto.value(p, RDFS + "domain") == cls]
    into = [(p, onto.value(p, RDFS + "domain")) for p in properties if onto.value(p, RDFS + "range") == cls]
    into = [(p, c) for p, c in into if c != cls]
    if not out and not into:
        return ""

    def width(text: str) -> float:
        return len(text) * _CHAR + 16

    left = max((width(onto.label(c)) for _, c in into), default=0.0)
    left_line = max((width(short(p)) for p, _ in into), default=0.0) + (16 if into else 0)
    right_line = max((width(short(p)) for p, _ in out), default=0.0) + (16 if out else 0)
    right = max((width(onto.label(c)) for _, c in out), default=0.0)
    centre = width(onto.label(cls))
    rows = max(len(into), len(out))
    middle = 10 + (rows - 1) * 14.0
    x0 = 10 + left + left_line
    x1 = x0 + centre
    body = [_box(x0, middle, centre, onto.label(cls), True, _anchor(cls))]

    def arrow(x: float, y: float) -> str:
        return f'<path d="M{x:g} {y:g}l-7 -4v8z" fill="currentColor"/>'

    for number, (p, c) in enumerate(into):
        y = 10 + number * 28.0
        wide = width(onto.label(c))
        body.append(_box(10 + left - wide, y, wide, onto.label(c), c.startswith(EAA), _anchor(c)))
        body.append(
            f'<path d="M{10 + left:g} {y + 11:g}H{x0 - 14:g}L{x0:g} {middle + 11:g}" fill="none" stroke="currentColor" stroke-opacity=".6"/>'
            f'<a href="{_anchor(p)}"><text x="{14 + left:g}" y="{y + 7:g}" font-size="11.5">{escape(short(p))}</text></a>'
        )
    if into:
        body.append(arrow(x0, middle + 11))
    for number, (p, c) in enumerate(out):
        y = 10 + number * 28.0
        end = x1 + right_line
        body.append(
            f'<path d="M{x1:g} {middle + 11:g}L{x1 + 14:g} {y + 11:g}H{end:g}" fill="none" stroke="currentColor" stroke-opacity=".6"/>{arrow(end, y + 11)}'
            f'<a href="{_anchor(p)}"><text x="{x1 + 17:g}" y="{y + 7:g}" font-size="11.5">{escape(short(p))}</text></a>'
        )
        body.append(_box(end, y, width(onto.label(c)), onto.label(c), c.startswith(EAA), _anchor(c)))
    told = f"{len(into)} properties lead to {onto.label(cls)}, {len(out)} lead from it."
    return _svg(
        x1 + right_line + right + 10,
        16 + rows * 28,
        f"Around {onto.label(cls)}",
        told,
        body,
        f"around-{cls[len(EAA) :]}",
    )


@dataclass(frozen=True)
class Pattern:
    """Classes that are used together, drawn with what joins them.

    Attributes
    ----------
    key, title, told : str
        Id on the page, heading, and what it is good for.
    classes : tuple of str
        Local names in reading order. Only this choice is made here: what joins them is read from the ontology.
    """

    key: str
    title: str
    told: str
    classes: tuple[str, ...]


PATTERNS = (
    Pattern(
        "core-pattern",
        "From article to programme theory",
        "A passage of an article is coded with contexts, mechanisms and outcomes; configurations join these and "
        "make up a version of the programme theory, which refinements change.",
        ("Article", "CodedExtraction", "Context", "Mechanism", "Outcome", "CMOConfiguration", "ProgrammeTheory", "Refinement"),
    ),
    Pattern(
        "evidence-pattern",
        "Evidence and who vouches for it",
        "A line of evidence says which coded extraction bears on which configuration, which way and how that is known; "
        "extractions are coded, and items of evidence appraised, by somebody.",
        (
            "CMOConfiguration",
            "EvidenceLine",
            "EvidenceOrigin",
            "Completeness",
            "CodedExtraction",
            "Stance",
            "Article",
            "Study",
            "EvidenceItem",
            "Appraisal",
            "Coder",
        ),
    ),
)  # fmt: skip


def pattern_lines(onto: Ontology, pattern: Pattern) -> list[Line]:
    """Return what joins the classes of a pattern: object properties by domain and range, and sub-class.

    Of two inverse properties the one that states its inverse is returned; a property whose domain is wider than what
    carries it (`schema:domainIncludes`) is returned for each class that carries it.
    """
    chosen = {EAA + name for name in pattern.classes} & set(onto.of_kind(OWL + "Class"))
    found = []
    for p in onto.of_kind(OWL + "ObjectProperty"):
        stated = set(onto.values(p, OWL + "inverseOf"))
        by_others = set(onto.pointing(OWL + "inverseOf", p))
        if "true" in onto.values(p, OWL + "deprecated") or any(o not in stated or o < p for o in by_others):
            continue
        carriers = onto.values(p, SCHEMA + "domainIncludes") or onto.values(p, RDFS + "domain")
        found += [
            Line(c, r, onto.label(p), _anchor(p))
            for c in carriers
            for r in onto.values(p, RDFS + "range")
            if {c, r} <= chosen
        ]
    for c in sorted(chosen):
        found += [
            Line(c, above, "kind of", dashed=True) for above in onto.values(c, RDFS + "subClassOf") if above in chosen
        ]
    return found


def pattern_svg(onto: Ontology, pattern: Pattern) -> str:
    """Return the drawing of a pattern; its description says every line in words."""
    known = set(onto.of_kind(OWL + "Class"))
    things = {c: (onto.label(c), _anchor(c)) for c in (EAA + name for name in pattern.classes) if c in known}
    lines = pattern_lines(onto, pattern)
    told = "; ".join(f"{onto.label(line.start)} {line.name} {onto.label(line.end)}" for line in lines)
    return drawing(things, lines, pattern.key, pattern.title, f"{told}.")


def patterns_html(onto: Ontology) -> str:
    """Return the sections of a page that draw the patterns; a class that the ontology lacks is left out."""
    return "".join(
        f'<h2 id="section-{p.key}">{escape(p.title)}</h2>\n<p>{escape(p.told)}</p>\n<figure>{pattern_svg(onto, p)}'
        '<figcaption class="soft">Lines are properties, from what carries them to what they point at; the inverse of one '
        "is not drawn. Dashed: sub-class.</figcaption></figure>\n"
        for p in PATTERNS
        if pattern_lines(onto, p)
    )


# --- the page -------------------------------------------------------------------------------------


def _links(onto: Ontology, things: list[str]) -> str:
    shown = []
    for thing in sorted(things):
        text = onto.label(thing) if thing.startswith(EAA) else short(thing)
        title = "" if text == short(thing) else f' <span class="soft">{escape(short(thing))}</span>'
        if thing.startswith(("http://", "https://")):
            shown.append(f'<a href="{escape(_anchor(thing))}">{escape(text)}</a>{title}')
        else:
            shown.append(escape(text))
    return ", ".join(shown)


def _entry(onto: Ontology, kind: str, term: str) -> str:
    rows: list[tuple[str, str]] = []

    def texts(name: str, predicate: str) -> None:
        found = onto.values(term, predicate)
        if found:
            rows.append((name, "<br>".join(escape(v) for v in found)))

    def things(name: str, found: list[str]) -> None:
        if found:
            rows.append((name, _links(onto, found)))

    texts("definition", SKOS + "definition")
    texts("example", SKOS + "example")
    texts("scope note", SKOS + "scopeNote")
    texts("history", SKOS + "historyNote")
    sources = onto.values(term, DCTERMS + "source")
    if sources:
        rows.append(("source", "<br>".join(f'<a href="{escape(s)}">{escape(s)}</a>' for s in sources)))
    if kind == "class":
        things("sub-class of", onto.values(term, RDFS + "subClassOf"))
        things("has sub-classes", onto.pointing(RDFS + "subClassOf", term))
        things("in the domain of", onto.pointing(RDFS + "domain", term))
        things("may carry", onto.pointing(SCHEMA + "domainIncludes", term))
        things("in the range of", onto.pointing(RDFS + "range", term))
        things("words", onto.pointing(RDF + "type", term))
    elif kind in ("object", "data"):
        types = [t for t in onto.values(term, RDF + "type") if not t.endswith(("ObjectProperty", "DatatypeProperty"))]
        things("characteristics", types)
        things("domain", onto.values(term, RDFS + "domain"))
        things("carried by", onto.values(term, SCHEMA + "domainIncludes"))
        things("range", onto.values(term, RDFS + "range"))
        things("sub-property of", onto.values(term, RDFS + "subPropertyOf"))
        things("has sub-properties", onto.pointing(RDFS + "subPropertyOf", term))
        things("inverse", sorted({*onto.values(term, OWL + "inverseOf"), *onto.pointing(OWL + "inverseOf", term)}))
        chain = onto.chain(term)
        if chain:
            rows.append(("follows from the chain", " then ".join(_links(onto, [c]) for c in chain)))
    else:
        things("word of", [t for t in onto.values(term, RDF + "type") if t.startswith(EAA)])
    if "true" in onto.values(term, OWL + "deprecated"):
        rows.append(("status", "deprecated: kept so that old data can be read; do not use it in new data"))
    figure = neighbourhood_svg(onto, term) if kind == "class" else ""
    cells = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in rows)
    return (
        f'<section id="{escape(term[len(EAA) :])}"><h3>{escape(onto.label(term))} <code class="soft">{escape(short(term))}</code></h3>'
        f'<p class="soft"><code>{escape(term)}</code></p><table><tbody>{cells}</tbody></table>'
        f"{f'<figure>{figure}</figure>' if figure else ''}</section>"
    )


def html(onto: Ontology, files: dict[str, str]) -> str:
    """Return the reference page.

    Parameters
    ----------
    onto : Ontology
    files : dict of str to str
        Release files to link to: path relative to the page, to what it is.
    """

    def tree(cls: str) -> str:
        below = sorted(c for c in onto.pointing(RDFS + "subClassOf", cls) if c.startswith(EAA))
        inner = f"<ul>{''.join(tree(c) for c in below)}</ul>" if below else ""
        return f"<li>{_links(onto, [cls])}{inner}</li>"

    classes = onto.of_kind(OWL + "Class")
    roots = [c for c in classes if not any(p.startswith(EAA) for p in onto.values(c, RDFS + "subClassOf"))]
    header = [
        ("IRI", f"<code>{ONTOLOGY}</code>"),
        ("version", f"{escape(onto.version)} (<code>{escape(onto.value(ONTOLOGY, OWL + 'versionIRI'))}</code>)"),
        ("prefix", f"<code>eaa:</code> = <code>{EAA}</code>"),
    ]
    for name, predicate in (
        ("status", _MORE_PREFIXES["bibo"] + "status"),
        ("licence", DCTERMS + "license"),
        ("made by", DCTERMS + "creator"),
        ("contributors", DCTERMS + "contributor"),
        ("publisher", DCTERMS + "publisher"),
        ("created", DCTERMS + "created"),
        ("issued", DCTERMS + "issued"),
        ("modified", DCTERMS + "modified"),
        ("source", DCTERMS + "source"),
        ("cite as", DCTERMS + "bibliographicCitation"),
        ("scope note", SKOS + "scopeNote"),
        ("history", SKOS + "historyNote"),
    ):
        found = onto.values(ONTOLOGY, predicate)
        if found:
            linked = (f'<a href="{escape(v)}">{escape(v)}</a>' if v.startswith("http") else escape(v) for v in found)
            header.append((name, "<br>".join(linked)))
    listed = "".join(
        f'<li><a href="{escape(p)}">{escape(p)}</a> <span class="soft">{escape(t)}</span></li>'
        for p, t in files.items()
    )
    sections, contents = [], []
    for kind, cls, heading in _KINDS:
        own = onto.of_kind(cls)
        index = ", ".join(f'<a href="{_anchor(t)}">{escape(onto.label(t))}</a>' for t in own)
        contents.append(f'<li><a href="#section-{kind}">{heading}</a> ({len(own)})</li>')
        entries = "\n".join(_entry(onto, kind, t) for t in own)
        sections.append(f'<h2 id="section-{kind}">{heading}</h2>\n<p>{index}</p>\n{entries}')
    others = sorted(
        {t for _, c, _ in (*_KINDS, ("", OWL + "AnnotationProperty", "")) for t in onto.pointing(RDF + "type", c)}
    )
    reused = "".join(
        f"<tr><th scope='row'><a href='{escape(t)}'>{escape(short(t))}</a></th><td>{escape(onto.label(t))}</td>"
        f"<td>{escape(onto.value(t, RDFS + 'isDefinedBy'))}</td></tr>"
        for t in others
        if not t.startswith(EAA)
    )
    table = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in header)
    title = escape(onto.value(ONTOLOGY, DCTERMS + "title"))
    data = script_json(jsonld(onto.triples, prefixes=_MORE_PREFIXES, indent=None))
    alternates = "".join(
        f'<link rel="alternate" type="{media}" href="{onto.version}/eaa.{suffix}">\n'
        for suffix, media in (
            ("ttl", "text/turtle"),
            ("owl", "application/rdf+xml"),
            ("jsonld", "application/ld+json"),
            ("nt", "application/n-triples"),
        )
    )
    patterns = patterns_html(onto)
    drawn = "".join(f'<li><a href="#section-{p.key}">{escape(p.title)}</a></li>' for p in PATTERNS)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{alternates}<link rel="license" href="{escape(onto.value(ONTOLOGY, DCTERMS + "license"))}">
<style>{STYLE}section{{margin:2rem 0;padding-top:.5rem;border-top:1px solid var(--line)}}</style>
<script type="application/ld+json">
{data}</script>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{escape(onto.value(ONTOLOGY, DCTERMS + "description"))}</p>
<table><tbody>{table}</tbody></table>
<h2>Files</h2>
<ul>{listed}</ul>
<h2>Contents</h2>
<ul>{"".join(contents)}{drawn}<li><a href="#hierarchy-of-classes">Hierarchy of classes</a></li><li><a href="#reused">Terms of other vocabularies</a></li></ul>
{patterns}<h2 id="hierarchy-of-classes">Hierarchy of classes</h2>
<figure>{hierarchy_svg(onto)}</figure>
<details><summary>The same as a list</summary><ul>{"".join(tree(c) for c in roots)}</ul></details>
{chr(10).join(sections)}
<h2 id="reused">Terms of other vocabularies</h2>
<p>Declared in the ontology with type, label and home, so that nothing has to be imported.</p>
<table><thead><tr><th scope="col">term</th><th scope="col">label</th><th scope="col">defined by</th></tr></thead><tbody>{reused}</tbody></table>
</main>
</body>
</html>
"""


def write(target: Path) -> list[Path]:
    """Write the ontology's release files and reference page into `target`; return the files, sorted.

    `target/<version>/` holds this version in four formats, which never change once published; `target/index.html` explains it.
    """
    onto = Ontology.read()
    shipped = folder("ontology")
    version = onto.version
    content: dict[str, bytes] = {
        f"{version}/eaa.ttl": (shipped / "eaa.ttl").read_bytes(),
        f"{version}/eaa.owl": turtle(onto.triples, "rdfxml"),
        f"{version}/eaa.nt": turtle(onto.triples, "nt"),
        f"{version}/eaa.jsonld": jsonld(onto.triples, prefixes=_MORE_PREFIXES).encode(),
        f"{version}/shapes.ttl": (shipped / "shapes.ttl").read_bytes(),
        f"{version}/context.jsonld": (shipped / "context.jsonld").read_bytes(),
        f"{version}/eaa.sssom.tsv": (shipped / "eaa.sssom.tsv").read_bytes(),
        f"{version}/hierarchy.svg": hierarchy_svg(onto).encode(),
    }
    files = {
        f"{version}/eaa.ttl": "the ontology (Turtle, as edited)",
        f"{version}/eaa.owl": "the ontology (RDF/XML)",
        f"{version}/eaa.jsonld": "the ontology (JSON-LD)",
        f"{version}/eaa.nt": "the ontology (N-Triples)",
        f"{version}/shapes.ttl": "what each kind of record must have (SHACL)",
        f"{version}/context.jsonld": "JSON-LD context",
        f"{version}/eaa.sssom.tsv": "matches to other vocabularies (SSSOM)",
        f"{version}/hierarchy.svg": "the diagram of classes",
    }
    # The newest version stands without its number as well, for whoever asks for the ontology as it is now.
    content |= {place.partition("/")[2]: data for place, data in tuple(content.items())}
    page = html(onto, files).encode()
    content["index.html"] = page
    content[f"{version}/index.html"] = (
        html(onto, {p.partition("/")[2]: t for p, t in files.items()}).replace(f'href="{version}/', 'href="').encode()
    )
    for place, data in content.items():
        path = target / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return sorted(target / place for place in content)
