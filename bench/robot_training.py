"""How fast the robot system trains and how much memory it takes, at its original settings and at the best ones.

    PYTHONPATH=. python bench/robot_training.py --out runs/bench      Llama-3.1-8B's exact shape; needs a GPU
    PYTHONPATH=. python bench/robot_training.py --out runs/bench --shape small \\
        --set train.offload=false --set train.optimizer=adamw_torch   a try on a CPU

The weights are random, since speed and memory do not depend on them, and the rows are cut by the tokenizer of
models/nano. Each setting trains through the stages of medllm-train, in a process of its own: on rows of med_dataset and
dpo_dataset as they are, and on rows of exactly 1024 and 2048 tokens. Tokens are those without padding; the first steps
warm up and are left out. All runs share a cap on the memory of the GPU (--cap), as a card of that size would set it.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import multiprocessing
import random
import shutil
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from rich.console import Console
from rich.table import Table

from medllm_ros.bedside.chat import ChatMessage, Role
from training import config, memory, methods, models, rows, template
from training import data as training_data
from training.data import PairRow, RowKind
from training.data.writing import write
from training.errors import TrainingError
from training.run_folder import METRICS
from training.stages import dpo, sft

NANO = Path(__file__).resolve().parents[1] / "models" / "nano" / "base"  # its tokenizer
SHAPES: dict[str, dict[str, Any]] = {
    "8b": {  # config.json of Llama-3.1-8B-Instruct
        "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "vocab_size": 128256, "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False, "rope_parameters": {
            "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
        },
    },
    "small": {
        "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 16384, "max_position_embeddings": 4096,
    },
}  # fmt: skip
STAGES = {"sft": sft, "dpo": dpo}
SETTINGS = {
    "original": {"sft": "llama31-8b-robot-sft", "dpo": "llama31-8b-robot-dpo"},
    "best": {"sft": "llama31-8b-robot-sft-fast", "dpo": "llama31-8b-robot-dpo-fast"},
}
AS_THEY_ARE = "as they are"
ROWS = (AS_THEY_ARE, "1024", "2048")  # or of exactly as many tokens
WARM_UP = 3  # steps
_CONTEXT = 0.6  # GiB of a card that CUDA itself takes


@dataclass(frozen=True)
class Measured:
    """One run. Memory in GiB, as torch allocated it and as it took it from the card."""

    stage: str
    settings: str
    rows: str
    tokens_per_second: float
    padding: float
    allocated: float
    reserved: float
    steps: int
    warm_up_seconds: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder for the model, the runs and results.json")
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--steps", type=int, default=8, help=f"of each run; the first {WARM_UP} warm up")
    parser.add_argument("--stage", choices=STAGES, action="append", help="only this one")
    parser.add_argument("--rows", choices=ROWS, action="append", help="only these, in this order")
    parser.add_argument("--cap", type=float, default=12, help="GiB of the card that is pretended")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for every run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    alone = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    found: list[Measured] = []
    try:
        for kind, stage, settings in itertools.product(args.rows or ROWS, args.stage or STAGES, SETTINGS):
            try:
                one = alone.submit(measure, args, stage, settings, kind).result()  # nothing of another is in the way
            except torch.OutOfMemoryError as error:
                print(f"{stage}, {settings}, {kind}: does not fit {args.cap:g} GiB. {error}", file=sys.stderr)
                continue
            found.append(one)
            (args.out / "results.json").write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
            print(json.dumps(asdict(one)), file=sys.stderr, flush=True)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps([asdict(one) for one in found]))
    else:
        Console().print(table(found, args))
    return 0


def measure(args: argparse.Namespace, stage: str, settings: str, kind: str) -> Measured:
    """Train for a few steps and return how that went. Raises :class:`TrainingError`."""
    base = model(args.out, args.shape)
    out = args.out / f"{stage}-{settings}-{kind.replace(' ', '-')}"
    shutil.rmtree(out, ignore_errors=True)
    fixed = {
        "out": out, "model.path": base, "model.template": "plain", "data.train": f"[{data(args.out, stage, kind)}]",
        "data.validation_share": 0, "data.near_duplicates": "allow", "data.repeats": "drop",
        "train.max_steps": args.steps, "train.log_steps": 1, "train.checkpoint_minutes": 999,
    }  # fmt: skip
    if kind != AS_THEY_ARE:  # every step is like the other
        fixed["train.max_steps"] = WARM_UP + 2
        fixed["data.max_tokens"] = max(int(kind), config.load(SETTINGS[settings][stage]).data.max_tokens)
    if stage == "dpo":
        fixed["model.adapter"] = adapter(args.out, base)
    wanted = [f"{key}={value}" for key, value in fixed.items()]
    made = config.load(SETTINGS[settings][stage], [*wanted, *args.set])
    begin(args.cap)
    run = STAGES[stage].run(made)
    measured = run.read()["measured"]
    steps = [json.loads(line) for line in (run.path / METRICS).read_text("utf-8").splitlines()]
    steps = [step for step in steps if "tokens_per_second" in step]
    totals = [0, *(step["num_tokens"] for step in steps)]
    counts = [after - before for before, after in itertools.pairwise(totals)]
    seconds = [count / step["tokens_per_second"] for count, step in zip(counts, steps, strict=True)]
    return Measured(
        stage, settings, kind, round(sum(counts[WARM_UP:]) / sum(seconds[WARM_UP:])), measured["padding_share"],
        measured["peak_memory_gib"], round(torch.cuda.max_memory_reserved() / memory.GIB, 2), len(steps),
        round(sum(seconds[:WARM_UP]), 1),
    )  # fmt: skip


def model(out: Path, shape: str) -> Path:
    """Return the folder of a model with random weights, in NF4, made once."""
    folder = out / f"model-{shape}"
    if (folder / "config.json").is_file():
        return folder
    tokenizer = models.plain_tokenizer(NANO)
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    wide = out / f"model-{shape}-16-bit"
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        made = transformers.LlamaForCausalLM._from_config(
            transformers.LlamaConfig(**SHAPES[shape], **ids), dtype=torch.bfloat16
        )
    made.save_pretrained(wide)
    del made
    held = models.from_folder(wide, config.Dtype.BF16, four_bit=True)
    shutil.rmtree(wide)
    tokenizer.save_pretrained(folder)
    held.save_pretrained(folder)
    return folder


def adapter(out: Path, base: Path) -> Path:
    """Return a fresh adapter of the SFT stage's kind for DPO to go on with, made once."""
    folder = out / "adapter"
    if not folder.is_dir():
        made = config.load(SETTINGS["original"]["sft"], [f"model.path={base}", "model.template=plain"])
        tokenizer = models.tokenizer_of(made.model)
        held = models.load(made.model, tokenizer, four_bit=True)
        methods.attach(held, made.method, tokenizer, "").save_pretrained(folder)
        methods.tidy(folder)
    return folder


def data(out: Path, stage: str, kind: str) -> Path:
    """Return a file of rows: lines of the shipped data drawn at random, or rows of exactly as many tokens."""
    name = {"sft": "med_dataset", "dpo": "dpo_dataset"}[stage]
    drawn = out / f"{name}.jsonl"
    if not drawn.is_file():
        (source,) = rows.places([f"{rows.SHIPPED}{name}.jsonl"])
        lines = source.read_text("utf-8").splitlines(keepends=True)
        drawn.write_text("".join(random.Random(7).sample(lines, 500)), "utf-8")
    if kind == AS_THEY_ARE:
        return drawn
    file = out / f"{name}-{kind}.jsonl"
    if not file.is_file():
        tokenizer = models.tokenizer_of(config.ModelConfig(path=str(NANO), template="plain"))
        row_kind = RowKind.CHAT if stage == "sft" else RowKind.PAIR
        read = training_data.read([drawn], row_kind, "auto")[:200]
        said: dict[str, str] = defaultdict(str)  # of each locale
        for row in read:
            said[row.tags.locale] += prompt(row)[-1].content
        write((grown(tokenizer, row, int(kind), said[row.tags.locale]) for row in read), file)
    return file


def grown(tokenizer: Any, row: Any, tokens: int, said: str) -> Any:
    """Return a row whose user said more, the beginning of ``said``, so that it has exactly ``tokens`` tokens."""
    *before, question = prompt(row)
    texts = (row.chosen, row.rejected) if isinstance(row, PairRow) else (row.messages[-1].content,)
    size = 0
    for _ in range(100):
        asked = (*before, ChatMessage(Role.USER, said[:size] + question.content))
        whole = [(*asked, ChatMessage(Role.ASSISTANT, text)) for text in texts]
        spare = tokens - max(len(turns.ids) for turns in template.encode_all(tokenizer, whole))
        if spare == 0:
            return replace(row, prompt=asked) if isinstance(row, PairRow) else replace(row, messages=whole[0])
        size += spare
    raise TrainingError(f"{row.where} cannot be grown to {tokens} tokens.")


def prompt(row: Any) -> tuple[ChatMessage, ...]:
    """Return what stands before the last answer."""
    return tuple(row.prompt if isinstance(row, PairRow) else row.messages[:-1])


def begin(cap: float) -> None:
    """Free what was made before, begin to measure the memory anew, and allow no more than ``cap`` GiB of it."""
    gc.collect()
    if not torch.cuda.is_available():
        return
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    whole = torch.cuda.get_device_properties(0).total_memory / memory.GIB
    torch.cuda.set_per_process_memory_fraction(min(1.0, (cap - _CONTEXT) / whole))


def table(found: list[Measured], args: argparse.Namespace) -> Table:
    """Return the figures, the best settings with their ratio to the original ones."""
    made = Table(title=f"Training, shape {args.shape}, on {memory.available()[1]}")
    for head in ("stage", "rows", "settings", "tokens/s", "ratio", "padding", "GiB allocated", "taken", "first steps"):
        made.add_column(head)
    first: Measured | None = None
    for one in found:
        first = one if one.settings == "original" else first
        ratio = one.tokens_per_second / first.tokens_per_second if first else 1
        made.add_row(
            one.stage, one.rows, one.settings, f"{one.tokens_per_second:,}", f"{ratio:.2f}", f"{one.padding:.0%}",
            f"{one.allocated:.2f}", f"{one.reserved:.2f}", f"{one.warm_up_seconds:.0f} s",
        )  # fmt: skip
    return made


if __name__ == "__main__":
    sys.exit(main())
