"""Encoders and decoders of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from xnnir.testing.zoo.inputs import Fields, Inputs, masked_token_ids, token_ids, tokens

_WORDS = 500
_IDS = ("input_ids",)
_IDS_AND_MASK = ("input_ids", "attention_mask")


def bert(
    layers: int = 2, width: int = 128, length: int = 24, words: int = _WORDS
) -> tuple[nn.Module, Inputs]:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=4 * width,
    )
    model = BertForSequenceClassification(config)
    return Fields(model, _IDS_AND_MASK, ("logits",)), masked_token_ids(length, words)


def distilbert() -> tuple[nn.Module, Inputs]:
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(vocab_size=_WORDS, dim=128, n_layers=2, n_heads=4, hidden_dim=512)
    model = DistilBertForSequenceClassification(config)
    return Fields(model, _IDS_AND_MASK, ("logits",)), masked_token_ids(24, _WORDS)


def albert() -> tuple[nn.Module, Inputs]:
    """Its layers share their weights."""
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(
        vocab_size=_WORDS,
        embedding_size=64,
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=512,
    )
    model = Fields(AlbertModel(config), _IDS_AND_MASK, ("last_hidden_state", "pooler_output"))
    return model, masked_token_ids(24, _WORDS)


def mobilebert() -> tuple[nn.Module, Inputs]:
    from transformers import MobileBertConfig, MobileBertForSequenceClassification

    config = MobileBertConfig(vocab_size=_WORDS, num_hidden_layers=2)
    model = MobileBertForSequenceClassification(config)
    return Fields(model, _IDS_AND_MASK, ("logits",)), masked_token_ids(24, _WORDS)


def t5_encoder() -> tuple[nn.Module, Inputs]:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(vocab_size=_WORDS, d_model=128, d_kv=32, d_ff=256, num_layers=2, num_heads=4)
    return Fields(T5EncoderModel(config), _IDS, ("last_hidden_state",)), token_ids(24, _WORDS)


def clip_text() -> tuple[nn.Module, Inputs]:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=_WORDS,
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        projection_dim=64,
        eos_token_id=_WORDS - 1,
    )

    def ends_with_eos(seed: int) -> tuple[torch.Tensor]:
        ids = tokens(24, _WORDS, seed)
        ids[:, 23 - seed % 4 :] = _WORDS - 1
        return (ids,)

    return Fields(CLIPTextModelWithProjection(config), _IDS, ("text_embeds",)), ends_with_eos


def _llama(**sizes: int) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    fields: dict[str, Any] = _decoder_sizes() | sizes
    return LlamaForCausalLM(LlamaConfig(**fields))


def llama_prefill(length: int = 24, **sizes: int) -> tuple[nn.Module, Inputs]:
    """All logits of `length` tokens; `sizes` are fields of `LlamaConfig`."""
    return _prefill(_llama(**sizes), length, sizes.get("vocab_size", _WORDS))


def llama_decode(cache: int = 32, **sizes: int) -> tuple[nn.Module, Inputs]:
    """One token at a time, up to `cache` of them."""
    return _decode(_llama(**sizes), cache, sizes.get("vocab_size", _WORDS))


def _qwen() -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**_decoder_sizes(), head_dim=32, tie_word_embeddings=True))


def _decoder_sizes() -> dict[str, Any]:
    return {
        "vocab_size": _WORDS,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
    }


def _prefill(model: Any, length: int = 24, words: int = _WORDS) -> tuple[nn.Module, Inputs]:
    model.config.use_cache = False
    return Fields(model, _IDS, ("logits",)), token_ids(length, words)


def _decode(model: Any, cache: int = 32, words: int = _WORDS) -> tuple[nn.Module, Inputs]:
    """One token at a time; keys and values of the tokens before are in buffers of the model."""
    from transformers import GenerationConfig
    from transformers.integrations.executorch import TorchExportableModuleWithStaticCache

    model.generation_config = GenerationConfig(
        use_cache=True,
        cache_implementation="static",
        cache_config={"batch_size": 1, "max_cache_len": cache},
    )
    step = Decode(TorchExportableModuleWithStaticCache(model.eval()))
    return step, lambda seed: (tokens(1, words, seed), torch.tensor([seed]))


class Decode(nn.Module):
    """Takes one token, int64 [1, 1], and its position, int64 [1]; returns logits [1, 1, words]."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, cache_position: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, cache_position=cache_position)


BUILDERS: Mapping[str, Callable[[], tuple[nn.Module, Inputs]]] = {
    "clip_text": clip_text,
    "bert": bert,
    "distilbert": distilbert,
    "albert": albert,
    "mobilebert": mobilebert,
    "t5_encoder": t5_encoder,
    "llama_prefill": llama_prefill,
    "llama_decode": llama_decode,
    "qwen_prefill": lambda: _prefill(_qwen()),
    "qwen_decode": lambda: _decode(_qwen()),
}
