"""What is compared: each peer loads one model's artefact and runs it on the same inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from bench import models
from xnnir.testing import zoo


class Peer(ABC):
    """One way to run a model."""

    name: ClassVar[str]
    artefact: ClassVar[str] = ""
    """File that the peer loads, in the model's folder; empty when it runs the model object itself."""

    def __init__(self, folder: Path, model: str, threads: int):
        self.path = folder / self.artefact
        self.model = model
        self.threads = threads
        self.inputs = models.load_inputs(folder)

    @abstractmethod
    def load(self) -> None:
        """Load the model, replacing what was loaded before."""

    @abstractmethod
    def run(self) -> Any:
        """One inference."""


class Xnnir(Peer):
    name = "xnnir"
    artefact = "xnnir.pte"

    def load(self) -> None:
        from xnnir.runtime import Runtime

        program = Runtime.get().load_program(self.path, num_threads=self.threads)
        self.method = program.load_method("forward")

    def run(self) -> Any:
        return self.method.execute(self.inputs)[0]


class XnnirOnly(Xnnir):
    """With nodes that no other runtime has."""

    name = "xnnir-only"
    artefact = "xnnir-only.pte"


class ExecuTorch(Peer):
    name = "executorch"
    artefact = "executorch.pte"

    def __init__(self, folder: Path, model: str, threads: int):
        super().__init__(folder, model, threads)
        with zoo.quiet():
            import_module("executorch.kernels.quantized")  # registers them
            from executorch.extension.pybindings import portable_lib

            portable_lib._unsafe_reset_threadpool(threads)  # pyright: ignore[reportPrivateUsage]

    def load(self) -> None:
        from executorch.runtime import Runtime

        self.program = Runtime.get().load_program(self.path)
        self.method = self.program.load_method("forward")

    def run(self) -> Any:
        assert self.method is not None
        return self.method.execute(self.inputs)[0]


class ExecuTorchOnOurFile(ExecuTorch):
    name = "executorch-our-file"
    artefact = "xnnir.pte"


class OnnxRuntime(Peer):
    name = "onnxruntime"
    artefact = "model.onnx"

    def load(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        names = [input.name for input in self.session.get_inputs()]
        # The position of a token is for models with state.
        self.feed = {name: tensor.numpy() for name, tensor in zip(names, self.inputs, strict=False)}

    def run(self) -> Any:
        return torch.from_numpy(np.asarray(self.session.run(None, self.feed)[0]))


class OpenVino(Peer):
    """Not among the packages that set-up installs: `pip install openvino`."""

    name = "openvino"
    artefact = "model.onnx"

    def load(self) -> None:
        import openvino  # pyright: ignore[reportMissingImports]

        options = {
            "INFERENCE_NUM_THREADS": self.threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        model: Any = openvino.Core().compile_model(self.path, "CPU", options)
        self.request = model.create_infer_request()
        self.feed = [tensor.numpy() for tensor in self.inputs]

    def run(self) -> Any:
        return torch.from_numpy(np.asarray(self.request.infer(self.feed)[0]))


class Eager(Peer):
    name = "eager"

    def load(self) -> None:
        torch.set_num_threads(self.threads)
        self.module = models.load(self.model).model

    def run(self) -> Any:
        with torch.no_grad():
            return self.module(*self.inputs)


PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (Xnnir, XnnirOnly, ExecuTorch, ExecuTorchOnOurFile, OnnxRuntime, OpenVino, Eager)
}
