"""Signs a request: gateways know us by a token that holds for some seconds."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from config.backoffice.trace import current_id
from ingestion.answer import NotCalled

if TYPE_CHECKING:
    from ingestion.client import Gateway


def token(api_key: str, secret_key: str, at: int, joiner: str = "") -> str:
    """The DGI-API-Token of a request at `at` (Unix seconds)."""
    return hashlib.sha256(joiner.join((api_key, secret_key, str(at))).encode()).hexdigest()


def headers(gateway: Gateway) -> dict[str, str]:
    """Signed for this very second. Raises NotCalled if the credential cannot be opened or sent."""
    try:
        api_key, secret_key = gateway.api_key.reveal(), gateway.secret_key.reveal()
    except (ImproperlyConfigured, ValueError) as error:
        raise NotCalled(f"no call was made: {error}") from None
    if not api_key.isprintable():
        raise NotCalled("no call was made: the API key holds a line break or another control character; enter it again")
    at = int(time.time())
    asked_by = {"X-Request-ID": current_id()} if current_id() else {}
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Request-Time": str(at),
        "DGI-API-Key": api_key,
        "DGI-API-Token": token(api_key, secret_key, at, gateway.joiner),
        **asked_by,
    }
