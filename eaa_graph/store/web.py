"""Requests to a store on the web: credentials, timeouts, retries, and one clear line for whatever goes wrong.

No credential is ever part of an address or a message. They come from the environment or a keyring and go to the one
host that was named: a redirect elsewhere is refused, not followed.
"""

from __future__ import annotations

__all__ = ["Address", "Reply", "Web", "address_of"]

import os
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from eaa_graph.errors import BadSettings, MissingExtra, StoreUnavailable

if TYPE_CHECKING:
    import requests

#: Answers that say "later", not "no".
_LATER = (429, 502, 503, 504)
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 5
#: However long an answer may be wished for, this much fills the memory of any desk.
_MOST_BYTES = 4 << 30
_LONGEST_PAUSE = 30.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is reached.

    Attributes
    ----------
    query, update : str
        Addresses of the SPARQL 1.1 protocol.
    graphs : str
        Address of the graph store protocol; empty where the store has none, and graphs go in by updates.
    """

    query: str
    update: str
    graphs: str = ""


def _checked(address: str, what: str) -> SplitResult:
    """Refuse what must not be in an address before anything repeats it."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise BadSettings(f"the {what} is no web address") from None
    if parts.username is not None or parts.password is not None:
        raise BadSettings(
            f"a {what} must not hold a name or password: set EAA_STORE_USER and EAA_STORE_PASSWORD "
            "(or EAA_STORE_TOKEN) in the environment"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSettings(f"the {what} must start with http:// or https:// and name a host")
    if parts.query or parts.fragment:
        raise BadSettings(f"the {what} must end before '?' and '#': {parts._replace(query='', fragment='').geturl()}")
    return parts


def address_of(place: str, environment: Mapping[str, str] | None = None) -> Address:
    """Return where to query, update and replace graphs, from one address and what that kind of store is known for.

    ``EAA_STORE_UPDATE`` and ``EAA_STORE_GRAPHS`` say otherwise; ``EAA_STORE_GRAPHS=none`` for a store without
    the graph store protocol.

    Raises
    ------
    BadSettings
        If an address is none, or holds a name, a password or a question mark.

    Examples
    --------
    >>> address_of("http://127.0.0.1:7878", {}).update
    'http://127.0.0.1:7878/update'
    >>> address_of("https://example.org/repositories/review", {}).graphs
    'https://example.org/repositories/review/rdf-graphs/service'
    """
    environment = os.environ if environment is None else environment
    parts = _checked(place, "store's address")
    path = parts.path.rstrip("/")

    def at(new: str) -> str:
        return parts._replace(path=new).geturl()

    if not path:  # Oxigraph's server
        found = Address(at("/query"), at("/update"), at("/store"))
    elif re.search(r"/namespace/[^/]+/sparql$", path) or path == "/bigdata/sparql":  # Blazegraph
        found = Address(at(path), at(path))
    elif re.search(r"/repositories/[^/]+$", path):  # RDF4J, GraphDB
        found = Address(at(path), at(path + "/statements"), at(path + "/rdf-graphs/service"))
    elif path in ("/sparql", "/sparql-auth"):  # Virtuoso, unless the port is Neptune's
        crud = path.replace("/sparql", "/sparql-graph-crud")
        found = Address(at(path), at(path), at("/sparql/gsp/" if parts.port == 8182 else crud))
    elif path == "/query":  # Oxigraph's server
        found = Address(at(path), at("/update"), at("/store"))
    elif path.endswith("/query") and parts.port == 5820:  # Stardog
        found = Address(at(path), at(path[:-5] + "update"), at(path[:-6]))
    elif path.endswith(("/query", "/sparql")):  # Fuseki
        head = path.rpartition("/")[0]
        found = Address(at(path), at(head + "/update"), at(head + "/data"))
    else:  # QLever, and whoever does all at one address
        found = Address(at(parts.path), at(parts.path), at(parts.path))
    update, graphs = environment.get("EAA_STORE_UPDATE", ""), environment.get("EAA_STORE_GRAPHS", "")
    if update:
        _checked(update, "EAA_STORE_UPDATE")
    if graphs and graphs != "none":
        _checked(graphs, "EAA_STORE_GRAPHS")
    return Address(found.query, update or found.update, "" if graphs == "none" else graphs or found.graphs)


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    media: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, whatever bytes it is made of."""
        return self.body.decode("utf-8", "replace")

    @property
    def said(self) -> str:
        """What an error says, on one line: nothing of a web page, and not much of anything."""
        if "html" in self.media or self.body.lstrip()[:1] == b"<":
            return ""
        first = next((line.strip() for line in self.text.splitlines() if line.strip()), "")
        first = "".join(c if c.isprintable() else " " for c in first)
        return first if len(first) <= 300 else f"{first[:297]}..."


class _Cut(Exception):
    """The answer did not come whole, or not at all; `sent` unless the request surely never left."""

    def __init__(self, message: str, sent: bool = True, pause: float = 0.0) -> None:
        self.sent = sent
        self.pause = pause
        super().__init__(message)


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise BadSettings(f"{name} takes a number of seconds above 0, not {text!r}")
    return value


class Web:
    """One host that is asked again and again over the same connections.

    Parameters
    ----------
    home : str
        The address named by the user: credentials go to its host and no other.
    environment : mapping, optional
        ``EAA_STORE_USER`` and ``EAA_STORE_PASSWORD``, or ``EAA_STORE_TOKEN``; ``EAA_STORE_SECONDS`` is how long one
        request may take. The process's own unless given.
    attempts : int
        How often what may be repeated is tried in all.
    pause : float
        Seconds before the second attempt; doubled for each further one.

    Raises
    ------
    MissingExtra
        If requests is not installed.
    BadSettings
        If credentials would travel in the clear, or are not there where they should be.
    """

    def __init__(
        self, home: str, environment: Mapping[str, str] | None = None, attempts: int = 4, pause: float = 0.5
    ) -> None:
        try:
            import requests
        except ImportError as error:
            raise MissingExtra("a store on the web", "remote") from error
        self._requests = requests
        self._environment = os.environ if environment is None else environment
        self._home = urlsplit(home)
        self._attempts = attempts
        self._pause = pause
        self._seconds = _number(self._environment, "EAA_STORE_SECONDS", 300.0)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "eaa-graph"
        self._user, self._password, self._token = self._credentials()
        # An auth of our own, or requests would look for one in ~/.netrc.
        self._session.auth = self._signed
        self._digest: Any = None
        in_the_clear = self._home.scheme == "http" and self._home.hostname not in _LOOPBACK
        if self.signs and in_the_clear and self._environment.get("EAA_STORE_PLAIN") != "yes":
            raise BadSettings(
                "the store's address starts with http://, so everybody on the way could read the password; use "
                "https://, or set EAA_STORE_PLAIN=yes where the network is your own"
            )

    def _credentials(self) -> tuple[str, str, str]:
        user = self._environment.get("EAA_STORE_USER", "")
        password = self._environment.get("EAA_STORE_PASSWORD", "")
        token = self._environment.get("EAA_STORE_TOKEN", "")
        if token and user:
            raise BadSettings("set EAA_STORE_TOKEN or EAA_STORE_USER, not both")
        if token == "keyring":  # noqa: S105 (a word that stands for where the token is)
            token = self._from_keyring("token")
        if user and not password:
            password = self._from_keyring(user)
        if any(c in "\r\n" for c in user + password + token):
            raise BadSettings("a name, password or token of the store holds a line break")
        if ":" in user:
            raise BadSettings("EAA_STORE_USER cannot hold a colon")
        return user, password, token

    def _from_keyring(self, user: str) -> str:
        service = f"eaa-graph {self._home.scheme}://{self._home.netloc}"
        try:
            import keyring
            import keyring.errors
        except ImportError as error:
            raise MissingExtra("a password from the keyring (or set EAA_STORE_PASSWORD)", "remote") from error
        try:
            found = keyring.get_password(service, user)
        except keyring.errors.KeyringError as error:
            raise BadSettings(f"the keyring cannot be opened ({type(error).__name__})") from None
        if not found:
            raise BadSettings(f'the keyring holds nothing for {user}: keyring set "{service}" {user}')
        return found

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._digest is not None:
            signed: requests.PreparedRequest = self._digest(request)
            return signed
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        elif self._user:
            import base64

            both = f"{self._user}:{self._password}".encode()
            request.headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"
        return request

    @property
    def signs(self) -> bool:
        """Whether requests carry credentials."""
        return bool(self._user or self._token)

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    # --- one request ------------------------------------------------------------------------

    def send(
        self,
        method: str,
        address: str,
        *,
        repeatable: bool,
        parameters: Mapping[str, str] | None = None,
        body: bytes | list[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Reply:
        """Send a request and return the whole answer, whatever its status.

        Parameters
        ----------
        method, address : str
        repeatable : bool
            Whether asking twice is the same as asking once. If so, what was cut, timed out or put off is tried
            again with growing pauses; if not, only what surely never left this machine.
        parameters, body, headers : optional
            A body of pairs is sent as a form.
        seconds : float, optional
            How long it may take; ``EAA_STORE_SECONDS`` unless given.

        Raises
        ------
        StoreUnavailable
            In one line, naming the host and what helps.
        """
        if urlsplit(address)[:2] != self._home[:2] and (self._user or self._token):
            raise StoreUnavailable(
                f"{_host(address)} is not the host of the store ({self._home.netloc}): no credentials go there"
            )
        problem: _Cut | None = None
        for attempt in range(self._attempts):
            if problem is not None:
                time.sleep(max(problem.pause, self._pause * 2 ** (attempt - 1) * (1 + random.random() / 4)))  # noqa: S311
            try:
                return self._followed(method, address, parameters, body, headers or {}, seconds or self._seconds)
            except _Cut as cut:
                problem = cut
                if cut.sent and not repeatable:
                    raise StoreUnavailable(
                        f"{_host(address)}: {cut}; it may or may not have been done, and is not tried again by itself"
                    ) from None
        raise StoreUnavailable(f"{_host(address)}: {problem} (tried {self._attempts} times)") from None

    def _followed(
        self,
        method: str,
        address: str,
        parameters: Mapping[str, str] | None,
        body: bytes | list[tuple[str, str]] | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> Reply:
        for _ in range(_MOST_REDIRECTS):
            reply = self._once(method, address, parameters, body, headers, seconds)
            if reply.status not in (*_REDIRECTS, 303):
                break
            there = urljoin(address, reply.headers.get("location", ""))
            if reply.status == 303 or _origin(there) not in (_origin(address), _upgraded(address)):
                shown = urlsplit(there)
                raise StoreUnavailable(
                    f"{_host(address)} sends on to {shown.scheme}://{shown.hostname or ''}{shown.path}; name that "
                    "address yourself if it is right: nothing is sent on to another host"
                )
            address, parameters = there, None  # the new address repeats them
        else:
            raise StoreUnavailable(f"{_host(address)} sends on and on in a circle")
        if (
            reply.status == 401
            and self._user
            and self._digest is None
            and "digest" in reply.headers.get("www-authenticate", "").casefold()
        ):
            self._digest = self._requests.auth.HTTPDigestAuth(self._user, self._password)
            return self._once(method, address, parameters, body, headers, seconds)
        return reply

    def _once(
        self,
        method: str,
        address: str,
        parameters: Mapping[str, str] | None,
        body: bytes | list[tuple[str, str]] | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> Reply:
        errors = self._requests.exceptions
        until = time.monotonic() + seconds
        try:
            with self._session.request(
                method,
                address,
                params=parameters,
                data=body,
                headers=dict(headers),
                timeout=(min(seconds, 20.0), seconds),
                allow_redirects=False,
                stream=True,
            ) as answer:
                parts = _whole(answer, until)
                media = answer.headers.get("content-type", "").partition(";")[0].strip().casefold()
                reply = Reply(answer.status_code, media, answer.headers, parts)
        except errors.ConnectTimeout:
            raise _Cut("no answer when calling", sent=False) from None
        except (errors.ReadTimeout, TimeoutError):
            raise _Cut(f"no whole answer within {seconds:g} seconds (EAA_STORE_SECONDS)") from None
        except errors.SSLError as error:
            raise StoreUnavailable(f"{_host(address)}: its certificate is not trusted: {_reason(error)}") from None
        except errors.ProxyError as error:
            raise _Cut(f"the proxy does not let it through: {_reason(error)}", sent=False) from None
        except errors.ConnectionError as error:
            if _timed_out(error):  # while the body was read, requests calls it a lost connection
                raise _Cut(f"no whole answer within {seconds:g} seconds (EAA_STORE_SECONDS)") from None
            raise _Cut(*_never_reached(error)) from None
        except (errors.ChunkedEncodingError, errors.ContentDecodingError):
            raise _Cut("the answer broke off") from None
        except errors.RequestException as error:
            raise StoreUnavailable(f"{_host(address)}: {_reason(error)}") from None
        except Exception as error:
            if type(error).__module__.startswith("urllib3"):  # from the body, which requests does not watch
                if _timed_out(error):
                    raise _Cut(f"no whole answer within {seconds:g} seconds (EAA_STORE_SECONDS)") from None
                raise _Cut("the answer broke off") from None
            raise
        if reply.status in _LATER:
            raise _Cut(
                f"the server is too busy ({reply.status})"
                if reply.status in (429, 503)
                else f"a gateway does not reach it ({reply.status})",
                pause=_asked_for(reply.headers.get("retry-after", "")),
            )
        return reply


def _whole(answer: requests.Response, until: float) -> bytes:
    parts: list[bytes] = []
    length = 0
    # read1: what has come, rather than waiting for a whole piece, or a server that drips could hold us for ever.
    while part := answer.raw.read1(1 << 20, decode_content=True):
        parts.append(part)
        length += len(part)
        if time.monotonic() > until:
            raise TimeoutError
        if length > _MOST_BYTES:
            raise StoreUnavailable(f"{_host(answer.url)}: an answer of more than {_MOST_BYTES >> 30} GiB; ask for less")
    return b"".join(parts)


def _host(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _origin(address: str) -> tuple[str, str, int]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _upgraded(address: str) -> tuple[str, str, int]:
    """Return the same host by https, where http's usual port was meant."""
    scheme, host, port = _origin(address)
    return ("https", host, 443) if (scheme, port) == ("http", 80) else (scheme, host, port)


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
        waiting += [a for a in one.args if isinstance(a, BaseException)]
    return [e for e in found if isinstance(e, BaseException)]


def _timed_out(error: BaseException) -> bool:
    return any(type(e).__name__ == "ReadTimeoutError" or isinstance(e, TimeoutError) for e in _chain(error))


def _never_reached(error: BaseException) -> tuple[str, bool]:
    """Say what became of a connection, and whether anything can have been sent over it."""
    chain = _chain(error)
    names = {type(e).__name__ for e in chain}
    if "NameResolutionError" in names or "gaierror" in names:
        return "no such host (its name is not known to DNS)", False
    if any(isinstance(e, ConnectionRefusedError) for e in chain):
        return "nobody listens there (connection refused)", False
    if "NewConnectionError" in names:
        return f"cannot be reached: {_reason(error)}", False
    return "the connection was cut", True


def _reason(error: BaseException) -> str:
    """Return the innermost reason on one line; the outer ones repeat addresses and objects."""
    for one in reversed(_chain(error)):
        text = getattr(one, "strerror", None) or getattr(one, "verify_message", None)
        if text:
            return str(text)
    return type(error).__name__


def _asked_for(text: str) -> float:
    """Return the seconds that ``Retry-After`` asks for, within reason; dates are read as no wish."""
    return min(float(text), _LONGEST_PAUSE) if text.isdigit() and len(text) < 6 else 0.0
