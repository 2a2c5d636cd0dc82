"""What the showroom looks at: prospects, units that came and went, papers that wait for their owners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.backoffice.formats import number
from ingestion.dashboard import figures
from ingestion.dashboard.figures import DAYS, codes_lately, day_chart, recent, tallied, whole
from ingestion.dashboard.places import Asked, Place
from ingestion.dashboard.shown import Item, Shown, Tile, record, records
from ingestion.job_types import JOB_TYPES

WEEK = 7
PATIENCE = 14
"""Days that papers may lie at the dealership before somebody should call their owner."""
OLDEST = 5
"""Of what waits, so many are named."""
BPKB, STNK = "bpkb", "stnk"


def prospects(asked: Asked) -> Shown:
    job = "prospect"
    places = asked.places(JOB_TYPES[job].seen_with)
    found, _sums = tallied(places, job)
    return Shown(
        (
            Tile(_("last 7 days"), number(recent(found, WEEK)), since(places, job, WEEK)),
            Tile(_("last 30 days"), number(recent(found)), since(places, job)),
            *of_codes(places, job, "status_prospect"),
        ),
        (day_chart(_("New prospects"), whole(found)),),
    )


def units_in(asked: Asked) -> Shown:
    job = "uinb_read"
    places = asked.places(JOB_TYPES[job].seen_with)
    lists, units = tallied(places, job, "unit.kuantitas_diterima")
    return Shown(
        (
            Tile(_("units, last 7 days"), number(recent(units, WEEK)), since(places, job, WEEK)),
            Tile(_("units, last 30 days"), number(recent(units)), since(places, job)),
            Tile(_("shipping lists"), number(recent(lists)), since(places, job)),
        ),
        (day_chart(_("Units received"), whole(units)),),
    )


def deliveries(asked: Asked) -> Shown:
    job = "bast_read"
    places = asked.places(JOB_TYPES[job].seen_with)
    found, _sums = tallied(places, job)
    return Shown(
        (
            Tile(_("last 7 days"), number(recent(found, WEEK)), since(places, job, WEEK)),
            Tile(_("last 30 days"), number(recent(found)), since(places, job)),
            *of_codes(places, job, "status_delivery_document"),
        ),
        (day_chart(_("Deliveries"), whole(found)),),
    )


def since(places: Iterable[Place], code: str, days: int = DAYS, **query: object) -> str:
    """The records of the last days, by the job type's main date."""
    return from_day(places, code, JOB_TYPES[code].day, days, **query)


def from_day(places: Iterable[Place], code: str, column: str, days: int = DAYS, **query: object) -> str:
    """The records whose column lies in the last days."""
    first = min((place.first(days) for place in places), default=None)
    bound = {f"{column}_from": first.isoformat()} if first else {}
    return records(code, **bound, **query)


def of_codes(places: list[Place], code: str, column: str) -> Iterable[Tile]:
    """A figure for each code of a column that the last days have."""
    table = getattr(JOB_TYPES[code].column(column), "table", {})
    for value, count in sorted(codes_lately(places, code, column).items()):
        if count:
            label = str(table.get(value, value)) if value else _("status not said")
            address = since(places, code, DAYS, **{column: value}) if value else ""
            yield Tile(label, number(count), address)


@dataclass(frozen=True)
class Waiting:
    """Papers of one kind that lie at the dealership."""

    all: int
    late: int
    oldest: tuple[tuple[date, int, int, str], ...]
    """The day they came, the record, the dealership, the frame number."""


def registrations(asked: Asked) -> Shown:
    """Papers that the agency has given back and the customer has not fetched."""
    job = JOB_TYPES["doch_read"]
    places = asked.places(job.seen_with)
    told = {BPKB: _("BPKB"), STNK: _("STNK")}
    tiles: list[Tile] = []
    oldest: list[tuple[int, Item]] = []
    for kind, name in told.items():
        found = [(place, waiting(place, kind)) for place in places]
        late = sum(each.late for _place, each in found)
        tiles += [
            Tile(_("%(papers)s waiting") % {"papers": name}, number(sum(each.all for _place, each in found))),
            Tile(
                _("%(papers)s, longer than %(count)d days") % {"papers": name, "count": PATIENCE},
                number(late),
                kind="bad" if late else "ok",
            ),
        ]
        oldest += [(days, item) for place, each in found for days, item in items(asked, place, name, each)]
    oldest.sort(key=lambda each: -each[0])
    return Shown(
        tuple(tiles),
        items=tuple(item for _days, item in oldest[:OLDEST]),
        items_title=_("Waiting longest"),
        none=_("Nothing waits for its owner."),
    )


def items(asked: Asked, place: Place, name: str, found: Waiting) -> Iterable[tuple[int, Item]]:
    for came, pk, dealership, frame in found.oldest:
        days = (place.today - came).days
        told = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
        about = " · ".join(filter(None, [name, asked.names.get(dealership, ""), date_format(came, "j M Y")]))
        title = frame or _("frame number not said")
        yield days, Item(title, told, record("doch_read", pk), "bad" if days > PATIENCE else "", about)


def waiting(place: Place, kind: str) -> Waiting:
    """Lines with the day on which the agency gave the papers back and none on which the customer got them."""
    job = JOB_TYPES["doch_read"]
    came, went = f"tanggal_penerimaan_{kind}_dari_biro", f"tanggal_terima_{kind}_oleh_konsumen"
    rows = place.rows(job.lines["unit"]).filter(**{f"{came}__isnull": False, f"{went}__isnull": True})
    late = Q(**{f"{came}__lt": place.today - timedelta(days=PATIENCE)})

    def ask() -> Waiting:
        counted: dict[str, Any] = rows.aggregate(all=Count("pk"), late=Count("pk", filter=late))
        oldest = rows.order_by(came, "pk").values_list(came, "record", "dealership", "nomor_rangka")[:OLDEST]
        return Waiting(counted["all"], counted["late"], tuple(oldest))

    return figures.asked(f"waiting {place.today}", job, rows, ask)
