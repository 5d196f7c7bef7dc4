"""The seal of anonymous surveys: what citizens are promised on page one, held against the database's owner.

**What holds.** Whoever reads the whole database, at any moment and with every system column, but not its history and not the platform's
key files, can't tell which answer is whose, nor when it came more exactly than a day that at least twenty answers share:

- Unfinished answers are never stored (`carrying`): earlier pages travel in a hidden field that only this link's letters open.
- A finished answer lies sealed to the survey's own key (`boxes`, `keys`) until at least forty wait; then a random twenty or more move on
  under random ids (`moving`). Nothing in a response leads back: no invitation, no receipt, no seconds, no seed, no exact day.
- At closing the rest follows, all of the survey's responses are written anew in the order of their random ids by one transaction, the old
  rows are vacuumed away, and private key, digests and buffer are destroyed (`breaking`). Fewer than twenty in all: never opened at all.
- A link answers once by a digest of its letters under a key outside the database. Who holds the database doesn't have the letters and
  can't compute digests, so can't tell which invitation one belongs to. The invitation itself knows a bare `answered`.
- Whoever can write into the database can't fill a batch up with answers of their own to leave one citizen's alone: a box opens only if
  a process that holds the platform's keys shut it, and a copied box counts once.
- Receipts follow from the letters and stand nowhere; they prove that an answer came, not which.

**What doesn't.** Somebody who holds the platform's key files *and* reads the database while answers wait under seal, or keeps its history
(backups, write-ahead log) with them, can open answers and match them to links by their transaction numbers: until the survey is closed
the promise rests on the key files being kept apart from the database. While a survey is open, the database tells of a moved answer that
it came before its batch moved. Whoever sees the network or the web server's memory sees who sends. What people write of themselves, and a
rare combination of answers, names them in any survey; who publishes a new version in the middle tells apart those who answered it.
Overwriting a file is what a program can do; a drive, a snapshot or a copy of the key folder may keep what was there.

**Erasing a person** leaves their answer: nothing in it is known to be theirs, so nothing could find it.
"""

from surveys.sealing.answers import earlier_sealed_submission, is_turn_sealed, receipt_of, seal_entrance_response, seal_response
from surveys.sealing.breaking import break_seal
from surveys.sealing.carrying import carry, read_carried
from surveys.sealing.moving import move_sealed_answers
from surveys.sealing.rules import promise_gap
from surveys.sealing.state import (
    JOB_BREAK,
    arrived_count,
    is_sealed,
    is_under_seal,
    open_seal,
    ring_for_seals,
    seal_state,
    sealed_count_words,
    sealed_surveys,
    seals_without_key,
)

__all__ = [
    "JOB_BREAK",
    "arrived_count",
    "break_seal",
    "carry",
    "earlier_sealed_submission",
    "is_sealed",
    "is_turn_sealed",
    "is_under_seal",
    "move_sealed_answers",
    "open_seal",
    "promise_gap",
    "read_carried",
    "receipt_of",
    "ring_for_seals",
    "seal_entrance_response",
    "seal_response",
    "seal_state",
    "sealed_count_words",
    "sealed_surveys",
    "seals_without_key",
]
