"""Supervised fine-tuning.

    medllm-train sft --config training/configs/nano-sft.yaml [key=value ...]
    medllm-train sft --config llama31-8b-robot-sft train.batch=2 data.train=[shipped:med_dataset.jsonl.gz]

    medllm-train sft --config nano-sft model.path=null model.tokenizer=FOLDER 'model.init={hidden_size: 256, ...}' \\
        data.prompt_weight=0.1 train.max_minutes=60 train.schedule=by_time     (from nothing, in the time there is)

Loss falls on the assistant's words and their end-of-turn token, never on the system message or the user's words
(unless ``data.prompt_weight`` asks for it). ``model.init`` trains a new Llama from nothing. The run goes on after a
kill or Ctrl-C with the same command; see training/run_folder.py for what it leaves.
"""

from __future__ import annotations

from medllm_ros.bedside.chat import Role
from training import batches, models, recipe
from training.arguments import text_arguments
from training.config import SftConfig
from training.data import RowKind
from training.processes import say
from training.run_folder import RunFolder
from training.trainers import TextTrainer


def run(config: SftConfig) -> RunFolder:
    """Train, or go on; return the finished run."""
    begun = recipe.begin(config, RowKind.CHAT)
    if isinstance(begun, RunFolder):
        return begun
    tokenizer, rows = begun.tokenizer, begun.rows
    train = batches.chats(tokenizer, rows.train, config.data)
    held_out = batches.chats(tokenizer, rows.validation, config.data, pack=False) if rows.validation else None
    longest = max(map(len, train["input_ids"]))
    say(f"batches: {len(train)} rows of at most {longest} tokens ({config.data.batches})")

    model = models.prepared(config.model, config.method, tokenizer, prefix_text=_first_words(rows.train[0]))
    trainer = TextTrainer(
        model=model,
        args=text_arguments(config, begun.run, validate=held_out is not None),
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        data_collator=batches.Collator(tokenizer.pad_token_id),
        callbacks=recipe.callbacks(begun),
    )
    recipe.watch(trainer, begun, config)
    recipe.fit(trainer, begun)
    return recipe.finish(trainer, begun, config)


def _first_words(row: object) -> str:
    """Return the first system message (else everything that is said): a real text for a prefix to begin with."""
    messages = row.messages  # type: ignore[attr-defined]
    system = [message.content for message in messages if message.role is Role.SYSTEM]
    return system[0] if system else "\n".join(message.content for message in messages)
