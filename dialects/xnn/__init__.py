"""
The `xnn` dialect: a network as XNNPACK sees it.

One op is one node of XNNPACK's subgraph API, under XNNPACK's name. Tensors are physically laid out (spatial
ops are NHWC) and element types say how numbers are coded:

    %t = xnn.static_transpose %x {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
    %y = xnn.softmax %t : (tensor<1x8x8x3xf32>) -> tensor<1x8x8x3xf32>

`support.py` says which ops and types XNNPACK has; a new op goes into an op file, the list below, and that table.
"""

from xdsl.ir import Attribute, Dialect

from xnnir.dialects.weights import WeightAttr, WeightStore
from xnnir.dialects.xnn.binary_ops import (
    AddOp,
    Atan2Op,
    CopysignOp,
    DivideOp,
    MaximumOp,
    MinimumOp,
    ModulusOp,
    MultiplyOp,
    PowOp,
    PreluOp,
    SquaredDifferenceOp,
    SubtractOp,
)
from xnnir.dialects.xnn.dims import DimAttr, DimsAttr
from xnnir.dialects.xnn.gemm_ops import (
    BatchMatrixMultiplyOp,
    Convolution2DOp,
    Deconvolution2DOp,
    DepthwiseConvolution2DOp,
    FullyConnectedOp,
)
from xnnir.dialects.xnn.graph_ops import CallOp, ConstantOp, GraphOp, SubgraphOp, YieldOp
from xnnir.dialects.xnn.pooling_ops import (
    ArgmaxPooling2DOp,
    AveragePooling2DOp,
    GlobalAveragePooling2DOp,
    MaxPooling2DOp,
    SoftmaxOp,
    StaticReduceOp,
    StaticResizeBilinear2DOp,
)
from xnnir.dialects.xnn.shape_ops import (
    ConcatenateOp,
    DepthToSpace2DOp,
    SpaceToDepth2DOp,
    StaticConstantPadOp,
    StaticReshapeOp,
    StaticSliceOp,
    StaticTransposeOp,
)
from xnnir.dialects.xnn.types import (
    QBInt4Type,
    QCInt4Type,
    QCInt8Type,
    QCInt32Type,
    QDInt8Type,
    QInt8Type,
    QInt32Type,
    QUInt8Type,
)
from xnnir.dialects.xnn.unary_ops import (
    AbsOp,
    BankersRoundingOp,
    CeilingOp,
    ClampOp,
    ConvertOp,
    CopyOp,
    CosineOp,
    EluOp,
    ExpOp,
    FloorOp,
    GeluOp,
    HardswishOp,
    LeakyReluOp,
    LogOp,
    NegateOp,
    ReciprocalSquareRootOp,
    SigmoidOp,
    SignOp,
    SineOp,
    SquareOp,
    SquareRootOp,
    TanhOp,
)

GRAPH_OPS = [CallOp, ConstantOp, GraphOp, SubgraphOp, YieldOp]
"""What holds nodes together."""

NODE_OPS = [
    AbsOp,
    AddOp,
    ArgmaxPooling2DOp,
    Atan2Op,
    AveragePooling2DOp,
    BankersRoundingOp,
    BatchMatrixMultiplyOp,
    CeilingOp,
    ClampOp,
    ConcatenateOp,
    ConvertOp,
    Convolution2DOp,
    CopyOp,
    CopysignOp,
    CosineOp,
    Deconvolution2DOp,
    DepthToSpace2DOp,
    DepthwiseConvolution2DOp,
    DivideOp,
    EluOp,
    ExpOp,
    FloorOp,
    FullyConnectedOp,
    GeluOp,
    GlobalAveragePooling2DOp,
    HardswishOp,
    LeakyReluOp,
    LogOp,
    MaxPooling2DOp,
    MaximumOp,
    MinimumOp,
    ModulusOp,
    MultiplyOp,
    NegateOp,
    PowOp,
    PreluOp,
    ReciprocalSquareRootOp,
    SigmoidOp,
    SignOp,
    SineOp,
    SoftmaxOp,
    SpaceToDepth2DOp,
    SquareOp,
    SquareRootOp,
    SquaredDifferenceOp,
    StaticConstantPadOp,
    StaticReduceOp,
    StaticReshapeOp,
    StaticResizeBilinear2DOp,
    StaticSliceOp,
    StaticTransposeOp,
    SubtractOp,
    TanhOp,
]
"""The nodes of a subgraph, in alphabetical order."""

ATTRIBUTES: list[type[Attribute]] = [
    DimAttr,
    DimsAttr,
    QBInt4Type,
    QCInt32Type,
    QCInt4Type,
    QCInt8Type,
    QDInt8Type,
    QInt32Type,
    QInt8Type,
    QUInt8Type,
    WeightAttr,
]


def make_xnn_dialect() -> Dialect:
    """A dialect object with an empty weight store of its own: register this function, not its result."""
    return Dialect("xnn", [*GRAPH_OPS, *NODE_OPS], ATTRIBUTES, [WeightStore()])
