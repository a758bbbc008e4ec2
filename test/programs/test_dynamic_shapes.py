# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportUnknownParameterType=false
"""Models of variable sizes run at every size in range, in both runtimes, and refuse others by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.export import Dim
from xdsl.ir import Block, Region

import xnnir
from xnnir.context import make_context
from xnnir.dialects import rt
from xnnir.dialects.weights import get_weight_store
from xnnir.emit.program_reader import read_program
from xnnir.emit.program_writer import write_program
from xnnir.emit.sizes import SIZES_KEY, encode_sizes
from xnnir.errors import XnnirError
from xnnir.runtime import Runtime, StatusError
from xnnir.testing.runtimes import assert_same, load


class Images(nn.Module):
    """Sizes that are halved, rounded up; a reshape with two unknown sizes; sizes returned."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.head = nn.Conv2d(8, 4, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, int, int]:
        features = self.head(torch.relu(self.conv(image)))
        n, c, h, w = features.shape
        pixels = features.permute(0, 2, 3, 1).reshape(n * h, w, c)
        return torch.softmax(pixels, -1), h * w, (h + 1) // 2


class Sequences(nn.Module):
    """Masks, positions and broadcasts made from the length."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(32, 8)
        self.positions = nn.Parameter(torch.randn(16, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        batch, length = tokens.shape
        x = self.embedding(tokens) + self.positions[:length]
        mask = torch.full((length, length), float("-inf")).triu(1)
        y, _ = self.attention(x, x, x, attn_mask=mask, need_weights=False)
        steps = torch.arange(length, dtype=torch.float32).expand(batch, length)
        return y, torch.cat([steps, torch.ones(batch, 1), steps.repeat(1, 2)], 1)


class Pairs(nn.Module):
    """Two inputs of one length, and a third that is one longer than twice that."""

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        return torch.outer(a * b, c).flatten()


class Number(nn.Module):
    """A size that is an input."""

    def forward(self, x: Tensor, n: int) -> Tensor:
        return x[:, :n] * n


class Nonzero(nn.Module):
    """A size that depends on data."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.nonzero(x > 0)
        return places, x.flatten() * 2


def lowered(model: nn.Module, inputs: tuple[Any, ...], dynamic_shapes: Any) -> bytes:
    exported = torch.export.export(model.eval(), inputs, dynamic_shapes=dynamic_shapes)
    return xnnir.to_edge_transform_and_lower(exported).to_executorch().buffer


def check(model: nn.Module, cases: list[tuple[Any, ...]], dynamic_shapes: Any) -> bytes:
    buffer = lowered(model, cases[0], dynamic_shapes)
    runtimes = load(buffer)
    for inputs in cases:
        with torch.no_grad():
            expected = model(*inputs)
        for execute in runtimes.values():
            assert_same(execute(inputs), expected)
    return buffer


def refusal(buffer: bytes, *inputs: Any) -> str:
    method = Runtime.get().load_program(buffer).load_method("forward")
    with pytest.raises(StatusError) as caught:
        method.execute(inputs)
    return str(caught.value)


def test_images_of_any_size() -> None:
    sizes = [(1, 12, 16), (2, 9, 7), (3, 24, 32), (1, 3, 3), (2, 13, 31)]
    batch, height, width = Dim("n", min=1, max=3), Dim("h", min=3, max=24), Dim("w", min=3, max=32)
    cases = [(torch.randn(n, 3, h, w),) for n, h, w in sizes]
    buffer = check(Images(), [cases[1], *cases], ({0: batch, 2: height, 3: width},))
    assert "dimension 2 of input 0 is 25, expected 3 to 24" in refusal(buffer, torch.randn(1, 3, 25, 8))
    assert "dimension 3 of input 0 is 1, expected 3 to 32" in refusal(buffer, torch.randn(1, 3, 8, 1))


def test_channels_last_images_of_any_size() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1)

        def forward(self, image: Tensor) -> tuple[Tensor, int]:
            features = torch.relu(self.conv(image))
            return features, features.shape[2] * image.shape[3]

    cases = [
        (torch.randn(1, 3, h, w).to(memory_format=torch.channels_last),)
        for h, w in ((9, 7), (12, 16), (4, 5))
    ]
    check(Model(), cases, ({2: Dim("h", min=3, max=24), 3: Dim("w", min=3, max=32)},))


def test_the_sizes_of_inputs_are_read_back_from_files() -> None:
    n = Dim("n", min=2, max=6)
    buffer = lowered(
        Pairs(), (torch.randn(3), torch.randn(3), torch.randn(7)), ({0: n}, {0: n}, {0: 2 * n + 1})
    )
    context = make_context()
    module = read_program(buffer, context)
    (method,) = [op for op in module.ops if isinstance(op, rt.MethodOp)]
    assert [row.get_values() for row in method.input_sizes or ()] == [
        (0, 0, 1, 0, 0, 2, 6),
        (1, 0, 1, 0, 0, 2, 6),
        (2, 0, 2, 0, 1, 5, 13),
    ]
    again = read_program(write_program(module, context).buffer, context)
    assert str(again) == str(module)


def test_sequences_of_any_length() -> None:
    cases = [(torch.randint(0, 32, size),) for size in ((2, 5), (1, 16), (4, 2), (3, 11))]
    check(Sequences(), cases, ({0: Dim("batch", min=1, max=4), 1: Dim("length", min=2, max=16)},))


def test_sizes_of_inputs_go_together() -> None:
    n = Dim("n", min=2, max=6)
    cases = [(torch.randn(n), torch.randn(n), torch.randn(2 * n + 1)) for n in (3, 6, 2)]
    buffer = check(Pairs(), cases, ({0: n}, {0: n}, {0: 2 * n + 1}))
    text = refusal(buffer, torch.randn(4), torch.randn(3), torch.randn(9))
    assert "dimension 0 of input 1 is 3, expected 4, because dimension 0 of input 0 is 4" in text
    text = refusal(buffer, torch.randn(4), torch.randn(4), torch.randn(8))
    assert "dimension 0 of input 2 is 8, expected 5 to 13, a multiple of 2 plus 1" in text


def test_a_number_may_be_a_size() -> None:
    x = torch.randn(2, 9)
    model = Number().eval()
    buffer = lowered(model, (x, 5), (None, Dim.DYNAMIC))
    method = Runtime.get().load_program(buffer).load_method("forward")
    for n in (5, 2, 9):
        assert_same(method.execute([x, n]), model(x, n))
    # ExecuTorch's runtime takes the number of the example only.
    assert_same(load(buffer)["executorch"]([x, 5]), model(x, 5))


def test_sizes_that_depend_on_data() -> None:
    check(Nonzero(), [(torch.randn(4, 3),), (torch.ones(4, 3),), (-torch.ones(4, 3),)], None)


@pytest.mark.parametrize("dim", [Dim.AUTO, Dim("n"), Dim.DYNAMIC])
def test_a_missing_bound_is_asked_for(dim: Any) -> None:
    with pytest.raises(XnnirError) as caught:
        lowered(nn.ReLU(), (torch.randn(3, 4),), ({0: dim},))
    assert "upper bound" in str(caught.value) and "max=" in str(caught.value)


OPS: dict[str, Callable[[Tensor], Any]] = {
    "slice": lambda x: x[:, : x.shape[0]],
    "slice_from": lambda x: x[x.shape[0] - 2 :],
    "full": lambda x: torch.full((x.shape[0], 2), 3.0) + x[:, :2],
    "arange": lambda x: torch.arange(1, x.shape[0] * 2, 2),
    "expand": lambda x: x[:1].expand(x.shape[0], -1) * 2,
    "repeat": lambda x: x.repeat(2, 3),
    "repeat_by_size": lambda x: x[:1].repeat(x.shape[0], 1),
    "flatten_two": lambda x: (x[:, None] * x[None, :, :1]).flatten(),
    "reshape_two": lambda x: (x[:, None] + x[None]).reshape(x.shape[0] * x.shape[0], -1),
    "pad_by_size": lambda x: nn.functional.pad(x, (0, x.shape[0])),
    "mean_by_size": lambda x: x.sum(0) / x.shape[0],
    "split": lambda x: x.split([1, x.shape[0] - 1])[1],
    "stack": lambda x: torch.stack([x, x + 1], 1),
    "index_by_size": lambda x: x[x.shape[0] - 1],
    "roll": lambda x: x.roll(1, 0),
    "max_size": lambda x: torch.zeros(torch.sym_max(x.shape[0], 4)),  # pyright: ignore
    "float": lambda x: x * (1 / x.shape[0]),
    "outer": lambda x: torch.outer(x[:, 0], x[:, 1]),
}


@pytest.mark.parametrize("name", OPS)
def test_sizes_are_computed_when_the_model_runs(name: str) -> None:
    class Model(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return OPS[name](x)

    check(Model(), [(torch.randn(n, 8),) for n in (5, 7, 3)], ({0: Dim("n", min=3, max=7)},))


def _with_rows(rows: list[tuple[int, ...]], cut: int = 0) -> bytes:
    context = make_context()
    module = read_program(lowered(nn.ReLU(), (torch.randn(3, 4),), ({0: Dim("n", max=6)},)), context)
    (method,) = [op for op in module.ops if isinstance(op, rt.MethodOp)]
    method.properties.pop("input_sizes", None)
    data = encode_sizes(rows)
    weight = get_weight_store(context).add(data[: len(data) - cut])
    module.body.block.insert_op_before(rt.NamedDataOp(SIZES_KEY + "forward", weight), method)
    return write_program(module, context).buffer


@pytest.mark.parametrize(
    "row, message",
    [
        ((1, 0, 1, 0, 0, 1, 6), "an input that does not exist: 1"),
        ((-1, 0, 1, 0, 0, 1, 6), "an input that does not exist: -1"),
        ((0, 2, 1, 0, 0, 1, 6), "a dimension that its input does not have: 2"),
        ((0, -1, 1, 0, 0, 1, 6), "a dimension that its input does not have: -1"),
        ((0, 0, 0, 0, 0, 1, 6), "a scale below 1 or too large: 0"),
        ((0, 0, 1, 0, -(2**63), 1, 6), "an offset out of range"),
        ((0, 0, 1, 0, 0, 7, 6), "limits out of range, the smallest being 7"),
    ],
)
def test_sizes_in_a_file_that_fit_no_input_are_refused(row: tuple[int, ...], message: str) -> None:
    with pytest.raises(StatusError, match=message):
        Runtime.get().load_program(_with_rows([(0, 0, 1, 0, 0, 1, 6), row]))


def test_sizes_in_a_file_that_are_cut_off_are_refused() -> None:
    with pytest.raises(StatusError, match=r"xnnir\.sizes\.forward.* 55 bytes"):
        Runtime.get().load_program(_with_rows([(0, 0, 1, 0, 0, 1, 6)], cut=1))


@given(st.lists(st.tuples(*[st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 9)] * 7), max_size=4))
@settings(max_examples=60, deadline=None)
def test_sizes_in_a_file_never_crash(rows: list[tuple[int, ...]]) -> None:
    try:
        method = Runtime.get().load_program(_patched(rows)).load_method("forward")
        method.execute([torch.ones(3, 4)])
    except StatusError as error:
        assert str(error)


@cache
def _plain() -> tuple[Any, Any, Any]:
    context = make_context()
    module = read_program(lowered(nn.ReLU(), (torch.randn(3, 4),), ({0: Dim("n", max=6)},)), context)
    (method,) = [op for op in module.ops if isinstance(op, rt.MethodOp)]
    return module, context, method


def _patched(rows: list[tuple[int, ...]]) -> bytes:
    module, context, method = _plain()
    method.properties["input_sizes"] = rt.MethodOp("m", Region(Block()), input_sizes=rows).input_sizes
    if not rows:
        method.properties.pop("input_sizes")
    return write_program(module, context).buffer
