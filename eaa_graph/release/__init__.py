"""The linked-data release of a review: everything a machine or another team needs, in one folder of plain files.

:func:`publish` is the only way in. The folder is made beside its place and moved
there in one step; the same review and date give the same bytes.
"""

from __future__ import annotations

__all__ = ["RELEASE_NOTES", "Published", "publish"]

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eaa_graph import pipeline, queries
from eaa_graph.encode import review_base
from eaa_graph.errors import BadSettings, Refused
from eaa_graph.reason import infer
from eaa_graph.release import describing, linked, nanopublications, packages, pages, reference, signing
from eaa_graph.release.describing import About
from eaa_graph.release.guard import CUT_WORDS, Withheld, guard, withheld_table
from eaa_graph.vocabulary import (
    DCTERMS,
    EAA,
    ONTOLOGY,
    RDF,
    Quad,
    data_iri,
    graph_iri,
    iri,
    literal,
)
from eaa_graph.writers import tables as table_files
from eaa_graph.writers.csv_folder import write_folder
from eaa_graph.writers.whole import whole_folder

if TYPE_CHECKING:
    from eaa_graph.model import Records
    from eaa_graph.settings import Settings
    from eaa_graph.store import Store

#: The data files: suffix to format, media type and title.
_DUMPS = {
    "trig": ("trig", "application/trig", "Everything, by named graph (TriG)"),
    "jsonld": ("jsonld", "application/ld+json", "Everything, by named graph (JSON-LD with its context inside)"),
    "ttl": ("ttl", "text/turtle", "Everything in one graph (Turtle)"),
    "nt": ("nt", "application/n-triples", "Everything in one graph (N-Triples)"),
    "rdf": ("rdfxml", "application/rdf+xml", "Everything in one graph (RDF/XML)"),
}

#: What a release holds, for its README.
RELEASE_NOTES = """\
{title}
{line}

Linked data of {date}, made by eaa-graph {version} from the files of the review. Licence: {licence}.

index.html              where to begin
sparql.html             ask these data in your browser, in plain words or SPARQL; needs no server (its files: assets/sparql/)
data/                   the whole graph in five formats that say the same (TriG and JSON-LD keep the named graphs)
resource/               one page (HTML) and two data files (Turtle, JSON-LD) for each thing; index.csv says which is whose
tables/                 the review's sheets as CSV, with a Frictionless description (datapackage.json)
nanopublications/       one for each configuration ({signed})
onto/                   the ontology: release files of this version, reference page, shapes, JSON-LD context, matches
void.ttl dcat.ttl       what the data set is, how large, where its files are
prov.ttl                what it was made from, by which software
croissant.json ro-crate-metadata.json   the same for tools that read these
withheld.csv            texts that are not repeated, or not in full, and why ({withheld})
SHA256SUMS              checksums; check them with: sha256sum -c SHA256SUMS

A configuration in these data is a claim that somebody makes; counts made from them are patterns, not causes.
"""


@dataclass(frozen=True)
class Published:
    """What a release left behind.

    Attributes
    ----------
    folder : Path
    files : tuple of Path
    withheld : tuple of Withheld
        Texts that it does not repeat, or not in full.
    triples, things : int
        Distinct triples, and things with a page of their own.
    signed_by : str
        IRI of whoever signed the nanopublications; empty when they are unsigned.
    """

    folder: Path
    files: tuple[Path, ...]
    withheld: tuple[Withheld, ...]
    triples: int
    things: int
    signed_by: str = ""


def publish(
    path: Path,
    out: Path,
    *,
    date: str = "",
    url: str = "",
    quotes: str = "whole",
    words: int = CUT_WORDS,
    key: Path | None = None,
    signer: str = "",
    settings: Settings | None = None,
    progress: pipeline.Progress = pipeline.silent,
) -> Published:
    """Write the linked-data release of the review at `path` into the folder `out`.

    Parameters
    ----------
    path : Path
        Review folder or file.
    out : Path
        A folder that does not exist, is empty, or holds an earlier release and nothing else.
    date : str
        Date of the release, YYYY-MM-DD; the latest date in the review when left out.
    url : str
        Where the release will stand on the web; `release/` under the review's own IRIs when left out.
    quotes : str
        The most of a quote that may be shown: ``whole``, ``cut`` or ``withhold``; licences can only make it less.
    words : int
        Words that are left of a quote that is cut.
    key : Path, optional
        File of a private RSA key to sign the nanopublications with; they are unsigned without one.
    signer : str
        Who signs: an ORCID, or id or name of a person of the review; the one person with an ORCID when left out.
    settings : Settings, optional
    progress : callable, optional
        As for :func:`eaa_graph.pipeline.build`.

    Raises
    ------
    BadSettings
        If the review names no licence or no date can be told, `url` is no web address, or it cannot be told who signs.
    MissingExtra
        If nanopublications are to be signed and the part for it is not installed.
    Refused
        If `out` holds files that are not of an earlier release.
    UnreadableFile
        If nothing at all can be read at `path`, or the key cannot be used.
    """
    if signer and key is None:
        raise BadSettings("--signer says who signs, and nothing is signed without a key; give it with --key FILE")
    progress("read", "")
    checked = pipeline.check(path)
    kept, held = guard(checked.records, quotes, words)
    review = kept.review
    if not review.licence:
        raise BadSettings(
            'review.toml names no licence, and nobody may reuse data without one; add for instance licence = "CC-BY-4.0"'
        )
    base = review_base(review)
    about = About(kept, _date(kept, date), _url(url or f"{base}release/"))
    _check_place(out)
    by = signing.signer(key, checked.records, signer) if key else None
    progress("read", f"{len(kept.extractions):,} extractions, {len(held)} texts held back")

    progress("graph", "")
    store = pipeline.store_of(replace(checked, records=kept, findings=()), settings)
    infer(store, base)
    store.add(_withheld_quads(about, held))
    annotated = iri(graph_iri(base, "annotations"))
    for question in queries.questions("publish").values():
        store.add(Quad(*triple, annotated) for triple in store.construct(question.sparql))
    graphs = [g for g in store.graphs() if g != ONTOLOGY]
    by_graph = {g: list(store.quads(g)) for g in graphs}
    size = len({q[:3] for quads in by_graph.values() for q in quads})
    progress("graph", f"{size:,} statements")

    with whole_folder(out, lambda: _check_place(out)) as beside:
        progress("write", "")
        names = _Writer(beside, about, checked.records, held, by).everything(store, by_graph, _inputs(path))
        files = _checksums(beside)
        progress("write", f"{len(files):,} files, {len(names):,} things with a page")
    return Published(out, tuple(sorted(out / f for f in files)), held, size, len(names), by.who if by else "")


class _Writer:
    """Writes the parts of a release into a folder."""

    def __init__(
        self, folder: Path, about: About, whole: Records, held: tuple[Withheld, ...], signer: signing.Signer | None
    ) -> None:
        self.folder, self.about, self.whole, self.held, self.signer = folder, about, whole, held, signer
        self.described: dict[str, tuple[bytes, str, str]] = {}

    def file(self, path: str, content: bytes | str, media: str = "", title: str = "") -> None:
        """Write one file; with a title it is described in the catalogues."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if title:
            self.described[path] = (data, media, title)

    def everything(self, store: Store, by_graph: dict[str, list[Quad]], inputs: list[Path]) -> dict[str, str]:
        about = self.about
        triples = {g: [(q.subject, q.predicate, q.object) for q in quads] for g, quads in by_graph.items()}
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", about.records.review.id).strip("-.") or "review"
        for suffix, (form, media, title) in _DUMPS.items():
            content: bytes | str
            content = linked.jsonld(graphs=triples) if form == "jsonld" else store.dump(form, by_graph)
            self.file(f"data/{stem}.{suffix}", content, media, title)
        self.tables()
        self.file(
            "withheld.csv",
            table_files.table_csv(withheld_table(self.whole, self.held)),
            "text/csv",
            "Quotes that are not repeated, or not in full, and why",
        )
        recorded = [
            q for g, quads in by_graph.items() for q in quads if not g.startswith(graph_iri(about.base, "inferred"))
        ]
        self.nanopublications(recorded)
        reference.write(self.folder / "onto")
        names, labels = self.things([q for quads in by_graph.values() for q in quads])
        self.queryable(store, names)
        self.descriptions(by_graph, names, inputs)
        self.front(names, labels)
        return names

    def tables(self) -> None:
        folder = self.folder / "tables"
        written = [p for p in write_folder(self.about.records, folder) if p.suffix == ".csv"]
        for path in written:
            place = f"tables/{path.name}"
            self.described[place] = (path.read_bytes(), "text/csv", f"The review's sheet of {path.stem}")
        self.file(
            "tables/datapackage.json",
            packages.data_package(self.about, folder),
            "application/json",
            "Frictionless description of the tables",
        )
        self.file("croissant.json", packages.croissant(self.about, {f"tables/{p.name}": p for p in written}))

    def nanopublications(self, quads: list[Quad]) -> None:
        made = nanopublications.nanopublications(self.about, quads, self.signer)
        names = pages.file_names(
            (data_iri(self.about.base, "nanopublication", identifier) for identifier in made), self.about.base
        )
        for identifier, graphs in sorted(made.items()):
            name = names[data_iri(self.about.base, "nanopublication", identifier)].rpartition("/")[2]
            self.file(f"nanopublications/{name}.trig", linked.pretty(graphs, nanopublications.PREFIXES))

    def things(self, quads: list[Quad]) -> tuple[dict[str, str], dict[str, str]]:
        about = self.about
        said = pages.subjects(quads, about.base)
        names = pages.file_names(said, about.base)
        labels = {thing: pages.label_of(triples, thing, about.base) for thing, triples in said.items()}
        rows = ["iri,path\n"]
        for thing, triples in said.items():
            name = names[thing]
            json_ld = linked.jsonld(triples)
            self.file(f"{name}.ttl", linked.pretty({"": triples}, describing.PREFIXES))
            self.file(f"{name}.jsonld", json_ld)
            self.file(f"{name}.html", pages.page(about, thing, triples, json_ld, names, labels))
            rows.append(f'"{thing}","{name}"\n')
        self.file("resource/index.csv", "".join(rows))
        self.file("style.css", pages.STYLE.lstrip())
        return names, labels

    def queryable(self, store: Store, names: dict[str, str]) -> None:
        """Write the page that answers SPARQL in the browser: from the guarded graph, like all else here."""
        from eaa_graph.site import sparql

        asked = sparql.Queryable(store, queries.names(store), {thing: f"{path}.html" for thing, path in names.items()})
        self.file("sparql.html", pages.sparql_page(self.about, asked.fits))
        if asked.fits:
            for path, text in sparql.files(asked):
                self.file(path, text)

    def descriptions(self, by_graph: dict[str, list[Quad]], names: dict[str, str], inputs: list[Path]) -> None:
        about = self.about
        dumps = [path for path in self.described if path.startswith("data/")]
        example = next((t for t in names if f"{about.base}extraction/" in t), next(iter(names)))
        void = describing.statistics(about, by_graph, dumps, example)
        dcat = describing.catalogue(about, self.described)
        prov = describing.built_by(about, inputs, self.described)
        for name, statements, title in (
            ("void", void, "What the data set holds and how large it is (VoID)"),
            ("dcat", dcat, "The data set and its files (DCAT 3)"),
            ("prov", prov, "What the release was made from (PROV)"),
        ):
            self.file(f"{name}.ttl", linked.pretty({"": statements}, describing.PREFIXES), "text/turtle", title)
        self.file("dcat.jsonld", linked.jsonld(dcat, prefixes=describing.PREFIXES))

    def front(self, names: dict[str, str], labels: dict[str, str]) -> None:
        about, review = self.about, self.about.records.review
        from eaa_graph import __version__

        title = " ".join(review.title.split())
        self.file(
            "README.txt",
            RELEASE_NOTES.format(
                title=title,
                line="=" * min(len(title), 100),
                date=about.date,
                version=__version__,
                licence=about.licence,
                withheld=f"{len(self.held)} in this release",
                signed=f"signed by {self.signer.name or self.signer.who}" if self.signer else "unsigned",
            ),
        )
        shown = (
            {"sparql.html": "Ask these data in your browser, without a server"}
            | {path: title for path, (_, _, title) in self.described.items()}
            | {
                "onto/index.html": "The ontology, explained term by term",
                "croissant.json": "Description of the tables for Croissant",
                "ro-crate-metadata.json": "Description of the release for RO-Crate",
                "SHA256SUMS": "Checksums of all files",
            }
        )
        summary = linked.jsonld(
            describing.dataset(about, describing.PREFIXES["dcat"] + "Dataset", "https://schema.org/Dataset"),
            prefixes=describing.PREFIXES,
        )
        self.file("index.html", pages.index_page(about, shown, names, labels, summary, len(self.held)))
        folders = {
            "resource/": "A page and two data files for each thing",
            "onto/": "The ontology, its shapes, context and matches",
        }
        if about.records.configurations:
            folders["nanopublications/"] = "One nanopublication for each configuration"
        self.file("ro-crate-metadata.json", packages.ro_crate(about, self.described, folders))


#: Kinds whose IRI is made of one id; the key of another kind is said in words only.
_NAMED_BY_ID = ("article", "claim", "concept", "configuration", "extraction", "theory")


def _withheld_quads(about: About, held: Iterable[Withheld]) -> Iterable[Quad]:
    graph = iri(graph_iri(about.base, "withheld"))
    for one in held:
        # Addresses of findings about extractions stay what they were in earlier releases.
        kind = () if one.kind == "extraction" else (one.kind,)
        subject = iri(data_iri(about.base, "finding", "withheld", *kind, one.record, one.field))
        told = "is withheld" if one.what == "withheld" else f"is cut to its first {one.published} words"
        licence = f"licence as noted: {one.licence}" if one.licence else "no licence is noted"
        yield Quad(subject, iri(RDF + "type"), iri(EAA + "Finding"), graph)
        yield Quad(subject, iri(EAA + "rule"), literal("quote-withheld"), graph)
        yield Quad(subject, iri(EAA + "severity"), literal("note"), graph)
        yield Quad(subject, iri(EAA + "place"), literal(f"{one.kind} {one.record}, {one.field}"), graph)
        yield Quad(
            subject,
            iri(EAA + "message"),
            literal(f"the {one.field} of {one.words} words {told}: {one.why} ({licence})"),
            graph,
        )
        if one.kind in _NAMED_BY_ID:
            yield Quad(subject, iri(DCTERMS + "subject"), iri(data_iri(about.base, one.kind, one.record)), graph)


def _date(records: Records, given: str) -> str:
    if given:
        if not _is_day(given):
            raise BadSettings(f"--date takes a day as YYYY-MM-DD, not {given!r}")
        return given
    days = [
        str(d) for kind in (records.theories, records.changes, records.extractions) for d in (r.date for r in kind) if d
    ]
    whole = sorted(d for d in days if _is_day(d))
    if not whole:
        raise BadSettings(
            "the review names no day (of a theory, a change or a coding); give the release's with --date YYYY-MM-DD"
        )
    return whole[-1]


def _is_day(text: str) -> bool:
    import datetime

    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"{}|^`\\?#]+", text):
        raise BadSettings(f"--url takes a web address (https://...) without ? or #, not {text!r}")
    return text if text.endswith("/") else text + "/"


def _inputs(path: Path) -> list[Path]:
    """Return the files of the review itself."""
    if path.is_file():
        return [path]
    kinds = (".csv", ".tsv", ".toml", ".xlsx")
    return sorted(p for p in path.iterdir() if p.is_file() and p.suffix in kinds and not p.name.startswith((".", "~$")))


def _check_place(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier release: it will be replaced as a whole."""
    if not out.exists():
        return
    if not out.is_dir():
        raise Refused(f"{out} is a file; name a folder for the release")
    sums = out / "SHA256SUMS"
    listed = {line.partition("  ")[2] for line in sums.read_text("utf-8").splitlines()} if sums.is_file() else set()
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if not path.is_dir() and name not in listed and name != "SHA256SUMS":
            raise Refused(
                f"{out} holds {name}, which is not of an earlier release; a release replaces its folder as a whole, so name another"
            )


def _checksums(folder: Path) -> list[str]:
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    sums = "".join(f"{hashlib.sha256((folder / f).read_bytes()).hexdigest()}  {f}\n" for f in files)
    (folder / "SHA256SUMS").write_text(sums, "utf-8", newline="\n")
    return [*files, "SHA256SUMS"]
