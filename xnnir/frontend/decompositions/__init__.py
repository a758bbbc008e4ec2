"""
Decompositions of operators for which PyTorch's tables have none, or one that ends in operators without a kernel.

Each takes the operator's arguments. One that does not apply gives `NotImplemented`, and the operator stays. Modules are
by idea; being imported puts what they have into the table.
"""

from xnnir.frontend.decompositions import elementwise, indexing, order, prims, products, running, spatial
from xnnir.frontend.decompositions.registry import DECOMPOSITIONS

__all__ = [
    "DECOMPOSITIONS",
    "elementwise",
    "indexing",
    "order",
    "prims",
    "products",
    "running",
    "spatial",
]
