"""Makes what a dealership works with of what its main dealer said: vehicles, customers, leads, deals, papers.

A record that is stored while its feed adopts waits as an `Adoption`, written in the statement that stores its text, so
nothing is lost. A task adopts what waits, each record in a transaction of its own: what it became, what could not be
and why, and what people wrote otherwise, which stays. To adopt a record again changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from dealers import audit
from dealers.models import Dealership
from dealers.tenancy import acting_for
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Adoption, Feed
from ingestion.models.record import key_of
from ingestion.naming import saying

FEED = "DGI"
"""Who acts, in the audit and in versions, where a record is adopted."""
AT_ONCE = 200
"""Records that a dealership has adopted before others have their turn."""
ATTEMPTS = 2
"""Of a record that contradicts what is stored: somebody may just have written what it needed."""
DEADLOCK = "40P01"


@dataclass
class Outcome:
    """What became of a record."""

    made: list[models.Model] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kept: list[list[Any]] = field(default_factory=list)
    earlier: list[list[Any]] = field(default_factory=list)
    """What the record became when it was adopted before, as `Adoption.made` keeps it."""
    remembered: list[list[Any]] = field(default_factory=list)
    """What of that is gone and stays written, so that nobody makes it again."""

    def became(self, row: models.Model) -> None:
        """Note that the record became this row, or refreshed it."""
        if row not in self.made:
            self.made.append(row)

    def before(self, model: Any) -> Any:
        """The row of a model that the record became before, if it is still there."""
        ids = [pk for label, pk, _words in self.earlier if label == model._meta.label_lower]
        rows = getattr(model, "everyone", model._default_manager)
        return rows.filter(pk__in=ids).first() if ids else None

    def gone(self, model: Any, dealership: Dealership) -> list[int]:
        """The rows of a model that the record became before and that are not here any more; they stay remembered."""
        named = [each for each in self.earlier if each[0] == model._meta.label_lower]
        rows = getattr(model, "everyone", model._default_manager).filter(dealership=dealership)
        here = set(rows.filter(pk__in=[each[1] for each in named]).values_list("pk", flat=True)) if named else set()
        left = [each for each in named if each[1] not in here]
        self.remembered += [each for each in left if each not in self.remembered]
        return [each[1] for each in left]

    def cannot(self, error: ValidationError, line: Any = None) -> None:
        """Note what cannot be adopted, of a line or of all of it."""
        where = f"#{line.position}: " if line is not None else ""
        self.problems += [f"{where}{words}" for words in error.messages]

    def keep(self, row: models.Model, differences: dict[str, tuple[Any, Any]]) -> None:
        """Note what people wrote otherwise than the record says."""
        self.kept += [[str(row), name, str(here), str(there)] for name, (here, there) in differences.items()]


Adopt = Callable[[Any, Outcome], None]
ADOPTERS: dict[str, Adopt] = {}
"""What adopts a job type's record, by the job type's code; a job type that is not here stays records."""


def adopts(code: str) -> Callable[[Adopt], Adopt]:
    """Declare a function that adopts records of a job type."""

    def declare(adopt: Adopt) -> Adopt:
        ADOPTERS[code] = adopt
        return adopt

    return declare


def switch(feed: Feed, on: bool, *, by: Any = None) -> int:
    """Adopt a feed's records from now on, those that are there as well, or no more; how many wait now."""
    with transaction.atomic():
        Feed.objects.filter(pk=feed.pk).update(adopts=on)
        feed.adopts = on
        audit.record("feed.adopts", feed, changes={"adopts": [not on, on]})
        if not on:
            wait_no_more(feed)
            return 0
        return again(feed.kind, feed.dealership)


def adopting(job_type: str, dealership: Dealership) -> bool:
    """Whether a dealership adopts what it is told of a job type."""
    return Feed.objects.filter(dealership=dealership, job_type=job_type, adopts=True).exists()


def before(job_type: str, record: Any) -> Outcome:
    """What became of another record, as far as it was adopted."""
    rows = Adoption.objects.filter(dealership=record.dealership_id, job_type=job_type, record_id=record.pk)
    return Outcome(earlier=rows.values_list("made", flat=True).first() or [])


def wait_no_more(feed: Feed) -> None:
    """Of what waits for a feed, what was adopted before is again what it was: nobody forgets what it became."""
    waiting = Adoption.objects.waiting().filter(dealership=feed.dealership, job_type=feed.job_type)
    waiting.filter(adopted_at=None).delete()
    waiting.filter(problems=[]).update(state=Adoption.State.ADOPTED)
    waiting.update(state=Adoption.State.REFUSED)


def again(job: JobType, dealership: Dealership) -> int:
    """Let all records of a job type wait to be adopted; how many. Those that were adopted stay what they became."""
    there = Adoption.objects.filter(dealership=dealership, job_type=job.code)
    there.update(state=Adoption.State.WAITING)
    known = set(there.values_list("record_id", flat=True))
    records = job.record.objects.filter(dealership=dealership).values_list("pk", flat=True)
    missing = (pk for pk in records.iterator(chunk_size=5_000) if pk not in known)
    rows = (Adoption(dealership=dealership, job_type=job.code, record_id=pk) for pk in missing)
    made = Adoption.objects.bulk_create(rows, batch_size=1_000)
    return len(known) + len(made)


def try_again(job_type: str, dealership: Dealership, column: str, texts: Collection[str]) -> None:
    """Let records wait again that say one of `texts` in a column (or `array.column`) and became nothing, or not all.

    None does whose feed does not adopt. Called by what makes the row that they need, so that it does not matter which
    of both comes first.
    """
    if not adopting(job_type, dealership):
        return
    kind = JOB_TYPES[job_type]
    array, _dot, own = column.rpartition(".")
    model: Any = kind.lines[array] if array else kind.record
    named = model.objects.filter(saying(model, own, texts), dealership=dealership)
    unfinished = ~models.Q(state=Adoption.State.ADOPTED) | models.Q(made=[])
    # Those that wait are written too: whoever is just adopting one, and has not seen the row, is waited for.
    Adoption.objects.filter(
        unfinished, dealership=dealership, job_type=job_type, record_id__in=named.values("record_id" if array else "pk")
    ).update(state=Adoption.State.WAITING)


def try_refused() -> int:
    """Let wait what could not be adopted, and work orders whose vehicle came since; how many. Platform's scope.

    Mostly what a record needs makes it wait again at once; this is for what people did, such as a deal that ended.
    """
    adopting_feeds = Feed.objects.filter(
        dealership=models.OuterRef("dealership"), job_type=models.OuterRef("job_type"), adopts=True
    )
    refused = Adoption.objects.filter(models.Exists(adopting_feeds), state=Adoption.State.REFUSED)
    waiting = refused.update(state=Adoption.State.WAITING)
    for feed in Feed.objects.filter(job_type="pkb", adopts=True).select_related("dealership"):
        visits.look_again(feed.dealership)
    return waiting


def work(stop: Callable[[], bool] = lambda: False) -> int:
    """Adopt what waits, dealership by dealership; how many records. In the scope of the platform.

    Who comes first differs from time to time: where there is too little time for all, nobody waits for ever.
    """
    done = 0
    waiting = list(Adoption.objects.waiting().values_list("dealership", flat=True).order_by().distinct())
    random.shuffle(waiting)
    for dealership_id in waiting:
        if stop():
            break
        with acting_for([dealership_id]):
            done += work_for(dealership_id, stop)
    return done


def work_for(dealership_id: int, stop: Callable[[], bool] = lambda: False) -> int:
    """Adopt some of a dealership's records that wait; how many. In the scope of that dealership."""
    ids = list(
        Adoption.objects.waiting()
        .filter(dealership=dealership_id)
        .order_by("id")
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    dealership = Dealership.objects.get(pk=dealership_id)
    done = 0
    with override(dealership.language):
        for pk in ids:
            if stop():
                break
            try:
                done += adopt_one(pk, dealership)
            except AnotherWorker:
                break
    return done


class AnotherWorker(Exception):
    """Somebody else adopts records of the same dealership."""


def adopt_one(pk: int, dealership: Dealership) -> bool:
    """Adopt the record of a waiting adoption, which waits on if the database saw a deadlock. Raises AnotherWorker."""
    try:
        return adopted(pk, dealership)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
            raise
        return False


def alone_at(dealership: Dealership) -> None:
    """Be the only one who adopts for a dealership until the transaction ends: two would make one customer twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"adoption {dealership.pk}"])
        if not cursor.fetchone()[0]:
            raise AnotherWorker


@transaction.atomic
def adopted(pk: int, dealership: Dealership) -> bool:
    alone_at(dealership)
    rows = Adoption.objects.waiting().select_for_update(skip_locked=True)
    adoption = rows.filter(pk=pk).first()
    if adoption is None:
        return False
    record = JOB_TYPES[adoption.job_type].record.objects.filter(pk=adoption.record_id).first()
    if record is None:
        adoption.delete()
        return True
    record.dealership = dealership
    with audit.circumstances(replace(audit.now.get(), user=None, acting_as=None, name=FEED)):
        outcome = outcome_of(adoption.job_type, record, adoption.made)
    adoption.natural_key = str(getattr(record, key_of(type(record)).name))[:200]
    adoption.state = Adoption.State.REFUSED if outcome.problems else Adoption.State.ADOPTED
    if outcome.made:
        made = [[row._meta.label_lower, row.pk, str(row)[:200]] for row in outcome.made]
        adoption.made = [*made, *outcome.remembered]
    adoption.problems, adoption.kept = outcome.problems, outcome.kept
    adoption.adopted_at = timezone.now()
    adoption.save()
    return True


def outcome_of(job_type: str, record: Any, earlier: list[list[Any]]) -> Outcome:
    """What becomes of a record; nothing of it is half done where it cannot be."""
    for _attempt in range(ATTEMPTS):
        outcome = Outcome(earlier=earlier)
        try:
            with transaction.atomic():
                ADOPTERS[job_type](record, outcome)
        except ValidationError as error:
            return Outcome(problems=error.messages)
        except IntegrityError:
            continue
        except (DataError, ArithmeticError):
            return Outcome(problems=[_("It says a number, a day or a text that has no place here: it is too large.")])
        return outcome
    return Outcome(problems=[_("It contradicts what is stored here: compare it with the dealership's own rows.")])


from ingestion.adoption import (  # noqa: E402 - they declare themselves
    deliveries,  # noqa: F401
    finance,  # noqa: F401
    orders,  # noqa: F401
    papers,  # noqa: F401
    people,  # noqa: F401
    units,  # noqa: F401
    visits,
)
