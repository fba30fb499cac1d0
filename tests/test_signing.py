"""Signed nanopublications: others find the signature good, a changed word breaks it, and the key stays where it is."""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyoxigraph import RdfFormat, parse
from rdflib import Dataset, URIRef

from eaa_graph import release
from eaa_graph.cli import main
from eaa_graph.errors import MissingExtra
from eaa_graph.release import nanopublications, signing
from eaa_graph.vocabulary import Term

NPX = "http://purl.org/nanopub/x/"
ORCID = "https://orcid.org/0000-0002-1825-0097"
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def place(tmp_path_factory, rsa_key) -> Path:
    """A review with awkward words and ids, a key, and the release signed with it."""
    here = tmp_path_factory.mktemp("signing")
    review = here / "review"
    review.mkdir()
    (review / "review.toml").write_text(
        '[review]\nid = "r"\ntitle = "Signed"\nlicence = "CC-BY-4.0"\nlanguage = "en"\n'
        '[[people]]\nid = "ana"\nname = "Ana Ñ"\nkind = "person"\norcid = "0000-0002-1825-0097"\n'
        '[[people]]\nid = "ben"\nname = "Ben"\nkind = "person"\n'
        '[[people]]\nid = "bot"\nkind = "software"\n',
        "utf-8",
    )
    (review / "articles.csv").write_text("id,title,licence\na1,One,CC BY 4.0\n", "utf-8")
    (review / "extractions.csv").write_text(
        "id,article,mechanisms,outcomes,quote,coder\n1,a1,trust,change,They talked,ana\n", "utf-8"
    )
    (review / "configurations.csv").write_text(
        "id,mechanism,outcome,supporting,author,statement\n"
        'C/1,trust,change,1,ana,"Two lines,\none \\ back, ""quoted"" — 𝒳 ﬁn"\nC2,trust,,,ben,\n',
        "utf-8",
    )
    (here / "key.pem").write_bytes(rsa_key.private_bytes(PEM, PKCS8, PLAIN))
    release.publish(review, here / "out", date="2026-01-02", key=here / "key.pem")
    return here


def signed_files(place: Path) -> list[Path]:
    return sorted((place / "out" / "nanopublications").glob("*.trig"))


def quads(text: str) -> list[tuple]:
    return list(Dataset().parse(data=text, format="trig").quads())


def said(text: str, name: str) -> str:
    (value,) = {o for _, p, o, _ in quads(text) if p == URIRef(NPX + name)}
    return str(value)


def by_graph(text: str) -> dict[str, list]:
    """Read with Oxigraph: rdflib spells times anew while it reads, and what is signed is the spelling."""
    graphs: dict[str, list] = {}
    for q in parse(text, format=RdfFormat.TRIG):
        graphs.setdefault(q.graph_name.value, []).append(
            tuple(Term(str(t)) for t in (q.subject, q.predicate, q.object))
        )
    return graphs


def good(text: str) -> bool:
    """Verify with the public key inside the file and `cryptography`."""
    it = said(text, "hasSignatureTarget")
    address, _, code = it.rpartition("/")
    graphs = by_graph(text)
    if signing.artifact_code(signing.to_be_signed(graphs, f"{address}/", code)) != code:
        return False
    unsigned = {g: [t for t in triples if NPX + "hasSignature>" not in t[1]] for g, triples in graphs.items()}
    key = serialization.load_der_public_key(base64.b64decode(said(text, "hasPublicKey")))
    try:
        key.verify(
            base64.b64decode(said(text, "hasSignature")),
            signing.to_be_signed(unsigned, f"{address}/", code).encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except InvalidSignature:
        return False
    return True


def test_each_is_signed_under_an_address_of_its_content(place: Path) -> None:
    files = signed_files(place)
    assert len(files) == 2
    for path in files:
        text = path.read_text("utf-8")
        assert good(text)
        assert said(text, "signedBy") == ORCID
        assert said(text, "hasAlgorithm") == "RSA"
        assert re.fullmatch(r".*/nanopublication/[^/]+/RA[A-Za-z0-9_-]{43}", said(text, "hasSignatureTarget"))
        read = [tuple(Term(f"<{t}>" if i == 3 else t.n3()) for i, t in enumerate(q)) for q in quads(text)]
        assert nanopublications.faults(read) == []
    assert "signed by Ana Ñ" in (place / "out" / "README.txt").read_text("utf-8")


def test_another_implementation_agrees(place: Path) -> None:
    """The library nanopub-rs, which shares no code with ours, finds address and signature good, and a changed word bad."""
    other = pytest.importorskip("nanopub_sign", reason="nanopub-sign has no wheel for this Python")
    for path in signed_files(place):
        text = path.read_text("utf-8")
        assert other.Nanopub(text).check().info()["trusty_hash"] in text
        changed = text.replace('"2026-01-02T', '"2026-01-03T')
        assert changed != text
        with pytest.raises(Exception, match="hash of the nanopublication is different"):
            other.Nanopub(changed).check()


def test_any_changed_statement_breaks_the_signature(place: Path) -> None:
    text = signed_files(place)[1].read_text("utf-8")
    for before, after in (
        ("2026-01-02T", "2026-01-03T"),
        ("one \\\\ back", "one back"),
        ("eaa:hasOutcome", "eaa:hasContext"),
        (ORCID, ORCID[:-1] + "5"),
        ('"RSA"', '"DSA"'),
    ):
        assert before in text
        assert not good(text.replace(before, after)), before


def test_a_signature_by_another_key_does_not_pass_for_this_one(place: Path, tmp_path: Path) -> None:
    text = signed_files(place)[0].read_text("utf-8")
    other = rsa.generate_private_key(65537, 2048)
    theirs = base64.b64encode(
        other.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    forged = text.replace(said(text, "hasPublicKey"), theirs)
    # The forger can make the address fit again; the signature remains wrong.
    it = said(forged, "hasSignatureTarget")
    address, _, code = it.rpartition("/")
    fitting = signing.artifact_code(signing.to_be_signed(by_graph(forged), f"{address}/", code))
    forged = forged.replace(code, fitting)
    assert signing.artifact_code(signing.to_be_signed(by_graph(forged), f"{address}/", fitting)) == fitting
    assert not good(forged)
    with_other = tmp_path / "other.pem"
    with_other.write_bytes(other.private_bytes(PEM, PKCS8, PLAIN))
    release.publish(place / "review", tmp_path / "out", date="2026-01-02", key=with_other)
    assert good(signed_files(tmp_path)[0].read_text("utf-8"))
    assert said(signed_files(tmp_path)[0].read_text("utf-8"), "hasPublicKey") == theirs


def test_equal_input_and_key_give_equal_files_whatever_form_the_key_has(place, rsa_key, tmp_path) -> None:
    der = rsa_key.private_bytes(serialization.Encoding.DER, PKCS8, PLAIN)
    forms = {
        "one-line": base64.b64encode(der),
        "traditional": rsa_key.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN),
        "openssh": rsa_key.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN),
    }
    first = {p.relative_to(place / "out"): p.read_bytes() for p in (place / "out").rglob("*") if p.is_file()}
    for name, data in forms.items():
        key = tmp_path / name
        key.write_bytes(data)
        release.publish(place / "review", tmp_path / "out", date="2026-01-02", key=key)
        again = {p.relative_to(tmp_path / "out"): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
        assert again == first, name


def test_nothing_of_the_key_or_its_place_is_in_the_release(place: Path, rsa_key) -> None:
    numbers = rsa_key.private_numbers()
    secrets = [b"PRIVATE KEY", str(place).encode(), b"key.pem"]
    secrets += [n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.d, numbers.p, numbers.q)]
    pem = (place / "key.pem").read_text().splitlines()[1:-1]
    secrets += [line.encode() for line in pem]
    for path in (place / "out").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [s for s in secrets if s in data], path


def run(place: Path, tmp_path: Path, *options: str) -> tuple[int, str]:
    done = CliRunner().invoke(
        main, ["publish", str(place / "review"), "--out", str(tmp_path / "out"), "--date", "2026-01-02", *options]
    )
    return done.exit_code, done.output


def bad_keys(rsa_key: rsa.RSAPrivateKey) -> dict[str, tuple[bytes, str]]:
    locked = serialization.BestAvailableEncryption(b"secret")
    openssh, old = serialization.PrivateFormat.OpenSSH, serialization.PrivateFormat.TraditionalOpenSSL
    plain = rsa_key.private_bytes(PEM, PKCS8, PLAIN)
    public = rsa_key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, PLAIN)
    weak = rsa.generate_private_key(65537, 1024).private_bytes(PEM, PKCS8, PLAIN)
    der = rsa_key.private_bytes(serialization.Encoding.DER, PKCS8, locked)
    return {
        "PEM with a password": (rsa_key.private_bytes(PEM, PKCS8, locked), "has a password"),
        "old PEM with a password": (rsa_key.private_bytes(PEM, old, locked), "has a password"),
        "one line with a password": (base64.b64encode(der), "holds no private key|has a password"),
        "public": (public, "holds no private key"),
        "cut": (plain[: len(plain) // 2], "holds no private key"),
        "empty": (b"", "holds no private key"),
        "not a key": (b"these are my own words", "holds no private key"),
        "a large file": (b"QUJD" * 100_000, "holds no private key"),
        "another kind": (curve, "is not an RSA key"),
        "short": (weak, "1,024 bits"),
        "OpenSSH cut": (rsa_key.private_bytes(PEM, openssh, PLAIN)[:300], "holds no private key"),
    }


def test_a_key_that_cannot_be_used_is_one_line(place: Path, rsa_key, tmp_path: Path) -> None:
    for name, (data, told) in bad_keys(rsa_key).items():
        key = tmp_path / "some.key"
        key.write_bytes(data)
        code, output = run(place, tmp_path, "--key", str(key))
        last = output.strip().splitlines()[-1]
        assert code == 2, name
        assert re.search(told, last), (name, output)
        assert "Traceback" not in output
        assert not [line for line in data.decode("latin-1").split("\n") if len(line) > 20 and line in output], name
        assert not (tmp_path / "out").exists()
    for missing in (tmp_path / "nowhere.pem", tmp_path):
        code, output = run(place, tmp_path, "--key", str(missing))
        assert code == 2
        assert "cannot be read" in output.strip().splitlines()[-1]


def test_who_signs_is_told_or_asked_for(place: Path, tmp_path: Path) -> None:
    key = ("--key", str(place / "key.pem"))
    for named, who in (
        ("0000-0001-5109-3700", "https://orcid.org/0000-0001-5109-3700"),
        ("https://orcid.org/0000-0001-5109-3700", "https://orcid.org/0000-0001-5109-3700"),
        ("ben", "https://w3id.org/eaa/id/r/person/ben"),
        ("Ana Ñ", ORCID),
    ):
        code, output = run(place, tmp_path, *key, "--signer", named)
        assert code == 0, output
        assert f"signed by {who}" in output
        text = signed_files(tmp_path)[0].read_text("utf-8")
        assert said(text, "signedBy") == who
        assert good(text)
    for options, told in (
        ((*key, "--signer", "nobody"), "no person of the review is called 'nobody'"),
        ((*key, "--signer", "bot"), "is software"),
        (("--signer", "ana"), "nothing is signed without a key"),
    ):
        code, output = run(place, tmp_path, *options)
        assert code == 2
        assert told in " ".join(output.split())


def test_without_a_key_they_are_unsigned_and_without_the_extra_one_line_says_so(place, tmp_path, monkeypatch) -> None:
    for name in [m for m in sys.modules if m.split(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    code, _ = run(place, tmp_path)
    assert code == 0
    assert NPX not in signed_files(tmp_path)[0].read_text("utf-8")
    assert "(unsigned)" in (tmp_path / "out" / "README.txt").read_text("utf-8")
    with pytest.raises(MissingExtra, match=re.escape("eaa-graph[sign]")):
        release.publish(place / "review", tmp_path / "more", date="2026-01-02", key=place / "key.pem")
