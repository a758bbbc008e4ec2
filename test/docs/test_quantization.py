"""The tutorial of quantisation: models that learn from real data keep their accuracy in each scheme."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import numpy as np
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
    written = [row for row in rows_of_the_table() if row.model == name]
    assert [row.scheme for row in written] == [one.scheme for one in (first, *others)]
    for row, one in zip(written, (first, *others), strict=True):
        # Training rounds differently on other processors; one of 500 digits is 0.2 %.
        assert abs(row.accuracy - one.accuracy) <= 1 and abs(row.size - one.size) <= 0.03 * one.size, (
            row,
            one,
        )


def rows_of_the_table() -> list[Any]:
    """What the table of the page says."""
    rows = re.findall(
        r"^\| (.+?) \| (.+?) \| ([\d.]+) % \| ([\d.]+) kB \|$", (DOCS / "quantization.md").read_text(), re.M
    )
    return [
        tutorial().Outcome(model, scheme, float(accuracy), round(1000 * float(size)))
        for model, scheme, accuracy, size in rows
    ]


def points(svg: str) -> list[list[tuple[float, float]]]:
    """Where a plot has its points, axes by axes, in the order in which they were drawn."""
    figure = ElementTree.fromstring(svg)
    return [
        [
            (float(use.attrib["x"]), float(use.attrib["y"]))
            for group in axes.findall("{*}g")
            if group.attrib["id"].startswith("PathCollection")
            for use in group.iter("{http://www.w3.org/2000/svg}use")
        ]
        for axes in figure.iter("{http://www.w3.org/2000/svg}g")
        if axes.attrib.get("id", "").startswith("axes_")
    ]


def off_a_line(positions: list[float], values: list[float]) -> float:
    """How far positions, in points of the page, are from a scale that has the values."""
    slope, start = np.polyfit(values, positions, 1)
    return float(np.abs(np.array(positions) - (slope * np.array(values) + start)).max())


@pytest.mark.parametrize("drawn", [False, True], ids=["written", "drawn"])
def test_the_plot_shows_what_the_table_says(drawn: bool) -> None:
    rows = rows_of_the_table()
    svg = tutorial().plot(rows) if drawn else (DOCS / "quantization.svg").read_text()
    by_model = points(svg)
    names = list(dict.fromkeys(row.model for row in rows))
    assert len(by_model) == len(names)
    of_models = [[row for row in rows if row.model == name] for name in names]
    assert [len(one) for one in by_model] == [len(one) for one in of_models]
    # The axes have a scale of accuracies together, and one of sizes each. Numbers in the table are rounded.
    heights = [y for one in by_model for _, y in one]
    assert off_a_line(heights, [row.accuracy for one in of_models for row in one]) < 1
    for places, ones in zip(by_model, of_models, strict=True):
        assert off_a_line([x for x, _ in places], [row.size for row in ones]) < 1
    for row in rows:
        assert f"<!-- {row.scheme} -->" in svg


def test_another_number_is_noticed() -> None:
    rows = rows_of_the_table()
    places = [x for x, _ in points(tutorial().plot(rows))[0]]
    sizes = [row.size for row in rows if row.model == rows[0].model]
    assert off_a_line(places, [sizes[0], sizes[1] + 1000, *sizes[2:]]) > 1
