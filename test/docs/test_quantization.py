"""The tutorial of quantisation: models that learn from real data keep their accuracy in each scheme."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

DOCS = Path(__file__).resolve().parents[2] / "docs"


def tutorial() -> ModuleType:
    name = "quantization_tutorial"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, DOCS / "quantization.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def test_a_cnn_in_int8_keeps_its_accuracy() -> None:
    module = tutorial()
    model = module.trained("CNN")
    expected, size = module.run(model)
    accuracy, small = module.run(module.post_training(model, is_per_channel=True))
    assert expected > 95
    assert accuracy >= expected - 1
    assert small < size


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["CNN", "transformer"])
def test_each_scheme_keeps_the_accuracy(name: str) -> None:
    """Within a point after training, and within half a one with quantisation-aware training."""
    module = tutorial()
    first, *others = module.outcomes(name)
    assert first.scheme == "float" and first.accuracy > 90
    for one in others:
        assert one.accuracy >= first.accuracy - (0.5 if "aware" in one.scheme else 1.0), one
        assert one.size < first.size, one
    ElementTree.fromstring(module.plot([first, *others]))
