"""Connections that are slow, late, spoiled or reset under way."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage
from links.tcp_proxy import Proxy
from links.weather import Weather


def bad_link(stage: Stage, chance: random.Random) -> Facts:
    """To PostgreSQL, or a worker's to the master."""
    cluster = stage.cluster
    to_database = chance.random() < 0.3
    worker = stage.some_worker(chance)
    links = [cluster.leader.database_link] if to_database else worker.links
    shapes = ["late", "slow", "reset", "held"]
    if not to_database and cluster.features.enrols:
        # Without a cipher nothing on the way could tell spoiled bytes from sound ones, but TCP's own sum.
        shapes.append("spoiled")
    shape = chance.choice(shapes)
    seconds = chance.uniform(2, 5)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            _disturb(links, shape, chance)
            time.sleep(0.5)
    finally:
        for link in links:
            link.clear()
    return {"link": "database" if to_database else worker.name, "shape": shape, "seconds": round(seconds, 2)}


def _disturb(links: list[Proxy], shape: str, chance: random.Random) -> None:
    for link in links:
        weather = {
            "late": Weather(delay=0.15),
            "slow": Weather(bytes_per_second=20_000),
            "spoiled": Weather(corruption=0.2),
            "held": Weather(is_cut=True),
        }.get(shape)
        if weather is None:
            if chance.random() < 0.6:
                link.reset()
        else:
            link.to_server = weather
            link.to_client = weather
