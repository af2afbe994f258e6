"""The entries of the comparison. They take turns, so that a slow moment affects all."""

import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Callable

K = 10  # neighbours of each query
LOOKUP = (791, 2368, 3290)  # rows looked up
SETTLE = 0.1  # seconds: the thread pools of OpenBLAS and OpenMP spin before they sleep


class Skip(Exception):
    """The reason why an entry can't be measured."""


@dataclass
class Sample:
    seconds: float
    peak: int = 0  # bytes; 0 if not known
    answer: dict = field(default_factory=dict)  # query ID to neighbours' IDs


@dataclass
class Entry:
    """A line of the table: the program, the work and the measured samples."""

    work: str
    who: str
    threads: int
    run: Callable[[], Sample]
    ours: bool = False
    scale: float = 1
    samples: list = field(default_factory=list)
    skipped: str = ""
    agreed: str = ""

    @property
    def median(self):
        return self.scale * statistics.median(s.seconds for s in self.samples) if self.samples else None

    @property
    def peak(self):
        return max((s.peak for s in self.samples), default=0)


def contest(entries, rounds, warm_up=True):
    """Runs the entries in turns. An entry that can't run records why and is skipped."""
    print(f"{entries[0].work}: {rounds} rounds", file=sys.stderr)
    for turn in range(rounds + warm_up):
        for entry in entries:
            if entry.skipped:
                continue
            try:
                sample = entry.run()
            except Skip as why:
                entry.skipped = str(why)
                continue
            time.sleep(SETTLE)
            if turn >= warm_up:
                entry.samples.append(sample)
    return entries
