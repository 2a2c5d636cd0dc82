"""Photos of a vehicle: who may send and see them, their order, and that files follow rows."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django_celery_beat.models import PeriodicTask

from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import acting_for
from inventory import photos, pictures, schedules, tasks, views
from inventory.api import VehicleImageViewSet
from inventory.models import Vehicle, VehicleImage
from tests.factories import MembershipFactory, VehicleFactory
from tests.people import api_of, with_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("photos_folder")]
COLOURS = ("red", "green", "blue", "white")


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    return VehicleFactory(dealership=dealership_a)


@pytest.fixture
def four(vehicle: Vehicle, photo_of: Callable[..., bytes]) -> list[VehicleImage]:
    return [photos.add(vehicle, photo_of(colour)) for colour in COLOURS]


def files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def order(vehicle: Vehicle) -> list[int]:
    return list(VehicleImage.objects.filter(vehicle=vehicle).values_list("pk", flat=True))


def sent(content: bytes, name: str = "front.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/jpeg")


def test_the_first_photo_is_the_main_one_and_each_has_its_files(
    vehicle: Vehicle, four: list[VehicleImage], photos_folder: Path
) -> None:
    assert [image.is_primary for image in four] == [True, False, False, False]
    assert order(vehicle) == [image.pk for image in four]
    assert four[0].widths == [480, 800]
    assert len(files(photos_folder)) == 8
    assert all(each.read_bytes()[8:12] == b"WEBP" for each in files(photos_folder))


def test_what_is_no_picture_is_refused_in_words_and_leaves_nothing(
    vehicle: Vehicle, photo_of: Callable[..., bytes], photos_folder: Path
) -> None:
    for content in (b"", b"<svg/>", b"GIF89a" + bytes(100), photo_of()[:300]):
        with pytest.raises(ValidationError):
            photos.add(vehicle, content)
    assert not files(photos_folder)
    assert not VehicleImage.objects.exists()


def test_the_same_photo_is_not_there_twice(vehicle: Vehicle, photo_of: Callable[..., bytes]) -> None:
    photos.add(vehicle, photo_of())
    with pytest.raises(ValidationError, match="there already"):
        photos.add(vehicle, photo_of())
    photos.add(VehicleFactory(dealership=vehicle.dealership), photo_of())


def test_a_vehicle_has_so_many_photos_and_a_dealership_so_many_bytes(
    vehicle: Vehicle,
    photo_of: Callable[..., bytes],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    photos_folder: Path,
) -> None:
    photos.add(vehicle, photo_of())
    monkeypatch.setattr(photos, "MOST", 1)
    with pytest.raises(ValidationError, match="at most 1 photos"):
        photos.add(vehicle, photo_of("blue"))
    monkeypatch.undo()
    settings.PHOTOS_OF_A_DEALERSHIP = 100
    with pytest.raises(ValidationError, match="fill their"):
        photos.add(vehicle, photo_of("blue"))
    assert len(files(photos_folder)) == 2


def test_a_full_disk_is_told_and_leaves_neither_row_nor_file(
    vehicle: Vehicle, photo_of: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, photos_folder: Path
) -> None:
    save = photos.storage().save

    def full_at_second(name: str, content: Any) -> str:
        if "800" in name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return str(save(name, content))

    monkeypatch.setattr(photos.storage(), "save", full_at_second)
    with pytest.raises(ValidationError, match="no room"):
        photos.add(vehicle, photo_of())
    assert not files(photos_folder)
    assert not VehicleImage.objects.exists()


def test_photos_are_put_in_order_and_moved(vehicle: Vehicle, four: list[VehicleImage]) -> None:
    ids = [image.pk for image in four]
    photos.arrange(vehicle, ids[::-1])
    assert order(vehicle) == ids[::-1]
    photos.move(VehicleImage.objects.get(pk=ids[0]), -1)
    assert order(vehicle) == [ids[3], ids[2], ids[0], ids[1]]
    photos.move(VehicleImage.objects.get(pk=ids[3]), 99)
    assert order(vehicle)[-1] == ids[3]
    photos.arrange(vehicle, [ids[2]])
    assert order(vehicle)[0] == ids[2]
    for wrong in ([0], [ids[0], ids[0]]):
        with pytest.raises(ValidationError):
            photos.arrange(vehicle, wrong)


def test_without_the_main_photo_the_next_is_it(vehicle: Vehicle, four: list[VehicleImage]) -> None:
    photos.make_primary(four[2])
    assert VehicleImage.objects.get(is_primary=True) == four[2]
    photos.remove(VehicleImage.objects.get(pk=four[2].pk))
    assert VehicleImage.objects.get(is_primary=True) == four[0]


def test_a_photo_that_somebody_removed_meanwhile_says_so(four: list[VehicleImage]) -> None:
    mine = VehicleImage.objects.get(pk=four[0].pk)
    photos.remove(VehicleImage.objects.get(pk=four[0].pk))
    for do in (
        photos.remove,
        photos.make_primary,
        lambda image: photos.move(image, 1),
        lambda image: photos.classify(image, "damage"),
    ):
        with pytest.raises(ValidationError, match="removed this photo meanwhile"):
            do(mine)
    assert VehicleImage.objects.get(is_primary=True) == four[1]


def test_what_a_photo_shows_is_one_of_the_kinds_and_in_the_audit(
    vehicle: Vehicle, four: list[VehicleImage], photo_of: Callable[..., bytes]
) -> None:
    photos.classify(four[0], "damage")
    assert VehicleImage.objects.get(pk=four[0].pk).kind == "damage"
    assert Event.objects.get(verb="vehicleimage.changed").changes == {"kind": ["exterior", "damage"]}
    with pytest.raises(ValidationError, match="no kind of photo: “zzz”"):
        photos.classify(four[0], "zzz")
    with pytest.raises(ValidationError, match="“zzz”"):
        photos.add(vehicle, photo_of("gold"), kind="zzz")
    assert VehicleImage.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_the_main_photo_removed_while_another_becomes_it_leaves_one_main_photo(
    dealership_a: Dealership, photo_of: Callable[..., bytes]
) -> None:
    with acting_for([dealership_a.pk]):
        vehicle = VehicleFactory(dealership=dealership_a)
        made = [photos.add(vehicle, photo_of(f"hsl({40 * number}, 80%, 50%)")) for number in range(6)]

    def one(number: int) -> None:
        try:
            with acting_for([dealership_a.pk]), suppress(ValidationError):
                mine = VehicleImage.objects.select_related("vehicle").get(pk=made[number // 2].pk)
                (photos.remove if number % 2 else photos.make_primary)(mine)
        except VehicleImage.DoesNotExist:
            return
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(one, range(6)))
    with acting_for([dealership_a.pk]):
        found = VehicleImage.objects.filter(vehicle=vehicle)
        assert [image.is_primary for image in found].count(True) == 1
        assert {image.pk for image in found} == {image.pk for image in made[3:]}


@pytest.mark.django_db(transaction=True)
def test_files_go_when_the_row_is_gone_and_not_before(
    dealership_a: Dealership, photo_of: Callable[..., bytes], photos_folder: Path
) -> None:
    with acting_for([dealership_a.pk]):
        image = photos.add(VehicleFactory(dealership=dealership_a), photo_of())
        with transaction.atomic():
            photos.remove(VehicleImage.objects.get(pk=image.pk))
            assert len(files(photos_folder)) == 2
        assert not files(photos_folder)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_places_of_their_own(dealership_a: Dealership, photo_of: Callable[..., bytes]) -> None:
    with acting_for([dealership_a.pk]):
        vehicle = VehicleFactory(dealership=dealership_a)

    def one(number: int) -> None:
        try:
            with acting_for([dealership_a.pk]):
                photos.add(vehicle, photo_of(f"hsl({40 * number}, 80%, 50%)"))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(8)))
    with acting_for([dealership_a.pk]):
        found = VehicleImage.objects.filter(vehicle=vehicle)
        assert [image.position for image in found] == list(range(1, 9))
        assert [image.is_primary for image in found].count(True) == 1


def test_files_that_no_row_names_are_swept_once_they_are_old(four: list[VehicleImage], photos_folder: Path) -> None:
    for age, name in ((0, "young"), (7200, "old")):
        stray = photos_folder / "00" / f"00000000-0000-4000-8000-00000000000{len(name)}" / "480.webp"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(b"")
        os.utime(stray, (time.time() - age,) * 2)
    foreign = photos_folder / "lost+found" / "notes" / "a.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"")
    os.utime(foreign, (time.time() - 7200,) * 2)
    tasks.sweep_photos()
    assert len(files(photos_folder)) == 10
    assert foreign.exists()


def test_files_are_swept_every_day() -> None:
    PeriodicTask.objects.filter(task="inventory.sweep_photos").delete()
    schedules.create_missing()
    task = PeriodicTask.objects.get(task="inventory.sweep_photos")
    assert task.schedule.run_every == timedelta(days=1)
    assert tasks.sweep_photos.name == task.task


# -- pages


def test_photos_are_sent_shown_changed_and_removed_on_the_page(
    owner: User, vehicle: Vehicle, client: Client, photo_of: Callable[..., bytes]
) -> None:
    address = f"/inventory/{vehicle.pk}/photos/"
    two = [sent(photo_of("red")), sent(photo_of("blue"))]
    assert client.post(address, {"photo": two, "kind": "interior"}).status_code == 302
    first, second = VehicleImage.objects.all()
    text = client.get(f"/inventory/{vehicle.pk}/").content.decode()
    assert f'alt="{vehicle.name}, interior, 1 of 2"' in text
    for do, expected in (("later", [second, first]), ("earlier", [first, second])):
        client.post(f"/inventory/photos/{first.pk}/", {"do": do})
        assert list(VehicleImage.objects.all()) == expected
    client.post(f"/inventory/photos/{second.pk}/", {"do": "primary"})
    client.post(f"/inventory/photos/{second.pk}/", {"do": "kind", "kind": "damage"})
    second.refresh_from_db()
    assert (second.is_primary, second.kind) == (True, "damage")
    client.post(f"{address}order/", {"photo": [second.pk, first.pk]})
    assert list(VehicleImage.objects.all()) == [second, first]
    client.post(f"/inventory/photos/{first.pk}/", {"do": "remove"})
    assert list(VehicleImage.objects.all()) == [second]
    assert client.post(f"/inventory/photos/{second.pk}/", {"do": "eat"}).status_code == 400
    assert {"vehicleimage.added", "vehicleimage.deleted"} <= set(Event.objects.values_list("verb", flat=True))


def test_what_cannot_be_done_with_a_photo_is_told_on_the_page(
    owner: User, four: list[VehicleImage], client: Client, monkeypatch: pytest.MonkeyPatch, photo_of: Any
) -> None:
    address = f"/inventory/photos/{four[0].pk}/"
    answer = client.post(address, {"do": "kind", "kind": "zzz"}, HTTP_HX_REQUEST="true")
    assert (answer.status_code, "“zzz”" in answer.content.decode()) == (422, True)
    upload = f"/inventory/{four[0].vehicle_id}/photos/"
    assert (
        "“zzz”" in client.post(upload, {"photo": sent(photo_of("gold")), "kind": "zzz"}, follow=True).content.decode()
    )
    seen = views.photo_of

    def removed_meanwhile(*given: Any) -> VehicleImage:
        image: VehicleImage = seen(*given)
        VehicleImage.objects.filter(pk=image.pk).delete()
        return image

    monkeypatch.setattr(views, "photo_of", removed_meanwhile)
    assert "removed this photo meanwhile" in client.post(address, {"do": "later"}, follow=True).content.decode()


def test_the_main_photo_is_the_large_one_on_the_page(owner: User, four: list[VehicleImage], client: Client) -> None:
    photos.make_primary(four[2])
    page = client.get(f"/inventory/{four[2].vehicle_id}/")
    assert page.context["main"][0] == four[2]
    assert [image for image, _words in page.context["photos"]] == four
    large = page.content.decode().partition('class="main" href')[2].partition("</a>")[0]
    assert f"/inventory/photos/{four[2].pk}/800.webp" in large


def test_a_script_is_told_each_outcome(
    owner: User, vehicle: Vehicle, client: Client, photo_of: Callable[..., bytes]
) -> None:
    address, json = f"/inventory/{vehicle.pk}/photos/", {"HTTP_ACCEPT": "application/json"}
    assert client.post(address, {"photo": sent(photo_of())}, **json).status_code == 201
    for content in (photo_of(), b"GIF89a"):
        answer = client.post(address, {"photo": sent(content)}, **json)
        assert answer.status_code == 422
        assert answer.json()["problems"]


def test_a_picture_is_served_as_what_it_is_and_as_nothing_else(
    owner: User, four: list[VehicleImage], client: Client
) -> None:
    answer = client.get(f"/inventory/photos/{four[0].pk}/480.webp")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "private" in answer.headers["Cache-Control"]
    assert client.get(f"/inventory/photos/{four[0].pk}/481.webp").status_code == 404
    assert client.get("/inventory/photos/0/480.webp").status_code == 404


def test_nobody_else_sees_a_photo_or_changes_one(
    owner: User, four: list[VehicleImage], charlie: User, photo_of: Callable[..., bytes]
) -> None:
    image, vehicle = four[0], four[0].vehicle
    neighbour, viewer, stranger = Client(), Client(), Client()
    neighbour.force_login(with_role(charlie, Role.OWNER))
    viewer.force_login(MembershipFactory(dealership=vehicle.dealership, role=Role.VIEWER).user)
    picture, change, upload = (
        *(f"/inventory/photos/{image.pk}/480.webp", f"/inventory/photos/{image.pk}/"),
        f"/inventory/{vehicle.pk}/photos/",
    )
    assert [who.get(picture).status_code for who in (neighbour, viewer, stranger)] == [404, 200, 302]
    assert [who.post(change, {"do": "remove"}).status_code for who in (neighbour, viewer, stranger)] == [404, 403, 302]
    for address in (upload, f"{upload}order/"):
        answers = [
            who.post(address, {"photo": sent(photo_of("gold"))}).status_code for who in (neighbour, viewer, stranger)
        ]
        assert answers == [404, 403, 302]
    assert VehicleImage.objects.count() == 4


# -- API


def test_the_api_tells_of_a_photo_that_is_gone_and_reads_no_more_of_a_file_than_it_takes(
    owner: User, four: list[VehicleImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, address = api_of(owner), "/api/v1/vehicle-images/"
    seen = VehicleImageViewSet.get_object

    def removed_meanwhile(self: VehicleImageViewSet) -> VehicleImage:
        image: VehicleImage = seen(self)
        VehicleImage.objects.filter(pk=image.pk).delete()
        return image

    monkeypatch.setattr(VehicleImageViewSet, "get_object", removed_meanwhile)
    answers = (
        api.post(f"{address}{four[0].pk}/primary/"),
        api.post(f"{address}{four[1].pk}/move/", {"places": 1}, format="json"),
        api.patch(f"{address}{four[2].pk}/", {"kind": "damage"}, format="json"),
        api.delete(f"{address}{four[3].pk}/"),
    )
    assert [each.status_code for each in answers] == [409, 409, 409, 409]
    lengths: list[int] = []
    monkeypatch.setattr(photos, "add", lambda _vehicle, data, **_: lengths.append(len(data)) or refuse())
    monkeypatch.setattr(pictures, "MOST_BYTES", 10)
    large = {"vehicle": four[0].vehicle_id, "photo": sent(bytes(99))}
    assert api.post(address, large, format="multipart").status_code == 400
    assert lengths == [11]


def refuse() -> None:
    raise ValidationError("no")


def test_the_api_takes_photos_and_tells_where_their_pictures_are(
    owner: User, vehicle: Vehicle, photo_of: Callable[..., bytes]
) -> None:
    api, address = api_of(owner), "/api/v1/vehicle-images/"
    made = api.post(address, {"vehicle": vehicle.pk, "photo": sent(photo_of()), "kind": "damage"}, format="multipart")
    assert made.status_code == 201, made.content
    told = made.json()
    assert [each["width"] for each in told["pictures"]] == [480, 800]
    assert told["pictures"][0]["height"] == 360
    other = api.post(address, {"vehicle": vehicle.pk, "photo": sent(photo_of("blue"))}, format="multipart").json()
    assert api.post(f"{address}{other['id']}/primary/").json()["is_primary"] is True
    assert api.post(f"{address}{other['id']}/move/", {"places": -1}, format="json").json()["position"] == 1
    assert api.patch(f"{address}{told['id']}/", {"kind": "interior"}, format="json").json()["kind"] == "interior"
    assert [each["id"] for each in api.get(address, {"vehicle": vehicle.pk}).json()["results"]]
    assert api.delete(f"{address}{told['id']}/").status_code == 204
    assert api.post(address, {"vehicle": vehicle.pk, "photo": sent(b"nothing")}, format="multipart").status_code == 400
    assert api.post(address, {"vehicle": 0, "photo": sent(photo_of())}, format="multipart").status_code == 400
