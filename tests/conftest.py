"""What all tests share: where `strategies` is found, and how hypothesis searches."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings

# pytest's importlib mode leaves sys.path alone; the strategies are for every test file.
sys.path.insert(0, str(Path(__file__).parent))

# A noisy machine must not fail a test for being slow, and what a released check finds must be found again.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
# For trying things out: the first failure found, not the smallest.
settings.register_profile("unshrunk", parent=settings.get_profile("here"), phases=(Phase.explicit, Phase.generate))
settings.load_profile("ci" if os.environ.get("CI") else "here")
