"""Document handling (`doch`) fills the registration papers of deals, and gives their vehicles a plate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ingestion.adoption import FEED, Outcome, adopts, orders
from inventory import identification
from inventory.models import Source, Vehicle
from sales.models import Deal, Registration

STNK, BPKB = Registration.Kind.STNK, Registration.Kind.BPKB


@adopts("doch_read")
def register(handling: Any, outcome: Outcome) -> None:
    """Each unit's STNK and BPKB, as far as they have come, and its plate."""
    for line in handling.unit.all():
        try:
            with transaction.atomic():
                deal = orders.deal_about(handling.dealership, handling.id_spk, line.nomor_rangka, None, outcome)
        except ValidationError as error:
            outcome.cannot(error, line)
            continue
        for kind, said in papers_of(line):
            try:
                with transaction.atomic():
                    write(deal, kind, said, outcome)
            except ValidationError as error:
                outcome.cannot(ValidationError([f"{kind.label}: {words}" for words in error.messages]), line)
        try:
            give_plate(deal.vehicle_id, line.plat_nomor, outcome)
        except identification.BadNumber as error:
            outcome.cannot(ValidationError(str(error)), line)


def papers_of(line: Any) -> Iterator[tuple[Registration.Kind, dict[str, Any]]]:
    """What a line says of each paper. The agency is asked for both at once."""
    asked = line.tanggal_pengajuan_stnk_ke_biro
    for kind, name in ((STNK, "stnk"), (BPKB, "bpkb")):
        yield (
            kind,
            {
                "number": (getattr(line, f"nomor_{name}") or "")[:60],
                "requested_on": asked,
                "received_on": getattr(line, f"tanggal_penerimaan_{name}_dari_biro"),
                "handed_over_on": getattr(line, f"tanggal_terima_{name}_oleh_konsumen"),
                "received_by": (getattr(line, f"nama_penerima_{name}") or "")[:200],
            },
        )


def write(deal: Deal, kind: Registration.Kind, said: Mapping[str, Any], outcome: Outcome) -> None:
    """Fill a paper, a new one if the deal has none. What people wrote in it stays. Raises ValidationError."""
    row = Registration.objects.select_for_update(of=("self",)).filter(deal=deal, kind=kind).first()
    if row is None and not any(said.values()):
        return
    paper = row or Registration(dealership_id=deal.dealership_id, deal=deal, kind=kind)
    peoples, changed = row is not None and people_wrote(row), False
    kept: dict[str, tuple[Any, Any]] = {}
    for name, value in said.items():
        here = getattr(paper, name)
        if value in (None, "") or value == here:
            continue
        if peoples and here not in (None, ""):
            kept[name] = (here, value)
            continue
        setattr(paper, name, value)
        changed = True
    if changed:
        paper.full_clean(exclude=["dealership", "deal"])
        paper.save()
    outcome.keep(paper, kept)
    outcome.became(paper)


def people_wrote(paper: Registration) -> bool:
    """Whether anybody else than this feed has written a version of it."""
    return bool(paper.history.exclude(who=FEED).exists())


def give_plate(vehicle_id: int, text: str | None, outcome: Outcome) -> None:
    """Let the vehicle have its plate, unless a person wrote another one. Raises BadNumber for what is none."""
    if not text or not any(letter.isdigit() for letter in text):
        return
    vehicle = Vehicle.objects.select_for_update(of=("self",)).select_related("dealership").get(pk=vehicle_id)
    before = (vehicle.plate, vehicle.sources)
    plate = identification.plate(text, country=vehicle.dealership.country)
    outcome.keep(vehicle, vehicle.learn(Source.FEED, {"plate": plate}))
    if (vehicle.plate, vehicle.sources) != before:
        vehicle.save()
