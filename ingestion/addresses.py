"""Which gateways may be called: https on the operator's allow list, or loopback when the operator says so."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SHAPE = re.compile(
    r"[a-z]+://(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(:[0-9]+)?(/[^\x00-\x20\x7f?#@\\]*)?", re.IGNORECASE
)
"""Scheme, host, port and path, in no spelling that two readers of URLs could read differently."""
NUMERIC = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?|.*:.*")
"""A host that some reader takes for an address rather than a name."""
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
GLOBAL_IPV6 = ip_network("2000::/3")
KINDS = [
    (kind, tuple(map(ip_network, networks)))
    for kind, *networks in (
        (_("cloud metadata"), "169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"),
        (_("loopback"), "127.0.0.0/8", "::1"),
        (_("unspecified"), "0.0.0.0/8", "::"),
        (_("private"), "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        (_("carrier-grade NAT"), "100.64.0.0/10"),
        (_("link-local"), "169.254.0.0/16", "fe80::/10"),
        (_("unique-local"), "fc00::/7", "fec0::/10"),
        (_("multicast"), "224.0.0.0/4", "ff00::/8"),
        (_("IPv4-mapped"), "::ffff:0:0/96", "::ffff:0:0:0/96", "::/96"),
        (_("NAT64"), "64:ff9b::/96", "64:ff9b:1::/48"),
        (_("6to4"), "2002::/16", "192.88.99.0/24"),
        (_("Teredo"), "2001::/32"),
        (_("documentation"), "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        (_("reserved"), "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "2001::/23"),
    )
]
"""Addresses that no gateway has, the narrower kind first; of IPv6 everything outside 2000::/3 besides."""


def validate_base_url(url: str) -> None:
    """Refuse an address that this installation must not call; the words say which setting would allow it.

    A name is judged by the allow list here, by its addresses when it is called (`ingestion.resolver`).
    """
    if not SHAPE.fullmatch(url):
        raise ValidationError(_("Write the base URL as https://host/path, without user, query or fragment."))
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValidationError(_("%(url)s is no URL."), params={"url": url}) from None
    if parts.scheme == "http" and is_loopback(host):
        if not settings.DGI_ALLOW_LOOPBACK:
            raise ValidationError(_("Plain http to this machine is allowed only with DGI_ALLOW_LOOPBACK=1."))
        return
    if parts.scheme != "https":
        raise ValidationError(_("A gateway is called by https."))
    if not host_is_allowed(host):
        raise ValidationError(
            _("%(host)s is not among DGI_ALLOWED_HOSTS; the operator adds it there."), params={"host": host}
        )
    if NUMERIC.fullmatch(host):
        validate_literal(host)


def validate_literal(host: str) -> None:
    """Refuse an address in place of a name unless it is public and spelled in the one usual way."""
    try:
        kind = kind_of(host)
    except ValueError:
        raise ValidationError(_("%(host)s is no address in its usual spelling."), params={"host": host}) from None
    if kind and not (settings.DGI_ALLOW_LOOPBACK and is_loopback(host)):
        raise ValidationError(
            _("%(host)s is no public address (%(kind)s); only public ones are called."),
            params={"host": host, "kind": kind},
        )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its name or by an address in its usual spelling."""
    if host == "localhost":
        return True
    try:
        return within(ip_address(host), LOOPBACK)
    except ValueError:
        return False


def kind_of(address: str) -> _StrPromise | str:
    """What kind of address it is; empty if it is public. Raises ValueError for what is no address."""
    found = ip_address(address)
    for kind, networks in KINDS:
        if within(found, networks):
            return kind
    return _("reserved") if found.version == 6 and found not in GLOBAL_IPV6 else ""


def within(address: IPv4Address | IPv6Address, networks: tuple[object, ...]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def host_is_allowed(host: str) -> bool:
    """Whether the allow list names `host`, or, by an entry with a leading dot, a domain above it."""
    return any(
        host == entry.lower() or (entry.startswith(".") and host.endswith(entry.lower()))
        for entry in settings.DGI_ALLOWED_HOSTS
    )
