"""Files of web servers; whoever is asked cannot send the reader on to another machine inside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from fsspec.implementations.http import HTTPFileSystem
from yarl import URL

from camcore.errors import CamcoreError, InputError
from camcore.storage import filesystems
from camcore.storage.bounds import check_address

Answer = TypeVar("Answer")

_PAUSE = 0.2  # seconds before the second try, twice as long before the third
_BUSY = (429, 500, 502, 503, 504)
# Where clouds tell a machine its own credentials; the others are link-local.
_METADATA = ("fd00:ec2::254", "100.100.100.200")


def check_host(host: str, named: str, *, inside: bool) -> None:
    """Raise an InputError for an IP address that may not be asked.

    Parameters
    ----------
    host : str
        An IP address; anything else passes, as its addresses are looked at once they are known.
    named : str
        The host that a person named, for the error.
    inside : bool
        Whether it may lie in a private network, as one that a person named may, unlike one that
        a redirect leads to. What tells a machine its credentials is never asked.

    Examples
    --------
    >>> check_host("93.184.215.14", "example.org", inside=False)
    >>> check_host("10.0.0.7", "10.0.0.7", inside=True)
    >>> check_host("::ffff:127.0.0.1", "example.org", inside=False)
    Traceback (most recent call last):
    ...
    camcore.errors.InputError: ...
    """
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    never = ip.is_link_local or ip.is_multicast or ip.is_unspecified or str(ip) in _METADATA
    if never or not (ip.is_global or inside):
        raise InputError(
            f"{named} leads to {host}, a machine inside a network, which is not asked; give the "
            "address of the file itself."
        )


class _Resolver(AbstractResolver):
    """Looks up hosts, and refuses those inside, whatever name they go by."""

    def __init__(self, named: str) -> None:
        self._named = named
        self._system = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        places = await self._system.resolve(host, port, family)
        for place in places:
            check_host(place["host"], self._named, inside=host == self._named)
        return places

    async def close(self) -> None:
        await self._system.close()


class WebFilesystem(HTTPFileSystem):  # type: ignore[misc]
    """Files of one web server, tried again where it is busy or the connection is cut.

    Parameters
    ----------
    host : str
        As a person named it, with its port.
    **options
        Of `fsspec`.

    Raises
    ------
    InputError
        If the host is one that is never asked.
    """

    def __init__(self, host: str, **options: Any) -> None:
        self._named = urlsplit(f"//{host}").hostname or host
        check_host(self._named, self._named, inside=True)
        super().__init__(get_client=self._client, **options)

    async def _client(self, **_: Any) -> aiohttp.ClientSession:
        redirects = aiohttp.TraceConfig()
        redirects.on_request_redirect.append(self._check_redirect)
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=filesystems.CONNECTING, sock_read=filesystems.SILENT
        )
        connector = aiohttp.TCPConnector(resolver=_Resolver(self._named))
        return aiohttp.ClientSession(connector=connector, trace_configs=[redirects], timeout=limits)

    async def _check_redirect(
        self, session: Any, context: Any, params: aiohttp.TraceRequestRedirectParams
    ) -> None:
        location = params.response.headers.get("Location", "")
        target = params.response.url.join(URL(location))
        check_host(target.host or "", self._named, inside=target.host == self._named)
        check_address(str(target.with_query(None).with_fragment(None)))

    async def _info(self, url: str, **options: Any) -> dict[str, Any]:
        async def ask() -> dict[str, Any]:
            try:
                info: dict[str, Any] = await super(WebFilesystem, self)._info(url, **options)
            except FileNotFoundError as error:  # it says so whatever went wrong
                cause = error.__cause__
                found_none = isinstance(cause, aiohttp.ClientResponseError) and cause.status == 404
                raise error if found_none or cause is None else cause from None
            return info

        return await _tried(ask)

    async def _cat_file(
        self, url: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        async def ask() -> bytes:
            session = await self.set_session()
            data = bytearray()
            async with session.get(self.encode_url(url), **options) as response:
                self._raise_not_found_for_status(response, url)
                # Counted while it comes, as its declared size may lie.
                async for chunk in response.content.iter_chunked(2**16):
                    data += chunk
                    if end is not None and len(data) >= end:
                        break
            return bytes(data[start or 0 : end])

        return await _tried(ask)


async def _tried(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """An answer of a server that may be busy."""
    for attempt in range(1, filesystems.TRIES + 1):
        try:
            return await ask()
        except CamcoreError:
            raise
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
            if attempt == filesystems.TRIES:
                raise
        except aiohttp.ClientResponseError as error:
            if error.status not in _BUSY or attempt == filesystems.TRIES:
                raise
        await asyncio.sleep(_PAUSE * 2 ** (attempt - 1))
    raise AssertionError("the last try returns or raises")
