"""Models of speech."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from xnnir.testing.zoo.inputs import Fields, Inputs, noise, tokens

_WORDS = 500


def _whisper() -> Any:
    from transformers import WhisperConfig, WhisperModel

    config = WhisperConfig(
        vocab_size=_WORDS,
        num_mel_bins=80,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        d_model=128,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        max_source_positions=64,
        max_target_positions=32,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        use_cache=False,
    )
    return WhisperModel(config)


def whisper_encoder() -> tuple[nn.Module, Inputs]:
    """Takes a mel spectrogram, float32 [1, 80, 128]."""
    encoder = _whisper().encoder
    return Fields(encoder, ("input_features",), ("last_hidden_state",)), noise(1, 80, 128)


def whisper_decoder() -> tuple[nn.Module, Inputs]:
    """Takes ids and the encoder's states, float32 [1, 64, 128]."""
    decoder = _whisper().decoder

    def make(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        return tokens(12, _WORDS, seed), torch.randn(1, 64, 128, generator=generator)

    return Fields(decoder, ("input_ids", "encoder_hidden_states"), ("last_hidden_state",)), make


def wav2vec2() -> tuple[nn.Module, Inputs]:
    """Takes a quarter of a second of sound at 16 kHz, float32 [1, 4000]."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(
        hidden_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=192,
        conv_dim=(64,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        vocab_size=40,
    )
    return Fields(Wav2Vec2ForCTC(config), ("input_values",), ("logits",)), noise(1, 4000)


BUILDERS: Mapping[str, Callable[[], tuple[nn.Module, Inputs]]] = {
    "whisper_encoder": whisper_encoder,
    "whisper_decoder": whisper_decoder,
    "wav2vec2": wav2vec2,
}
