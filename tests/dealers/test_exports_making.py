"""Exports in the background: whose rows, how far, what ends them, and that a crash leaves nothing half."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from celery import current_app
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone

from dealers import export_making, exports, tasks
from dealers.exports import Asked
from dealers.models import Dealership, Event, Export, ExportPart, Holiday, Membership, User
from dealers.roles import Role
from dealers.tenancy import Scope, acting
from tests.dealers.exportables import Holidays, holidays  # noqa: F401  a fixture
from tests.people import with_role

pytestmark = pytest.mark.django_db(transaction=True)
QUEUED, RUNNING, DONE, FAILED = (Export.State.QUEUED, Export.State.RUNNING, Export.State.DONE, Export.State.FAILED)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, holidays: Holidays) -> list[int]:  # noqa: F811
    """Whose exports workers were told of; a test that waits for none carries them out itself."""
    told: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: told.append(kwargs["user_id"]))
    return told


@pytest.fixture
def owner(alice: User, dealership_a: Dealership, dealership_b: Dealership) -> User:
    for number, each in enumerate((dealership_a, dealership_a, dealership_b)):
        Holiday.objects.create(dealership=each, day=date(2026, 1, 1 + number), name=f"of {each.code}")
    return with_role(alice, Role.OWNER)


def queued(user: User, query: str = "", chosen: int | None = None, **more: Any) -> Export:
    asked = Asked("days-off", query, **more)
    with acting(Scope(tuple(user.memberships.values_list("dealership", flat=True)), user.pk)):
        return exports.queue(user, asked, chosen)


def made(export: Export) -> Export:
    tasks.export(user_id=export.user_id)
    export.refresh_from_db()
    return export


def content(export: Export) -> bytes:
    return b"".join(bytes(part.content) for part in export.parts.all())


def in_words(export: Export) -> str:
    return content(export).decode("utf-8-sig")


# -- what is in it


def test_it_has_the_rows_of_the_persons_dealerships_and_nobody_elses(
    owner: User, sent: list[int], dealership_a: Dealership
) -> None:
    export = queued(owner, columns=["name"])
    assert (export.state, sent) == (QUEUED, [owner.pk])
    made(export)
    assert (export.state, export.rows_done, export.rows_expected, export.error) == (DONE, 2, 2, "")
    assert in_words(export) == "name\r\nof 08138\r\nof 08138\r\n"
    assert export.size == len(content(export))
    assert export.dealerships == [dealership_a.pk]
    assert timedelta(hours=23) < export.expires_at - timezone.now() < timedelta(hours=24)  # type: ignore[operator]


def test_filters_and_format_are_those_that_were_asked_for(owner: User, tmp_path: Any) -> None:
    export = made(queued(owner, "name=nothing", format="xlsx"))
    assert export.rows_done == 0
    (tmp_path / "export.xlsx").write_bytes(content(export))
    page = openpyxl.load_workbook(tmp_path / "export.xlsx").active
    assert [cell.value for cell in page[1]] == ["day", "dealership", "name"]


def test_rows_of_a_dealership_in_which_the_person_may_not_export_stay_out(
    owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.VIEWER)
    export = made(queued(owner))
    assert (export.rows_done, export.dealerships) == (2, [dealership_a.pk])


def test_only_the_dealership_that_was_chosen_is_in_it(
    owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    one, all_of_them = made(queued(owner, chosen=dealership_b.pk)), made(queued(owner))
    assert (one.rows_done, one.dealerships) == (1, [dealership_b.pk])
    assert (all_of_them.rows_done, all_of_them.dealerships) == (3, sorted([dealership_a.pk, dealership_b.pk]))


def test_a_platform_administrator_exports_everybodys_rows(admin_user: User, owner: User) -> None:
    with acting(Scope(user_id=admin_user.pk, purpose="platform administration")):
        export = exports.queue(admin_user, Asked("days-off"), None)
    made(export)
    assert (export.state, export.rows_done, export.dealerships) == (DONE, 3, None)


def test_a_large_file_is_kept_in_parts(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportPart, "SIZE", 10)
    export = made(queued(owner, columns=["name"]))
    assert export.parts.count() == -(-export.size // 10)  # type: ignore[operator]
    assert in_words(export) == "name\r\nof 08138\r\nof 08138\r\n"


# -- who may


def test_who_lost_the_membership_meanwhile_gets_words_and_no_rows(owner: User) -> None:
    export = queued(owner)
    owner.memberships.update(until=date(2026, 1, 1))
    made(export)
    assert (export.state, export.error, export.parts.count()) == (FAILED, "You may not export these rows.", 0)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SALESPERSON])
def test_who_lost_the_permission_meanwhile_is_refused(owner: User, role: Role) -> None:
    export = queued(owner)
    with_role(owner, role)
    assert made(export).error == "You may not export these rows."


def test_who_was_made_inactive_meanwhile_is_refused(owner: User) -> None:
    export = queued(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert made(export).state == FAILED


def test_who_may_not_export_queues_nothing(owner: User, sent: list[int]) -> None:
    with_role(owner, Role.VIEWER)
    with pytest.raises(PermissionDenied):
        queued(User.objects.get(pk=owner.pk))
    assert not Export.objects.exists()
    assert sent == []


def test_nobody_piles_up_exports(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST", 2)
    first, _second = queued(owner), queued(owner)
    with pytest.raises(ValidationError, match="You have 2 exports"):
        queued(owner)
    exports.cancel(first)
    queued(owner)


# -- how it goes on


@contextmanager
def held(holidays: Holidays, at: int) -> Iterator[tuple[threading.Event, threading.Event]]:  # noqa: F811
    """Reading stops before row `at` until it is let go: events for having come there, and for going on."""
    there, go_on = threading.Event(), threading.Event()

    def wait(number: int) -> None:
        if number == at:
            there.set()
            assert go_on.wait(30)

    holidays.before = wait
    try:
        yield there, go_on
    finally:
        go_on.set()


@contextmanager
def in_the_background(user: User) -> Iterator[None]:
    """The task runs in a thread, as a worker's process would."""

    def work() -> None:
        try:
            tasks.export(user_id=user.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(30)
    assert not thread.is_alive()


def seen(export: Export, wanted: Any) -> None:
    """Wait until the row says what is wanted: signs of life come by themselves."""
    for _ in range(300):
        export.refresh_from_db()
        if wanted(export):
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"{export.state} {export.rows_done} {export.rows_expected}")


@pytest.fixture
def quick_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_making, "EVERY", 0.02)


def test_its_progress_is_seen_while_it_is_made(owner: User, holidays: Holidays, quick_signs: None) -> None:  # noqa: F811
    export, holidays.expected = queued(owner), 2
    with held(holidays, at=1) as (there, go_on), in_the_background(owner):
        assert there.wait(30)
        seen(export, lambda each: each.rows_done == 1)
        assert (export.state, export.rows_expected) == (RUNNING, 2)
        go_on.set()
    seen(export, lambda each: each.state == DONE)


def test_it_is_cancelled_while_it_is_made(owner: User, holidays: Holidays, quick_signs: None) -> None:  # noqa: F811
    export = queued(owner)
    with held(holidays, at=0) as (there, go_on), in_the_background(owner):
        assert there.wait(30)
        assert exports.cancel(export)
        threading.Event().wait(0.2)
        go_on.set()
    export.refresh_from_db()
    assert (export.state, export.parts.count()) == (Export.State.CANCELLED, 0)
    assert list(Event.objects.filter(object_id=str(export.pk)).values_list("verb", flat=True)) == ["export.cancelled"]
    assert not exports.cancel(export)


def test_one_that_is_cancelled_at_the_last_moment_leaves_no_file(owner: User, holidays: Holidays) -> None:  # noqa: F811
    export = queued(owner)
    holidays.before = lambda number: exports.cancel(Export.objects.get(pk=export.pk)) and None  # type: ignore[func-returns-value]
    with in_the_background(owner):
        pass
    export.refresh_from_db()
    assert (export.state, export.parts.count()) == (Export.State.CANCELLED, 0)
    assert not Event.objects.filter(verb="export.made").exists()


def test_one_at_a_time_is_made_for_each_person(owner: User, sent: list[int]) -> None:
    first, second = queued(owner), queued(owner)
    assert first.begin()
    tasks.export(user_id=owner.pk)
    second.refresh_from_db()
    assert second.state == QUEUED
    first.end(DONE, size=0, expires_at=timezone.now())
    sent.clear()
    third = queued(owner)
    sent.clear()
    made(second)
    assert (second.state, sent) == (DONE, [owner.pk])
    assert made(third).state == DONE


def test_a_worker_that_is_told_to_stop_hands_it_back(owner: User, holidays: Holidays, quick_signs: None) -> None:  # noqa: F811
    export, stop = queued(owner), threading.Event()

    def work() -> None:
        with acting(Scope(user_id=owner.pk)):
            export_making.make_next(owner.pk, stop.is_set)
        connection.close()

    with held(holidays, at=0) as (there, go_on):
        thread = threading.Thread(target=work)
        thread.start()
        assert there.wait(30)
        stop.set()
        threading.Event().wait(0.2)
        go_on.set()
        thread.join(30)
    export.refresh_from_db()
    assert (export.state, export.attempt, export.parts.count()) == (QUEUED, 0, 0)
    assert made(export).state == DONE


def test_one_that_takes_too_long_ends_with_words(
    owner: User,
    holidays: Holidays,  # noqa: F811
    quick_signs: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_making, "DEADLINE", 0.0)
    export = queued(owner)
    holidays.before = lambda number: threading.Event().wait(0.2) and None  # type: ignore[func-returns-value]
    assert made(export).error == "It took longer than 0 minutes: narrow the filters."


def test_what_breaks_ends_it_with_the_id_of_the_request(owner: User, holidays: Holidays) -> None:  # noqa: F811
    def broken(number: int) -> None:
        raise RuntimeError("secret")

    holidays.before = broken
    export = made(queued(owner))
    assert export.state == FAILED
    assert "secret" not in export.error
    assert export.parts.count() == 0


# -- crashes and lost messages


def left_alone(export: Export, *, attempt: int = 1) -> None:
    """As a worker leaves it that was killed half a minute ago."""
    long_ago = timezone.now() - timedelta(seconds=31)
    Export.objects.filter(pk=export.pk).update(state=RUNNING, attempt=attempt, sign_of_life_at=long_ago)


def test_after_a_crash_it_begins_anew(owner: User, sent: list[int]) -> None:
    export = queued(owner)
    left_alone(export)
    sent.clear()
    tasks.look_after_exports()
    export.refresh_from_db()
    assert (export.state, sent) == (QUEUED, [owner.pk])
    made(export)
    assert (export.state, export.attempt, export.rows_done) == (DONE, 2, 2)


def test_the_worker_that_was_thought_dead_stores_nothing(owner: User, holidays: Holidays) -> None:  # noqa: F811
    export = queued(owner)
    taken: list[int] = []

    def another_one_takes_it(number: int) -> None:
        if not taken:
            taken.append(number)
            with transaction.atomic():
                left_alone(export)
            tasks.look_after_exports()
            assert Export.objects.get(pk=export.pk).begin()

    with acting(Scope(user_id=owner.pk)):
        claimed = export_making.claim(owner.pk)
        assert claimed
    holidays.before = lambda number: None
    with acting(Scope(user_id=owner.pk)), pytest.MonkeyPatch.context() as patch:
        stored = export_making.store

        def late(*words: Any) -> None:
            with acting(Scope(purpose="tests")):
                another_one_takes_it(0)
            stored(*words)

        patch.setattr(export_making, "store", late)
        export_making.make(claimed, lambda: False)
    export.refresh_from_db()
    assert (export.state, export.attempt, export.parts.count()) == (RUNNING, 2, 0)
    assert not Event.objects.filter(verb="export.made").exists()


def test_a_crash_before_the_end_leaves_no_part_of_a_file(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> None:
        raise Killed

    export = queued(owner)
    monkeypatch.setattr(export_making, "tell", killed)
    with pytest.raises(Killed):
        tasks.export(user_id=owner.pk)
    export.refresh_from_db()
    assert (export.state, export.parts.count()) == (RUNNING, 0)


def test_whose_worker_is_lost_again_and_again_fails(owner: User) -> None:
    export = queued(owner)
    left_alone(export, attempt=3)
    tasks.look_after_exports()
    export.refresh_from_db()
    assert (export.state, export.error) == (FAILED, "Its worker was lost 3 times.")


def test_an_export_whose_message_was_lost_is_told_of_again(owner: User, charlie: User, sent: list[int]) -> None:
    with_role(charlie, Role.OWNER)
    queued(owner), queued(owner), queued(charlie)
    sent.clear()
    tasks.look_after_exports()
    assert sorted(sent) == sorted([owner.pk, charlie.pk])


def test_one_with_a_sign_of_life_is_left_to_its_worker(owner: User) -> None:
    export = queued(owner)
    assert export.begin()
    tasks.look_after_exports()
    export.refresh_from_db()
    assert export.state == RUNNING


# -- its end


def test_when_it_has_expired_the_file_goes_and_the_filters_with_it(owner: User) -> None:
    export = made(queued(owner, "name=x"))
    Export.objects.filter(pk=export.pk).update(expires_at=timezone.now())
    tasks.look_after_exports()
    export.refresh_from_db()
    assert (export.state, export.query, ExportPart.objects.count()) == (Export.State.EXPIRED, "", 0)


def test_after_a_week_nothing_is_known_of_it(owner: User) -> None:
    old, new, ready = (made(queued(owner)) for _ in range(3))
    Export.objects.filter(pk__in=[old.pk, new.pk]).update(expires_at=timezone.now())
    Export.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=8))
    tasks.look_after_exports()
    assert set(Export.objects.values_list("pk", flat=True)) == {new.pk, ready.pk}


def test_the_audit_says_who_exported_what_without_numbers_of_papers(owner: User, dealership_a: Dealership) -> None:
    export = made(queued(owner, "name=3171 2345 6789 0001&paper=A123&name=short"))
    event = Event.objects.get(verb="export.made")
    assert (event.user_id, event.dealership_id, event.object_id) == (owner.pk, dealership_a.pk, str(export.pk))
    assert event.changes == {
        "resource": "days-off",
        "filters": {"name": ["••••0001", "short"], "paper": ["••••"]},
        "columns": [],
        "rows": 0,
        "format": "csv",
    }


def test_each_dealership_has_the_event_in_its_audit(
    owner: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    Membership.objects.create(user=owner, dealership=dealership_b, role=Role.OWNER)
    made(queued(owner))
    found = Event.objects.filter(verb="export.made").values_list("dealership", flat=True)
    assert sorted(found) == sorted([dealership_a.pk, dealership_b.pk])


# -- whose it is


def test_the_database_shows_an_export_to_its_person_alone(
    owner: User, charlie: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    export = made(queued(owner))
    with acting(Scope((dealership_a.pk,), owner.pk)):
        assert Export.objects.get() == export
        assert ExportPart.objects.count() == 1
    for nobody in (Scope((dealership_a.pk,)), Scope((dealership_a.pk, dealership_b.pk), charlie.pk), Scope()):
        with acting(nobody):
            assert not Export.objects.exists()
            assert not ExportPart.objects.exists()
            assert not Export.objects.filter(pk=export.pk).update(error="x")


def test_whoever_is_no_longer_in_scope_of_its_dealerships_sees_no_part_of_the_file(
    owner: User, dealership_b: Dealership
) -> None:
    made(queued(owner))
    for elsewhere in (Scope((dealership_b.pk,), owner.pk), Scope((), owner.pk)):
        with acting(elsewhere):
            assert Export.objects.exists()
            assert not ExportPart.objects.exists()
