"""Names of gateways to addresses: public ones only, so that no name can lead a call into our own network."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from django.conf import settings

from ingestion.addresses import is_loopback, kind_of
from ingestion.answer import NotCalled


class PublicResolver(AbstractResolver):
    """Wraps a resolver. What it returns is connected to as it is, so nothing can change between check and call.

    `localhost` is the exception: with DGI_ALLOW_LOOPBACK it may be loopback, and nothing else.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self.inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`. Raises NotCalled if one of them must not be called, OSError if there is none."""
        try:
            found = await self.inner.resolve(host, port, family)
        except UnicodeError:
            raise NotCalled(f"no call was made: {host[:80]} is no host name") from None
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
        for each in found:
            validate_address(host, each["host"])
        return found

    async def close(self) -> None:
        await self.inner.close()


def validate_address(host: str, address: str) -> None:
    if host == "localhost":
        fits, wanted = settings.DGI_ALLOW_LOOPBACK and is_loopback(address), "loopback with DGI_ALLOW_LOOPBACK=1"
    else:
        fits, wanted = not kind_of(address), "a public address"
    if not fits:
        kind = kind_of(address) or "public"
        raise NotCalled(f"no call was made: {host} leads to {address} ({kind}), and only {wanted} is called")
