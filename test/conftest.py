"""What all Python tests share."""

from __future__ import annotations

import os

import hypothesis

# Examples are drawn from a fixed seed, so that a run can be repeated; HYPOTHESIS_PROFILE=search looks for new
# ones.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
