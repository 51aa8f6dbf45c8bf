"""Batches: what carries loss, how rows are packed, and that neither padding nor a neighbour changes a row."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("trl")

import torch
import transformers

from medllm_ros.bedside.chat import ChatMessage, Role
from training import batches
from training.config import Batches, DataConfig, TextConfig
from training.data import ChatRow, Learn, PairRow, TextRow
from training.errors import TrainingError


def chat(*said: str, learn: Learn = Learn.ALL) -> ChatRow:
    roles = [Role.USER, Role.ASSISTANT] * len(said)
    return ChatRow(tuple(map(ChatMessage, roles, said)), group="g", where="rows.jsonl:7", learn=learn)


ROWS = [
    chat("藥？", "降血壓。"), chat("Is it for my blood pressure?", "Yes."),
    chat("何時吃？", "早上八點飯後吃。", "謝謝", "好。"),
]  # fmt: skip


def config(**changes: Any) -> DataConfig:
    return DataConfig(train=("-",), **{"max_tokens": 128, **changes})


def learned(tokenizer: Any, row: dict[str, Any]) -> str:
    return str(tokenizer.decode([label for label in row["labels"] if label != batches.IGNORED]))


def test_a_pair_is_as_long_as_its_longer_side(tokenizer: Any) -> None:
    prompt = (ChatMessage(Role.USER, "藥？"),)
    sides = ("好。", "不知道。")
    rows = [PairRow(prompt, chosen, rejected, group="g") for chosen, rejected in (sides, sides[::-1])]
    made = batches.pairs(tokenizer, rows, config())
    first, second = batches.lengths(made)
    assert first == second == len(made[0]["prompt_ids"]) + len(made[0]["rejected_ids"])


def test_labels_hold_the_answers_alone(tokenizer: Any) -> None:
    data = batches.chats(tokenizer, ROWS, config())
    assert [learned(tokenizer, row) for row in data] == [
        "降血壓。<|end|>", "Yes.<|end|>", "早上八點飯後吃。<|end|>好。<|end|>"
    ]  # fmt: skip


def test_of_the_robots_own_rows_only_the_last_answer_is_learned(tokenizer: Any) -> None:
    row = chat("何時吃？", "早上八點飯後吃。", "謝謝", "好。", learn=Learn.LAST)
    assert learned(tokenizer, batches.chats(tokenizer, [row], config())[0]) == "好。<|end|>"


def test_a_weighted_prompt_carries_loss_too(tokenizer: Any) -> None:
    row = batches.chats(tokenizer, ROWS[:1], config(prompt_weight=0.25))[0]
    assert row["labels"][1:] == row["input_ids"][1:]
    answer = len(tokenizer("降血壓。<|end|>")["input_ids"])
    assert row["weights"] == [0.25] * (len(row["weights"]) - answer) + [1.0] * answer


def test_a_row_that_is_too_long_is_refused_with_its_place_or_dropped_but_never_cut(tokenizer: Any) -> None:
    long = chat("藥？" * 200, "好。")
    with pytest.raises(TrainingError, match=r"rows\.jsonl:7 has \d+ tokens"):
        batches.chats(tokenizer, [*ROWS, long], config())
    assert len(batches.chats(tokenizer, [*ROWS, long], config(too_long="drop"))) == 3


def test_pairs_share_their_prompt_and_end_their_turns(tokenizer: Any) -> None:
    row = PairRow((ChatMessage(Role.USER, "藥？"),), "降血壓。", "Stop it.", group="g")
    found = batches.pairs(tokenizer, [row], config())[0]
    assert tokenizer.decode(found["prompt_ids"]) == "<|begin|><|user|>藥？<|end|><|assistant|>"
    assert tokenizer.decode(found["chosen_ids"]) == "降血壓。<|end|>"
    assert tokenizer.decode(found["rejected_ids"]) == "Stop it.<|end|>"


@pytest.mark.parametrize("kind", ["wrapped", "packed"])
def test_every_token_of_a_text_is_in_exactly_one_block(tokenizer: Any, kind: str) -> None:
    rows = [TextRow("早上八點飯後吃。" * 9), TextRow("Hello"), TextRow("藥<|end|>")]
    data = batches.texts(tokenizer, rows, TextConfig(train=("-",), max_tokens=32, batches=kind))
    ids = [index for row in data for index in row["input_ids"]]
    assert max(map(len, data["input_ids"])) <= 32
    begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    plain = [[begin, *tokenizer(row.text, split_special_tokens=True)["input_ids"], end] for row in rows]
    assert sorted(ids) == sorted(index for text in plain for index in text)
    assert ids.count(end) == 3  # the one in the third text stays plain text


def test_a_packed_row_computes_what_it_computes_alone(tokenizer: Any, tiny: Any) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny, attn_implementation="sdpa").eval()
    packed = batches.chats(tokenizer, ROWS, config(batches=Batches.PACKED))
    assert len(packed) == 1
    together = batches.Collator(tokenizer.pad_token_id)(list(packed))
    together.pop("tokens")
    alone = batches.chats(tokenizer, ROWS, config())
    with torch.no_grad():
        # without a cache, as the trainers call it: with one transformers does not look for packed rows
        logits = model(
            input_ids=together["input_ids"], position_ids=together["position_ids"], use_cache=False
        ).logits[0]
        start = 0
        for length in packed[0]["seq_lengths"]:
            ids = together["input_ids"][:, start : start + length]
            assert ids[0].tolist() in alone["input_ids"]
            torch.testing.assert_close(logits[start : start + length], model(input_ids=ids).logits[0])
            start += length


def test_padding_changes_nothing_without_a_mask(tokenizer: Any, tiny: Any) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny, attn_implementation="sdpa").eval()
    data = batches.chats(tokenizer, ROWS, config())
    batch = batches.Collator(tokenizer.pad_token_id)(list(data))
    assert batch.pop("tokens") == sum(map(len, data["input_ids"]))
    with torch.no_grad():
        logits = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits
        for place, ids in enumerate(data["input_ids"]):
            torch.testing.assert_close(logits[place, : len(ids)], model(input_ids=torch.tensor([ids])).logits[0])


def test_rows_of_like_length_stand_together_and_every_epoch_has_its_own_order() -> None:
    lengths = [7, 90, 8, 91, 9, 92, 10]
    sampler = batches.ByLength(lengths, 2, seed=3)
    orders = []
    for epoch in (0, 1, 0):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
    assert orders[0] == orders[2]
    assert all(sorted(order) == list(range(7)) for order in orders)
    pairs = [order[start : start + 2] for order in orders for start in (0, 2, 4)]
    assert all(abs(lengths[one] - lengths[other]) < 85 for one, other in pairs)
    assert orders[0] != orders[1]
