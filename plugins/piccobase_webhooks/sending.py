"""Sends one request to a URL that somebody else has chosen, and to nowhere else.

The host is resolved once. Each of its addresses is looked at, and the connection goes to one of these very addresses:
nobody is asked again between the look and the connection. TLS is checked against the name in the URL. Redirects are not
followed, and no proxy, cookie or password of the environment is used.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from piccobase_webhooks.answers import Answer, Limits, NotAllowed, NotSent
from piccobase_webhooks.urls import InvalidURL, Target, parse_url

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_MOST_ADDRESSES = 8  # of a host, that are tried
_KEPT_OPEN = 10.0  # seconds that a connection waits for the next message


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Sender:
    """Sends requests, and keeps connections for a moment. `limits` is asked before each request: settings change.

    `resolve` and `tls` are there for tests.
    """

    def __init__(
        self,
        limits: Callable[[], Limits],
        *,
        resolve: Resolve = resolve_host,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits, self._resolve, self._tls = limits, resolve, tls
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}  # by scheme
        self._made_for: Limits | None = None

    async def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """Raises NotSent where no answer came in time, NotAllowed where nothing may be sent there."""
        try:
            target = parse_url(url)
        except InvalidURL as error:
            raise NotAllowed(str(error)) from None
        limits = self._limits()
        try:
            async with asyncio.timeout(limits.timeout):
                return await self._post(target, headers, body, limits)
        except TimeoutError:
            raise NotSent(f"There was no answer within {limits.timeout:g} seconds.") from None
        except httpcore.TimeoutException:
            raise NotSent("The connection could not be made in time.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            raise NotSent(_why(error)) from error

    async def _post(self, target: Target, headers: Iterable[tuple[str, str]], body: bytes, limits: Limits) -> Answer:
        pool = await self._pool(target.scheme, limits)
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        sent = [("Host", target.authority), *headers, ("Content-Length", str(len(body)))]
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent]
        async with pool.stream("POST", url, headers=encoded, content=body) as response:
            excerpt = await _beginning(response, limits.excerpt)
            location = next((value for name, value in response.headers if name.lower() == b"location"), b"")
            return Answer(response.status, excerpt, location[:200].decode("latin-1"))

    async def _pool(self, scheme: str, limits: Limits) -> httpcore.AsyncConnectionPool:
        if limits != self._made_for:
            await self.close()
            self._made_for = limits
        if scheme not in self._pools:
            if self._tls is None:
                self._tls = ssl.create_default_context()
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=100,
                max_keepalive_connections=20,
                keepalive_expiry=_KEPT_OPEN,
                network_backend=_Checked(limits, self._resolve, plain=scheme == "http"),
            )
        return self._pools[scheme]

    async def close(self) -> None:
        """Closes what is open."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()


class _Checked(httpcore.AnyIOBackend):
    """Makes connections to addresses that it has looked at, and to no others."""

    def __init__(self, limits: Limits, resolve: Resolve, *, plain: bool) -> None:
        self._limits, self._resolve, self._plain = limits, resolve, plain

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # as its base has it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = NotSent(f"{host} has no address.")
        for address in await self._addresses(host, port):
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """All of them may be connected to: a host with one that may not is none that anybody should trust."""
        try:
            found = await self._resolve(host, port)
        except OSError as error:
            raise NotSent(f"{host} cannot be resolved: {error.strerror or error}.") from None
        for address in found:
            if address not in self._limits.allowed:
                raise NotAllowed(
                    f"{host} leads to {address}, which is no public address. "
                    "Add its network to allowedNetworks in the settings if webhooks may go there."
                )
            if self._plain and not self._limits.plain_http and not self._limits.allowed.by_settings(address):
                raise NotAllowed(
                    f"{host} is reached over http://, without encryption: use https://, "
                    "or allow plainHttp in the settings."
                )
        return found[:_MOST_ADDRESSES]

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotAllowed("A webhook goes to no socket of this machine.")


async def _beginning(response: httpcore.Response, most: int) -> str:
    """The beginning of the body. What comes after it is not read: the connection is closed instead."""
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) > most:
            break
    return bytes(read[:most]).decode("utf-8", "replace").replace("\0", "\\0")


def _why(error: Exception) -> str:
    """In one line, without what only a programmer would understand."""
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate cannot be trusted: {cause.verify_message}."
    text = str(error) or str(cause) or type(error).__name__
    return f"The connection failed: {text[:300].rstrip('.')}."
