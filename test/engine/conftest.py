"""A tiny Llama with random weights and a tokenizer of its own, made in a second; no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LAYOUT = 1
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
CORPUS = [
    "您好，我是送藥機器人。這顆藥是降血壓的，早上八點飯後吃。", "請問您的姓名和出生年月日？我幫您請護理師過來。",
    "Hello, I am the delivery robot. This tablet lowers your blood pressure. Please ask the nurse.",
] * 4  # fmt: skip


def _save_tokenizer(folder: Path) -> int:
    tokenizers = pytest.importorskip("tokenizers")
    transformers = pytest.importorskip("transformers")
    backend = tokenizers.Tokenizer(tokenizers.models.BPE())
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(CORPUS, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=SPECIAL[0], eos_token="<|eot_id|>", additional_special_tokens=SPECIAL[1:4]
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def _save_model(folder: Path, vocabulary: int, seed: int) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.3, bos_token_id=0, eos_token_id=4,
        tie_word_embeddings=False,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder as a hospital would copy it to the robot."""
    folder = tmp_path_factory.mktemp("tiny") / "llama"
    folder.mkdir()
    _save_model(folder, _save_tokenizer(folder), seed=0)
    return folder


@pytest.fixture(scope="session")
def tiny_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a LoRA adapter for the tiny model that changes what it says."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    peft = pytest.importorskip("peft")
    from medllm_ros.engine.folders import write_card

    folder = tmp_path_factory.mktemp("tiny") / "adapter"
    torch.manual_seed(1)
    base = transformers.AutoModelForCausalLM.from_pretrained(tiny_model, local_files_only=True)
    targets = ["q_proj", "v_proj", "down_proj"]
    config = peft.LoraConfig(r=4, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM")
    model = peft.get_peft_model(base, config)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.5)
    model.save_pretrained(folder)
    write_card(folder, tiny_model, LAYOUT)
    assert json.loads((folder / "medllm_adapter.json").read_text())["prompt_layout"] == LAYOUT
    return folder
