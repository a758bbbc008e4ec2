"""
`XNNPACKQuantizer`: which parts of a model are computed in int8, under ExecuTorch's names.

    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(model, inputs).module(), quantizer)
    prepared(*inputs)                                    # calibrate
    quantized = convert_pt2e(prepared)
    quantizer.explain().print()                          # what stays in float, and why

Where several wishes are about one operator, that for its module's name goes first, then its module's type, then its own
type, then the global one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch.fx import GraphModule, Node
from torch.nn import Module
from torchao.quantization.pt2e.quantizer import (
    OperatorConfig,
    OperatorPatternType,
    QuantizationConfig,
    Quantizer,
)

from xnnir.quantizer.annotation import Refusal, Request, annotation_of, has_float_result
from xnnir.quantizer.config import check_config, get_symmetric_quantization_config
from xnnir.quantizer.filters import (
    NodeFilter,
    all_of,
    anything,
    is_overload,
    module_names,
    negated,
    of_module_name,
    of_module_type,
    of_operator_type,
    unknown_module,
)
from xnnir.quantizer.operators import NORM_PARTS, NORMS, SHARING, SPLITS, Target, functional
from xnnir.quantizer.patterns import SUPPORTED_PATTERNS, QuantPattern, supported_operators
from xnnir.quantizer.report import Decision, QuantizerReport, decide
from xnnir.quantizer.sharing_patterns import keep_known_ranges, propagate
from xnnir.quantizer.transforms import transform

__all__ = ["QuantPattern", "XNNPACKQuantizer", "get_symmetric_quantization_config"]


class XNNPACKQuantizer(Quantizer):
    """
    Decides for `prepare_pt2e` and `prepare_qat_pt2e` which operators compute in int8.

    An operator for which XNNPACK has no int8 stays in float, with its neighbours where coding them would cost accuracy
    for nothing; `explain` says which and why. The setters return the quantizer. They take None for a configuration to
    leave in float what they name, and raise `TypeError` or `ValueError` for one that XNNPACK has no kernels for.
    """

    SUPPORTED_PATTERNS: list[QuantPattern] = SUPPORTED_PATTERNS

    def __init__(self) -> None:
        super().__init__()
        self.global_config: QuantizationConfig | None = None
        self.operator_type_config: dict[Target, QuantizationConfig | None] = {}
        self.module_type_config: dict[type[Module] | Callable[..., object], QuantizationConfig | None] = {}
        self.module_name_config: dict[str, QuantizationConfig | None] = {}
        self.filter_fn: NodeFilter | None = None
        self._patterns: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._graph_module: GraphModule | None = None
        self._report = QuantizerReport(())

    def set_global(self, quantization_config: QuantizationConfig | None) -> XNNPACKQuantizer:
        """Code all that the other setters do not name."""
        check_config(quantization_config)
        self.global_config = quantization_config
        return self

    def set_operator_type(
        self, operator_type: Target, quantization_config: QuantizationConfig | None
    ) -> XNNPACKQuantizer:
        """
        Code operators of one type, `torch.ops.aten.conv2d.default`; all overloads for `torch.ops.aten.conv2d`.

        Raises `ValueError` for an operator that no pattern takes.
        """
        check_config(quantization_config)
        known = {target for pattern in self.SUPPORTED_PATTERNS for target in pattern.op_overloads}
        if not any(is_overload(target, operator_type) for target in known):
            names = ", ".join(sorted({functional(target) for target in known}))
            raise ValueError(f"no pattern takes {operator_type}; expected one of {names}")
        self.operator_type_config[operator_type] = quantization_config
        return self

    def set_module_type(
        self, module_type: Callable[..., object], quantization_config: QuantizationConfig | None
    ) -> XNNPACKQuantizer:
        """Code all within modules of a type: `nn.Linear`, or a class of the model."""
        check_config(quantization_config)
        self.module_type_config[module_type] = quantization_config
        return self

    def set_module_name(
        self, module_name: str, quantization_config: QuantizationConfig | None
    ) -> XNNPACKQuantizer:
        """Code all within the module of a name: `blocks.0.sub`. Annotating fails for a name that the model lacks."""
        check_config(quantization_config)
        self.module_name_config[module_name] = quantization_config
        return self

    def set_filter_function(self, filter_fn: NodeFilter) -> XNNPACKQuantizer:
        """Leave in float whatever node `filter_fn` is not true of."""
        self.filter_fn = filter_fn
        return self

    def transform_for_annotation(self, model: GraphModule) -> GraphModule:
        """Make constants of scalars, and the like: see `xnnir.quantizer.transforms`."""
        return transform(model)

    def annotate(self, model: GraphModule) -> GraphModule:
        """
        Write down at each node how its inputs and result are coded.

        Raises `ValueError` for a module that was named and is not in the model.
        """
        self._check_names(model)
        self._patterns, self._reasons = {}, {}
        for request in self._requests(model):
            for pattern in self.SUPPORTED_PATTERNS:
                if pattern.is_for(request.config):
                    self._annotate_pattern(pattern, request)
        propagate(
            model.graph, self._accepts_sharing(), lambda node, why: self._reasons.update({node.name: why})
        )
        keep_known_ranges(model.graph)
        self._report = self._explain(model)
        return model

    def validate(self, model: GraphModule) -> None:
        """Nothing is left to check: configurations are when they are set, operators when they are annotated."""

    def explain(self) -> QuantizerReport:
        """What the last model that was prepared has in int8 and in float, and why."""
        return self._report

    @classmethod
    def get_supported_quantization_configs(cls) -> list[QuantizationConfig]:
        """The configurations that `get_symmetric_quantization_config` gives for static coding."""
        return [
            get_symmetric_quantization_config(is_per_channel=is_per_channel, is_qat=is_qat)
            for is_per_channel in (False, True)
            for is_qat in (False, True)
        ]

    @classmethod
    def get_supported_operators(cls) -> list[OperatorConfig]:
        """The operators for each configuration."""
        return [
            OperatorConfig(config, patterns)
            for config in cls.get_supported_quantization_configs()
            for patterns in supported_operators().values()
        ]

    @classmethod
    def get_supported_operator_for_quantization_config(
        cls, quantization_config: QuantizationConfig | None
    ) -> list[OperatorPatternType]:
        """The operators for one configuration, or for any."""
        return [
            pattern
            for config, patterns in cls.get_supported_operators()
            if quantization_config is None or config == quantization_config
            for pattern in patterns
        ]

    def _requests(self, model: GraphModule) -> Iterable[Request]:
        """Wishes in order of precedence; an operator that one of a higher place names is not for a lower one."""
        modules = self._modules()
        taken: list[NodeFilter] = []
        for is_within, config in modules:
            if config is not None:
                yield Request(model, config, self._all_of(is_within, *map(negated, taken)), anything)
            taken.append(is_within)
        elsewhere = self._all_of(*map(negated, taken))
        operators = [(of_operator_type(one), config) for one, config in self.operator_type_config.items()]
        for is_operator, config in operators:
            if config is not None:
                yield Request(model, config, elsewhere, is_operator, is_explicit=True)
        if self.global_config is not None:
            others = [negated(is_operator) for is_operator, _ in operators]
            yield Request(model, self.global_config, elsewhere, all_of(*others))

    def _modules(self) -> list[tuple[NodeFilter, QuantizationConfig | None]]:
        """Modules that were named, inner ones before those around them, then types of modules."""
        inner_first = sorted(self.module_name_config.items(), key=lambda item: -item[0].count("."))
        return [
            *((of_module_name(name), config) for name, config in inner_first),
            *((of_module_type(type), config) for type, config in self.module_type_config.items()),
        ]

    def _all_of(self, *conditions: NodeFilter) -> NodeFilter:
        return all_of(*conditions, *([self.filter_fn] if self.filter_fn else []))

    def _annotate_pattern(self, pattern: QuantPattern, request: Request) -> None:
        for node in request.graph_module.graph.nodes:
            if node.op != "call_function" or node.target not in pattern.op_overloads or annotation_of(node):
                continue
            if not request.accepts(node) or not request.is_operator(node):
                continue
            try:
                pattern.annotate(node, request)
            except Refusal as refusal:
                self._reasons[node.name] = str(refusal)
                continue
            if annotation_of(node):
                self._patterns[node.name] = pattern.name

    def _accepts_sharing(self) -> NodeFilter:
        """Operators that share a coding are not asked for; they follow unless they were told not to."""
        left_in_float = [is_within for is_within, config in self._modules() if config is None]
        return self._all_of(*map(negated, left_in_float))

    def _check_names(self, model: GraphModule) -> None:
        known = module_names(model)
        for name in self.module_name_config:
            if name not in known:
                raise ValueError(unknown_module(name, known))

    def _explain(self, model: GraphModule) -> QuantizerReport:
        decisions: list[Decision] = []
        for node in model.graph.nodes:
            if node.op != "call_function" or not has_float_result(node):
                continue
            pattern = self._patterns.get(node.name, "sharing" if annotation_of(node) else "")
            decisions.append(decide(node, pattern, self._reasons.get(node.name) or _default_reason(node)))
        return QuantizerReport(tuple(decisions))


def _default_reason(node: Node) -> str:
    if node.target in NORMS | NORM_PARTS:
        return "XNNPACK computes it in float"
    if node.target in SHARING or node.target in SPLITS:
        return "it is coded as its input is, and that is in float"
    if any(node.target in pattern.op_overloads for pattern in SUPPORTED_PATTERNS):
        return "no configuration is for it"
    return "no node that XNNPACK has in int8 is this operator"
