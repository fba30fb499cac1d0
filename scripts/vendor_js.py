"""Fetch the JavaScript that the pages carry from npm and put it into the package.

    .venv/bin/python scripts/vendor_js.py            write the files
    .venv/bin/python scripts/vendor_js.py --check    say whether they are what npm has; write nothing

Needs npm. Versions stand here and nowhere else. What is packed (xz, then base 85) is packed because a page opened from
disk can load scripts only, and because WebAssembly is large: 4.0 MB become 1.2 MB. Nothing else is changed.
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGES = {"oxigraph": "0.5.11", "xz-decompress": "0.2.3", "@zazuko/yasgui": "4.6.2"}
ROOT = Path(__file__).resolve().parents[1] / "eaa_graph"


def fetched(name: str, folder: Path) -> Path:
    """Return the unpacked package."""
    done = subprocess.run(
        ["npm", "pack", "--silent", f"{name}@{PACKAGES[name]}"], cwd=folder, capture_output=True, text=True, check=True
    )
    place = folder / name.replace("/", "-")
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extractall(place, filter="data")
    return place / "package"


def packed(**parts: bytes) -> str:
    """Return a script that hands the parts to the page as `EAA[name]`."""
    text = ""
    for name, content in parts.items():
        # A small dictionary: the reader has to make room for all of it. Fixed filters give the same bytes everywhere.
        filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 1 << 22}]
        small = lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=filters)
        # This alphabet has no quote and no backslash.
        text += f'(window.EAA=window.EAA||{{}})["{name}"]="{base64.b85encode(small).decode()}";\n'
    return text


def unpacked(script: str) -> dict[str, str]:
    """Return the SHA-256 of each part of a packed script, so that a check does not depend on the packer's version."""
    found = {}
    for line in script.splitlines():
        name, _, value = line.partition('["')[2].partition('"]="')
        found[name] = hashlib.sha256(lzma.decompress(base64.b85decode(value.removesuffix('";')))).hexdigest()
    return found


def main() -> int:
    """Write or check the files."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = {name: fetched(name, Path(temporary)) for name in PACKAGES}
        engine, reader, editor = (folders[n] for n in PACKAGES)
        script = next(p for p in sorted(editor.rglob("yasgui.min.js")))
        style = (
            script.with_suffix(".css") if script.with_suffix(".css").exists() else next(editor.rglob("yasgui.min.css"))
        )
        wanted = {
            "site/vendor/oxigraph.js": packed(
                engine=(engine / "web.js").read_bytes(), wasm=(engine / "web_bg.wasm").read_bytes()
            ),
            "site/vendor/yasgui.js": packed(editor=script.read_bytes(), editor_style=style.read_bytes()),
            "site/vendor/xz.js": next(reader.rglob("xz-decompress.min.js")).read_text("utf-8"),
            "server/vendor/yasgui.min.js": script.read_text("utf-8"),
            "server/vendor/yasgui.min.css": style.read_text("utf-8"),
        }
    different = []
    for name, text in wanted.items():
        path = ROOT / name
        held = path.read_text("utf-8") if path.exists() else ""
        if text != held and not (text.startswith("(window.EAA=") and held and unpacked(text) == unpacked(held)):
            different.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, "utf-8", newline="\n")
        print(f"{len(text):>9,} {name}{' differs' if name in different else ''}")
    return 1 if different and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
