"""The table at the end."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any


def table(steps: Iterable[dict[str, Any]]) -> str:
    """A line a kind of fault: how many, and how soon throughput was back."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        kinds.setdefault(step["fault"], []).append(step)
    lines = [f"{'fault':<28}{'count':>7}{'back: median':>15}{'worst':>9}{'not in time':>13}"]
    for kind, found in kinds.items():
        back = [step["back"] for step in found if step["back"] is not None]
        missed = len(found) - len(back)
        median = f"{statistics.median(back):.1f} s" if back else "-"
        worst = f"{max(back):.1f} s" if back else "-"
        lines.append(f"{kind:<28}{len(found):>7}{median:>15}{worst:>9}{missed:>13}")
    return "\n".join(lines)
