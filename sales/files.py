"""Files that people bring to a deal: looked at, scanned for viruses, handed out, removed.

A file waits until a scanner has found it clean, and while it waits nobody gets it: with the scanner down it goes on
waiting. An installation says by CLAMD_ADDRESS=none that it does without.
"""

from __future__ import annotations

import hashlib
import logging

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from config import celery
from config.backoffice import antivirus, received
from config.backoffice.received import Received
from dealers import audit
from inventory import pictures
from sales.models import Deal, DealFile
from sales.stages import locked, person_of

log = logging.getLogger(__name__)

MOST = 50
"""Files of a deal."""
MOST_BYTES = max(received.MOST_BYTES, pictures.MOST_BYTES)
TASK = "sales.scan_files"
State = DealFile.State


def add(deal: Deal, content: bytes, name: str, *, kind: str = DealFile.Kind.OTHER, by: object = None) -> DealFile:
    """Keep a file with a deal. Raises ValidationError: not of a kind that is taken, there already, no room."""
    digest = hashlib.sha256(content).hexdigest()
    kept, what = checked(content, name)
    with transaction.atomic():
        here = locked(deal.pk)
        need_room(here, digest, len(kept))
        made = DealFile(
            dealership_id=here.dealership_id,
            deal=here,
            kind=kind,
            name=what.name,
            content_type=what.content_type,
            size=len(kept),
            sha256=digest,
            content=kept,
            state=State.PENDING if antivirus.scans() else State.UNSCANNED,
            added_by=person_of(by),
        )
        made.full_clean(exclude=["content"])
        made.save(force_insert=True)
        audit.record("dealfile.added", made, changes={"deal": here.number, "sha": digest})
        if made.state == State.PENDING:
            transaction.on_commit(lambda: nudge(made.dealership_id))
    return made


def checked(content: bytes, name: str) -> tuple[bytes, Received]:
    """What is kept of a file, and what it is; a photo is drawn anew. Raises ValidationError."""
    if not content:
        raise ValidationError(_("This file is empty."))
    if content.startswith(pictures.BEGINNINGS):
        try:
            widest = pictures.make(content).pictures[-1]
        except pictures.Refused as error:
            raise ValidationError(str(error), code=error.code)
        return widest.webp, Received(received.plain_name(name, "webp"), "image/webp")
    try:
        return content, received.checked(content, name)
    except received.Refused as error:
        raise ValidationError(str(error))


def need_room(deal: Deal, digest: str, size: int) -> None:
    if deal.files.filter(sha256=digest).exists():
        raise ValidationError(_("This file is there already."), code="twice")
    if deal.files.count() >= MOST:
        raise ValidationError(_("A deal has at most %(most)s files: remove one first.") % {"most": MOST})
    rows = DealFile.objects.filter(dealership=deal.dealership_id)
    room: int = settings.FILES_OF_A_DEALERSHIP
    if (rows.aggregate(total=Sum("size"))["total"] or 0) + size > room:
        raise ValidationError(
            _("The dealership's files fill their %(room)s: remove some of old deals.") % {"room": filesizeformat(room)},
            code="no_room",
        )


@transaction.atomic
def remove(file: DealFile, *, by: object = None) -> None:
    """Raises ValidationError if somebody removed it already."""
    locked(file.deal_id)
    if not (rows := DealFile.objects.filter(pk=file.pk)).exists():
        raise ValidationError(_("Somebody else has removed it already."))
    audit.record("dealfile.removed", file, changes={"deal": file.deal.number, "sha": file.sha256})
    rows.delete()


# -- scanning


def nudge(dealership_id: int) -> None:
    """Tell a worker that files of a dealership wait."""
    celery.nudge(TASK, dealership_id=dealership_id)


def waiting() -> list[int]:
    """Dealerships with files that wait for the scanner. In the scope of the platform."""
    rows = DealFile.objects.filter(state=State.PENDING).order_by("dealership_id")
    return list(rows.values_list("dealership_id", flat=True).distinct())


def scan(dealership_id: int) -> int:
    """Have what waits scanned, oldest first; how many were. Without a scanner, or while it is down, it goes on waiting.

    In the scope of the dealership, in no transaction.
    """
    done = 0
    pending = DealFile.objects.filter(dealership=dealership_id, state=State.PENDING)
    for pk in list(pending.order_by("pk").values_list("pk", flat=True)):
        if (file := pending.filter(pk=pk).select_related("deal").first()) is None:
            continue
        try:
            finding = antivirus.found_in(bytes(file.content)) if antivirus.scans() else None
        except antivirus.Unavailable as error:
            log.warning("files wait for the virus scanner: %s", error)
            break
        done += told(file, finding)
    return done


@transaction.atomic
def told(file: DealFile, finding: str | None) -> bool:
    """Store what the scanner said of a file, None for an installation that does without; whether it still waited."""
    here = DealFile.objects.select_for_update(of=("self",)).without_content().filter(pk=file.pk).first()
    if here is None or here.state != State.PENDING:
        return False
    here.scanned_at = None if finding is None else timezone.now()
    here.state = State.UNSCANNED if finding is None else State.CLEAN
    if finding:
        here.state, here.finding, here.content = State.INFECTED, finding, b""
        audit.record("dealfile.blocked", here, changes={"deal": file.deal.number, "found": finding})
        log.warning("file %s of deal %s is blocked: %s", here.pk, file.deal.number, finding)
    here.save(update_fields=["scanned_at", "state", "finding", *(["content"] if finding else [])])
    return True
