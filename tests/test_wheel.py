"""The wheel, installed alone somewhere else, does what the checkout does, and carries nothing that is not ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("queries", "ontology", "data")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that must not see the checkout; show what it said when it fails."""
    surroundings = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout in which somebody has worked."""
    copy = tmp_path_factory.mktemp("checkout") / "eaa-graph"
    unwanted = shutil.ignore_patterns("__pycache__", "build", "dist", "*.egg-info")
    copy.mkdir()
    for name in ("eaa_graph", "docs", "scripts", *SHIPPED):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, copy / path.name)
    left_behind = [
        copy / "data" / "eaa_pilot" / "build" / "index.html",
        copy / "data" / "eaa_pilot" / ".DS_Store",
        copy / "data" / "eaa_pilot" / "~$articles.xlsx",
        copy / "queries" / "ask" / "__pycache__" / "junk.pyc",
    ]
    for path in left_behind:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not ours", "utf-8")
    return copy


@pytest.fixture(scope="module")
def built(checkout: Path) -> Path:
    """Build source distribution and wheel with what is installed here: no index is asked."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", checkout / "dist", cwd=checkout)
    return checkout / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


def expected() -> set[str]:
    """Return what the wheel must carry of the shipped folders."""
    return {
        f"eaa_graph/_share/{path.relative_to(ROOT).as_posix()}"
        for folder in SHIPPED
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and not {"build", "__pycache__"} & set(path.relative_to(ROOT).parts)
        and not path.name.startswith((".", "~$"))
    }


def test_the_wheel_carries_every_shipped_file_the_licences_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        page = archive.read("eaa_graph/_share/data/eaa_pilot/articles.csv")
    assert {n for n in names if n.startswith("eaa_graph/_share/")} == expected()
    assert page == (ROOT / "data" / "eaa_pilot" / "articles.csv").read_bytes()
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "eaa_graph").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {n for n in names if n.startswith("eaa_graph/") and "/_share/" not in n} == modules
    for licence in ("LICENSE", "LICENSE-data", "LICENSE-ontology"):
        assert any(n.endswith(f".dist-info/licenses/{licence}") for n in names)
    assert {n.partition("/")[0] for n in names} == {"eaa_graph", wheel.name.partition("-py3")[0] + ".dist-info"}


def test_a_wheel_built_straight_from_the_checkout_is_the_same(checkout: Path, wheel: Path) -> None:
    out = checkout / "straight"
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", out, cwd=checkout)
    (straight,) = out.glob("*.whl")
    with zipfile.ZipFile(straight) as one, zipfile.ZipFile(wheel) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())


def test_the_source_distribution_holds_what_a_developer_needs(built: Path) -> None:
    (found,) = built.glob("*.tar.gz")
    with tarfile.open(found) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    for needed in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "LICENSE-data", "scripts/test"):
        assert needed in names
    assert not [n for n in names if "/build/" in n or ".DS_Store" in n]


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into an environment of its own, far from the checkout."""
    place = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", place / "venv", cwd=place)
    python = program(place, "python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", wheel, cwd=place)
    return place


def program(place: Path, name: str) -> Path:
    """Return a program of the environment in `place`."""
    return place / "venv" / ("Scripts" if os.name == "nt" else "bin") / name


def test_the_installed_wheel_builds_the_pilot_as_the_checkout_does(elsewhere: Path, tmp_path: Path) -> None:
    done = run(program(elsewhere, "eaa-graph"), "build", "--example", "eaa_pilot", cwd=elsewhere)
    assert "51 articles" in done.stdout
    shown = run(program(elsewhere, "python"), "-c", "import eaa_graph; print(eaa_graph.__file__)", cwd=elsewhere)
    assert str(elsewhere) in shown.stdout
    run(sys.executable, "-m", "eaa_graph", "build", ROOT / "data" / "eaa_pilot", "--out", tmp_path / "here", cwd=ROOT)
    there = elsewhere / "eaa_pilot-build"
    for name in ("graph.trig", "findings.json", "index.html", "tables/configurations-supported.csv"):
        assert (there / name).read_bytes() == (tmp_path / "here" / name).read_bytes(), name


def test_the_installed_wheel_answers_and_starts_a_review(elsewhere: Path) -> None:
    eaa_graph = program(elsewhere, "eaa-graph")
    asked = run(eaa_graph, "ask", "--example", "eaa_pilot", "document-flow", "--format", "csv", cwd=elsewhere)
    assert len(asked.stdout.splitlines()) > 1
    run(eaa_graph, "new", "mine", cwd=elsewhere)
    run(eaa_graph, "build", "mine", cwd=elsewhere)
    assert (elsewhere / "mine" / "build" / "index.html").is_file()


def test_reading_ris_without_its_extra_names_the_line_that_installs_it(elsewhere: Path) -> None:
    ris = elsewhere / "found.ris"
    ris.write_text("TY  - JOUR\nTI  - One article\nPY  - 2020\nER  - \n", "utf-8")
    done = subprocess.run(
        [str(program(elsewhere, "eaa-graph")), "check", str(ris)],
        cwd=elsewhere,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 2
    assert 'pip install "eaa-graph[formats]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_sources_give_the_same_bytes(built: Path, checkout: Path, tmp_path: Path) -> None:
    """Anybody can build what was published and compare: place, time, rights and order of files do not matter."""
    other = tmp_path / "elsewhere"
    shutil.copytree(checkout, other, ignore=shutil.ignore_patterns("dist"), copy_function=shutil.copy)
    for number, path in enumerate(sorted(other.rglob("*"), reverse=True)):
        if path.is_file():
            os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
            path.chmod(path.stat().st_mode & 0o700)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", cwd=other)
    again = {p.name: p.read_bytes() for p in (tmp_path / "dist").iterdir()}
    first = {p.name: p.read_bytes() for p in built.iterdir()}
    assert sorted(again) == sorted(first)
    assert len(first) == 2
    for name, content in first.items():
        assert again[name] == content, name
