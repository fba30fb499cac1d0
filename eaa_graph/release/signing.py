"""Signed nanopublications: an address made from the content, and an RSA signature by whoever holds the key.

What is signed and hashed is a text of the four graphs in a fixed order, in which the
code that the address will end in is a space; nothing is drawn by lot and no clock is
read, so the same content and key give the same signature. Nothing is sent anywhere.

References
----------
Kuhn & Dumontier 2014, Trusty URIs, https://doi.org/10.1007/978-3-319-07443-6_27 (module RA).
Nanopublication guidelines, https://nanopub.net/guidelines/working_draft/.
"""

from __future__ import annotations

__all__ = ["NPX", "Signer", "artifact_code", "sign", "signer", "to_be_signed"]

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from eaa_graph.errors import BadSettings, MissingExtra, UnknownName, UnreadableFile
from eaa_graph.release.linked import Triple
from eaa_graph.vocabulary import RDFS, Literal, Term, data_iri, iri, literal, read_term

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from eaa_graph.model import Records

NPX = "http://purl.org/nanopub/x/"
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
#: Shorter keys are no longer taken to be safe (NIST SP 800-131A).
_SHORTEST = 2048
#: A key is a few thousand bytes; what is longer is some other file, named by mistake.
_LONGEST = 65_536
#: Stands for the code while it is not known.
_OPEN = "~"


@dataclass(frozen=True)
class Signer:
    """Who signs, and with what.

    Attributes
    ----------
    who : str
        IRI of the person: an ORCID where one is known.
    name : str
        What the person is called; may be empty.
    """

    who: str
    name: str
    _key: RSAPrivateKey = field(repr=False, compare=False)

    @property
    def public_key(self) -> str:
        """The public half of the key, as nanopublications carry it (DER in base64)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(public).decode()

    def signature(self, text: str) -> str:
        """Return the signature of a text, in base64."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return base64.b64encode(self._key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def signer(key: Path, records: Records, named: str = "") -> Signer:
    """Return who signs with the private key in a file.

    Parameters
    ----------
    key : Path
        An RSA key without a password: PEM, OpenSSH, or base64 of DER in one line as nanopublication tools keep it.
    records : Records
        The review, whose people may be named.
    named : str
        Id or name of a person of the review, or an ORCID; when left out, the one person with an ORCID.

    Raises
    ------
    MissingExtra
        If the part that signs is not installed.
    UnreadableFile
        If the file holds no key that can be used. Messages never repeat what is in it.
    BadSettings, UnknownName
        If it cannot be told who signs.
    """
    private = _read(key)
    who, name = _person(records, named)
    return Signer(who, name, private)


def _read(path: Path) -> RSAPrivateKey:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    except ImportError as error:
        raise MissingExtra("signing nanopublications", "sign") from error
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1).strip()
    except OSError as error:
        raise UnreadableFile(f"the key {path} cannot be read: {error.strerror or 'no such file'}") from None
    no_key = f"{path} holds no private key that can be read; an RSA key as PEM is expected"
    if len(data) > _LONGEST:
        raise UnreadableFile(no_key)
    if b"ENCRYPTED" in data:
        raise UnreadableFile(_locked(path))
    try:
        if data.startswith(b"-----BEGIN OPENSSH"):
            read: object = serialization.load_ssh_private_key(data, None)
        elif data.startswith(b"-----BEGIN"):
            read = serialization.load_pem_private_key(data, None)
        else:
            read = serialization.load_der_private_key(base64.b64decode(b"".join(data.split()), validate=True), None)
    except TypeError:
        raise UnreadableFile(_locked(path)) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        # The library's own words can quote the file; only whether they speak of a password is of use.
        raise UnreadableFile(_locked(path) if "password" in str(error).lower() else no_key) from None
    if not isinstance(read, RSAPrivateKey):
        raise UnreadableFile(f"the key {path} is not an RSA key; nanopublications are signed with RSA")
    if read.key_size < _SHORTEST:
        raise UnreadableFile(f"the key {path} has {read.key_size:,} bits; {_SHORTEST:,} are the least that is safe")
    return read


def _locked(path: Path) -> str:
    return f"the key {path} has a password; name a copy without one, kept where nobody else can read it"


def _person(records: Records, named: str) -> tuple[str, str]:
    people = records.people
    orcid = _ORCID.fullmatch(named.strip())
    if orcid:
        name = next((p.name for p in people if p.orcid == orcid[1] and p.name), "")
        return f"https://orcid.org/{orcid[1]}", name
    if named:
        found = [p for p in people if named.casefold() in (p.id.casefold(), (p.name or "").casefold())]
        if not found:
            raise UnknownName("person of the review", named, [p.id for p in people])
        if len(found) > 1:
            raise BadSettings(
                f"--signer {named!r} could be any of {', '.join(p.id for p in found)}; give the id or the ORCID"
            )
    else:
        found = [p for p in people if p.orcid]
        if len(found) != 1:
            told = f"{len(found)} people of the review have an ORCID" if found else "nobody of the review has an ORCID"
            raise BadSettings(f"who signs? {told}; say it with --signer (an ORCID, or the id of a person)")
    person = found[0]
    if person.nature == "software":
        raise BadSettings(f"{person.id} is software, and a signature is a person's; say with --signer who signs")
    from eaa_graph.encode import review_base

    who = (
        f"https://orcid.org/{person.orcid}"
        if person.orcid
        else data_iri(review_base(records.review), "person", person.id)
    )
    return who, person.name or ""


# --- what is signed -------------------------------------------------------------------------------


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def to_be_signed(graphs: Mapping[str, Iterable[Triple]], address: str, code: str) -> str:
    """Return the text of a nanopublication that is signed and hashed.

    Parameters
    ----------
    graphs : mapping of str to iterable of Triple
    address : str
        IRI of the nanopublication up to its code.
    code : str
        What stands in the place of the code now; becomes a space.
    """
    here = address + code

    def blanked(text: str) -> str:
        return f"{address} {text[len(here) :]}" if text == here or text.startswith(f"{here}#") else text

    rows: set[tuple[bytes, bytes, bytes, bool, bytes, bytes, bytes, str]] = set()
    for graph, triples in graphs.items():
        for s, p, o in triples:
            names = [blanked(name) for name in (graph, str(read_term(s)), str(read_term(p)))]
            value = read_term(o)
            if isinstance(value, Literal):
                kind = "" if value.language else value.datatype
                written = f"@{value.language.lower()}" if value.language else f"^{kind}"
                order = (True, value.value.encode(), kind.encode(), value.language.encode())
                told = f"{written} {_escaped(value.value)}"
            else:
                told = blanked(value)
                order = (False, told.encode(), b"", b"")
            first, second, third = (name.encode() for name in names)
            rows.add((first, second, third, *order, "".join(f"{line}\n" for line in (*names, told))))
    return "".join(row[-1] for row in sorted(rows))


def artifact_code(text: str) -> str:
    """Return the code that the address of a nanopublication ends in, from its text.

    Examples
    --------
    >>> artifact_code("")
    'RA47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
    """
    return "RA" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def sign(graphs: Mapping[str, list[Triple]], it: str, by: Signer) -> dict[str, list[Triple]]:
    """Return the graphs of a nanopublication with its signature, under the address that its content gives it.

    Parameters
    ----------
    graphs : mapping of str to list of Triple
        Head, assertion, provenance and publication information, by IRI.
    it : str
        IRI of the nanopublication; the signed one is at this address, a slash and the code.
    by : Signer
    """
    address = f"{it}/"

    def moved(to: str) -> dict[str, list[Triple]]:
        def place(name: str) -> str:
            return to + name[len(it) :] if name == it or name.startswith(f"{it}#") else name

        def term(t: Term) -> Term:
            if t.startswith("_:"):  # a signed text has no blank nodes: their names would not last
                return iri(f"{to}#_{t[2:]}")
            value = read_term(t)
            return t if isinstance(value, Literal) else iri(place(value))

        return {place(g): sorted((term(s), term(p), term(o)) for s, p, o in triples) for g, triples in graphs.items()}

    def signature(to: str) -> list[Triple]:
        about = iri(f"{to}#sig")
        found = [
            (about, iri(NPX + "hasAlgorithm"), literal("RSA")),
            (about, iri(NPX + "hasPublicKey"), literal(by.public_key)),
            (about, iri(NPX + "hasSignatureTarget"), iri(to)),
            (about, iri(NPX + "signedBy"), iri(by.who)),
        ]
        return [*found, (iri(by.who), iri(RDFS + "label"), literal(by.name))] if by.name else found

    def whole(code: str, signed: str = "") -> dict[str, list[Triple]]:
        to = address + code
        made = moved(to)
        info = list(made)[-1]
        last = [(iri(f"{to}#sig"), iri(NPX + "hasSignature"), literal(signed))] if signed else []
        made[info] = sorted({*made[info], *signature(to), *last})
        return made

    signed = by.signature(to_be_signed(whole(_OPEN), address, _OPEN))
    code = artifact_code(to_be_signed(whole(_OPEN, signed), address, _OPEN))
    return whole(code, signed)
