"""Direct preference optimisation of an SFT result.

    medllm-train dpo --config training/configs/nano-dpo.yaml model.adapter=runs/nano-sft [key=value ...]

The reference is the model as the SFT stage left it: with a LoRA adapter trl keeps a frozen copy of that adapter beside
the one 4-bit base; otherwise its log-probabilities are computed once, before the first step. The first batch must
show a loss of ln 2 and rewards of 0, or the run stops.
"""

from __future__ import annotations

from accelerate.utils import is_peft_model

from training import batches, models, recipe
from training.arguments import pair_arguments
from training.config import DpoConfig
from training.data import RowKind
from training.processes import say
from training.run_folder import RunFolder
from training.trainers import PairTrainer


def run(config: DpoConfig) -> RunFolder:
    """Train, or go on; return the finished run."""
    begun = recipe.begin(config, RowKind.PAIR)
    if isinstance(begun, RunFolder):
        return begun
    tokenizer, rows = begun.tokenizer, begun.rows
    train = batches.pairs(tokenizer, rows.train, config.data)
    held_out = batches.pairs(tokenizer, rows.validation, config.data) if rows.validation else None
    say(f"pairs: {len(train)}; {_lengths(train)}")

    model = models.prepared(config.model, config.method, tokenizer)
    adapted = is_peft_model(model)
    trainer = PairTrainer(
        model=model,
        args=pair_arguments(config, begun.run, validate=held_out is not None, precompute=not adapted),
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        callbacks=recipe.callbacks(begun),
    )
    recipe.watch(trainer, begun, config)
    recipe.fit(trainer, begun)
    if adapted and "ref" in trainer.model.peft_config:
        trainer.model.delete_adapter("ref")
    return recipe.finish(trainer, begun, config)


def _lengths(train: object) -> str:
    """Say how long the two sides are: where chosen is longer, length is what is learned."""
    better, worse = (
        sum(map(len, train[name])) / len(train) for name in ("chosen_ids", "rejected_ids")  # type: ignore[index, arg-type]
    )  # fmt: skip
    return f"chosen {better:.0f} tokens on average, rejected {worse:.0f}"
