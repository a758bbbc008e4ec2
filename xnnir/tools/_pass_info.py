"""What there is to say about a pass: a summary, and its options with defaults and meaning."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from xdsl.passes import ModulePass
from xdsl.utils.arg_spec import ArgSpec, parse_pipeline
from xdsl.utils.hints import isa, type_repr

from xnnir.errors import XnnirError

PassFactories = Mapping[str, Callable[[], type[ModulePass]]]


@dataclasses.dataclass(frozen=True)
class PassOption:
    """An option of a pass: a field of its class, and the docstring below the field."""

    name: str
    """As it is written in a pipeline, with dashes."""
    type: str
    default: str | None
    """None when the option has to be given."""
    doc: str


def pass_summary(pass_class: type[ModulePass]) -> str:
    """The first paragraph of the docstring of the class; empty when it has none."""
    doc = pass_class.__dict__.get("__doc__") or ""
    # A dataclass without a docstring gets its signature instead.
    if doc.startswith(f"{pass_class.__name__}("):
        return ""
    return " ".join(inspect.cleandoc(doc).split("\n\n")[0].split())


def pass_options(pass_class: type[ModulePass]) -> list[PassOption]:
    """The options of a pass in the order of its fields."""
    types = get_type_hints(pass_class)
    docs = _field_docs(pass_class)
    options: list[PassOption] = []
    for field in dataclasses.fields(pass_class):
        if field.name == "name" or not field.init:
            continue
        has_default = field.default is not dataclasses.MISSING
        default = _as_written(field.default) if has_default else None
        name = field.name.replace("_", "-")
        options.append(PassOption(name, _type_text(types[field.name]), default, docs.get(field.name, "")))
    return options


def list_passes(factories: PassFactories) -> str:
    """All passes with summaries and options, for people."""
    lines: list[str] = []
    for name in sorted(factories):
        pass_class = factories[name]()
        lines.append(name)
        lines += textwrap.wrap(pass_summary(pass_class), 100, initial_indent="    ", subsequent_indent="    ")
        for option in pass_options(pass_class):
            default = "required" if option.default is None else f"default {option.default}"
            lines.append(f"      {option.name}: {option.type}, {default}")
            lines += textwrap.wrap(option.doc, 100, initial_indent=" " * 10, subsequent_indent=" " * 10)
        lines.append("")
    return "\n".join(lines[:-1])


def parse_passes(text: str, factories: PassFactories) -> list[ModulePass]:
    """
    The passes of a pipeline as `-p` takes it: `xnn-fold-padding,xnn-partition{target=executorch}`.

    Raises `ArgSpecParseError` for bad syntax, `XnnirError` for an unknown pass or option or a value of the
    wrong type.
    """
    passes: list[ModulePass] = []
    for spec in parse_pipeline(text):
        check_pass_name(spec.name, factories)
        passes.append(_make_pass(factories[spec.name](), spec))
    return passes


def check_pass_name(name: str, factories: PassFactories) -> None:
    """Refuse a name that is none of a pass, with the nearest that is."""
    if name not in factories:
        raise XnnirError(
            f"unknown pass '{name}'", hint=_nearest(name, factories, "xnn-opt --list-passes lists them")
        )


def _make_pass(pass_class: type[ModulePass], spec: ArgSpec) -> ModulePass:
    given = spec.normalize_parameter_names().parameters
    types = get_type_hints(pass_class)
    known = {
        field.name: field for field in dataclasses.fields(pass_class) if field.init and field.name != "name"
    }
    for name, values in given.items():
        if name not in known:
            names = [option.replace("_", "-") for option in known]
            options = f"its options are {', '.join(names)}" if names else "it has no options"
            raise XnnirError(
                f"pass {spec.name}: unknown option '{name.replace('_', '-')}'",
                hint=_nearest(name.replace("_", "-"), names, options),
            )
        if types[name] is bool and not values:
            given[name] = (True,)
        elif not _fits(values, types[name]):
            got = ",".join(_as_written(value) for value in values) or "no value"
            option = f"option {name.replace('_', '-')}"
            raise XnnirError(f"pass {spec.name}: {option}: expected {_type_text(types[name])}, got {got}")
    for name in pass_class.required_fields() - given.keys() - {"name"}:
        raise XnnirError(f"pass {spec.name}: option {name.replace('_', '-')} is required")
    try:
        return pass_class.from_spec(ArgSpec(spec.name, given))
    except ValueError as error:
        raise XnnirError(f"pass {spec.name}: {error}") from error


def _fits(values: tuple[Any, ...], option_type: Any) -> bool:
    if not values:
        return NoneType in get_args(option_type)
    return isa(values, option_type) or (len(values) == 1 and isa(values[0], option_type))


def _nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else otherwise


def _as_written(value: Any) -> str:
    match value:
        case bool() | None:
            return str(value).lower()
        case tuple():
            return ",".join(_as_written(item) for item in cast(tuple[Any, ...], value)) or "empty"
        case _:
            return str(value)


def _type_text(option_type: Any) -> str:
    """A type as people read it: `executorch or xnnir`, `integer`, `string,...`."""
    arguments = [argument for argument in get_args(option_type) if argument is not NoneType]
    if get_origin(option_type) is tuple and arguments[-1] is Ellipsis:
        return f"{_type_text(arguments[0])},..."
    if arguments and all(isinstance(argument, str) for argument in arguments):
        return " or ".join(arguments)
    if get_origin(option_type) in (Union, UnionType):
        return " or ".join(_type_text(argument) for argument in arguments)
    names = {bool: "true or false", int: "integer", float: "number", str: "string"}
    return names.get(option_type) or type_repr(option_type)


def _field_docs(pass_class: type[ModulePass]) -> dict[str, str]:
    """The string literals that follow the fields of a class, by the name of the field."""
    docs: dict[str, str] = {}
    for base in reversed(pass_class.__mro__):
        if base in (object, ModulePass) or not dataclasses.is_dataclass(base):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(value=str() as doc)
                ):
                    docs[name] = " ".join(doc.split())
                case _:
                    pass
    return docs
