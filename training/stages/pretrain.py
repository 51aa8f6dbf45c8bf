"""Pretraining on plain text: continued, or from nothing with ``model.init``.

    medllm-train pretrain --config training/configs/nano-pretrain.yaml [key=value ...]

Texts are cut into blocks of ``data.max_tokens``. ``wrapped`` runs blocks over the ends of texts, as usual; ``packed``
keeps each text to itself.
"""

from __future__ import annotations

from training import batches, models, recipe
from training.arguments import text_arguments
from training.config import PretrainConfig
from training.data import RowKind
from training.processes import say
from training.run_folder import RunFolder
from training.trainers import TextTrainer


def run(config: PretrainConfig) -> RunFolder:
    """Train, or go on; return the finished run."""
    begun = recipe.begin(config, RowKind.TEXT)
    if isinstance(begun, RunFolder):
        return begun
    tokenizer, rows = begun.tokenizer, begun.rows
    train = batches.texts(tokenizer, rows.train, config.data)
    held_out = batches.texts(tokenizer, rows.validation, config.data) if rows.validation else None
    say(f"batches: {len(train)} blocks of at most {config.data.max_tokens} tokens")

    model = models.prepared(config.model, config.method, tokenizer, prefix_text=rows.train[0].text)
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
