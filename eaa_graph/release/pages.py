"""One page and two data files for each thing of a review, for any static host.

A static host cannot answer `Accept`, so every thing gets `<file>.html`, `<file>.ttl` and `<file>.jsonld`; the
page names the other two, and a redirect (see `ontology/w3id`) leads from the thing's IRI to its page.
"""

from __future__ import annotations

__all__ = ["file_names", "index_page", "page", "script_json", "sparql_page", "subjects"]

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape

from eaa_graph.release.describing import About
from eaa_graph.release.linked import Triple
from eaa_graph.vocabulary import DCTERMS, EAA, PREFIXES, RDFS, SKOS, Literal, Quad, Term, read_term, split_data_iri

#: Names that Windows keeps for itself, and the one we use.
_TAKEN = {"index", "con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
_LONGEST = 120
_LABELS = tuple(f"<{p}>" for p in (SKOS + "prefLabel", RDFS + "label", DCTERMS + "title", EAA + "statement"))

STYLE = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--paper:#fff;--tint:#f6f8fa;--accent:#0d5a94}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--line:#373e47;--paper:#14181d;--tint:#1d2229;--accent:#79b8ea}}
html{font:16px/1.55 system-ui,"Segoe UI",Arial,"Noto Sans",sans-serif;color:var(--ink);background:var(--paper)}
body{margin:0 auto;max-width:62rem;padding:2rem 1.25rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin-top:2.2rem}a{color:var(--accent)}
.soft{color:var(--soft)}table{border-collapse:collapse;font-size:.9rem;width:100%}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600;width:min(16rem,32%)}figure{margin:1rem 0;overflow-x:auto}code{font-size:.9em}
"""


def subjects(quads: Iterable[Quad], base: str) -> dict[str, list[Triple]]:
    """Return what is said of each thing of the review, by IRI; parts (`#...`) go with the thing they are part of."""
    found: dict[str, set[Triple]] = defaultdict(set)
    start = "<" + base
    for s, p, o, _ in quads:
        if s.startswith(start):
            found[s[1:-1].partition("#")[0]].add((s, p, o))
    return {name: sorted(found[name]) for name in sorted(found)}


def file_names(things: Iterable[str], base: str) -> dict[str, str]:
    """Return the path of each thing's files in the release, without suffix.

    Percent signs would be decoded by the host, and letter case is lost on some disks: `%` becomes `~`, parts of
    a compound key are joined by `~-`, and names that would fall together, are too long or are taken get a checksum.
    """
    names: dict[str, str] = {}
    used: set[str] = set()
    for thing in sorted(things):
        kind, _, rest = thing[len(base) :].partition("/")
        name = rest.replace("~", "~7E").replace("/", "~-").replace("%", "~")
        stem = name.partition(".")[0].casefold()
        if len(name) > _LONGEST or stem in _TAKEN or f"{kind}/{name}".casefold() in used or name.endswith("."):
            mark = hashlib.sha256(thing.encode()).hexdigest()[:12]  # in front: Windows minds what stands before the dot
            name = f"~~{mark}~~{name[:_LONGEST].rstrip('.')}"
        used.add(f"{kind}/{name}".casefold())
        names[thing] = f"resource/{kind}/{name}"
    return names


def _short(value: str) -> str:
    for prefix, space in PREFIXES.items():
        if value.startswith(space):
            return f"{prefix}:{value[len(space) :]}"
    return value


def label_of(triples: Iterable[Triple], thing: str, base: str) -> str:
    """Return what a thing is called: its label, title or statement, else its id; of what has no id, the parts of its key."""
    known: dict[str, Term] = {p: o for s, p, o in sorted(triples, reverse=True) if s == f"<{thing}>"}
    for predicate in (*_LABELS, f"<{DCTERMS}identifier>"):
        if predicate in known:
            read = read_term(known[predicate])
            return read.value if isinstance(read, Literal) else read
    kind, parts = split_data_iri(base, thing) or ("", (thing.rpartition("/")[2],))
    return ", ".join(part for part in parts if part) or kind


def script_json(text: str) -> str:
    """Return JSON that can stand in a script element: nothing in it can end the element."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def page(
    about: About, thing: str, triples: list[Triple], json_ld: str, names: Mapping[str, str], labels: Mapping[str, str]
) -> str:
    """Return the HTML page of one thing, with links to its data and its JSON-LD inside."""
    name = names[thing].rpartition("/")[2]
    language = about.records.review.language

    def shown(term: Term) -> str:
        value = read_term(term)
        if isinstance(value, Literal):
            tag = f' lang="{escape(value.language)}"' if value.language and value.language != language else ""
            return f"<span{tag}>{escape(value.value)}</span>"
        if value in names:
            return f'<a href="../../{escape(names[value])}.html">{escape(labels.get(value, value))}</a>'
        if value.startswith(("https://", "http://")) and not value.startswith(about.base):
            return f'<a href="{escape(value)}">{escape(_short(value))}</a>'
        return escape(_short(value))

    rows: dict[tuple[str, str], list[str]] = {}
    for s, p, o in triples:
        part = s[1:-1].partition("#")[2]
        rows.setdefault((part, _short(p[1:-1])), []).append(shown(o))
    cells = "\n".join(
        f'<tr><th scope="row">{escape(f"{part}: " if part else "")}{escape(p)}</th><td>{"<br>".join(values)}</td></tr>'
        for (part, p), values in rows.items()
    )
    title = escape(labels.get(thing, thing))
    return f"""<!doctype html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="describes" href="{escape(thing)}">
<link rel="alternate" type="text/turtle" href="{escape(name)}.ttl">
<link rel="alternate" type="application/ld+json" href="{escape(name)}.jsonld">
<link rel="stylesheet" href="../../style.css">
<script type="application/ld+json">
{script_json(json_ld)}</script>
</head>
<body>
<p class="soft"><a href="../../index.html">{escape(about.records.review.title)}</a></p>
<h1>{title}</h1>
<p class="soft"><code>{escape(thing)}</code> · <a href="{escape(name)}.ttl">Turtle</a> · <a href="{escape(name)}.jsonld">JSON-LD</a></p>
<table>
<tbody>
{cells}
</tbody>
</table>
</body>
</html>
"""


def index_page(
    about: About,
    files: Mapping[str, str],
    names: Mapping[str, str],
    labels: Mapping[str, str],
    json_ld: str,
    withheld: int,
) -> str:
    """Return the front page: what the release is, its files, its things by kind, and what it leaves out."""
    review = about.records.review
    by_kind: dict[str, list[str]] = defaultdict(list)
    for thing in names:
        by_kind[thing[len(about.base) :].partition("/")[0]].append(thing)
    listed = "\n".join(
        f'<li><a href="{escape(path)}">{escape(path)}</a> <span class="soft">{escape(title)}</span></li>'
        for path, title in files.items()
    )
    things = "\n".join(
        f"<details><summary>{escape(kind)} ({len(members)})</summary><ul>"
        + "".join(f'<li><a href="{escape(names[m])}.html">{escape(labels.get(m, m))}</a></li>' for m in members)
        + "</ul></details>"
        for kind, members in sorted(by_kind.items())
    )
    held = (
        f"<p>Quotes are not repeated, or not in full, in {withheld} places where the licence of an article or whoever published this forbids it: "
        '<a href="withheld.csv">the list</a> says which and why.</p>'
        if withheld
        else "<p>Nothing was withheld from this release.</p>"
    )
    question = f"<p>{escape(review.question)}</p>" if review.question else ""
    return f"""<!doctype html>
<html lang="{escape(review.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(review.title)}: linked data</title>
<link rel="describedby" type="text/turtle" href="dcat.ttl">
<link rel="license" href="#licence">
<link rel="stylesheet" href="style.css">
<script type="application/ld+json">
{script_json(json_ld)}</script>
</head>
<body>
<h1>{escape(review.title)}</h1>
{question}
<p class="soft">Linked data of {escape(about.date)}. {escape(about.description)}</p>
<p id="licence">Licence of the data: {escape(about.licence)}.</p>
{held}
<h2>Files</h2>
<ul>
{listed}
</ul>
<h2>Things by kind</h2>
{things}
</body>
</html>
"""


def sparql_page(about: About, fits: bool) -> str:
    """Return the page that answers SPARQL in the reader's browser; `fits` says whether the graph goes with it."""
    from eaa_graph.site import sparql
    from eaa_graph.site.rendering import environment

    body = environment().get_template("sparql_body.html")
    told = body.render(root="", fits=fits, most=sparql.MOST_QUADS, folder=sparql.FOLDER, answers="")
    head = f"""<meta http-equiv="Content-Security-Policy" content="connect-src 'none'; object-src 'none'">
<link rel="stylesheet" href="{sparql.FOLDER}/page.css">
<script defer src="{sparql.FOLDER}/questions.js"></script>
<script defer src="{sparql.FOLDER}/page.js"></script>
"""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SPARQL: {escape(about.records.review.title)}</title>
<link rel="stylesheet" href="style.css">
{head if fits else ""}</head>
<body>
<nav aria-label="Release" class="soft"><a href="index.html">{escape(about.records.review.title)}</a></nav>
<main>
{told}
</main>
</body>
</html>
"""
