"""Which nodes a wish of the user is about, by module, by operator or by a function."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Any, TypeAlias

from torch._ops import OpOverload, OpOverloadPacket
from torch.fx import GraphModule, Node

from xnnir.quantizer.operators import Target, functional

NodeFilter: TypeAlias = Callable[[Node], bool]


def anything(node: Node) -> bool:
    """No filter."""
    return True


def negated(condition: NodeFilter) -> NodeFilter:
    """The nodes that `condition` leaves out."""
    return lambda node: not condition(node)


def all_of(*conditions: NodeFilter) -> NodeFilter:
    """The nodes that all conditions take."""
    return lambda node: all(condition(node) for condition in conditions)


def of_module_name(name: str) -> NodeFilter:
    """Nodes within the module `name`: `blocks.0.linear` is within `blocks.0`."""
    return lambda node: any(path == name for path, _ in _modules_around(node))


def of_module_type(module_type: Callable[..., Any]) -> NodeFilter:
    """Nodes within modules of exactly this type."""
    name = f"{module_type.__module__}.{module_type.__qualname__}"
    return lambda node: any(type == name for _, type in _modules_around(node))


def of_operator_type(operator: Target) -> NodeFilter:
    """Nodes that call an operator, or any overload of it, or its variant that writes to its input."""
    return lambda node: is_overload(node.target, operator)


def is_overload(target: Any, operator: Target) -> bool:
    """Whether `target` is `operator` or an overload of it; `add_` counts as `add`."""
    if not isinstance(target, OpOverload | OpOverloadPacket):
        return False
    name, wanted = functional(target), functional(operator)
    return name == wanted or (isinstance(operator, OpOverloadPacket) and name.rpartition(".")[0] == wanted)


def module_names(model: GraphModule) -> set[str]:
    """The paths of all modules that operators of `model` come from."""
    return {path for node in model.graph.nodes for path, _ in _modules_around(node)}


def unknown_module(name: str, known: Collection[str]) -> str:
    """What to tell a user who names a module that the model lacks."""
    close = get_close_matches(name, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(sorted(filter(None, known)))}"
    return f"no operator of the exported model comes from a module {name!r}; {hint}"


def _modules_around(node: Node) -> list[tuple[str, str]]:
    """Path and type of each module that `node` was called in, outermost first."""
    return [(_path(path), _type_name(type)) for path, type in node.meta.get("nn_module_stack", {}).values()]


def _path(path: str) -> str:
    # Older exporters write L['self'].block; a module that is called again has @1 and so on behind its path.
    return path.removeprefix("L['self'].").partition("@")[0]


def _type_name(type_or_name: Any) -> str:
    if isinstance(type_or_name, str):
        return type_or_name
    return f"{type_or_name.__module__}.{type_or_name.__qualname__}"
