"""The registry of what real gateways do to an answer, each switched on by the name that the reference gives it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ingestion.sandbox import quirks_of_documents as documents
from ingestion.sandbox import quirks_of_spelling as spelling
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record
from ingestion.sandbox.modules import Module

NO_DATA = "Tidak Ada Data Pada Periode ini"

Records = list[Record]
OnRecords = Callable[[Records, Module, SandboxConfig], Records]
OnEnvelope = Callable[[Record], Record]


@dataclass(frozen=True, slots=True)
class Quirk:
    """A deviation. One without any function is part of the interface: it is always there."""

    name: str
    about: str
    on_records: OnRecords | None = None
    on_envelope: OnEnvelope | None = None

    @property
    def inherent(self) -> bool:
        return self.on_records is None and self.on_envelope is None


def _status_as_text(envelope: Record) -> Record:
    """Status as text, and an empty answer told as a failure with a plain string."""
    if envelope["status"] == 1 and not envelope["data"]:
        return {"status": "0", "message": NO_DATA, "data": None}
    return envelope | {"status": str(envelope["status"])}


# In the order of application: first what changes documents, then values, at last how the whole is spelled.
_ORDERED = (
    Quirk("Q2", "the same id has different names (idSpk/idSPK, noRangka/nomorRangka)"),
    Quirk("Q3", "request keys with a trailing blank are understood"),
    Quirk("Q7", "tipePembayaran: 1 is cash in spk and credit in inv1"),
    Quirk("Q16", "prsl's filter noPO is the number of the sales order; noSO is understood as well"),
    Quirk("Q22", "a hotline draft that is paid just stops coming"),
    Quirk("Q24", "lists (programs, apparel, accessories) are one comma-joined text"),
    Quirk("Q12", "pkb and inv2: a job twice at different prices; the totals count both", documents.repeat_job),
    Quirk("Q13", "mdinvh1: equal units are one line with a quantity and without frame number", documents.merge_units),
    Quirk("Q14", "dphlo: two down payments for one hotline order", documents.split_down_payment),
    Quirk("Q15", "inv2: a second parts note for the same work order, as a record of its own", documents.second_note),
    Quirk("Q18", "doch without frame number, with one recipient and status in words; bast without dealerId",
          documents.leave_keys_out),
    Quirk("Q19", "dealerId is sometimes another dealer's code or an unknown parent code", documents.other_dealer),
    Quirk("Q20", 'hondaIdMekanik "NONE" and hondaIdSA ""', documents.nameless_staff),
    Quirk("Q17", "ids in other patterns than documented, unit types of four characters", spelling.live_ids),
    Quirk("Q21", "frame numbers with the maker's prefix: 17 characters instead of 14", spelling.long_frames),
    Quirk("Q4", "percentages as decimal-comma text", spelling.comma_percentages),
    Quirk("Q5", "latitude and longitude as decimal-comma text, sometimes swapped", spelling.comma_coordinates),
    Quirk("Q8", "dates for moments and the reverse, slashes with the year first, a stray colon", spelling.odd_dates),
    Quirk("Q9", "waktuPengiriman as 09.00 or 14:00", spelling.dotted_times),
    Quirk("Q10", "stray blanks around ids", spelling.stray_blanks),
    Quirk("Q11", "the parent repeated for every line; for pkb services times parts", documents.repeat_parent),
    Quirk("Q6", "numbers as text and codes as numbers", spelling.numbers_as_text),
    Quirk("Q1", "keys in the spelling of the specification's tables (Amount, Kuantitas, ...)", spelling.printed_keys),
    Quirk("Q23", "status as text; no data is status 0 with a plain string", on_envelope=_status_as_text),
)  # fmt: skip
QUIRKS: dict[str, Quirk] = {quirk.name: quirk for quirk in _ORDERED}
INHERENT = frozenset(name for name, quirk in QUIRKS.items() if quirk.inherent)


def unknown_quirks(names: Iterable[str]) -> list[str]:
    return sorted(set(names) - set(QUIRKS))


def quirky_records(records: Records, module: Module, config: SandboxConfig, active: Iterable[str]) -> Records:
    """The records with every active quirk, in the registry's order. They are changed in place where it is cheaper."""
    wanted = set(active)
    for quirk in _ORDERED:
        if quirk.name in wanted and quirk.on_records:
            records = quirk.on_records(records, module, config)
    return records


def quirky_envelope(envelope: Record, active: Iterable[str]) -> Record:
    wanted = set(active)
    for quirk in _ORDERED:
        if quirk.name in wanted and quirk.on_envelope:
            envelope = quirk.on_envelope(envelope)
    return envelope
