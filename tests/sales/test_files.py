"""Files that people bring to a deal: kept once, scanned before anybody gets them, gone with the person's data."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from crm import privacy
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from sales import checklist, files, tasks
from sales.models import Deal, DealFile
from tests import clamd
from tests.config.test_received import PDF
from tests.factories import DealFactory, DealFileFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
State = DealFile.State


@pytest.fixture
def deal(dealership_a: Dealership) -> Deal:
    found: Deal = DealFactory(dealership=dealership_a)
    return found


@pytest.fixture
def scanner(settings: Any) -> Iterator[None]:
    with clamd.running() as address:
        settings.CLAMD_ADDRESS = address
        yield


@pytest.fixture
def _no_scanner(settings: Any) -> None:
    settings.CLAMD_ADDRESS = "127.0.0.1:1"


def page(deal: Deal) -> str:
    return f"/deals/{deal.pk}/files/"


def sent(content: bytes = PDF, name: str = "Contract.pdf", kind: str = "contract") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content), "kind": kind}


def picture() -> bytes:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "canary"
    Image.new("RGB", (600, 400), "navy").save(made, "JPEG", exif=exif)
    return made.getvalue() + b"<?php canary"


# -- waiting for the scanner


@pytest.mark.usefixtures("scanner")
def test_a_file_is_handed_out_once_it_is_clean(owner: User, client: Client, deal: Deal) -> None:
    assert client.post(page(deal), sent()).headers["Location"] == f"/deals/{deal.pk}/#files"
    file = DealFile.objects.get()
    there = f"/deals/files/{file.pk}/"
    assert file.state == State.PENDING
    assert client.get(there).status_code == 404
    shown = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "waits for the virus scanner" in shown
    assert f'href="{there}"' not in shown
    assert tasks.scan_files(dealership_id=deal.dealership_id) == 1
    answer = client.get(there)
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Contract.pdf"')
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert f'href="{there}"' in client.get(page(deal), headers={"HX-Request": "true"}).content.decode()
    assert set(Event.objects.values_list("verb", flat=True)) >= {"dealfile.added"}


@pytest.mark.usefixtures("scanner")
def test_what_the_scanner_finds_something_in_is_blocked_and_not_kept(owner: User, client: Client, deal: Deal) -> None:
    file = files.add(deal, PDF.replace(b"<<>>", b"<< " + clamd.EICAR + b" >>", 1), "a.pdf", by=owner)
    files.scan(deal.dealership_id)
    file.refresh_from_db()
    assert (file.state, file.finding, bytes(file.content)) == (State.INFECTED, "Eicar-Test-Signature", b"")
    assert client.get(f"/deals/files/{file.pk}/").status_code == 404
    assert "blocked: Eicar-Test-Signature" in client.get(f"/deals/{deal.pk}/").content.decode()
    assert Event.objects.filter(verb="dealfile.blocked").count() == 1
    assert files.scan(deal.dealership_id) == 0


def test_while_the_scanner_is_down_files_wait_and_nobody_gets_them(
    owner: User, client: Client, deal: Deal, settings: Any
) -> None:
    settings.CLAMD_ADDRESS = "127.0.0.1:1"
    rows = [files.add(deal, PDF + bytes([number]), "a.pdf", by=owner) for number in range(2)]
    assert files.scan(deal.dealership_id) == 0
    assert {row.state for row in DealFile.objects.all()} == {State.PENDING}
    assert client.get(f"/deals/files/{rows[0].pk}/").status_code == 404
    assert api_of(owner).get(f"/api/v1/deal-files/{rows[0].pk}/content/").status_code == 404
    with clamd.running() as address:
        settings.CLAMD_ADDRESS = address
        assert files.waiting() == [deal.dealership_id]
        assert files.scan(deal.dealership_id) == 2
    assert files.waiting() == []
    assert client.get(f"/deals/files/{rows[0].pk}/").status_code == 200


def test_an_installation_without_a_scanner_says_so_with_each_file(owner: User, client: Client, deal: Deal) -> None:
    file = files.add(deal, PDF, "a.pdf", by=owner)
    assert file.state == State.UNSCANNED
    assert "not scanned" in client.get(f"/deals/{deal.pk}/").content.decode()
    assert client.get(f"/deals/files/{file.pk}/").content == PDF


@pytest.mark.usefixtures("_no_scanner")
def test_files_that_waited_are_handed_out_once_the_installation_does_without(deal: Deal, settings: Any) -> None:
    file = files.add(deal, PDF, "a.pdf")
    settings.CLAMD_ADDRESS = "none"
    assert files.scan(deal.dealership_id) == 1
    file.refresh_from_db()
    assert (file.state, file.scanned_at) == (State.UNSCANNED, None)


# -- what is kept


def test_a_photo_is_drawn_anew(deal: Deal) -> None:
    file = files.add(deal, picture(), "KTP Budi.jpg", kind="identity")
    assert (file.name, file.content_type) == ("KTP Budi.webp", "image/webp")
    content = bytes(file.content)
    assert b"canary" not in content
    with Image.open(io.BytesIO(content)) as found:
        assert (found.format, found.size) == ("WEBP", (600, 400))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.pdf", "submitted file is empty"),
        (b"GIF89a", "a.gif", "no PDF, DOCX or XLSX"),
        (PDF, "a.docx", "kind .pdf"),
        (b"\xff\xd8\xffrubbish", "a.jpg", "damaged"),
    ],
)
def test_what_is_not_taken_says_why_and_nothing_is_kept(
    owner: User, client: Client, deal: Deal, content: bytes, name: str, words: str
) -> None:
    answer = client.post(page(deal), sent(content, name))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not DealFile.objects.exists()


def test_a_file_is_there_once_and_a_deal_has_so_many(owner: User, deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    files.add(deal, PDF, "a.pdf")
    with pytest.raises(ValidationError, match="there already"):
        files.add(deal, PDF, "b.pdf")
    monkeypatch.setattr(files, "MOST", 1)
    with pytest.raises(ValidationError, match="at most 1 files"):
        files.add(deal, PDF + b" ", "b.pdf")


def test_a_dealerships_files_have_their_room(deal: Deal, settings: Any) -> None:
    settings.FILES_OF_A_DEALERSHIP = len(PDF)
    files.add(deal, PDF, "a.pdf")
    with pytest.raises(ValidationError, match="fill their"):
        files.add(DealFactory(dealership=deal.dealership), PDF, "b.pdf")


@pytest.mark.django_db(transaction=True)
def test_the_same_file_sent_ten_times_at_once_is_kept_once(dealership_a: Dealership) -> None:
    deal = DealFactory(dealership=dealership_a)

    def send(_: int) -> bool:
        try:
            files.add(deal, PDF, "a.pdf")
        except ValidationError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as senders:
        assert sum(senders.map(send, range(10))) == 1
    assert DealFile.objects.count() == 1


# -- who may, and what becomes of it


def test_who_may_not_change_the_deal_adds_and_removes_nothing(owner: User, client: Client, deal: Deal) -> None:
    file = files.add(deal, PDF, "a.pdf")
    with_role(owner, Role.VIEWER)
    assert client.post(page(deal), sent(PDF + b" ")).status_code == 403
    assert client.post(f"/deals/files/{file.pk}/remove/").status_code == 403
    assert "Add the file" not in client.get(page(deal)).content.decode()
    assert client.get(f"/deals/files/{file.pk}/").status_code == 200


def test_a_file_is_removed_once(owner: User, client: Client, deal: Deal) -> None:
    file = files.add(deal, PDF, "a.pdf")
    assert client.post(f"/deals/files/{file.pk}/remove/").headers["Location"] == f"/deals/{deal.pk}/#files"
    assert not DealFile.objects.exists()
    with pytest.raises(ValidationError, match="removed it already"):
        files.remove(file)
    assert Event.objects.filter(verb="dealfile.removed").count() == 1


def test_the_endpoint_adds_tells_fetches_and_removes(owner: User, deal: Deal) -> None:
    api = api_of(owner)
    answer = api.post("/api/v1/deal-files/", {"deal": deal.pk, **sent()}, format="multipart")
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert (told["name"], told["state"], told["kind"]) == ("Contract.pdf", "unscanned", "contract")
    assert "content" not in told
    at = f"/api/v1/deal-files/{told['id']}/"
    assert api.get("/api/v1/deal-files/", {"deal": deal.pk}).json()["results"] == [api.get(at).json()]
    assert api.get(f"{at}content/").content == PDF
    again = api.post("/api/v1/deal-files/", {"deal": deal.pk, **sent()}, format="multipart")
    assert (again.status_code, again.json()["errors"][0]["field"]) == (400, "file")
    other = api.post("/api/v1/deal-files/", {"deal": 10**9, **sent()}, format="multipart")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (400, "deal")
    assert api.delete(at).status_code == 204
    assert api.get(at).status_code == 404


def test_erasing_a_customer_removes_the_files_of_their_deals(owner: User, deal: Deal) -> None:
    files.add(deal, PDF, "a.pdf")
    privacy.erase(deal.customer, by=owner, reason="asked for it")
    assert not DealFile.objects.exists()


def test_the_checklist_says_what_a_deal_lacks(owner: User, client: Client, deal: Deal) -> None:
    def points() -> list[checklist.Point]:
        here = Deal.objects.get(pk=deal.pk)
        return checklist.of(here, here.chosen)

    def lacks() -> set[str]:
        return {str(point.label) for point in points() if not point.is_there}

    assert not {"the lender's approval", "the papers of the trade-in"} & lacks()
    assert {"a copy of the identity document", "an offer that the customer accepted"} <= lacks()
    assert "the signed contract" not in {str(point.label) for point in points()}
    files.add(deal, picture(), "ktp.jpg", kind="identity")
    DealFileFactory(deal=deal, kind="offer", state=State.INFECTED, content=b"", finding="x")
    assert "a copy of the identity document" not in lacks()
    assert "an offer that the customer accepted" in lacks(), "a blocked file is none"
    Deal.objects.filter(pk=deal.pk).update(stage="contracted", approved_at=deal.created_at)
    deal.refresh_from_db()
    assert {"the signed contract", "the contract, printed", "registration papers, asked for"} <= lacks()
    assert "A copy of the identity document" in client.get(f"/deals/{deal.pk}/").content.decode()
