"""Recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import nn

from xnnir.testing.zoo.inputs import Inputs, noise


class Tagger(nn.Module):
    """Takes a sequence [1, time, 16]; returns a score for each step, [1, time, 5], and the network's last state."""

    def __init__(self, recurrent: nn.LSTM | nn.GRU):
        super().__init__()
        self.recurrent = recurrent
        directions = 2 if recurrent.bidirectional else 1
        self.head = nn.Linear(directions * recurrent.hidden_size, 5)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        states, last = self.recurrent(x)
        return self.head(states), last[0] if isinstance(last, tuple) else last


def lstm() -> tuple[nn.Module, Inputs]:
    return Tagger(nn.LSTM(16, 32, num_layers=2, batch_first=True)), noise(1, 12, 16)


def gru() -> tuple[nn.Module, Inputs]:
    return Tagger(nn.GRU(16, 32, batch_first=True, bidirectional=True)), noise(1, 12, 16)


BUILDERS: Mapping[str, Callable[[], tuple[nn.Module, Inputs]]] = {"lstm": lstm, "gru": gru}
