"""Addresses: which request goes where.

========================== ==============================================================
``/``                      the built site, where there is one; else what ``/about`` shows
``/about``, ``/about/K``   the review's data, and all its things of kind K
``/id/REVIEW/KIND/ID``     a thing: 303 to the document about it
``/doc/REVIEW/KIND/ID.F``  the document in form F: html, ttl, jsonld, rdf, nt
``/onto``, ``/onto.F``     the ontology, likewise; ``/onto/VERSION`` is its version's address
``/data/REVIEW.F``         everything in one file
``/sparql``                SPARQL 1.1 protocol; without a query its service description
``/query``                 a page to query from, with or without scripts
``/.well-known/void``      what the data are (VoID)
``/-/...``                 the server's own style sheet and scripts; ``/-/health``
========================== ==============================================================
"""

from __future__ import annotations

__all__ = ["application"]

import asyncio
import contextlib
import hashlib
import json
import mimetypes
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from eaa_graph.errors import EaaError
from eaa_graph.release import reference
from eaa_graph.server import description, documents
from eaa_graph.server.limits import Limits
from eaa_graph.server.negotiation import choose
from eaa_graph.server.pool import Busy, Job, Outcome, QueryPool
from eaa_graph.server.protocol import Asked, Refusal, asked, read_form, status_of
from eaa_graph.server.replies import PAGE_POLICY, QUERY_POLICY, SITE_POLICY, Kept, Reply, log, send
from eaa_graph.store import GRAPH_TYPES
from eaa_graph.vocabulary import EAA, ONTOLOGY, PREFIXES, Term, data_iri, split_data_iri

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from eaa_graph.pipeline import Built

_HERE = Path(__file__).resolve().parent
_ASSETS = {
    "pages.css": _HERE / "static" / "pages.css",
    "query.js": _HERE / "static" / "query.js",
    "yasgui.min.js": _HERE / "vendor" / "yasgui.min.js",
    "yasgui.min.css": _HERE / "vendor" / "yasgui.min.css",
}
_NAMES = {"html": "HTML", "ttl": "Turtle", "jsonld": "JSON-LD", "rdf": "RDF/XML", "nt": "N-Triples"}
#: Rows of an answer shown on the query page, things on one page of a list.
_ROWS, _LIST = 500, 500
#: A client that sends its body more slowly than this has had its turn.
_BODY_SECONDS = 15.0
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, ETag, Content-Location, Retry-After",
}
_READ = "GET, HEAD, OPTIONS"


class _Site:
    """All handlers and what they share."""

    def __init__(self, built: Built, limits: Limits, root: str, folder: Path | None, fork: bool | None) -> None:
        self.library = documents.Library(built, root)
        self.built = built
        self.limits = limits
        self.root = root
        self.folder = folder.resolve() if folder is not None and (folder / "index.html").is_file() else None
        dump = built.store.dump("nq")
        self.pool = QueryPool(dump, limits) if fork is None else QueryPool(dump, limits, fork)
        self.kept = Kept(limits.cache_bytes)
        self.pages = Environment(
            loader=PackageLoader("eaa_graph.server"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.describing = asyncio.Lock()

    @cached_property
    def examples(self) -> list[dict[str, str]]:
        """The shipped questions as SPARQL."""
        return documents.question_examples(self.built)

    # --- what several handlers need ---------------------------------------------------------

    def public(self, request: Request) -> str:
        """Return the address of the server as the client knows it, without a slash at its end."""
        host = request.headers.get("host", "localhost")
        if not re.fullmatch(r"[A-Za-z0-9.\-_]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", host):
            raise Refusal(400, "the Host header is no host")
        return f"{request.url.scheme}://{host}{self.root}"

    def page(self, template: str, policy: str = PAGE_POLICY, **told: Any) -> Reply:
        """Fill in a page."""
        shared = {"root": self.root, "review": self.library.review.title, "licence": self.library.licence}
        text = self.pages.get_template(f"{template}.html").render(shared | told)
        return Reply(text.encode(), "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def refused(self, request: Request, refusal: Refusal) -> Response:
        """Say no, in HTML to whoever prefers that, else as plain text."""
        wants_page = choose(request.headers.get("accept"), ["text/plain", "text/html"]) == "text/html"
        if wants_page and not request.scope["path"].startswith("/sparql"):
            reply = self.page("message", title=_REASONS.get(refusal.status, "Not possible"), message=refusal.message)
        else:
            reply = Reply(f"{refusal.message}\n".encode(), "text/plain; charset=utf-8")
        reply.headers |= refusal.headers
        return send(request, reply, refusal.status, "Accept", "no-store")

    def _kept(self, key: Any, make: Callable[[], Reply]) -> Reply:
        return self.kept.get(key) or self.kept.put(key, make())

    # --- SPARQL -----------------------------------------------------------------------------

    async def _body(self, request: Request) -> bytes:
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refusal(415, "send the body as it is, not compressed")
        parts = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for part in request.stream():
                    parts += part
                    if len(parts) > self.limits.body_bytes:
                        raise Refusal(413, f"requests may be {self.limits.body_bytes:,} bytes long")
        except TimeoutError:
            raise Refusal(408, "the body did not arrive in time", {"Connection": "close"}) from None
        return bytes(parts)

    async def _run(self, request: Request, job: Job) -> Outcome:
        """Run a query; end it when the client goes away."""
        client = request.client.host if request.client else ""
        running = asyncio.create_task(self.pool.run(job, client))
        leaving = asyncio.create_task(_gone(request))
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                running.cancel()
                raise ClientDisconnect
            return running.result()
        except Busy:
            raise Refusal(
                503,
                "all workers are busy; try again in a moment",
                {"Retry-After": str(max(1, round(self.limits.seconds)))},
            ) from None
        finally:
            for task in (running, leaving):
                task.cancel()
            await asyncio.gather(running, leaving, return_exceptions=True)

    async def sparql(self, request: Request) -> Response:
        """Answer the SPARQL protocol."""
        if request.method == "OPTIONS":
            return Response(
                status_code=204,
                headers={
                    "Allow": "GET, HEAD, POST, OPTIONS",
                    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
                    "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
                    "Access-Control-Max-Age": "86400",
                },
            )
        if request.method not in ("GET", "HEAD", "POST"):
            raise Refusal(405, "ask with GET or POST", {"Allow": "GET, HEAD, POST, OPTIONS"})
        body = await self._body(request) if request.method == "POST" else b""
        accept = ", ".join(request.headers.getlist("accept")) or None
        wanted = asked(request.method, request.scope["query_string"], request.headers.get("content-type"), accept, body)
        if wanted.query is None:
            if choose(accept, [*GRAPH_TYPES, "text/html"]) == "text/html":
                return RedirectResponse(f"{self.root}/query", 303, {"Vary": "Accept"})
            return await self._described(request, "service")
        request.state.told = {"query": hashlib.sha256(wanted.query.encode()).hexdigest()[:16]}
        return await self._answered(request, wanted, self.public(request) + "/sparql")

    async def _answered(self, request: Request, wanted: Asked, base: str) -> Response:
        key = ("query", wanted, base if re.search(r"<[^:>]*>", wanted.query or "") else "")
        reply = self.kept.get(key)
        if reply is None:
            job = Job(wanted.query or "", wanted.results, wanted.rdf, wanted.dataset, base)
            outcome = await self._run(request, job)
            request.state.told["outcome"] = outcome.status
            if outcome.status != "ok":
                limit = outcome.status if outcome.status in ("time", "memory", "too-long") else ""
                raise Refusal(status_of(outcome.status), outcome.message, {"EAA-Limit": limit} if limit else {})
            media = dict(wanted.names).get(outcome.media, outcome.media)
            if media.startswith("text/"):
                media += "; charset=utf-8"
            reply = Reply(outcome.body, media)
            if not outcome.volatile:
                self.kept.put(key, reply)
        else:
            request.state.told["outcome"] = "kept"
        return send(request, reply, vary="Accept")

    async def query_page(self, request: Request) -> Response:
        """Show the query page; with ``query`` the answer on it."""
        given = dict(read_form(request.scope["query_string"], "the query string"))
        example = given.get("example", self.examples[0]["name"] if self.examples else "")
        text = given.get("query") or next((q["sparql"] for q in self.examples if q["name"] == example), "")
        told: dict[str, Any] = {
            "message": "",
            "answer": None,
            "variables": (),
            "boolean": None,
            "graph": "",
            "rows": (),
        }
        status = 200
        if given.get("query"):
            request.state.told = {"query": hashlib.sha256(text.encode()).hexdigest()[:16]}
            job = Job(text, "application/sparql-results+json", "text/turtle", None, self.public(request) + "/sparql")
            outcome = await self._run(request, job)
            request.state.told["outcome"] = outcome.status
            told |= self._shown(outcome, text)
            status = 200 if outcome.status == "ok" else status_of(outcome.status)
        reply = self.page(
            "query",
            QUERY_POLICY,
            title="Query",
            query=text,
            examples=self.examples,
            seconds=f"{self.limits.seconds:g}",
            prefixes=", ".join(PREFIXES),
            **told,
        )
        return send(request, reply, status)

    def _shown(self, outcome: Outcome, text: str) -> dict[str, Any]:
        if outcome.status != "ok":
            return {"message": outcome.message}
        if outcome.media == "text/turtle":
            return {"answer": True, "graph": outcome.body[:200_000].decode("utf-8", "replace")}
        answer = json.loads(outcome.body)
        if "boolean" in answer:
            return {"answer": True, "boolean": answer["boolean"]}
        names = answer["head"]["vars"]
        bindings = answer["results"]["bindings"]
        blank = documents.Value("", "", "", "")

        def value(cell: dict[str, str]) -> documents.Value:
            if cell["type"] == "uri":
                return documents.Value(self.library.named(cell["value"]), self.library.href(cell["value"]), "", "")
            return documents.Value(str(cell["value"]), "", cell.get("xml:lang", ""), "")

        rows = [[value(row[n]) if n in row else blank for n in names] for row in bindings[:_ROWS]]
        encoded = urlencode({"query": text})
        downloads = [("SPARQL results", f"{self.root}/sparql?{encoded}")]
        return {"answer": True, "variables": names, "rows": rows, "total": len(bindings), "downloads": downloads}

    # --- descriptions -----------------------------------------------------------------------

    async def _described(self, request: Request, which: str) -> Response:
        accept = request.headers.get("accept")
        media = choose(accept, GRAPH_TYPES)
        if media is None:
            raise Refusal(406, f"the description leaves as {', '.join(GRAPH_TYPES)}")
        public = self.public(request)
        endpoint = public + ("/sparql/" if request.scope["path"].endswith("/") else "/sparql")
        key = (which, public, endpoint, media)
        async with self.describing:  # it counts the whole graph: once
            reply = self.kept.get(key)
            if reply is None:
                make = (
                    (lambda: description.service(self.library, endpoint, public))
                    if which == "service"
                    else (lambda: description.void(self.library, public))
                )
                triples = await asyncio.to_thread(make)
                body = self.library.written(triples, documents.EXTENSIONS[media])
                reply = self.kept.put(key, Reply(body, _with_charset(media)))
        return send(request, reply, vary="Accept")

    async def void(self, request: Request) -> Response:
        """Describe the data."""
        return await self._described(request, "void")

    # --- things and documents ---------------------------------------------------------------

    def _thing(self, rest: str) -> str | None:
        """Return the IRI of the thing whose address ends in `rest`, however it was percent-encoded."""
        parts = split_data_iri("", rest)
        if parts is None:
            return None
        try:
            value = data_iri(self.library.base, parts[0], *parts[1])
        except ValueError:
            return None
        return value if value in self.library.things else None

    def _rest(self, request: Request, head: str) -> str:
        raw = request.scope["raw_path"].decode("ascii", "replace")
        local = self.library.local.removeprefix("/id/")
        rest: str = raw.removeprefix(f"/{head}/")
        if unquote(rest).startswith(unquote(local)):
            # The name of the review may be encoded in other ways as well.
            return rest.split("/", 1)[1]
        raise Refusal(404, "nothing of this review is found at this address")

    async def thing(self, request: Request) -> Response:
        """Send whoever asks for a thing to the document about it: 303, in the form they like best."""
        rest = self._rest(request, "id")
        if not rest:
            return RedirectResponse(f"{self.root}/about", 303)
        value = self._thing(rest)
        if value is None:
            raise Refusal(404, "nothing of this review is found at this address")
        media = choose(request.headers.get("accept"), list(documents.MEDIA.values()))
        if media is None:
            raise Refusal(
                406, f"documents leave as {', '.join(documents.MEDIA.values())}", {"Link": self._links(value)}
            )
        where = f"{self._document(value)}.{documents.EXTENSIONS[media]}"
        return Response(
            status_code=303,
            headers={"Location": where, "Vary": "Accept", "Link": self._links(value), "Cache-Control": "no-cache"},
        )

    def _document(self, value: str) -> str:
        return f"{self.root}/doc/{self.library.local[4:]}{value[len(self.library.base) :]}"

    def _links(self, value: str, here: str = "") -> str:
        """Return the Link header: the other forms, and FAIR Signposting."""
        document = self._document(value)
        kind = self.library.kind(value)
        links = [f'<{value}>; rel="cite-as"']
        for ending, media in documents.MEDIA.items():
            if ending != here:
                links.append(f'<{document}.{ending}>; rel="alternate"; type="{media}"')
            if ending not in ("html", here):
                links.append(f'<{document}.{ending}>; rel="describedby"; type="{media}"')
        links.append('<https://schema.org/AboutPage>; rel="type"')
        links.append(f'<https://schema.org/{documents.SCHEMA_TYPES.get(kind, "CreativeWork")}>; rel="type"')
        if self.library.licence:
            links.append(f'<{self.library.licence}>; rel="license"')
        if kind == "review":
            for ending, (_, media, _) in description.DUMPS.items():
                links.append(f'<{self._dump(ending)}>; rel="item"; type="{media}"')
            links += [
                f'<https://orcid.org/{p.orcid.rpartition("/")[2]}>; rel="author"'
                for p in self.library.people
                if p.orcid
            ]
        else:
            links.append(f'<{self._document(self.library.review_iri)}.html>; rel="collection"; type="text/html"')
        return ", ".join(links)

    def _dump(self, ending: str) -> str:
        return f"{self.root}/data/{self.library.local[4:-1]}.{ending}"

    async def document(self, request: Request) -> Response:
        """Send the document about a thing; without an ending in the form the client likes best."""
        rest = self._rest(request, "doc")
        stem, dot, ending = rest.rpartition(".")
        value = self._thing(stem) if dot and ending in documents.MEDIA else None
        vary = ""
        if value is None:
            value, vary = self._thing(rest), "Accept"
            media = choose(request.headers.get("accept"), list(documents.MEDIA.values()))
            if value is None:
                raise Refusal(404, "nothing of this review is found at this address")
            if media is None:
                raise Refusal(406, f"documents leave as {', '.join(documents.MEDIA.values())}")
            ending = documents.EXTENSIONS[media]
        # Only the page about the review says where the server is.
        public = self.public(request) if value == self.library.review_iri else ""
        reply = self.kept.get(("doc", public, value, ending))
        if reply is None:
            reply = await asyncio.to_thread(self._written, value, ending, public)
            self.kept.put(("doc", public, value, ending), reply)
        return send(request, reply, vary=vary)

    def _written(self, value: str, ending: str, public: str) -> Reply:
        headers = {"Link": self._links(value, ending), "Content-Location": f"{self._document(value)}.{ending}"}
        if ending != "html":
            reply = Reply(self.library.rdf(value, ending), _with_charset(documents.MEDIA[ending]))
        else:
            kind = self.library.kind(value)
            graph = value in self.library.graphs
            triples = self.library.triples(value)
            data = self._embedded(value, triples, graph, public)
            reply = self.page(
                "thing",
                title=self.library.named(value),
                iri=value,
                kind=kind.capitalize(),
                statements=self.library.statements(value),
                mentions=self.library.mentions(value),
                triples=len(triples) if graph else 0,
                alternates=self._alternates(self._document(value)),
                json_ld=_in_html(data),
            )
        reply.headers |= headers
        return reply

    def _embedded(self, value: str, triples: list[tuple[Term, Term, Term]], graph: bool, public: str) -> dict[str, Any]:
        """Return what a page says to machines that read only pages."""
        schema = {"schema": PREFIXES["schema"]}
        if graph:
            return {
                "@context": schema,
                "@id": value,
                "@type": "schema:Dataset",
                "schema:name": self.library.named(value),
            }
        data = documents.json_ld(triples)
        if value == self.library.review_iri:
            return {"@context": data["@context"] | schema, "@graph": [*data["@graph"], self._dataset(public)]}
        return data

    def _alternates(self, document: str) -> list[dict[str, str]]:
        return [
            {"href": f"{document}.{ending}", "media": media, "name": _NAMES[ending]}
            for ending, media in documents.MEDIA.items()
            if ending != "html"
        ]

    def _dataset(self, public: str) -> dict[str, Any]:
        """Return the review as a dataset in schema.org's words, for data search engines."""
        review = self.library.review
        described: dict[str, Any] = {
            "@id": f"{self.library.base}#dataset",
            "@type": "schema:Dataset",
            "schema:name": review.title,
            "schema:description": review.question or review.title,
            "schema:about": {"@id": self.library.review_iri},
            "schema:distribution": [
                {
                    "@type": "schema:DataDownload",
                    "schema:encodingFormat": media,
                    "schema:contentUrl": f"{public.removesuffix(self.root)}{self._dump(ending)}",
                }
                for ending, (_, media, _) in description.DUMPS.items()
            ],
            "schema:creator": [
                {
                    "@type": "schema:Person",
                    "schema:name": person.name or person.id,
                    **({"@id": f"https://orcid.org/{person.orcid.rpartition('/')[2]}"} if person.orcid else {}),
                }
                for person in self.library.people
                if person.nature == "person"
            ],
        }
        if self.library.licence:
            described["schema:license"] = {"@id": self.library.licence}
        if review.citation:
            described["schema:citation"] = review.citation
        return {key: value for key, value in described.items() if value}

    async def ontology(self, request: Request) -> Response:
        """Send the ontology: 303 from its address (or its version's) to a document."""
        path = request.scope["path"].rstrip("/")
        ending = path.rpartition(".")[2] if path.startswith("/onto.") else ""
        document = f"{self.root}/onto"
        links = [f'<{ONTOLOGY}>; rel="cite-as"', '<https://creativecommons.org/licenses/by/4.0/>; rel="license"']
        links += [f'<{document}.{e}>; rel="alternate"; type="{m}"' for e, m in documents.MEDIA.items() if e != ending]
        links += [
            f'<{document}.{e}>; rel="describedby"; type="{m}"'
            for e, m in documents.MEDIA.items()
            if e not in ("html", ending)
        ]
        links += ['<http://www.w3.org/2002/07/owl#Ontology>; rel="type"', '<https://schema.org/AboutPage>; rel="type"']
        if not ending:
            if path != "/onto" and path.removeprefix("/onto/") != self._version:
                raise Refusal(404, f"this server holds version {self._version} of the ontology")
            media = choose(request.headers.get("accept"), list(documents.MEDIA.values()))
            if media is None:
                raise Refusal(
                    406, f"the ontology leaves as {', '.join(documents.MEDIA.values())}", {"Link": ", ".join(links)}
                )
            where = f"{document}.{documents.EXTENSIONS[media]}"
            return Response(
                status_code=303,
                headers={"Location": where, "Vary": "Accept", "Link": ", ".join(links), "Cache-Control": "no-cache"},
            )
        if ending not in documents.MEDIA:
            raise Refusal(404, f"the ontology is here as {', '.join(f'.{e}' for e in documents.MEDIA)}")
        reply = self.kept.get(("onto", ending))
        if reply is None:
            reply = await asyncio.to_thread(self._ontology, ending)
            reply.headers["Link"] = ", ".join(links)
            self.kept.put(("onto", ending), reply)
        return send(request, reply)

    @cached_property
    def _version(self) -> str:
        rows = self.library.store.select(f"SELECT ?v WHERE {{ <{ONTOLOGY}> owl:versionInfo ?v }}").rows
        return rows[0][0].split('"')[1] if rows and rows[0][0] else ""

    def _ontology(self, ending: str) -> Reply:
        if ending != "html":
            return Reply(self.library.ontology(ending), _with_charset(documents.MEDIA[ending]))
        triples = self.library.triples(ONTOLOGY) if ONTOLOGY not in self.library.graphs else []
        about = triples or [
            (q.subject, q.predicate, q.object)
            for q in self.library.store.quads(ONTOLOGY)
            if q.subject == f"<{ONTOLOGY}>" or q.subject.startswith(f"<{EAA}")
        ]
        title = self.library.store.select(f"SELECT ?t WHERE {{ <{ONTOLOGY}> dcterms:title ?t }}").rows
        whole = reference.Ontology(tuple(q[:3] for q in self.library.store.quads(ONTOLOGY)))
        return self.page(
            "ontology",
            patterns=Markup(reference.patterns_html(whole)),  # noqa: S704 - escaped where it is made
            title=title[0][0].split('"')[1] if title and title[0][0] else "Ontology",
            iri=ONTOLOGY,
            sorts=self.library.terms(),
            alternates=self._alternates(f"{self.root}/onto"),
            json_ld=_in_html(documents.json_ld(t for t in about if not t[2].startswith("_:"))),
        )

    async def dump(self, request: Request) -> Response:
        """Send everything in one file."""
        name, _, ending = request.scope["raw_path"].decode("ascii", "replace").removeprefix("/data/").rpartition(".")
        if unquote(name) != unquote(self.library.local[4:-1]) or ending not in description.DUMPS:
            raise Refusal(404, f"the data are at {', '.join(self._dump(e) for e in description.DUMPS)}")
        form, media, _ = description.DUMPS[ending]
        reply = self.kept.get(("dump", ending))
        if reply is None:
            reply = Reply(await asyncio.to_thread(self.library.store.dump, form), _with_charset(media))
            reply.headers["Link"] = (
                f'<{self._document(self.library.review_iri)}.html>; rel="collection"; type="text/html"'
            )
            await asyncio.to_thread(reply.compressed)
            self.kept.put(("dump", ending), reply)
        return send(request, reply)

    # --- pages ------------------------------------------------------------------------------

    async def about(self, request: Request) -> Response:
        """Show what there is: kinds of things, or the things of one kind."""
        kind = unquote(request.scope["path"].removeprefix("/about").strip("/"))
        told: dict[str, Any] = {
            "question": "",
            "kinds": (),
            "things": (),
            "before": "",
            "after": "",
            "start": 1,
            "json_ld": "",
        }
        review = self.library.review
        if not kind:
            told |= {
                "title": review.title,
                "question": review.question or "",
                "kinds": sorted(self.library.listing().items()),
                "iri": self.library.review_iri,
                "href": self.library.href(self.library.review_iri),
                "public": self.public(request),
                "dumps": [
                    {"href": self._dump(e), "name": name.replace("_", "/"), "graphs": e in ("trig", "nq", "jsonld")}
                    for e, (_, _, name) in description.DUMPS.items()
                ],
                "json_ld": _in_html(
                    {"@context": {"schema": PREFIXES["schema"]}, **self._dataset(self.public(request))}
                ),
            }
        else:
            things = self.library.of_kind(kind)
            if not things:
                raise Refusal(404, "the review has no things of this kind")
            number = dict(read_form(request.scope["query_string"], "the query string")).get("page", "1")
            page = int(number) if re.fullmatch(r"[1-9]\d{0,5}", number) else 1
            start = (page - 1) * _LIST
            here = f"{self.root}/about/{quote(kind)}?page="
            told |= {
                "title": f"{kind.capitalize()}: {len(things):,} things",
                "things": things[start : start + _LIST],
                "start": start + 1,
                "before": f"{here}{page - 1}" if page > 1 else "",
                "after": f"{here}{page + 1}" if start + _LIST < len(things) else "",
            }
            if not told["things"]:
                raise Refusal(404, "the list ends before this page")
        reply = self.page("about", **told)
        if not kind:
            reply.headers["Link"] = f'<{self.root}/.well-known/void>; rel="describedby"; type="text/turtle"'
        return send(request, reply)

    async def asset(self, request: Request) -> Response:
        """Send a style sheet or script of the server's own."""
        name = request.scope["path"].removeprefix("/-/")
        if name == "health":
            body = json.dumps({"healthy": self.pool.healthy}).encode()
            return send(request, Reply(body, "application/json"), 200 if self.pool.healthy else 503, cache="no-store")
        if name not in _ASSETS:
            raise Refusal(404, "there is no such file")
        media = _with_charset(mimetypes.guess_type(name)[0] or "application/octet-stream")
        return send(
            request, self._kept(("asset", name), lambda: Reply(_ASSETS[name].read_bytes(), media)), cache="max-age=3600"
        )

    async def site(self, request: Request) -> Response:
        """Send a file of the built site, or, at the front door where none is built, what there is."""
        path: str = request.scope["path"]
        if self.folder is None:
            if path == "/":
                return await self.about_front(request)
            raise Refusal(404, "there is nothing at this address")
        found = self._file(path)
        if found is None:
            raise Refusal(404, "there is nothing at this address")
        if found.is_dir():
            if not path.endswith("/"):
                return RedirectResponse(f"{self.root}{quote(path)}/", 308)
            found = found / "index.html"
        stamp = found.stat()
        key = ("file", str(found), stamp.st_mtime_ns, stamp.st_size)
        reply = self.kept.get(key) or self.kept.put(key, await asyncio.to_thread(_read, found))
        return send(request, reply)

    def _file(self, path: str) -> Path | None:
        """Return the file or folder of the site at a path; nothing hidden, nothing outside of it."""
        if self.folder is None or "\0" in path or "\\" in path:
            return None
        parts = [part for part in path.split("/") if part]
        if any(part.startswith(".") for part in parts):
            return None
        try:
            found = self.folder.joinpath(*parts).resolve()
            inside = found.is_relative_to(self.folder)
            if inside and found.is_dir():
                return found if (found / "index.html").is_file() else None
            return found if inside and found.is_file() else None
        except (OSError, ValueError):
            return None

    async def about_front(self, request: Request) -> Response:
        """Show the front door of a review whose site was not built."""
        request.scope["path"] = "/about"
        return await self.about(request)


_REASONS = {400: "This request cannot be read", 404: "Not found", 406: "Not in this form", 405: "Not this way",
            503: "Busy", 504: "Out of time"}  # fmt: skip


def _read(path: Path) -> Reply:
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    media = {".trig": "application/trig", ".ttl": "text/turtle", ".nt": "application/n-triples", ".wasm": "application/wasm",
             ".jsonld": "application/ld+json", ".js": "text/javascript"}.get(path.suffix, media)  # fmt: skip
    policy = {"Content-Security-Policy": SITE_POLICY} if media in ("text/html", "image/svg+xml") else {}
    return Reply(path.read_bytes(), _with_charset(media), policy)


def _with_charset(media: str) -> str:
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def _in_html(data: Any) -> Markup:
    """Return JSON that may stand in a script element: nothing in it can end that element."""
    text = json.dumps(data, ensure_ascii=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 (the three marks that matter were just replaced)


async def _gone(request: Request) -> None:
    """Return when the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Outside:
    """Wraps everything: the path under a proxy, headers of safety, refusals, and the log."""

    def __init__(self, app: ASGIApp, site: _Site, logged: bool) -> None:
        self.app = app
        self.site = site
        self.logged = logged

    async def __call__(self, scope: Scope, receive: Receive, send_on: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send_on)
            return
        started = time.perf_counter()
        scope = dict(scope)
        raw = scope.get("raw_path") or quote(scope["path"], safe="/%:@!$&'()*+,;=~-._").encode()
        root = self.site.root
        if root and (scope["path"] == root or scope["path"].startswith(f"{root}/")):  # the proxy left it on
            scope["path"] = scope["path"][len(root) :] or "/"
            raw = raw[len(root.encode()) :] or b"/"
        scope["raw_path"], scope["root_path"] = raw, ""
        scope.setdefault("state", {})["told"] = {}
        number = secrets.token_hex(6)
        sent = {"status": 0, "bytes": 0}

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"] = message["status"]
                own = {k.lower() for k, _ in message["headers"]}
                more = {**_SAFE, **_CORS, "X-Request-Id": number}
                message["headers"] = [*message["headers"]] + [
                    (k.lower().encode(), v.encode()) for k, v in more.items() if k.lower().encode() not in own
                ]
            elif message["type"] == "http.response.body":
                sent["bytes"] += len(message.get("body", b""))
            await send_on(message)

        try:
            await self.app(scope, receive, counted)
        finally:
            if self.logged:
                log(
                    "request",
                    id=number,
                    method=scope["method"],
                    path=scope["path"],
                    status=sent["status"] or 499,
                    bytes=sent["bytes"],
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    **scope["state"]["told"],
                )


_SAFE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def application(
    built: Built,
    limits: Limits | None = None,
    root: str = "",
    folder: Path | None = None,
    fork: bool | None = None,
    logged: bool = True,
) -> ASGIApp:
    """Return the web application for a review.

    Parameters
    ----------
    built : Built
        With its graph; what is served is what it holds now.
    limits : Limits, optional
    root : str
        Path under which a proxy offers the server, such as ``/reviews/eaa``.
    folder : Path, optional
        A built site; served at ``/`` if it holds an ``index.html``.
    fork : bool, optional
        Whether query workers are forked; left out, wherever that is possible.
    logged : bool
        Whether each request leaves a line of JSON on standard error.

    Raises
    ------
    EaaError
        If the root path is none.
    """
    root = root.rstrip("/")
    if root and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", root):
        raise EaaError(f"a root path looks like /reviews/mine, not {root!r}")
    site = _Site(built, limits or Limits(), root, folder, fork)

    @contextlib.asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        await site.pool.start()
        if logged:
            log("started", workers=site.limits.workers, seconds=site.limits.seconds, forked=site.pool.fork)
        try:
            yield
        finally:
            await site.pool.close()
            if logged:
                log("stopped")

    def handler(
        method: Callable[[Request], Awaitable[Response]], every: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            try:
                if len(request.scope["query_string"]) > site.limits.body_bytes:
                    raise Refusal(414, f"addresses may be {site.limits.body_bytes:,} bytes long")
                if not every and request.method not in ("GET", "HEAD", "OPTIONS"):
                    raise Refusal(405, "this server only lets you read", {"Allow": _READ})
                if not every and request.method == "OPTIONS":
                    return Response(status_code=204, headers={"Allow": _READ, "Access-Control-Allow-Methods": _READ,
                                    "Access-Control-Allow-Headers": "Accept, If-None-Match"})  # fmt: skip
                return await method(request)
            except Refusal as refusal:
                return site.refused(request, refusal)
            except ClientDisconnect:
                return Response(status_code=499)
            except Exception as error:
                log("error", kind=type(error).__name__, at=_place(error), path=request.scope["path"])
                return PlainTextResponse("something went wrong here; the log says where\n", 500)

        return handle

    any_method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
    routes = [
        Route(path, handler(method, path.startswith("/sparql")), methods=any_method)
        for path, method in (
            ("/sparql", site.sparql),
            ("/sparql/", site.sparql),
            ("/query", site.query_page),
            ("/.well-known/void", site.void),
            ("/id/{rest:path}", site.thing),
            ("/doc/{rest:path}", site.document),
            ("/onto{rest:path}", site.ontology),
            ("/data/{rest:path}", site.dump),
            ("/about", site.about),
            ("/about/{rest:path}", site.about),
            ("/-/{rest:path}", site.asset),
            ("/{rest:path}", site.site),
        )
    ]
    return _Outside(Starlette(routes=routes, lifespan=running), site, logged)


def _place(error: BaseException) -> str:
    """Return file and line where an error was raised, without what was in hand there."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}" if step else ""
