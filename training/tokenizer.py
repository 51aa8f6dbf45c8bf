"""``medllm-train tokenizer``: byte-level BPE for a small model that copies what it reads.

    medllm-train tokenizer --out runs/nano/tokenizer --size 8192 shipped:corpus shipped:med_dataset.jsonl.gz

A Chinese character, a digit and a mark are each one piece by themselves, so a name is cut the same way wherever it
stands, and copying is one piece after the other. A label (F12) and a key (side_effect) are one piece. Every byte is
known, so no text is refused.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.data import read
from training.data.rows import ChatRow, PairRow, Row, TextRow
from training.errors import TrainingError
from training.rows import places

SMALLEST = 1024  # 256 bytes, the control tokens, and something to say
# In this order: label, Chinese character, digit, key of a fact, word with the blank before it, blanks, any other mark.
_PIECES = r"F[0-9]+|\p{Han}|[0-9]| ?[a-z]+(?:_[a-z]+)+| ?[^\s\p{Han}\p{N}\p{P}\p{S}]+|\s+|[^\s\p{L}\p{N}]"


def add(parsers: Any) -> None:
    """Add the sub-command."""
    text = "make a tokenizer for a model from nothing"
    parser = parsers.add_parser("tokenizer", help=text, description=text)
    parser.add_argument("files", nargs="+", metavar="FILE", help="training data of any format, or shipped:NAME")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--size", type=int, default=8192, metavar="N", help="pieces, default 8192")


def run(args: argparse.Namespace) -> int:
    """Make it, and say how many pieces a character takes."""
    if args.size < SMALLEST:
        raise TrainingError(f"--size {args.size} is too small; {SMALLEST} pieces are the least.")
    texts = [text for row in read(places(args.files)) for text in _texts(row)]
    tokenizer = make(texts, args.size)
    tokenizer.save_pretrained(str(args.out))
    sample = texts[:: max(1, len(texts) // 2000)]
    pieces = sum(len(ids) for ids in tokenizer(sample, add_special_tokens=False)["input_ids"])
    per = pieces / max(1, sum(map(len, sample)))
    print(f"{args.out}: {len(tokenizer):,} pieces, {per:.2f} a character of what it was made from.")
    return 0


def make(texts: list[str], size: int) -> Any:
    """Return a fast tokenizer of transformers with the control tokens of the template ``plain``."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from training.template import PLAIN_TOKENS

    begin, end, pad, *_ = PLAIN_TOKENS
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(PLAIN_TOKENS), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token=end, pad_token=pad,
        additional_special_tokens=list(PLAIN_TOKENS[3:]), clean_up_tokenization_spaces=False,
    )  # fmt: skip


def _texts(row: Row) -> Iterator[str]:
    if isinstance(row, TextRow):
        yield row.text
    elif isinstance(row, PairRow):
        yield from (message.content for message in row.prompt)
        yield from (row.chosen, row.rejected)
    elif isinstance(row, ChatRow):
        yield from (message.content for message in row.messages)
