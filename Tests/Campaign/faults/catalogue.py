"""All faults, with how often each comes."""

from __future__ import annotations

from faults import clocks, failpoints, full_disks, kills, links, malformed, partitions, zombies
from faults.stage import Fault

CATALOGUE = [
    Fault("worker killed", kills.worker, full=500, short=8),
    Fault("sandbox killed", kills.sandbox, full=60, short=2),
    Fault("master killed", kills.master, full=40, short=2),
    Fault("master killed at a commit", failpoints.commit, full=50, short=4),
    Fault("master killed at a send", failpoints.send, full=10, short=1),
    Fault("standby killed", kills.standby, full=20, short=1, needs_standby=True),
    Fault("PostgreSQL killed", kills.database, full=30, short=2),
    Fault("worker a zombie", zombies.worker, full=40, short=1),
    Fault("master a zombie", zombies.master, full=10, short=1),
    Fault("worker partitioned", partitions.partition, full=50, short=2),
    Fault("link bad", links.bad_link, full=30, short=1),
    Fault("disk full", full_disks.full_disk, full=20, short=2),
    Fault("clock stepped", clocks.clock_step, full=8, short=1),
    Fault("malformed input", malformed.malformed, full=12, short=1),
]
