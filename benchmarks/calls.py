"""Python functions that one event calls, in each placement: exact, and the same on every machine.

nox -s bench -- calls
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "simulation"))

from event_calls import PLACEMENTS, measure

figures = {placement: measure(placement) for placement in PLACEMENTS}
print(f"| calls of the packages' functions (of json's and dataclasses') for one | {' | '.join(PLACEMENTS)} |")
print("|---" * (len(PLACEMENTS) + 1) + "|")
for what in figures[PLACEMENTS[-1]]:
    cells = (figures[placement].get(what) for placement in PLACEMENTS)
    print(f"| {what} | {' | '.join(f'{one.packages:g} ({one.others:g})' if one else '' for one in cells)} |")
