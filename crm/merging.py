"""Two customers become one, field by field, and two again if that was wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm import relations, sealing
from crm.models import Customer, Merge
from crm.models.merge import UNDONE_WITHIN
from dealers import audit

MINE, OTHERS, BOTH = "mine", "others", "both"
COLUMNS = {
    "identity_number": ("identity_sealed", "identity_hash", "identity_ending"),
    "referred_by": ("referred_by_id",),
}
"""Of the fields that have not one of their own name."""


def columns_of(field: str) -> tuple[str, ...]:
    return COLUMNS.get(field, (field,))


@transaction.atomic
def merge(winner: Customer, loser: Customer, *, keep: Mapping[str, str] | None = None, by: Any = None) -> Merge:
    """Take `loser` into `winner`: all that points to it moves, but what contradicts a row of the winner.

    `keep` says by field whether the winner keeps its own value ("mine"), takes the other one's ("others") or, of tags,
    both; what it says nothing of is the winner's unless that is blank. Raises ValidationError in words.
    """
    winner, loser = locked(winner, loser)
    record = Merge(dealership_id=winner.dealership_id, winner=winner, loser=loser, who=audit.signature())
    record.fields = dict(taken(winner, loser, keep or {}))
    for column, (_before, after) in record.fields.items():
        put(winner, column, after)
    if record.fields:
        winner.save()
    record.moved = list(moved(winner, loser))
    loser.remove(by=by)
    record.save(force_insert=True)
    audit.record("customer.merged", winner, changes={"taken in": loser.pk, "merge": record.pk})
    return record


def locked(winner: Customer, loser: Customer) -> tuple[Customer, Customer]:
    """Both as they are now, whoever else wants one of them waiting. Raises ValidationError if they cannot be merged."""
    both = Customer.everyone.select_for_update(of=("self",)).filter(pk__in=[winner.pk, loser.pk]).order_by("pk")
    rows = {row.pk: row for row in both}
    if winner.pk == loser.pk:
        raise ValidationError(_("This is the same customer. Choose another one."))
    if len(rows) < 2 or rows[winner.pk].dealership_id != rows[loser.pk].dealership_id:
        raise ValidationError(_("There is no such customer in this dealership. Choose another one."))
    for row in rows.values():
        if row.deleted_at is not None:
            raise ValidationError(
                _("Customer %(number)s is not there any more: somebody merged or deleted it meanwhile.")
                % {"number": row.pk}
            )
    return rows[winner.pk], rows[loser.pk]


def taken(winner: Customer, loser: Customer, keep: Mapping[str, str]) -> Iterator[tuple[str, list[Any]]]:
    """The winner's columns that change, each with its value before and after."""
    for field in Customer.CHOSEN:
        columns = columns_of(field)
        mine, others = ([getattr(row, column) for column in columns] for row in (winner, loser))
        choice = keep.get(field) or (MINE if any(mine) else OTHERS)
        if choice == MINE or (field == "referred_by" and others == [winner.pk]):
            continue
        if choice == BOTH:
            others = [sorted({*mine[0], *others[0]})]
        for column, before, after in zip(columns, mine, others, strict=True):
            if before != after:
                yield column, [written(before), written(after)]


def written(value: Any) -> Any:
    """A column's value as JSON holds it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def put(row: Customer, column: str, value: Any) -> None:
    field: Any = next(each for each in Customer._meta.concrete_fields if each.attname == column)
    setattr(row, column, field.to_python(value) if value is not None else None)


def moved(winner: Customer, loser: Customer) -> Iterator[dict[str, Any]]:
    """Move every row that points to the loser; each as the merge remembers it."""
    for model, key in relations.of_customers():
        if getattr(model, "stays_when_merged", False):
            continue
        rows = model._base_manager.filter(**{key.attname: loser.pk})
        if model is Customer:
            rows = rows.exclude(pk=winner.pk)
        for row in rows.select_for_update(of=("self",)).order_by("pk"):
            for beside in ({}, getattr(model, "moved_with", {})):
                before = {key.attname: loser.pk, **{name: getattr(row, name) for name in beside}}
                if changed(model, row.pk, {key.attname: winner.pk, **beside}):
                    yield {
                        "model": model._meta.label_lower,
                        "pk": row.pk,
                        "key": key.attname,
                        "before": written(before),
                        "hash": fingerprint(model._base_manager.get(pk=row.pk), key.attname),
                    }
                    break


def changed(model: Any, pk: Any, columns: Mapping[str, Any]) -> bool:
    """Whether the row takes these values; it does not where they contradict another row."""
    try:
        with transaction.atomic():
            return bool(model._base_manager.filter(pk=pk).update(**columns))
    except IntegrityError:
        return False


def fingerprint(row: Any, key: str) -> str:
    """Of all that a row says; of another customer, who referred them alone."""
    names = [key] if isinstance(row, Customer) else [field.attname for field in row._meta.concrete_fields]
    said = json.dumps({name: getattr(row, name) for name in sorted(names)}, cls=DjangoJSONEncoder, default=str)
    return sealing.hashed("moved row", said)


@transaction.atomic
def undo(record: Merge, *, by: Any = None) -> str:
    """Make two customers of one again; what was changed since stays as it is, and is told.

    Raises ValidationError in words if it cannot be undone any more.
    """
    record = Merge.objects.select_for_update(of=("self",)).get(pk=record.pk)
    winner, loser = checked(record)
    kept = [*fields_put_back(record, winner), *rows_put_back(record)]
    winner.save()
    loser.restore(by=by)
    record.undone_at, record.undone_by = timezone.now(), audit.signature()
    record.save(update_fields=["undone_at", "undone_by"])
    audit.record("customer.unmerged", winner, changes={"given back": loser.pk, "merge": record.pk, "kept": len(kept)})
    if not kept:
        return _("They are two customers again, as before.")
    words = _("They are two customers again. Changed since, and so left with %(name)s: %(what)s.")
    return words % {"name": winner.name, "what": ", ".join(kept)}


def checked(record: Merge) -> tuple[Customer, Customer]:
    """Both customers, locked. Raises ValidationError."""
    both = Customer.everyone.select_for_update(of=("self",)).filter(pk__in=[record.winner_id, record.loser_id])
    rows = {row.pk: row for row in both.order_by("pk")}
    winner, loser = rows[record.winner_id], rows[record.loser_id]
    if record.undone_at is not None:
        raise ValidationError(_("This merge was undone already."))
    if timezone.now() - record.at > UNDONE_WITHIN:
        raise ValidationError(_("A merge can be undone for %(days)s days.") % {"days": UNDONE_WITHIN.days})
    if winner.erased_at is not None or loser.erased_at is not None:
        raise ValidationError(_("The customer's data were erased: there is nothing to put back."))
    if winner.deleted_at is not None:
        raise ValidationError(
            _("%(name)s was itself merged into another customer, or deleted, since. Undo that first.")
            % {"name": winner.name}
        )
    return winner, loser


def fields_put_back(record: Merge, winner: Customer) -> Iterator[str]:
    """Put the winner's fields back; gives those that somebody changed since."""
    for column, (before, after) in record.fields.items():
        if written(getattr(winner, column)) == after:
            put(winner, column, before)
        else:
            field: Any = winner._meta.get_field(column.removesuffix("_id"))
            yield capfirst(str(field.verbose_name))


def rows_put_back(record: Merge) -> Iterator[str]:
    """Put moved rows back, the last first; gives those that somebody changed or deleted since."""
    for each in reversed(record.moved):
        model: Any = apps.get_model(each["model"])
        row = model._base_manager.select_for_update(of=("self",)).filter(pk=each["pk"]).first()
        same = row is not None and fingerprint(row, each["key"]) == each["hash"]
        if not (same and changed(model, each["pk"], each["before"])):
            yield f"{model._meta.verbose_name} {each['pk']}"
