"""Which gateways may be called: https on the operator's allow list, or loopback when the operator says so."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

SHAPE = re.compile(
    r"[a-z]+://(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(:[0-9]+)?(/[^\x00-\x20\x7f?#@\\]*)?", re.IGNORECASE
)
"""Scheme, host, port and path, in no spelling that two readers of URLs could read differently."""


def validate_base_url(url: str) -> None:
    """Refuse an address that this installation must not call; the words say which setting would allow it."""
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


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_is_allowed(host: str) -> bool:
    """Whether the allow list names `host`, or, by an entry with a leading dot, a domain above it."""
    return any(
        host == entry.lower() or (entry.startswith(".") and host.endswith(entry.lower()))
        for entry in settings.DGI_ALLOWED_HOSTS
    )
