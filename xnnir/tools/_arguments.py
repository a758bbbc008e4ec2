"""The command line of `xnn-opt`."""

from __future__ import annotations

from argparse import ArgumentParser, BooleanOptionalAction

from xdsl.xdsl_opt_main import VersionAction


def add_arguments(parser: ArgumentParser) -> None:
    """
    Add all options of `xnn-opt` to `parser`. Where `mlir-opt` has an option, its name is understood as
    well.
    """
    parser.add_argument("input_file", nargs="?", help="file with IR; stdin when there is none")
    parser.add_argument(
        "-o", "--output-file", metavar="FILE", help="write the result here instead of to stdout"
    )
    parser.add_argument(
        "-p",
        "--passes",
        default="",
        metavar="PASS{OPTION=VALUE ...},...",
        help="run these passes in order; --list-passes says what there is",
    )
    parser.add_argument(
        "--list-passes",
        nargs="?",
        const="xnnir",
        choices=["xnnir", "all"],
        help="list the passes with their options and stop; 'all' adds those of xDSL",
    )
    parser.add_argument(
        "--load-pass-plugin",
        action="append",
        default=[],
        metavar="FILE.py",
        help="make the passes in a Python file known under their names",
    )
    parser.add_argument(
        "-v",
        "--version",
        action=VersionAction,
        version_format="xnn-opt of xnnir, built on xDSL {xdsl_version}",
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    _add_input_arguments(parser)
    _add_output_arguments(parser)
    _add_pass_arguments(parser)


def _add_input_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("input")
    group.add_argument(
        "-f", "--frontend", metavar="KIND", help="kind of the input, where its suffix does not say"
    )
    group.add_argument(
        "--split-input-file",
        action="store_true",
        help="treat each part of the input between lines that begin with '// -----' by itself",
    )
    group.add_argument(
        "--verify-diagnostics",
        action="store_true",
        help="hold the errors against '// expected-error@+1 {{text}}' in the input",
    )
    group.add_argument(
        "--allow-unregistered-dialect", action="store_true", help="accept ops of unknown dialects"
    )
    group.add_argument("--no-implicit-module", action="store_true", help="expect one builtin.module")
    group.add_argument("--disable-verify", action="store_true", help="verify nothing")


def _add_output_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("-t", "--target", default="mlir", metavar="KIND", help="kind of the output (mlir)")
    group.add_argument(
        "--print-op-generic",
        "--mlir-print-op-generic",
        action="store_true",
        help="print ops in the generic form",
    )
    group.add_argument(
        "--print-no-properties", action="store_true", help="print properties as if they were attributes"
    )
    group.add_argument(
        "--print-debuginfo",
        "--mlir-print-debuginfo",
        action="store_true",
        help="print the location of each op",
    )
    group.add_argument(
        "--elide-weights",
        action="store_true",
        help="leave out the weights section, and constants of more than 16 elements",
    )
    group.add_argument(
        "--mlir-elide-elementsattrs-if-larger",
        type=int,
        metavar="N",
        help="print constants of more than N elements as dense_resource<__elided__>",
    )
    group.add_argument("--syntax-highlight", action="store_true", help="colour the output")


def _add_pass_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("watching passes (on stderr, without weights)")
    for when in ("before", "after"):
        option = f"--print-ir-{when}"
        group.add_argument(
            option,
            f"--mlir-{option[2:]}",
            action="append",
            default=[],
            metavar="PASS",
            help=f"print IR {when} a pass",
        )
        group.add_argument(
            f"{option}-all",
            f"--mlir-{option[2:]}-all",
            action="store_true",
            help=f"print IR {when} every pass",
        )
    group.add_argument(
        "--print-ir-tree-dir",
        "--mlir-print-ir-tree-dir",
        metavar="DIR",
        help="write the input and the IR after each pass to numbered files",
    )
    group.add_argument(
        "--crash-reproducer",
        "--mlir-pass-pipeline-crash-reproducer",
        metavar="FILE",
        help="when a pass fails, write the IR it was given, with the command that repeats the failure",
    )
    group.add_argument(
        "--time-passes", "--mlir-timing", action="store_true", help="print the time of each pass and step"
    )
    group.add_argument(
        "--verify-numerics",
        action="store_true",
        help="run every function on random inputs before and after each pass; name the first pass and op that change "
        "the results by more than the pass declares (needs torch)",
    )
    group.add_argument(
        "--verify-each",
        action=BooleanOptionalAction,
        default=True,
        help="verify the IR after each pass (default)",
    )
