"""Tensors of a model in the weight store, without copies where their memory is contiguous."""

from __future__ import annotations

from typing import Any

import torch

from xnnir.dialects.weights import WeightAttr, WeightStore
from xnnir.frontend.errors import FrontendError

_STAND_INS = {
    torch.bfloat16: torch.int16,
    torch.float8_e4m3fn: torch.uint8,
    torch.float8_e5m2: torch.uint8,
    torch.complex64: torch.float32,
    torch.complex128: torch.float64,
}
"""Integers of the same width (or the parts) for dtypes that NumPy lacks; only the bytes count."""


class WeightImporter:
    """Adds tensors to a weight store; tensors that share their memory are hashed once."""

    def __init__(self, store: WeightStore):
        self._store = store
        self._known: dict[tuple[Any, ...], WeightAttr] = {}

    def add(self, name: str, tensor: torch.Tensor) -> WeightAttr:
        """
        Keep the numbers of `tensor`, in the order of its logical dimensions.

        Raises `FrontendError` for a tensor that is not plain memory.
        """
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer):
            raise FrontendError(
                f"expected the plain tensor {name}, got a {type(tensor).__name__}",
                hint="call torchao.utils.unwrap_tensor_subclass(model) before torch.export.export; it reaches linear "
                "layers and embeddings within the model, so leave other modules unquantised"
                if type(tensor).__module__.startswith("torchao.")
                else "materialise the weights before torch.export.export",
            )
        if tensor.device.type == "meta":
            raise FrontendError(
                f"the tensor {name} is on the meta device: it has no numbers", hint="load its weights"
            )
        plain = tensor.detach()
        key = (plain.data_ptr(), plain.dtype, plain.shape, plain.stride())
        if plain.numel() and (known := self._known.get(key)) is not None:
            return known
        contiguous = plain.cpu().resolve_conj().resolve_neg().contiguous()
        if (stand_in := _STAND_INS.get(contiguous.dtype)) is not None:
            if contiguous.is_complex():
                contiguous = torch.view_as_real(contiguous)
            else:
                contiguous = contiguous.view(stand_in)
        weight = self._store.add(contiguous.numpy())
        self._known[key] = weight
        return weight
