"""The append-only, hash-chained event log of the robot.

What it promises, each held by a test:

- A row that :meth:`Journal.append` returned survives ``kill -9`` and a power cut; a batch is in whole or not at all.
- :meth:`Journal.verify` finds a changed, missing, inserted or reordered row, a changed text and a cut tail.
- Patient text lives beside the chain, under a key per visit. :meth:`Journal.purge` deletes both, and ``verify`` then
  says *purged*, not *broken*, because the purge is itself a row of the chain.

What it does not promise: the chain has no secret, so whoever may write all the robot's files can write a new,
consistent journal. Against that the head is also published: ``verify(expected_head=...)`` compares with it. The marks
of sent effects are not chained: ``verify`` finds a mark without its effect, but not a mark that was deleted or set for
an effect that is in the chain. A deleted one makes a call or a lock leave once more under the same id.
"""

from __future__ import annotations

from medllm_ros.journal.log import Journal
from medllm_ros.journal.record import GENESIS, Entry, JournalError, Row, VisitSummary
from medllm_ros.journal.verification import Status, Verification

__all__ = ["GENESIS", "Entry", "Journal", "JournalError", "Row", "Status", "Verification", "VisitSummary"]
