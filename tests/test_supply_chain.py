"""What eaa-graph is made of: licences that leave people free, ranges that end, a bill of materials, builds that repeat."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import sbom  # noqa: E402

#: Licences that ask for no more than to be named. owlready2 is the one exception, and is told of in the documentation.
FREE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "ISC", "MIT", "PSF-2.0", "Zlib"}
EXCEPTIONS = {"owlready2": "LGPL-3.0-or-later"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_package_that_comes_along_leaves_people_free() -> None:
    parts = sbom.installed()
    assert {Requirement(d).name.lower() for d in PROJECT["dependencies"]} <= {p.name for p in parts}
    assert len(parts) > 20
    for part in parts:
        words = set(re.split(r" (?:AND|OR|WITH) |[()]", part.licence)) - {""}
        assert words <= FREE or EXCEPTIONS.get(part.name) == part.licence, part
    assert set(EXCEPTIONS) <= {p.name for p in parts}


@pytest.mark.parametrize("extra", sorted(set(PROJECT["optional-dependencies"]) - {"test"}))
def test_no_optional_part_brings_the_gpl(extra: str) -> None:
    for text in PROJECT["optional-dependencies"][extra]:
        name = Requirement(text).name
        try:
            package = sbom.metadata.distribution(name)
        except sbom.metadata.PackageNotFoundError:
            pytest.skip(f"{name} is not installed")
        licence = sbom.licence_of(package)
        assert not re.search(r"(?<!L)GPL|AGPL", licence), (name, licence)


def test_every_range_has_both_ends() -> None:
    """A release of somebody else's must not break an installation of ours."""
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for text in texts:
            need = Requirement(text)
            if need.name == "eaa-graph":
                continue
            operators = {s.operator for s in need.specifier}
            assert "==" in operators or (operators & {">=", "~=", ">"} and operators & {"<", "<=", "~="}), text


def test_the_bill_of_materials_follows_its_schema_and_names_everything() -> None:
    made = sbom.bill()
    names = {c["name"] for c in made["components"]}
    assert {"click", "rdflib", "pyoxigraph", "owlready2", "networkx", "pyvis", "@zazuko/yasgui", "oxigraph"} <= names
    refs = {c["bom-ref"] for c in made["components"]} | {made["metadata"]["component"]["bom-ref"]}
    assert all({d["ref"], *d["dependsOn"]} <= refs for d in made["dependencies"])
    assert sbom.bill() == made
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed")
    from cyclonedx.schema import SchemaVersion

    fault = validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made))
    assert fault is None, fault
    made["components"][0]["type"] = "nonsense"
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is not None


def test_the_javascript_that_is_carried_is_the_javascript_told_of() -> None:
    script = (ROOT / "scripts" / "vendor_js.py").read_text("utf-8")
    notices = "".join(p.read_text("utf-8") for p in (ROOT / "eaa_graph").rglob("vendor/NOTICE.md"))
    for name, version, _ in sbom.CARRIED:
        assert version in script, name
        assert re.search(rf"{re.escape(name)}\W.{{0,40}}{re.escape(version)}", notices, re.DOTALL), name


def test_the_script_writes_a_file(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    subprocess.run([sys.executable, ROOT / "scripts" / "sbom.py", "--out", out], check=True, timeout=120)
    assert json.loads(out.read_text("utf-8"))["bomFormat"] == "CycloneDX"
