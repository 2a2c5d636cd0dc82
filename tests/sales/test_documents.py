"""Documents hold the deal's figures and nobody's markup; a customer's link leads to one of them and to nothing else."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, Event, Logo, User
from sales import documents, links, scenarios
from sales.models import Deal, Document, Item, OfferLink
from tests.factories import CustomerFactory, DealFactory
from tests.sales.conftest import deal_at, do

pytestmark = pytest.mark.django_db
HOSTILE = '#eval("1+1") $x^2$ *b* _i_ <label> @ref \\ // c `raw` [x] #image("/etc/passwd")'


def text_of(pdf: Any) -> str:
    pages = pypdf.PdfReader(io.BytesIO(bytes(pdf))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.fixture
def offered(dealership_a: Dealership, owner: User) -> Deal:
    deal: Deal = DealFactory(dealership=dealership_a)
    values = {"term": 12, "rate": Decimal(12), "down_payment": Decimal(3_000_000), "lender": "Adira"}
    rows = [Item(name="Helmet", quantity=Decimal(2), unit_price=Decimal(400_000))]
    scenarios.write(deal.chosen, by=owner, values=values, rows=rows)
    return deal


@pytest.mark.parametrize("language", ["en", "id", "es"])
@pytest.mark.parametrize("kind", Document.Kind.values)
def test_a_document_holds_what_the_deal_says(offered: Deal, owner: User, kind: str, language: str) -> None:
    if kind in documents.SIGNED:
        for name in ("quote", "submit", "contract"):
            do(name, offered, owner)
    made = documents.make(offered, by=owner, kind=kind, language=language)
    text = text_of(made.pdf)
    wanted = [offered.number, offered.customer.name, offered.vehicle.vin, offered.dealership.name]
    if kind != "handover":
        comma = "," if language == "en" else "."
        wanted += [f"19{comma}300{comma}000", f"16{comma}300{comma}000", "2 × Helmet", "Adira"]
    for each in wanted:
        assert each in text, text
    assert "%(" not in text
    assert "None" not in text
    assert made.sha256 == hashlib.sha256(bytes(made.pdf)).hexdigest()
    assert owner.email not in text


def test_what_somebody_typed_stays_text(dealership_a: Dealership, owner: User) -> None:
    deal = DealFactory(dealership=dealership_a, customer=CustomerFactory(dealership=dealership_a, name=HOSTILE))
    text = text_of(documents.make(deal, by=owner, kind="offer").pdf)
    assert HOSTILE.replace(" ", "") in text.replace(" ", "")


def test_a_document_bears_the_logo_and_colour_and_counts_its_versions(
    offered: Deal, owner: User, dealership_a: Dealership
) -> None:
    from PIL import Image

    plain = documents.make(offered, by=owner, kind="offer")
    picture = io.BytesIO()
    Image.new("RGB", (60, 20), "#c8102e").save(picture, "PNG")
    Logo.objects.create(dealership=dealership_a, png=picture.getvalue(), width=60, height=20, sha256="0" * 64)
    Dealership.objects.filter(pk=dealership_a.pk).update(brand_colour="#c8102e")
    second = documents.make(offered, by=owner, kind="offer")
    assert (plain.version, second.version) == (1, 2)
    assert len(pypdf.PdfReader(io.BytesIO(bytes(second.pdf))).pages[0].images) == 1
    assert second.facts["dealership"]["colour"] == "#c8102e"


def test_a_deal_has_the_documents_of_its_stage(dealership_a: Dealership, owner: User) -> None:
    draft, signed = deal_at("draft", dealership_a, owner), deal_at("contracted", dealership_a, owner)
    for deal, kind in ((draft, "contract"), (draft, "handover"), (signed, "offer")):
        with pytest.raises(ValidationError, match="there is no"):
            documents.make(deal, by=owner, kind=kind)


def test_a_document_is_made_and_fetched_on_pages(
    offered: Deal, owner: User, client: Client, charlie: User, client_for: Any
) -> None:
    assert client.post(f"/deals/{offered.pk}/document/", {"kind": "offer"}).status_code == 302
    made = offered.documents.get()
    answer = client.get(f"/deals/documents/{made.pk}/")
    assert (answer.headers["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert client_for(charlie).get(f"/deals/documents/{made.pk}/").status_code == 404


# -- the customer's link


@pytest.fixture
def token(offered: Deal, owner: User) -> str:
    return links.make(documents.make(offered, by=owner, kind="offer", language="en"), by=owner, days=7)


def stranger() -> Client:
    return Client()


def test_a_link_shows_the_offer_to_nobody_but_its_holder_and_keeps_no_copy(
    token: str, offered: Deal, owner: User
) -> None:
    answer = stranger().get(f"/offers/{token}/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "same-origin")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert offered.customer.name in text
    assert "19,300,000" in text
    for secret in (owner.email, owner.name, "17,000,000", "Gross", "commission"):
        assert secret not in text
    assert not OfferLink.objects.filter(token_hash=token).exists()
    pdf = stranger().get(f"/offers/{token}/offer.pdf")
    assert pdf.content[:5] == b"%PDF-"


def test_an_offer_is_accepted_once_with_evidence(token: str, offered: Deal) -> None:
    browser, address = stranger(), f"/offers/{token}/"
    for missing in ({}, {"name": "Budi"}, {"agreed": "on"}):
        assert browser.post(address, missing).status_code == 422
    assert OfferLink.objects.get().accepted_at is None
    assert browser.post(address, {"name": "Budi Santoso", "agreed": "on"}).status_code == 302
    link = OfferLink.objects.get()
    assert (link.accepted_name, link.accepted_from) == ("Budi Santoso", "127.0.0.1")
    assert link.accepted_sha256 == hashlib.sha256(bytes(link.document.pdf)).hexdigest()
    browser.post(address, {"name": "Somebody Else", "agreed": "on"})
    again = OfferLink.objects.get()
    assert (again.accepted_name, again.accepted_at) == (link.accepted_name, link.accepted_at)
    event = Event.objects.get(verb="offerlink.accepted")
    assert (event.dealership_id, event.changes["name"]) == (offered.dealership_id, "Budi Santoso")


def test_a_token_that_was_changed_in_any_byte_leads_nowhere(token: str) -> None:
    browser = stranger()
    for place, letter in enumerate(token):
        other = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        assert browser.get(f"/offers/{other}/").status_code == 404, other
    for other in (token[:-1], token + "A", token.upper(), token.swapcase(), "A" * 43, "%00" * 43):
        for end in ("", "offer.pdf"):
            assert browser.get(f"/offers/{other}/{end}").status_code == 404


def test_a_link_that_is_over_or_revoked_leads_nowhere_and_accepts_nothing(
    token: str, owner: User, client: Client, offered: Deal
) -> None:
    link, browser, address = OfferLink.objects.get(), stranger(), f"/offers/{token}/"
    sent = {"name": "Budi", "agreed": "on"}
    OfferLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert {browser.get(address).status_code, browser.post(address, sent).status_code} == {404}
    OfferLink.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert browser.get(address).status_code == 200
    assert client.post(f"/deals/links/{link.pk}/revoke/").status_code == 302
    assert {browser.get(address).status_code, browser.post(address, sent).status_code} == {404}
    OfferLink.objects.update(revoked_at=None)
    do("lose", offered, owner)
    assert {browser.get(address).status_code, browser.post(address, sent).status_code} == {404}
    assert OfferLink.objects.get().accepted_at is None


def test_a_link_is_made_on_a_page_that_shows_it_once(offered: Deal, owner: User, client: Client) -> None:
    made = documents.make(offered, by=owner, kind="offer")
    address = f"/deals/documents/{made.pk}/link/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"days": 0}).status_code == 422
    shown = client.post(address, {"days": 3}).context["address"]
    assert stranger().get(shown.removeprefix("http://testserver")).status_code == 200
    assert shown not in client.get(f"/deals/{offered.pk}/").content.decode()
    with pytest.raises(ValidationError, match="an offer or an order"):
        links.make(Document(kind="contract", deal=offered), by=owner, days=3)
