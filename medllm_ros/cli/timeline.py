"""A visit as a person reads it: one line a thing that happened, out of the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from medllm_ros.bedside.codec import CodecError, from_record
from medllm_ros.bedside.effects import (
    AlertNurse,
    AskModel,
    ClearAlert,
    CloseVisit,
    Effect,
    Hold,
    Release,
    Speak,
    StopSpeaking,
)
from medllm_ros.bedside.events import (
    AlertAccepted,
    AlertFailed,
    DeliveryArrived,
    DeliveryCancelled,
    DeliveryDispatched,
    DoseDue,
    Event,
    HandoverConfirmed,
    IdentityScanned,
    PatientTransferred,
    ReplyFailed,
    Restarted,
    StopRequested,
    TranscriptHeard,
)
from medllm_ros.journal import Row


@dataclass(frozen=True)
class Line:
    """One thing that happened; ``at`` is seconds since the epoch."""

    seq: int
    at: float
    who: str  # patient, robot, staff, lock, model
    text: str
    style: str = ""


def timeline(rows: Iterable[Row]) -> Iterator[Line]:
    """Yield the lines of a visit; rows that matter to machines alone are left out."""
    for row in rows:
        if "." not in row.kind or row.kind.startswith("journal."):
            continue
        if row.purged:
            yield Line(row.seq, row.at, "", f"{row.kind}: text deleted after the retention time", "dim")
            continue
        try:
            item = from_record(row.kind.split(".", 1)[1], dict(row.payload), dict(row.texts))
        except CodecError as error:
            yield Line(row.seq, row.at, "", str(error), "red")
            continue
        told = _tell(item)
        if told:
            yield Line(row.seq, row.at, *told)


def print_timeline(rows: Iterable[Row], console: Console) -> None:
    """Print the timeline as a table."""
    table = Table(box=None, show_header=True, header_style="dim", padding=(0, 1))
    for name, options in (
        ("row", {"justify": "right", "style": "dim"}), ("time", {"style": "dim", "no_wrap": True}),
        ("who", {"no_wrap": True}), ("what", {"overflow": "fold"}),
    ):  # fmt: skip
        table.add_column(name, **options)
    for line in timeline(rows):
        clock = dt.datetime.fromtimestamp(line.at).strftime("%H:%M:%S.%f")[:-3]
        table.add_row(str(line.seq), clock, line.who, line.text, style=line.style)
    console.print(table)


def _tell(item: Event | Effect) -> tuple[str, str, str] | None:
    """Return who, what and style; None for rows without a line."""
    match item:
        case DeliveryDispatched():
            names = ", ".join(medication.name for medication in item.delivery.medications)
            return "robot", f"on its way with {names} to ward {item.delivery.ward or '?'}", "dim"
        case DeliveryArrived():
            return "robot", "at the bed", "dim"
        case DoseDue():
            return "robot", f"dose {item.medication + 1} is due {item.due}", "dim"
        case TranscriptHeard(final=True):
            return "patient", item.text, "cyan"
        case IdentityScanned():
            return "staff", "checked the patient" if item.verified_by_staff else "wristband scanned", "magenta"
        case PatientTransferred():
            return "staff", "patient transferred: the match is void", "magenta"
        case AlertAccepted():
            freed = ", lock freed" if item.release_hold else ""
            return "staff", f"{item.by} answered {item.alert_id}{freed}", "magenta"
        case AlertFailed():
            return "staff", f"nobody was reached for {item.alert_id}", "red"
        case StopRequested():
            return "staff", "asked for silence", "magenta"
        case HandoverConfirmed():
            return "staff", f"{item.by} confirmed the hand-over", "magenta"
        case DeliveryCancelled():
            return "staff", "delivery cancelled", "magenta"
        case ReplyFailed():
            return "model", f"failed: {item.why}", "yellow"
        case Restarted():
            return "robot", "back after a restart", "yellow"
        case Speak():
            style = {"emergency": "bold red", "alert": "bold yellow"}.get(item.priority.value, "green")
            cites = f"  [{', '.join(item.facts)}]" if item.facts else ""
            return "robot", item.text + cites, style
        case AskModel():
            return "model", f"asked, {len(item.facts)} facts, prompt {item.prompt_hash[:8]}", "dim"
        case StopSpeaking():
            return "robot", "falls silent", "dim"
        case AlertNurse():
            return "robot", f"calls the nurse ({item.level}, {item.category}, try {item.attempt})", "bold red"
        case ClearAlert():
            return "robot", f"call {item.alert_id} closed", "dim"
        case Hold():
            return "lock", "locked: " + ", ".join(item.reasons), "red"
        case Release():
            return "lock", "free", "bold green"
        case CloseVisit():
            return "robot", f"visit closed: {item.outcome}", "dim"
    return None
