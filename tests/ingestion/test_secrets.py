"""Credentials: encrypted at rest, shown nowhere, opened only by the installation's keys."""

from __future__ import annotations

import json
import logging
import pickle
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse

from dealers.models import User
from ingestion.models import Connection
from ingestion.secrets import Secret
from tests.factories import ConnectionFactory

KEY, SECRET = "dgi-key-live:open-sesame", "dgi-secret-live:rhubarb"
OTHER_KEY = Fernet.generate_key().decode()


@pytest.fixture
def stored(db: None) -> Connection:
    made = ConnectionFactory(main_dealer="H2Z", api_key=KEY, secret_key=SECRET)
    return Connection.objects.get(pk=made.pk)


def columns() -> tuple[str, str]:
    """What the table holds."""
    with database.cursor() as cursor:
        cursor.execute("SELECT api_key, secret_key FROM ingestion_connection")
        found: tuple[str, str] = cursor.fetchone()
    return found


def shows_nothing(text: str) -> None:
    for piece in ("sesame", "rhubarb"):
        assert piece not in text


def test_a_credential_is_encrypted_at_rest_and_opens_again(stored: Connection) -> None:
    for column, plain in zip(columns(), (KEY, SECRET), strict=True):
        assert column.startswith("gAAAA")
        shows_nothing(column)
        assert Fernet(b"dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=").decrypt(column).endswith(plain.encode())
    assert (stored.api_key.reveal(), stored.secret_key.reveal()) == (KEY, SECRET)


def test_the_same_text_is_never_encrypted_alike() -> None:
    assert Secret.of(KEY, "a").ciphertext != Secret.of(KEY, "a").ciphertext


def test_an_instance_keeps_no_plain_text_once_it_is_saved(db: None) -> None:
    made = ConnectionFactory(api_key=KEY, secret_key=SECRET)
    shows_nothing(str(vars(made)))
    assert made.api_key.reveal() == KEY


def test_update_and_bulk_writes_encrypt_as_well(stored: Connection) -> None:
    Connection.objects.update(api_key="changed")
    stored.secret_key = "changed too"
    Connection.objects.bulk_update([stored], ["secret_key"])
    assert "changed" not in "".join(columns())
    again = Connection.objects.get()
    assert (again.api_key.reveal(), again.secret_key.reveal()) == ("changed", "changed too")


def test_saving_again_changes_no_ciphertext(stored: Connection) -> None:
    before = columns()
    stored.full_clean()
    stored.save()
    assert columns() == before


def test_nothing_that_prints_shows_a_credential(stored: Connection, caplog: pytest.LogCaptureFixture) -> None:
    secret = stored.api_key
    logging.getLogger("ingestion").warning("%s %r %s", secret, secret, vars(stored))
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", repr(stored), str(stored), str(vars(stored))]
    shown += [
        json.dumps(secret, default=str),
        str(model_to_dict(stored)),
        str([secret]),
        str((secret,)),
        caplog.text,
    ]
    for text in shown:
        shows_nothing(text)
    assert f"{secret}" == "********"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_carries_the_ciphertext_only(stored: Connection, protocol: int) -> None:
    dumped = pickle.dumps(stored, protocol)
    assert b"sesame" not in dumped
    assert b"rhubarb" not in dumped
    assert pickle.loads(dumped).api_key.reveal() == KEY


def test_a_dump_carries_the_ciphertext_and_can_be_loaded(stored: Connection) -> None:
    dumped = serializers.serialize("json", [stored])
    shows_nothing(dumped)
    stored.delete()
    for found in serializers.deserialize("json", dumped):
        found.save()
    again = Connection.objects.get()
    assert (again.api_key.reveal(), again.secret_key.reveal()) == (KEY, SECRET)


def test_a_ciphertext_moved_to_another_column_is_refused(stored: Connection) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE ingestion_connection SET secret_key = api_key")
    swapped = Connection.objects.get()
    with pytest.raises(ValueError, match=r"the ciphertext of ingestion\.connection\.api_key stands in") as caught:
        swapped.secret_key.reveal()
    shows_nothing(str(caught.value))


@pytest.mark.parametrize("broken", ["", "nonsense", "é", "gAAAAA=="])
def test_a_broken_ciphertext_is_told_like_a_lost_key(broken: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS has no key that opens here"):
        Secret(broken, "here").reveal()


def test_a_lost_key_is_told_with_what_to_do(stored: Connection, settings: Any) -> None:
    settings.FIELD_KEYS = [OTHER_KEY]
    with pytest.raises(ImproperlyConfigured, match=r"opens ingestion\.connection\.api_key; restore the key") as caught:
        stored.api_key.reveal()
    assert caught.value.__cause__ is None
    assert str(stored.api_key) == "********"


@pytest.mark.parametrize("keys", [["not a key"], ["c2hvcnQ="], []])
def test_a_bad_key_is_told_with_the_variables_name(settings: Any, keys: list[str]) -> None:
    settings.FIELD_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        Secret.of("x", "y")


def test_secrets_compare_by_what_is_stored() -> None:
    secret = Secret.of("x", "y")
    assert secret == Secret(secret.ciphertext, "y")
    assert secret != Secret.of("x", "y")
    assert secret != "x"
    assert len({secret, Secret(secret.ciphertext, "y")}) == 1
    assert secret
    assert not Secret("", "y")


def test_rotation_moves_every_credential_to_the_first_key(
    stored: Connection, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ConnectionFactory(main_dealer="K0Z")
    settings.FIELD_KEYS = [OTHER_KEY, *settings.FIELD_KEYS]
    call_command("rotate_keys")
    settings.FIELD_KEYS = [OTHER_KEY]
    assert capsys.readouterr().out == "2 connections now use the first key.\n"
    assert Connection.objects.get(main_dealer="H2Z").secret_key.reveal() == SECRET
    call_command("rotate_keys")
    assert Connection.objects.get(main_dealer="H2Z").api_key.reveal() == KEY


def test_rotation_without_the_old_key_changes_nothing_and_says_why(stored: Connection, settings: Any) -> None:
    before = columns()
    settings.FIELD_KEYS = [OTHER_KEY]
    with pytest.raises(CommandError, match=r"FIELD_KEYS has no key that opens ingestion\.connection\.api_key"):
        call_command("rotate_keys")
    assert columns() == before


def test_the_admin_shows_no_credential_and_keeps_one_left_blank(stored: Connection, admin_user: User) -> None:
    browser = Client()
    browser.force_login(admin_user)
    address = reverse("admin:ingestion_connection_change", args=[stored.pk])
    page = browser.get(address)
    shows_nothing(page.content.decode())
    assert "gAAAA" not in page.content.decode()
    form = {name: value for name, value in page.context["adminform"].form.initial.items() if value is not None}
    sent = browser.post(address, {**form, "api_key": "", "secret_key": "renewed", "is_active": "on"})
    assert sent.status_code == 302
    stored.refresh_from_db()
    assert (stored.api_key.reveal(), stored.secret_key.reveal()) == (KEY, "renewed")
