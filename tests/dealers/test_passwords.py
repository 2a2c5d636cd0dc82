"""What a password may be, and how a lost one is replaced."""

import re

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from dealers import invitations
from dealers.models import Event, Invitation, User
from tests.dealers.browsers import FACTOR, is_signed_in, sign_in, signed_in, with_app, without_chance

pytestmark = pytest.mark.django_db
RESET = "/accounts/password/reset/"
NEW = "another long pass phrase"


def link_in(mail):
    return re.search(r"https?://testserver(/\S+)", mail.body)[1]


def reset(client, link, password=NEW):
    page = client.get(link)
    return client.post(page["Location"], {"password1": password, "password2": password})


@pytest.fixture
def link(client, alice, mailoutbox):
    client.post(RESET, {"email": alice.email})
    [mail] = mailoutbox
    assert mail.to == [alice.email]
    return link_in(mail)


@pytest.mark.parametrize("password", ["eleven char", "password1234", "x" * 129, "alice@dealer.example"])
def test_a_password_that_is_short_common_endless_or_the_address_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(email="alice@dealer.example"))


OURS = ["Forecourt2026!", "cahayamotor08138", "Kemayoran-dealer", "admin.bengkel.99", "Selamat Motor 7"]


@pytest.mark.parametrize("password", OURS)
def test_little_more_than_words_of_the_house_is_refused(alice, password):
    with pytest.raises(ValidationError, match="names of your dealership"):
        validate_password(password, alice)


@pytest.mark.parametrize("password", ["Forecourt has 9 red doors", "cahaya pagi di tepi danau", "motor kuda lari sore"])
def test_a_sentence_with_such_a_word_in_it_is_taken(alice, password):
    validate_password(password, alice)


def test_words_of_a_dealership_are_refused_to_its_own_people(alice, charlie):
    with pytest.raises(ValidationError):
        validate_password("Kemayoran-Cahaya", alice)
    validate_password("Kemayoran-Cahaya", charlie)


def test_who_is_invited_is_told_so_too(dealership_a):
    invitation = Invitation(email="new@dealer.example", dealership=dealership_a)
    with pytest.raises(ValidationError):
        validate_password("Kemayoran-Cahaya", invitations.invited(invitation))


@pytest.mark.parametrize("password", ["!!password1234", "iloveyou20262026", "dragondragon", "qwertyqwerty99"])
def test_a_common_password_with_something_added_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(email="alice@dealer.example"))


@pytest.mark.parametrize("password", ["twelve chars", "ünd ein Satz mit Leerzeichen", "xy" * 64])
def test_any_other_of_12_to_128_characters_is_taken(password):
    validate_password(password, User(email="alice@dealer.example"))


def test_the_link_in_the_mail_sets_a_new_password(client, alice, link):
    assert reset(client, link).status_code == 302
    assert not is_signed_in(client), "to sign in is another step, with its second factor"
    assert sign_in(Client(), alice.email, NEW).status_code == 302
    assert list(Event.objects.values_list("verb", flat=True))[-1] == "password_changed"


def test_the_link_is_good_once(client, alice, link):
    reset(client, link)
    assert "Location" not in Client().get(link)
    assert User.objects.get(pk=alice.pk).check_password(NEW)


def test_the_link_is_good_for_an_hour(client, alice, mailoutbox):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        client.post(RESET, {"email": alice.email})
        clock.shift(3601)
        assert client.get(link_in(mailoutbox[0])).status_code == 200
        assert "Location" not in client.get(link_in(mailoutbox[0]))


def test_a_new_password_ends_every_session(client, alice, mailoutbox):
    before = signed_in(alice)
    client.post(RESET, {"email": alice.email})
    reset(client, link_in(mailoutbox[-1]))
    assert not is_signed_in(before)


def test_a_new_password_does_not_take_the_second_factor_off(client, alice, link):
    with_app(alice)
    reset(client, link)
    assert sign_in(client, alice.email, NEW)["Location"] == FACTOR


def test_an_unknown_address_gets_the_same_answer(alice, mailoutbox):
    answers = []
    for email in (alice.email, "nobody@dealer.example"):
        client = Client()
        asked = without_chance(client.post(RESET, {"email": email}), email)
        answers.append((asked, without_chance(client.get(f"{RESET}done/"), email)))
    assert answers[0] == answers[1]
    assert [mail.to for mail in mailoutbox] == [[alice.email], ["nobody@dealer.example"]]
