"""The journal: append-only, hash-chained JSON Lines, one file and one writer per stream.

Each line is its event's JSON with the chain value as last member (`line`), so that a changed, dropped,
swapped or inserted line breaks every line after it. A stream ends with `stream.sealed`; without it the writer
died or the file was cut, and a reader says so. The chain does not stop somebody who rewrites a whole file:
the seal of a run does (it holds the last chain value of every stream).
"""

from drill.journal.line import genesis as genesis
from drill.journal.reader import Stream as Stream
from drill.journal.reader import is_sealed as is_sealed
from drill.journal.reader import merge as merge
from drill.journal.reader import read_lines as read_lines
from drill.journal.reader import read_run as read_run
from drill.journal.reader import read_stream as read_stream
from drill.journal.tail import Tail as Tail
from drill.journal.writer import Journal as Journal
