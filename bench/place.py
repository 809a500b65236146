"""成批定位：坐标 → 网格（演示街道，40 个网格）。用法：python bench/place.py"""

from __future__ import annotations

import numpy as np
from common import rate

from jiezhi.core.space import AreaIndex
from jiezhi.demo.street import build_street

POINTS = 400_000


def main() -> None:
    plan = build_street()
    index = AreaIndex([(grid.code, grid.geometry) for grid in plan.grids])
    lons = np.array([building.lon for building in plan.buildings])
    lats = np.array([building.lat for building in plan.buildings])
    rng = np.random.default_rng(7)
    x = rng.uniform(lons.min() - 0.002, lons.max() + 0.002, POINTS)
    y = rng.uniform(lats.min() - 0.002, lats.max() + 0.002, POINTS)
    hits = index.locate_many(x, y)
    print(f"{len(plan.grids)} 个网格，{POINTS:,} 个点，落在网格内的 {float((hits >= 0).mean()):.0%}")
    rate("成批定位", POINTS, lambda: index.locate_many(x, y) is None or None)


main()
