"""A tiny Llama with random weights, a tokenizer of the bundled model's kind, and a few rows; no network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import config as configuration
from training.template import PLAIN_TOKENS, text

LLAMA = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"]
CORPUS = [
    "您好，我是送藥機器人。這顆藥是降血壓的，早上八點飯後吃。",
    "資料：F1 name: 脈優 F2 purpose: 降血壓 F3 food_drink: 不要喝葡萄柚汁",
    "Hello, I am the delivery robot. This tablet lowers your blood pressure. Please ask the nurse.",
] * 4
ANSWERS = [
    ("脈優", "降血壓", "這顆藥可以幫您把血壓降下來。"), ("立普妥", "降膽固醇", "這是幫您降膽固醇的藥。"),
    ("冠脂妥", "降血脂", "它讓血裡的油少一點。"), ("庫魯化", "降血糖", "吃了以後血糖會比較穩。"),
    ("耐適恩", "保護胃", "這顆保護您的胃，不讓胃酸太多。"), ("來適泄", "利尿", "它讓身體多餘的水排出去。"),
    ("可邁丁", "預防血栓", "這是讓血不容易凝固的藥。"), ("安滅菌", "治療感染", "這是治療細菌感染的抗生素。"),
]  # fmt: skip


def make_tokenizer() -> Any:
    """Return a byte-level BPE that knows the control tokens of `plain` and of `llama31`."""
    import tokenizers
    import transformers

    backend = tokenizers.Tokenizer(tokenizers.models.BPE())
    backend.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=340, special_tokens=[*PLAIN_TOKENS, *LLAMA], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    backend.train_from_iterator(CORPUS, trainer)
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<|begin|>", eos_token="<|end|>", pad_token="<|pad|>",
        additional_special_tokens=["<|system|>", "<|user|>", "<|assistant|>", *LLAMA],
    )  # fmt: skip
    made.chat_template = text("plain")
    return made


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Return the tokenizer, with the template `plain`."""
    return make_tokenizer()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder as a hospital would copy it, float32."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("tiny") / "llama"
    made = make_tokenizer()
    made.save_pretrained(folder)
    torch.manual_seed(0)
    shape = transformers.LlamaConfig(
        vocab_size=len(made), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, initializer_range=0.1, bos_token_id=made.bos_token_id,
        eos_token_id=made.eos_token_id, pad_token_id=made.pad_token_id, tie_word_embeddings=True,
    )  # fmt: skip
    transformers.LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return small clean files of conversations, preferences and texts."""
    folder = tmp_path_factory.mktemp("rows")
    chats, pairs, texts = [], [], []
    for number, (name, purpose, answer) in enumerate(ANSWERS):
        system = {"role": "system", "content": f"您是送藥機器人。\n資料：\nF1 name: {name}\nF2 purpose: {purpose}"}
        user = {"role": "user", "content": f"「{name}這個藥是做什麼用的？」"}
        said, group = {"role": "assistant", "content": f"[F2] {answer}"}, f"g{number}"
        chats.append({"messages": [system, user, said], "group": group})
        pairs.append(
            {"prompt": [system, user], "chosen": said["content"], "rejected": f"{name}隨便吃。", "group": group}
        )
        texts.append(f"{name}是一種藥，用途是{purpose}。{answer}要請護理師說明。")
    for kind, rows in (("chats", chats), ("pairs", pairs)):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / f"{kind}.jsonl").write_text("".join(lines), "utf-8")
    (folder / "texts.txt").write_text("\n\n".join(texts), "utf-8")
    return {path.stem: str(path) for path in folder.iterdir()}


@pytest.fixture
def settings(tiny: Path, files: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """Return a maker of small configurations: ``settings("sft", **{"train.max_steps": 2})``."""

    def make(stage: str, **changes: Any) -> Any:
        data = {"pretrain": "texts", "sft": "chats", "dpo": "pairs"}[stage]
        content: dict[str, Any] = {
            "stage": stage,
            "out": str(tmp_path / stage),
            "model": {"path": str(tiny), "template": "plain", "dtype": "float32"},
            "method": {"kind": "lora", "r": 4, "alpha": 8, "dropout": 0.0},
            "data": {"train": [files[data]], "max_tokens": 256, "near_duplicates": "allow"},
            "train": {
                "learning_rate": 1e-3, "batch": 2, "max_steps": 3, "precision": "float32", "log_steps": 1,
                "gradient_checkpointing": False, "threads": 1,
            },
        }  # fmt: skip
        for key, value in changes.items():
            place = content
            *parents, last = key.split(".")
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        return configuration.check(content, "test")

    return make
