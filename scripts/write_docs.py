"""Write the parts of the documentation that come from the code, or say which are out of date.

    .venv/bin/python scripts/write_docs.py            writes them
    .venv/bin/python scripts/write_docs.py --check    names what is out of date and exits with 1

A document is prose by hand with sections between `<!-- from the code: NAME -->` and
`<!-- end -->`; only what is between the two is written here.
"""

from __future__ import annotations

__all__ = ["REMEDIES", "SECTIONS", "main", "out_of_date", "written"]

import contextlib
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import click  # noqa: E402 (after the checkout's own package is in reach)
from click.testing import CliRunner  # noqa: E402

from eaa_graph import cli, pipeline, queries, registry  # noqa: E402
from eaa_graph.findings import RULES  # noqa: E402
from eaa_graph.model import SHEETS, ColumnSpec  # noqa: E402
from eaa_graph.settings import SETTINGS, Settings  # noqa: E402

_MARKS = re.compile(r"(<!-- from the code: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)
#: Lines of output shown of a worked example.
_SHOWN = 24
#: Commands whose example is not run: it never ends, or needs an extra that a developer may not have.
_NOT_RUN = ("serve", "report")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _code(text: str) -> str:
    # Inside a table even code spans need their bars escaped.
    return f"`{_cell(text)}`" if text else ""


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


# --- sheets -----------------------------------------------------------------------------------

_KINDS = {
    "id": "id",
    "text": "text",
    "year": "year",
    "count": "whole number",
    "date": "date: YYYY, YYYY-MM or YYYY-MM-DD",
    "flag": "yes or no",
    "texts": "texts, joined with `\\|`",
}


def _kind(column: ColumnSpec) -> str:
    if column.kind == "choice":
        return "one of: " + ", ".join(_code(word) for word in column.choices)
    if column.kind in _KINDS:
        return _KINDS[column.kind]
    elsewhere = "` of review.toml"  # the two lists that have no sheet
    where = " or ".join(f"`{name}{'`' if name in SHEETS else elsewhere}" for name in column.refers_to)
    many = {"ref": "id in", "refs": "ids, joined with `\\|`, in", "slot": "slot of ids in"}[column.kind]
    return f"{many} {where}"


def sheets() -> str:
    """Return every sheet with every column."""
    parts = []
    for sheet in SHEETS.values():
        parts.append(f"### `{sheet.name}`\n\n{sheet.meaning}{' **Required.**' if sheet.required else ''}\n")
        if sheet.synonyms:
            parts.append("Also found as: " + ", ".join(f"`{name}`" for name in sheet.synonyms) + ".\n")
        rows = (
            (
                f"`{c.name}`{' **required**' if c.required else ''}",
                _cell(c.meaning),
                _kind(c),
                ", ".join(c.synonyms),
                _code(c.example),
            )
            for c in sheet.columns
        )
        parts.append(_table(("column", "meaning", "what it holds", "also read as", "example"), rows))
    return "\n".join(parts)


def review_file() -> str:
    """Return review.toml as the template has it, every key explained."""
    with tempfile.TemporaryDirectory() as temporary, _inside(Path(temporary)):
        result = CliRunner().invoke(cli.main, ["new", "my-review"])
        if result.exit_code:
            raise SystemExit(result.output)
        text = Path("my-review", "review.toml").read_text("utf-8")
    return f"```toml\n{text}```\n"


# --- findings ------------------------------------------------------------------------------------

#: What to do about the findings of each rule, under the headings of docs/findings.md.
REMEDIES: dict[str, dict[str, str]] = {
    "Reading files": {
        "encoding-guessed": "In Excel, save as *CSV UTF-8*. Look at a few names with accents first.",
        "bytes-replaced": "Save the file again from the program that made it, as *CSV UTF-8*; retype what shows as \ufffd.",
        "stray-quote": 'Double a quotation mark inside a cell (`""`), or delete it; see that the rows around it are whole.',
        "ragged-row": "Count the separators in the row. A comma or semicolon inside a cell needs quotation marks around the cell.",
        "blank-header": "Give the column a header, or empty it.",
        "duplicate-header": "Rename or delete one of the two columns.",
        "header-matched": "Nothing, if that is what you meant; else rename the column.",
        "unknown-column": "Nothing, if it is a column of your own; else correct the header.",
        "unknown-sheet": "Nothing, if it is not part of the review; else rename the file or sheet.",
        "missing-sheet": "Add the sheet. `eaa-graph new` writes all of them, explained.",
        "missing-column": "Add the column.",
        "empty-sheet": "Add rows, or remove the sheet.",
        "merged-cells": "Unmerge the cells and fill in each.",
        "hidden-cells": "Nothing, if they belong to the review; else delete them: hiding does not take them out.",
        "cell-comment": "Move what matters into the column `note`.",
        "formula-without-value": "Open the workbook in Excel or LibreOffice, let it calculate, and save it.",
        "cell-error": "Correct the formula, or type the value.",
        "control-characters": "Nothing, if the text reads well; else retype it.",
        "example-row": "Delete it; or take `example:` off its id to have it read.",
        "comment-row": "Nothing; you may delete it.",
    },
    "Files of other software": {
        "file-damaged": "Export the project again; compare the counts.",
        "unsafe-path": "Ask where the file comes from. A sound project never does this.",
        "too-large": "Ask where the file comes from; export again without media files.",
        "unresolved-source": "Export with sources, or keep the original project at hand.",
        "text-positions": "Compare one or two passages with the original project.",
        "position-outside-text": "Open the passage in the original project and code it again.",
        "dangling-coding": "Look at it in the original project and export again.",
        "duplicate-guid": "Nothing, if they are the same; else export again.",
        "not-carried": "Nothing; keep the original project. [formats.md](formats.md) says what is carried.",
        "mapping-guessed": "Correct the `mapping.toml` that the import wrote, and import again.",
        "mapping-gap": "Add what is missing to `mapping.toml`, or take out what is no longer there.",
        "several-themes": "Split the passage, or choose the theme by hand.",
        "entry-unreadable": "Correct the entry in your reference manager and export again.",
        "article-matched": "Nothing, if it is the same article.",
        "article-doubtful": "Compare the two; if they are one, delete one and use the other's id.",
        "unclear-cell": "Write yes, no, 1 or 0.",
        "sub-heading": "Nothing, if it is a heading; else split the merged cells.",
        "sentence-unread": "Write it as *If … then … because …*, or fill in the slots by hand.",
        "needs-confirmation": "Read the proposal against the text; keep, correct or delete it.",
        "merge-conflict": "Decide which is right and correct it in one folder.",
        "import-gone": "Nothing, or delete it from the review yourself.",
    },
    "Rows that could not be used": {
        "missing-id": "Give the row an id of your own.",
        "bad-id": "Choose an id without `|`, ` / `, tabs or line breaks.",
        "duplicate-id": "Give one of the two rows another id; the finding names the other row.",
        "repeated-row": "Delete the copy.",
        "missing-value": "Fill in the cell.",
        "unknown-reference": "Correct the id, or add the row it names.",
        "bad-record": "Do what the finding says; it quotes the cell.",
    },
    "Cells that could not be used": {
        "wrong-value": "Choose one of the allowed values; the finding suggests the nearest.",
        "wrong-date": "Write YYYY, YYYY-MM or YYYY-MM-DD.",
        "wrong-number": "Write a whole number, without words or units.",
        "dangling-reference": "Correct the id, or add the row it names.",
        "stray-separator": "Delete the separator that separates nothing.",
        "repeated-in-list": "Delete the second.",
        "likely-separator": "If several are meant, write `|` between them.",
        "near-duplicate": "If they are one, spell them alike; add the other spelling to `synonyms`.",
        "unlisted-concept": "Add it to `concepts` with a definition, or correct the spelling.",
        "matched-by-label": "Nothing; writing the id is safer, since labels change.",
        "preferred-coder-unused": "Correct `preferred_coder` in review.toml, or the names in the column `coder`.",
        "no-codebook": "Add a sheet `concepts` with a definition for each code.",
        "unlisted-person": "List the person in review.toml, and say whether it is a person or software.",
        "unlisted-phase": "List the phase in review.toml.",
        "kind-mismatch": "Nothing: a concept may be a mechanism here and an outcome there. If it is a slip, correct it.",
        "unknown-key": "Nothing, if the key is your own; else correct it.",
        "bad-review-file": "Correct the line named; text needs quotation marks around it.",
        "no-review-file": "Add one: `eaa-graph new` writes it with every key explained.",
        "no-quote": "Add the words of the text where its licence allows; else a `locator`, so that a reader can find them.",
    },
    "Arithmetic and logic": {
        "flow-arithmetic": "Check the counts against your records. A slip in a publication is left as printed and stays reported.",
        "figure-arithmetic": "The same.",
        "revision-cycle": "Correct `revision_of` of one of the versions named.",
        "concept-cycle": "Correct `broader` of one of the concepts named.",
        "no-extractions": "Nothing, if the review only carries what a publication reports.",
        "reported-conflict": "Read the passage again: either the theme is reported, or the passage belongs to another.",
    },
    "Theory": {
        "change-not-recorded": "Add a row to `changes`: what changed, why, and on what evidence.",
        "change-without-reason": "Write the reason while you remember it.",
        "change-shows-no-difference": "Correct the ids in the row, or delete it.",
    },
}


def findings() -> str:
    """Return every rule: meaning, severity, whether its row is set aside, what to do."""
    parts = []
    for heading, remedies in REMEDIES.items():
        rows = (
            (
                f"`{name}`",
                RULES[name].severity + (", row set aside" if RULES[name].sets_row_aside else ""),
                _cell(RULES[name].meaning),
                _cell(remedy),
            )
            for name, remedy in remedies.items()
        )
        parts.append(f"### {heading}\n\n" + _table(("rule", "severity", "meaning", "what to do"), rows))
    told = {name for remedies in REMEDIES.values() for name in remedies}
    rest = [name for name in RULES if name not in told]
    if rest:
        rows = ((f"`{n}`", RULES[n].severity, _cell(RULES[n].meaning), "What the finding itself says.") for n in rest)
        parts.append("### Others\n\n" + _table(("rule", "severity", "meaning", "what to do"), rows))
    return "\n".join(parts)


# --- settings and commands --------------------------------------------------------------------------


def settings() -> str:
    """Return every setting with its option, default and allowed values, and the commands that take it."""
    commands = dict(_commands())
    rows = []
    for setting in SETTINGS:
        option = f"--{setting.name.replace('_', '-')}"
        takers = [
            f"`{name}`" for name, command in commands.items() if any(option in p.opts for p in _parameters(command))
        ]
        default = getattr(Settings(), setting.name)
        allowed = ", ".join(f"`{c}`" for c in setting.choices)
        rows.append((f"`{option}`", _cell(setting.meaning), f"`{default}`", allowed, ", ".join(takers)))
    return _table(("option", "meaning", "default", "allowed", "commands"), rows)


def _parameters(command: click.Command) -> list[click.Parameter]:
    return [p for p in command.params if isinstance(p, click.Option)]


def _commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command and sub-command with its full name, in the order of the work."""

    def walk(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is None or command.hidden:
                continue
            yield before + name, command
            if isinstance(command, click.Group):
                yield from walk(command, f"{before}{name} ")

    yield from walk(cli.main, "")


def commands() -> str:
    """Return every command with its help and, where its help gives an example on shipped data, what that prints."""
    runner = CliRunner()
    parts = []
    for name, command in _commands():
        shown = runner.invoke(cli.main, [*name.split(), "--help"], terminal_width=100, prog_name="eaa-graph")
        parts.append(f"## {name}\n\n```text\n{shown.output.rstrip()}\n```\n")
        example = "" if name in _NOT_RUN else _example(command)
        if example:
            parts.append(f"For example:\n\n```text\n$ {example}\n{_output(example)}\n```\n")
    return "\n".join(parts)


def _example(command: click.Command) -> str:
    """Return the first example of a command's help that needs nothing but what is shipped."""
    if isinstance(command, click.Group):
        return ""
    lines = [line.strip() for line in (command.help or "").splitlines()]
    given = [line for line in lines if line.startswith("eaa-graph ")]
    return next((line for line in given if "--example" in line or line.startswith("eaa-graph new ")), "")


def _output(line: str) -> str:
    """Return what a command line prints, in an empty folder, cut to a readable length."""
    with tempfile.TemporaryDirectory() as temporary, _inside(Path(temporary)):
        result = CliRunner().invoke(cli.main, shlex.split(line)[1:], terminal_width=100, prog_name="eaa-graph")
    if result.exit_code:
        raise SystemExit(f"the example in the help of eaa-graph fails: {line}\n{result.output}")
    lines = result.output.rstrip().splitlines()
    rest = len(lines) - _SHOWN
    if rest > 3:
        lines = [*lines[:_SHOWN], f"… ({rest} more lines)"]
    return "\n".join(one.rstrip() for one in lines)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


# --- questions -------------------------------------------------------------------------------------------


def questions() -> str:
    """Return everything that can be asked, with parameters."""
    rules = set(queries.questions("gaps"))
    gaps = set(registry.parts("gaps"))
    known = {**queries.questions(), **queries.questions("gaps")}
    groups: dict[str, list[str]] = {
        "Questions": [],
        "Measures": [],
        "Gaps in the evidence": [],
        "Gaps in the record": [],
    }
    for entry in pipeline.answerable().values():
        lines = [f"### {entry.name}\n", f"**{entry.title}** {entry.description}\n"]
        if entry.name in known:
            asked = known[entry.name]
            counted = [f"Counted in {asked.unit}"] if asked.unit else []
            counted += [f"out of {asked.denominator}"] if asked.denominator else []
            lines += [f"{', '.join(counted)}.\n"] if counted else []
        if entry.parameters:
            rows = ((f"`{name}`", _cell(meaning), _code(default)) for name, meaning, default in entry.parameters)
            lines.append(_table(("parameter", "meaning", "default"), rows))
        group = "Gaps in the record" if entry.name in rules else "Gaps in the evidence" if entry.name in gaps else ""
        groups[group or ("Questions" if entry.kind == "question" else "Measures")].append("\n".join(lines))
    return "\n".join(f"## {heading}\n\n" + "\n".join(found) for heading, found in groups.items() if found)


# --- writing and checking -----------------------------------------------------------------------------------

#: What can stand between the marks: name to what makes it.
SECTIONS: dict[str, Callable[[], str]] = {
    "sheets": sheets,
    "review-file": review_file,
    "findings": findings,
    "settings": settings,
    "commands": commands,
    "questions": questions,
}


def written(text: str) -> str:
    """Return a document with its sections as the code has them now."""
    return _MARKS.sub(lambda m: f"{m[1]}\n{SECTIONS[m['name']]().strip()}\n\n{m[4]}", text)


def _documents() -> Iterator[Path]:
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))):
        if _MARKS.search(path.read_text("utf-8")):
            yield path


def out_of_date() -> list[str]:
    """Return the documents with a section that differs from what the code says now."""
    found = []
    for path in _documents():
        text = path.read_text("utf-8")
        if written(text) != text:
            found.append(path.relative_to(ROOT).as_posix())
    return found


def main(arguments: list[str]) -> int:
    """Write, or check."""
    if arguments == ["--check"]:
        late = out_of_date()
        for name in late:
            print(f"{name} is out of date: run scripts/write_docs.py")
        return 1 if late else 0
    if arguments:
        print(__doc__)
        return 2
    for path in _documents():
        text = path.read_text("utf-8")
        fresh = written(text)
        if fresh != text:
            path.write_text(fresh, "utf-8", newline="\n")
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
