"""Reviews for the tests of the site: the pilot, one with hostile texts, and a large one of any size."""

from __future__ import annotations

import random
from pathlib import Path

from eaa_graph import pipeline, results, site
from eaa_graph.model import (
    Article,
    Concept,
    Configuration,
    Expectation,
    Extraction,
    Person,
    Records,
    Reported,
    Review,
    Theory,
)
from eaa_graph.settings import Settings
from eaa_graph.validate import Checked

#: Texts that break pages that are glued together.
HOSTILE = (
    "<script>window.hacked=1</script>",
    "\"quoted\" 'twice' & <b>bold</b>",
    "</script><img src=x onerror=window.hacked=2>",
    "javascript:window.hacked=3",
    "emoji 👩‍👩‍👧 and 🧠",
    "שלום עולם (right to left)",
    "مرحبا بالعالم",
    "x" * 300,
    "long " * 60 + "end",
    "{{ 7 * 7 }} {% raw %} ${1+1} href=",
    "CON",
    "con",
    "a/b\\c:d*e?f",
    "Ä ß 漢字 \u2028 line",
)


def hostile() -> Records:
    """Return a small review in which every text is one of :data:`HOSTILE`."""

    def text(n: int) -> str:
        return HOSTILE[n % len(HOSTILE)].replace("\u2028", " ").strip()

    ids = [text(n)[:120].strip() for n in range(len(HOSTILE))]
    ids = [i.replace("|", "").replace(" / ", "-") for i in ids]
    concepts = tuple(
        Concept(
            id=i,
            label=text(n),
            definition=text(n + 1),
            listed_as=("context", "mechanism", "outcome", "theme")[n % 4],
            source=text(n + 3),
        )
        for n, i in enumerate(ids)
    )
    by = [[c.id for c in concepts if c.listed_as == kind] for kind in ("context", "mechanism", "outcome", "theme")]
    articles = tuple(
        Article(
            id=i,
            title=text(n + 2),
            authors=text(n),
            country=text(n + 5),
            url=("javascript:alert(1)" if n == 0 else "https://example.org/"),
            doi='10.1/"><script>',
        )
        for n, i in enumerate(ids)
    )
    extractions = tuple(
        Extraction(
            id=f"{i} e{k}",
            article=i,
            theme=by[3][n % len(by[3])],
            contexts=(by[0][(n + k) % len(by[0])],),
            mechanisms=(by[1][(n * k) % len(by[1])],),
            outcomes=(by[2][n % len(by[2])],),
            quote=text(n + k),
            note=text(n + k + 1),
            locator=text(n),
            stance=("supports", "challenges", "refines")[k % 3],
            coder=text(4 if k % 2 else 5),
        )
        for n, i in enumerate(ids)
        for k in range(3)
    )
    configurations = tuple(
        Configuration(
            id=i,
            contexts=((by[0][n % len(by[0])],),),
            mechanisms=((by[1][n % len(by[1])],),),
            outcomes=((by[2][n % len(by[2])],),),
            statement=text(n + 4),
            author=text(0),
            supporting=(extractions[n].id,),
            challenging=(extractions[n + 1].id,),
        )
        for n, i in enumerate(ids[:6])
    )
    return Records(
        review=Review(id="hostile", title=text(0), question=text(1), citation=text(2)),
        people=tuple(Person(id=text(n), name=text(n + 1)) for n in (4, 5)),
        articles=articles,
        concepts=concepts,
        extractions=extractions,
        reported=tuple(Reported(article=i, theme=t, reported=bool((n + m) % 2), coder=text(4)) for n, i in enumerate(ids) for m, t in enumerate(by[3])),
        configurations=configurations,
        theories=(
            Theory(id=ids[0], label=text(0), summary=text(1), status="initial", configurations=(ids[0], ids[1])),
            Theory(id=ids[1], label=text(6), summary=text(2), status="refined", revision_of=(ids[0],), configurations=tuple(ids[1:6])),
        ),
        expectations=(Expectation(concept=by[1][0], source=text(0), why=text(2)),),
    ).ordered()  # fmt: skip


def large(articles: int, each: int, seed: int = 1) -> Records:
    """Return a review of `articles` with `each` extractions, coded at random with a long tail of concepts."""
    draw = random.Random(seed)
    kinds = (("context", 40), ("mechanism", 26), ("outcome", 30), ("theme", 7))
    concepts = tuple(
        Concept(
            id=f"{kind}-{n}", label=f"{kind} number {n}", listed_as=kind, status="framework" if n < 6 else "emergent"
        )
        for kind, count in kinds
        for n in range(count)
    )

    def some(kind: str, count: int, most: int) -> tuple[str, ...]:
        return tuple(
            {f"{kind}-{min(count - 1, int(draw.expovariate(1 / (count / 4))))}" for _ in range(draw.randint(1, most))}
        )

    extractions = tuple(
        Extraction(
            id=f"a{a}-e{n}",
            article=f"a{a}",
            theme=f"theme-{draw.randrange(7)}",
            contexts=some("context", 40, 2),
            mechanisms=some("mechanism", 26, 2),
            outcomes=some("outcome", 30, 1),
            stance=draw.choices(("supports", "refines", "challenges", None), (70, 10, 10, 10))[0],
            quote=" ".join(draw.choices(("people", "met", "shared", "views", "and", "agreed", "plans"), k=30)),
            locator=f"p. {n}",
            coder=("one", "two")[n % 2] if a % 5 == 0 else "one",
        )
        for a in range(articles)
        for n in range(each)
    )  # fmt: skip
    configurations = tuple(
        Configuration(id=f"K{n}", contexts=((f"context-{n}",),), mechanisms=((f"mechanism-{n}", f"mechanism-{n + 1}"),), outcomes=((f"outcome-{n}",),))
        for n in range(12)
    )  # fmt: skip
    return Records(
        review=Review(id="large", title="A large review", preferred_coder="one"),
        people=(Person(id="one"), Person(id="two")),
        articles=tuple(Article(id=f"a{a}", title=f"Article number {a} on working together", year=2000 + a % 25, country="UK") for a in range(articles)),
        concepts=concepts,
        extractions=extractions,
        reported=tuple(Reported(article=f"a{a}", theme=f"theme-{t}", reported=(a + t) % 5 > 0, coder="one") for a in range(articles) for t in range(7)),
        configurations=configurations,
        theories=(
            Theory(id="T1", configurations=("K0", "K1", "K2"), status="initial"),
            Theory(id="T2", configurations=tuple(k.id for k in configurations), revision_of=("T1",), status="refined"),
        ),
        expectations=(Expectation(concept="mechanism-25", source="another theory"),),
    ).ordered()  # fmt: skip


def built(records: Records) -> pipeline.Built:
    """Return records as if they had been read."""
    return pipeline.Built(Checked(records, (), 0), Settings())


def material(records: Records) -> site.Material:
    """Return what the site of `records` tells, with all its answers."""
    review = built(records)
    return results.site_material(review, results.answers(review), {}, None)


def write(records: Records, folder: Path) -> Path:
    """Write the site of `records` into `folder`."""
    for path, text in site.files(material(records)):
        page = folder / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8", newline="\n")
    return folder
