"""What the law asks for: everything about a person as a file, and the erasure of it.

Both walk the models that point to a customer, and those below them: a deal's documents, a lead's appointments
(crm/relations.py). Each says as `on_erasure` what becomes of its rows: DELETE, or what its columns become; amounts,
numbers of deals and dates of business stay. Printed documents are removed, not printed anew without the person: a paper
that nobody was given is no evidence of anything, and the figures that the books need stand in the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from crm import relations
from crm.models import DELETE, ContactPoint, Customer, Erasure
from dealers import audit

NOT_TOLD = {"identity_sealed", "identity_hash", "contact_hash", "hash", "token_hash", "unit_cost", "commission_rate"}
"""Columns that say nothing to a person, or nothing of them."""

CREATE_FORGET = """
    CREATE FUNCTION forget_in_audit(of_dealership bigint, types text[], ids text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    BEGIN
        IF current_setting('role') <> 'forecourt_platform' AND NOT coalesce(
            of_dealership = ANY (nullif(current_setting('app.dealerships', true), '')::bigint[]), false
        ) THEN
            RAISE insufficient_privilege USING MESSAGE = 'not a dealership in scope';
        END IF;
        UPDATE dealers_event SET object_text = '', changes = NULL, reason = '',
            address = CASE WHEN user_id IS NULL THEN NULL ELSE address END WHERE dealership_id = of_dealership
            AND (object_type, object_id) IN (SELECT * FROM unnest(types, ids));
    END $body$;
    REVOKE ALL ON FUNCTION forget_in_audit FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION forget_in_audit TO forecourt_web, forecourt_worker, forecourt_platform;
    GRANT SELECT (dealership_id, object_type, object_id, user_id, address),
        UPDATE (object_text, changes, reason, address) ON dealers_event TO forecourt_eraser;
    CREATE POLICY found_by_the_eraser ON dealers_event FOR SELECT TO forecourt_eraser USING (true);
    CREATE POLICY blanked_by_the_eraser ON dealers_event FOR UPDATE TO forecourt_eraser
        USING (true) WITH CHECK (object_text = '' AND changes IS NULL AND reason = '');
    GRANT CREATE ON SCHEMA public TO forecourt_eraser;
    ALTER FUNCTION forget_in_audit OWNER TO forecourt_eraser;
    REVOKE CREATE ON SCHEMA public FROM forecourt_eraser;
"""
DROP_FORGET = """
    DROP FUNCTION forget_in_audit;
    DROP POLICY found_by_the_eraser ON dealers_event;
    DROP POLICY blanked_by_the_eraser ON dealers_event;
    REVOKE ALL ON dealers_event FROM forecourt_eraser;
"""


# -- everything as a file


@transaction.atomic
def export(customer: Customer, *, by: Any = None) -> dict[str, Any]:
    """Everything about a person as JSON: the customer, all rows that point to them, and their versions."""
    ids = customer.family()
    people = Customer.everyone.filter(pk__in=ids).order_by("pk")
    found: dict[str, Any] = {
        "customer": plain(people.get(pk=customer.pk)) | {"identity_number": customer.identity_number},
        "merged": [plain(row) | {"identity_number": row.identity_number} for row in people.exclude(pk=customer.pk)],
        "rows": {},
        "versions": {Customer._meta.label_lower: [plain(each) for each in Customer.history.filter(id__in=ids)]},
    }
    for model, key in relations.of_customers():
        if model is Customer or getattr(model, "on_erasure", None) is None:
            continue
        gather(found, model, key, ids)
    audit.record("customer.exported", customer)
    told: dict[str, Any] = json.loads(json.dumps(found, cls=DjangoJSONEncoder, default=str))
    return told


def gather(found: dict[str, Any], model: Any, key: Any, ids: list[int]) -> None:
    """Add a model's rows about these ids, their versions, and what is below them; what is there already, once."""
    label, mine = model._meta.label_lower, {f"{key.attname}__in": ids}
    rows, pk = found["rows"].setdefault(label, []), model._meta.pk.attname
    there = {each[pk] for each in rows}
    fresh = [row for row in model._base_manager.filter(**mine).order_by("pk") if row.pk not in there]
    rows += [plain(row) for row in fresh]
    if (versions := relations.versions_of(model)) is not None:
        told_before = {each["history_id"] for each in found["versions"].setdefault(label, [])}
        more = [row for row in versions.objects.filter(**mine) if row.history_id not in told_before]
        found["versions"][label] += [plain(row) for row in more]
    for child, its_key in relations.below(model) if fresh else ():
        gather(found, child, its_key, [row.pk for row in fresh])


def plain(row: Any) -> dict[str, Any]:
    """The columns of a row by their names."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if told(field)}


def told(field: Any) -> bool:
    """A file is handed out by itself."""
    return field.attname not in NOT_TOLD and not isinstance(field, models.BinaryField)


# -- erasure


@dataclass(frozen=True)
class Person:
    """By what somebody is known where no key points to the customer."""

    identity_numbers: frozenset[str]
    phones: frozenset[str]
    """E.164."""
    names: frozenset[str]


BEYOND: list[Callable[[int, Person, set[tuple[str, str]]], None]] = []
"""What apps above erase besides, registered in their AppConfig.ready: called with the dealership, the person as they
were, and the labels and ids of all rows that were erased here."""


def known_as(people: Iterable[Customer]) -> Person:
    points = ContactPoint.objects.filter(customer__in=[each.pk for each in people], kind=ContactPoint.Kind.PHONE)
    return Person(
        frozenset(filter(None, (each.identity_number for each in people))),
        frozenset(points.values_list("value", flat=True)),
        frozenset(each.name for each in people if each.erased_at is None),
    )


@transaction.atomic
def erase(customer: Customer, *, reason: str = "", by: Any = None) -> None:
    """Erase all that tells who a customer is, whoever was merged into them included. Nobody can take that back."""
    ids = customer.family()
    people = Customer.everyone.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    dealership_id, person = next(iter(people)).dealership_id, known_as(people)
    about = {(Customer._meta.label_lower, str(pk)) for pk in ids}
    for model, key in relations.of_customers():
        if model is not Customer:
            about |= erased(model, key, ids)
    sealed = dict.fromkeys(("identity_sealed", "identity_hash"), "")
    moments = {"deleted_at": Coalesce("deleted_at", Now()), "erased_at": Coalesce("erased_at", Now())}
    people.update(**Customer.on_erasure, **sealed, **moments)
    Customer.history.filter(id__in=ids).update(**Customer.on_erasure, history_change_reason=None)
    forget_what_was_done(dealership_id, about)
    for forget in BEYOND:
        forget(dealership_id, person, about)
    for pk in ids:
        Erasure.objects.get_or_create(dealership_id=dealership_id, customer_id=pk)
    audit.record("customer.erased", people.get(pk=customer.pk), reason=reason)


def erased(model: Any, key: Any, ids: list[int]) -> set[tuple[str, str]]:
    """Erase what a model's rows about these ids say, and what is below them; labels and ids of all of them."""
    found = erased_rows(model, key, ids)
    about = {(model._meta.label_lower, str(pk)) for pk in found}
    for child, its_key in relations.below(model) if found else ():
        about |= erased(child, its_key, sorted(found))
    return about


def erased_rows(model: Any, key: Any, ids: list[int]) -> set[Any]:
    """Erase what a model's rows about these ids say, and their versions; the ids of all of them."""
    rule = getattr(model, "on_erasure", {})
    rows, versions = model._base_manager.filter(**{f"{key.attname}__in": ids}), relations.versions_of(model)
    found = set(rows.values_list("pk", flat=True))
    if versions is not None:
        of_them = versions.objects.filter(**{f"{key.attname}__in": ids})
        found |= set(of_them.values_list(model._meta.pk.attname, flat=True))
    if rule == DELETE:
        rows.delete()
    elif rule:
        rows.update(**rule)
    if versions is not None:
        theirs = versions.objects.filter(Q(**{f"{model._meta.pk.attname}__in": found}))
        if rule == DELETE:
            theirs.delete()
        elif rule:
            theirs.update(**rule, history_change_reason=None)
    return found


def forget_what_was_done(dealership_id: int, about: set[tuple[str, str]]) -> None:
    """Blank names, values, reasons and customers' network addresses in the audit, and in the admin's own log."""
    types, ids = (list(each) for each in zip(*sorted(about), strict=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT forget_in_audit(%s, %s::text[], %s::text[])", [dealership_id, types, ids])
    for label in set(types):
        app, name = label.split(".")
        mine = [pk for kind, pk in about if kind == label]
        logged = LogEntry.objects.filter(content_type__app_label=app, content_type__model=name, object_id__in=mine)
        logged.update(object_repr="", change_message="")


def replay(lines: list[tuple[int, int]] | None = None) -> int:
    """Erase again who was erased: by the log, and by `lines` of dealership and customer kept elsewhere; how many."""
    known = set(Erasure.objects.values_list("dealership_id", "customer_id")) | set(lines or ())
    done = 0
    for dealership_id, customer_id in sorted(known):
        row = Customer.everyone.filter(dealership_id=dealership_id, pk=customer_id).first()
        if row is not None:
            erase(row, reason="replayed after a restore")
            done += 1
    return done
