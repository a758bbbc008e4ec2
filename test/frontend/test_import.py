# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
"""What the importer keeps of a program: numbers, shapes, names, places; and what it refuses."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn
from torch._higher_order_ops import associative_scan
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Operation

from xnnir.context import make_context
from xnnir.dialects.aten import AtenOp, CallOperatorOp, StaticValueOp
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.dims import dims_of
from xnnir.errors import format_location
from xnnir.frontend import FrontendError, import_exported_program


def imported(model: nn.Module, *inputs: Any, **options: Any) -> tuple[FuncOp, Context]:
    ctx = make_context()
    function = import_exported_program(torch.export.export(model.eval(), inputs, **options), ctx)
    ModuleOp([function.clone()]).verify()
    return function, ctx


def ops_of(function: FuncOp, name: str) -> list[Operation]:
    return [op for op in function.body.block.ops if op.name == name]


def function_model(forward: Callable[..., Any]) -> nn.Module:
    class Model(nn.Module):
        def forward(self, *args: Any) -> Any:
            return forward(*args)

    return Model()


# Weights.


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.int8,
        torch.uint8,
        torch.int64,
        torch.bool,
    ],
)
def test_a_constant_of_any_dtype_keeps_its_numbers(run_imported: Any, dtype: torch.dtype) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("table", (torch.arange(-3, 9).view(3, 4) % 7).to(dtype))

        def forward(self, i: torch.Tensor) -> torch.Tensor:
            return cast(torch.Tensor, self.table)[i]

    i = torch.tensor([2, 0])
    outputs, _ = run_imported(torch.export.export(Model(), (i,)), [i])
    torch.testing.assert_close(outputs[0], Model()(i), rtol=0, atol=0)


def test_weights_are_not_copied() -> None:
    model = nn.Linear(64, 64)
    function, ctx = imported(model, torch.randn(1, 64))
    weight = cast(StaticValueOp, ops_of(function, "aten.parameter")[0])
    array = get_weight_store(ctx).array(cast(Any, weight.value), cast(Any, weight.result.type))
    assert weight.fqn.data == "weight"
    assert array.ctypes.data == model.weight.data_ptr()


def test_a_shared_weight_is_stored_once_and_transposed_ones_in_logical_order() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(8, 8, bias=False)
            self.b = nn.Linear(8, 8, bias=False)
            self.b.weight = self.a.weight
            self.c = nn.Conv2d(4, 8, 3).to(memory_format=torch.channels_last)  # pyright: ignore

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> Any:
            return self.b(self.a(x)), self.c(y)

    model = Model()
    function, ctx = imported(model, torch.randn(2, 8), torch.randn(1, 4, 5, 5))
    parameters = {
        cast(StaticValueOp, op).fqn.data: cast(Any, op) for op in ops_of(function, "aten.parameter")
    }
    values = [op.value for name, op in parameters.items() if name in ("a.weight", "b.weight")]
    assert len(set(values)) == 1
    kernel = parameters["c.weight"]
    array = get_weight_store(ctx).array(kernel.value, kernel.result.type)
    np.testing.assert_array_equal(array, model.c.weight.detach().numpy())


def test_unused_buffers_are_left_out() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    function, _ = imported(model, torch.randn(1, 3, 4, 4))
    assert [cast(StaticValueOp, op).fqn.data for op in ops_of(function, "aten.buffer")] == [
        "1.running_mean",
        "1.running_var",
    ]


# Inputs and outputs.


def test_outputs_that_are_not_tensors(run_imported: Any) -> None:
    model = function_model(lambda x: {"y": x + 1, "n": [None, 3, 2.5, True, x.shape[0]]})
    x = torch.randn(4)
    program = torch.export.export(model, (x,), dynamic_shapes={"args": ({0: torch.export.Dim("n", max=8)},)})
    outputs, _ = run_imported(program, [x])
    torch.testing.assert_close(outputs[0], x + 1)
    assert outputs[1:] == [None, 3, 2.5, True, 4]


def test_inputs_keep_their_places() -> None:
    class Model(nn.Module):
        def forward(self, x: torch.Tensor, scale: float, skip: Any, pair: list[torch.Tensor]) -> torch.Tensor:
            return x * scale + pair[1]

    function, _ = imported(Model(), torch.randn(4), 2.0, None, [torch.randn(4), torch.randn(4)])
    assert [str(type_) for type_ in function.function_type.inputs] == [
        "tensor<4xf32>",
        "f64",
        "none",
        "tensor<4xf32>",
        "tensor<4xf32>",
    ]
    assert function.arg_attrs is not None
    assert str(function.arg_attrs.data[1].data["xnn.constant"]) == "2.000000e+00 : f64"
    assert [str(attrs.data["xnn.name"]) for attrs in function.arg_attrs] == [
        '"x"',
        '"scale"',
        '"skip"',
        '"pair_0"',
        '"pair_1"',
    ]


def test_channels_last_is_noted_at_both_ends() -> None:
    model, x = nn.Conv2d(3, 4, 3), torch.randn(2, 3, 8, 8)
    plain, _ = imported(model, x)
    assert plain.res_attrs is None
    function, _ = imported(model, x.to(memory_format=torch.channels_last))
    assert function.arg_attrs is not None and function.res_attrs is not None
    assert str(function.arg_attrs.data[0].data["xnn.dim_order"]) == "array<i64: 0, 2, 3, 1>"
    assert str(function.res_attrs.data[0].data["xnn.dim_order"]) == "array<i64: 0, 2, 3, 1>"
    assert plain.function_type == function.function_type


# Dynamic shapes.


def test_dimensions_have_expressions_and_bounds(run_imported: Any) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.Flatten(0, 1))
    batch, width = torch.export.Dim("batch", min=1, max=5), torch.export.Dim("width", min=8, max=33)
    x = torch.randn(2, 3, 9, 9)
    program = torch.export.export(model.eval(), (x,), dynamic_shapes=({0: batch, 3: width},))
    function = import_exported_program(program, make_context())
    (result,) = function.function_type.outputs
    dims = dims_of(cast(Any, result))
    assert [dim.upper_bound for dim in dims] == [20, 4, 16]
    assert dims[1].is_static and not dims[0].is_static
    wider = torch.randn(3, 3, 9, 20)
    outputs, _ = run_imported(program, [wider])
    torch.testing.assert_close(outputs[0], model(wider))


def test_a_dimension_without_a_bound_is_imported() -> None:
    program = torch.export.export(
        function_model(torch.relu), (torch.randn(4),), dynamic_shapes={"args": ({0: torch.export.Dim("n")},)}
    )
    function = import_exported_program(program, make_context())
    assert dims_of(cast(Any, function.function_type.inputs.data[0]))[0].upper_bound is None


def test_arithmetic_on_sizes(run_imported: Any) -> None:
    def forward(x: torch.Tensor) -> Any:
        n = x.shape[0]
        return x.reshape(n // 2, 2 * x.shape[1]), x.new_zeros(max(n, 4), n % 3 + 1), torch.arange(n) * (n - 1)

    dynamic = {"args": ({0: 2 * torch.export.Dim("half", min=1, max=6)},)}
    program = torch.export.export(function_model(forward), (torch.randn(6, 3),), dynamic_shapes=dynamic)
    for n in (2, 4, 8, 12):
        x = torch.randn(n, 3)
        outputs, _ = run_imported(program, [x])
        for ours, theirs in zip(outputs, forward(x), strict=True):
            torch.testing.assert_close(ours, theirs)


# Graphs in other forms.


def small_cnn() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU6(inplace=True),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.2, inplace=True),
        nn.Linear(8, 4),
    ).eval()


@pytest.mark.parametrize("form", ["exported", "decomposed", "core", "saved"])
def test_every_form_of_a_program_computes_the_same(run_imported: Any, form: str) -> None:
    model, x = small_cnn(), torch.randn(2, 3, 8, 8)
    program = torch.export.export(model, (x,))
    if form == "decomposed":
        program = program.run_decompositions({})
    elif form == "core":
        program = program.run_decompositions()
    elif form == "saved":
        file = io.BytesIO()
        torch.export.save(program, file)
        file.seek(0)
        program = torch.export.load(file)
    outputs, _ = run_imported(program, [x])
    torch.testing.assert_close(outputs[0], model(x))


def test_a_quantised_graph_has_its_operators_by_name(run_imported: Any) -> None:
    import torch.ao.quantization.fx._decomposed  # pyright: ignore  # registers quantized_decomposed

    def forward(x: torch.Tensor) -> torch.Tensor:
        ops: Any = torch.ops.quantized_decomposed
        q = ops.quantize_per_tensor(x, 0.1, 3, -128, 127, torch.int8)
        return ops.dequantize_per_tensor(q, 0.1, 3, -128, 127, torch.int8)

    x = torch.randn(2, 3)
    program = torch.export.export(function_model(forward), (x,))
    function = import_exported_program(program, make_context())
    quantize, dequantize = (op for op in function.body.block.ops if isinstance(op, AtenOp))
    assert [op.name for op in (quantize, dequantize)] == [
        "qdq.quantize_per_tensor",
        "qdq.dequantize_per_tensor",
    ]
    assert quantize.arg("scale") == 0.1 and quantize.arg("zero_point") == 3
    assert str(quantize.arg("dtype")) == "int8"
    assert dequantize.arg("input") is quantize.results[0] and dequantize.arg("out_dtype") is None
    outputs, _ = run_imported(program, [x])
    torch.testing.assert_close(outputs[0], forward(x))


@pytest.mark.parametrize("is_dynamic", [False, True])
def test_a_model_quantised_by_pt2e(run_imported: Any, is_dynamic: bool) -> None:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (  # pyright: ignore[reportMissingTypeStubs]
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import (  # pyright: ignore[reportMissingTypeStubs]
        convert_pt2e,
        prepare_pt2e,
    )

    x = torch.randn(2, 3, 8, 8)
    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=is_dynamic)
    module: Any = torch.export.export(small_cnn(), (x,)).module()
    prepared: Any = prepare_pt2e(module, XNNPACKQuantizer().set_global(config))
    prepared(x)
    converted: Any = convert_pt2e(prepared)
    outputs, _ = run_imported(torch.export.export(converted, (x,)), [x])
    torch.testing.assert_close(outputs[0], converted(x))


@torch.library.custom_op("xnnir_test::scale", mutates_args=())
def scale(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x * factor


@scale.register_fake
def _scale_fake(x: torch.Tensor, factor: float) -> torch.Tensor:
    return torch.empty_like(x)


@torch.library.custom_op("xnnir_test::relu_", mutates_args=("x",))
def relu_(x: torch.Tensor) -> None:
    x.relu_()


def test_weights_that_torchao_wraps_are_refused_with_what_to_do() -> None:
    """torchao unwraps linear layers and embeddings, and no convolutions."""
    from torchao.quantization import IntxWeightOnlyConfig, PerAxis, quantize_
    from torchao.utils import unwrap_tensor_subclass

    model = nn.Sequential(nn.Conv2d(2, 4, 3)).eval()
    config = IntxWeightOnlyConfig(weight_dtype=torch.int8, granularity=PerAxis(0))
    quantize_(model, config, lambda module, _: isinstance(module, nn.Conv2d))
    program = torch.export.export(unwrap_tensor_subclass(model), (torch.randn(1, 2, 5, 5),))
    with pytest.raises(FrontendError, match="expected the plain tensor") as caught:
        import_exported_program(program, make_context())
    assert "unwrap_tensor_subclass(model) before" in str(caught.value.hint)
    assert "leave other modules unquantised" in str(caught.value.hint)


def test_custom_operators_are_called_by_name(run_imported: Any) -> None:
    x = torch.randn(3)
    program = torch.export.export(function_model(lambda x: scale(x, 2.0)), (x,))
    (call,) = (
        op for op in import_exported_program(program, make_context()).walk() if isinstance(op, CallOperatorOp)
    )
    assert call.operator == "xnnir_test::scale" and call.arg("factor") == 2.0
    outputs, _ = run_imported(program, [x])
    torch.testing.assert_close(outputs[0], x * 2)


def test_a_custom_operator_that_writes_is_refused() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        y = x + 1
        relu_(y)
        return y

    text = refusal(torch.export.export(function_model(forward), (torch.randn(3),)))
    assert "xnnir_test.relu_.default, which writes to an argument" in text and "test_import.py" in text


def test_a_region_may_be_called_twice(run_imported: Any) -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            y = x * 2 + 1
        return y

    x = torch.randn(3)
    program = torch.export.export(function_model(forward), (x,))
    graph = program.graph
    first = next(node for node in graph.nodes if str(node.target) == "wrap_with_set_grad_enabled")
    taken = next(iter(first.users))
    with graph.inserting_after(taken):
        second = graph.call_function(first.target, (*first.args[:2], taken))
    second.meta = dict(first.meta)
    with graph.inserting_after(second):
        again = graph.call_function(taken.target, (second, 0))
    again.meta = dict(taken.meta)
    output = next(node for node in graph.nodes if node.op == "output")
    output.args = ((again,),)
    program.graph_signature.output_specs[0].arg.name = again.name
    outputs, _ = run_imported(program, [x])
    torch.testing.assert_close(outputs[0], forward(forward(x)))


def test_no_grad_regions_are_inlined(run_imported: Any) -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            y = x * 2
            with torch.enable_grad():
                y = y + 1
        with torch.no_grad():
            return (y * x).relu_()

    x = torch.randn(3)
    outputs, _ = run_imported(torch.export.export(function_model(forward), (x,)), [x])
    torch.testing.assert_close(outputs[0], forward(x))


def test_tuples_of_results(run_imported: Any) -> None:
    def forward(x: torch.Tensor) -> Any:
        a, b, c = x.split(2, dim=1)
        values, indices = torch.max(a, dim=0)
        return torch.cat([c, b], dim=1), torch.stack(x.unbind(0)), values, indices

    x = torch.randn(3, 6)
    outputs, _ = run_imported(torch.export.export(function_model(forward), (x,)), [x])
    for ours, theirs in zip(outputs, forward(x), strict=True):
        torch.testing.assert_close(ours, theirs)


# Places.


def test_ops_know_their_module_and_line() -> None:
    class Inner(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x)  # line A

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([Inner(), nn.Linear(4, 4)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.layers[0](x)
            return self.layers[1](x)  # line B

    lines = Path(__file__).read_text().splitlines()
    line_a, line_b = (next(i for i, t in enumerate(lines, 1) if t.endswith(f"# line {c}")) for c in "AB")
    function, _ = imported(Outer(), torch.randn(1, 4))
    (relu,), (linear,) = ops_of(function, "aten.relu"), ops_of(function, "aten.linear")
    assert format_location(relu.location).endswith(f'test_import.py:{line_a} "layers.0"')
    assert format_location(linear.location).endswith(f'test_import.py:{line_b} "layers.1"')
    assert all(op.location for op in function.body.block.ops)


# Refusals.


def refusal(program: Any) -> str:
    with pytest.raises(FrontendError) as caught:
        import_exported_program(program, make_context())
    return str(caught.value)


def test_a_module_is_not_a_program() -> None:
    message = refusal(nn.Linear(1, 1))
    assert message.startswith("expected a torch.export.ExportedProgram, got Linear; call torch.export.export")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.BatchNorm2d(3), "a batch norm that updates its statistics"),
        (nn.Dropout(0.5), "a dropout that drops"),
    ],
)
def test_training_mode_is_refused(layer: nn.Module, message: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 1), layer).train()
    text = refusal(torch.export.export(model, (torch.randn(2, 3, 4, 4),)))
    assert message in text and "model.eval()" in text and '"1"' in text


def test_instance_norm_is_not_training(run_imported: Any) -> None:
    model, x = nn.InstanceNorm2d(3), torch.randn(2, 3, 4, 4)
    outputs, _ = run_imported(torch.export.export(model, (x,)), [x])
    torch.testing.assert_close(outputs[0], model(x))


def test_what_torch_leaves_of_other_higher_order_operators_is_refused() -> None:
    def forward(x: torch.Tensor) -> torch.Tensor:
        return associative_scan(lambda a, b: a + b, x, dim=0, combine_mode="generic")

    text = refusal(torch.export.export(function_model(forward), (torch.randn(3),)))
    assert "expected an operator of torch" in text and "test_import.py" in text


def test_a_string_as_input_is_a_constant_of_the_program() -> None:
    function, _ = imported(function_model(lambda x, mode: x if mode == "a" else -x), torch.randn(3), "a")
    assert function.arg_attrs is not None
    assert function.arg_attrs.data[1].data["xnn.constant"] == StringAttr("a")


def test_element_types_without_a_name_are_refused() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            function_model(lambda x: x.to(torch.float8_e4m3fn).float()), (torch.randn(3),)
        )
    text = refusal(program)
    assert "torch.float8_e4m3fn" in text and "test_import.py" in text


def test_weights_without_numbers_are_refused() -> None:
    with torch.device("meta"):
        model = nn.Linear(2, 2)
    program = torch.export.export(model, (torch.randn(1, 2, device="meta"),))
    assert "the tensor weight is on the meta device" in refusal(program)


def test_calls_have_results_of_the_types_torch_computed() -> None:
    function, _ = imported(small_cnn(), torch.randn(2, 3, 8, 8))
    calls = [op for op in function.body.block.ops if isinstance(op, AtenOp)]
    assert [op.name.removeprefix("aten.") for op in calls] == [
        "conv2d",
        "batch_norm",
        "hardtanh",
        "max_pool2d",
        "adaptive_avg_pool2d",
        "flatten.using_ints",
        "dropout",
        "linear",
    ]
    assert str(calls[3].results[0].type) == "tensor<2x8x4x4xf32>"
    assert calls[3].arg("kernel_size") == (2, 2)
