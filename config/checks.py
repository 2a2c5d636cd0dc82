"""Deployment mistakes as system checks: each with an id, the reason and what to do.

Those of a deployment run with `manage.py check --deploy`, those that ask
the database with `--database default` as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

OLDEST_POSTGRES = 140000
SHORTEST_KEY = 50


@register(Tags.security)
def field_keys(**_: Any) -> list[CheckMessage]:
    """FIELD_KEYS must be Fernet keys: without them no credential can be read."""
    if not settings.FIELD_KEYS:
        return [Error("FIELD_KEYS is empty.", hint="Set at least one Fernet key.", id="forecourt.E001")]
    for number, key in enumerate(settings.FIELD_KEYS, 1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"FIELD_KEYS: key {number} is no Fernet key.",
                    hint="A Fernet key is 32 bytes in URL-safe base64, 44 characters.",
                    id="forecourt.E002",
                )
            ]
    return []


@register(Tags.security)
def field_keys_are_their_own(**_: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY in settings.FIELD_KEYS:
        return [Error("FIELD_KEYS holds SECRET_KEY; each secret has one purpose.", id="forecourt.E003")]
    return []


@register(Tags.security, deploy=True)
def loopback_gateways(**_: Any) -> list[CheckMessage]:
    """Gateways on this machine are for the sandbox."""
    if settings.DGI_ALLOW_LOOPBACK:
        return [Warning("DGI_ALLOW_LOOPBACK=1 lets connections call services of this machine.", id="forecourt.W001")]
    return []


@register(Tags.security, deploy=True)
def allowed_gateways(**_: Any) -> list[CheckMessage]:
    if not settings.DGI_ALLOWED_HOSTS:
        return [
            Warning(
                "DGI_ALLOWED_HOSTS is empty: no gateway can be connected.",
                hint="Name the main dealers' hosts, separated by commas; .example.com allows every host below it.",
                id="forecourt.W002",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def virus_scanner(**_: Any) -> list[CheckMessage]:
    """Files that people send are handed out once a scanner has found them clean."""
    if not settings.CLAMD_ADDRESS:
        return [
            Warning(
                "CLAMD_ADDRESS is empty: files that people bring to a deal wait for ever.",
                hint="Name clamd as host:port or by its socket, or write none to hand files out without a scan.",
                id="forecourt.W003",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def hosts_are_named(**_: Any) -> list[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        return [Error("ALLOWED_HOSTS=* accepts every Host header.", hint="Name our hosts.", id="forecourt.E004")]
    return []


@register(Tags.database, deploy=True)
def application_role(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The application's role must own nothing and be no superuser, or the database cannot keep dealerships apart."""
    if "default" not in (databases or ()):
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            """
            SELECT session_user, rolsuper, rolbypassrls,
                   EXISTS (SELECT FROM pg_class WHERE relowner = roles.oid AND relkind IN ('r', 'p')),
                   current_setting('server_version_num')::int, current_setting('statement_timeout') = '0'
            FROM pg_roles AS roles WHERE rolname = session_user
            """
        )
        role, superuser, bypasses, owns, version, unlimited = cursor.fetchone()
    found: list[CheckMessage] = []
    if version < OLDEST_POSTGRES:
        found.append(Error(f"PostgreSQL {version // 10000} is too old; 14 or later is needed.", id="forecourt.E010"))
    hint = "Give DATABASE_URL the application's role; DATABASE_OWNER_URL is for migrations (docs/operations.md)."
    if superuser or bypasses:
        found.append(Error(f"DATABASE_URL's role {role} is above row-level security.", hint=hint, id="forecourt.E011"))
    if unlimited:
        words = f"DATABASE_URL's role {role} has no statement_timeout: a statement may run for ever."
        found.append(Warning(words, hint="Run config/local/roles.sql.", id="forecourt.W003"))
    if owns:
        found.append(Error(f"DATABASE_URL's role {role} owns tables.", hint=hint, id="forecourt.E012"))
    return found
