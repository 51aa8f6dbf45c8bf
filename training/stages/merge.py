"""An adapter into its 16-bit base, and what that changes, measured.

    medllm-train merge --config llama31-8b-robot-merge adapter=runs/llama31-8b-robot-dpo

Merging into 4-bit weights would round the adapter away, so it is merged in 16 bit; ``nf4`` then also saves the merged
model in 4 bit. The drift is measured against base and adapter side by side in the same number type: of the merged
model, of the merged model in 4 bit, and of the adapter beside a base in 4 bit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch

from medllm_ros.engine.folders import base_fingerprint, weights_fingerprint
from training import methods, models, rows, run_folder, template
from training.batches import chats
from training.config import DataConfig, MergeConfig
from training.data import RowKind, read
from training.errors import TrainingError
from training.processes import say
from training.run_folder import RunFolder, State, resolve

NF4 = "nf4"  # the folder beside result/


def run(config: MergeConfig) -> RunFolder:
    """Merge; return the run folder, whose ``result`` is the 16-bit model."""
    base, adapter = models.folder(config.base), resolve(config.adapter)
    kind = methods.kind_of(adapter)
    if not methods.ABILITIES[kind].merge:
        able = ", ".join(method for method, ability in methods.ABILITIES.items() if ability.merge)
        raise TrainingError(f"An adapter of the method {kind} cannot be merged; of these it can: {able}.")
    inputs = {
        "base": base_fingerprint(base), "base_weights": weights_fingerprint(base),
        "adapter": weights_fingerprint(adapter), "drift_rows": [str(path) for path in config.drift_data],
    }  # fmt: skip
    done = run_folder.open_run(config.out, config.model_dump(mode="json"), inputs)
    if done.state is State.DONE:
        say(f"{done.path} is done already; the result is {done.result}.")
        return done
    tokenizer = models.plain_tokenizer(base)
    template.install(tokenizer, str(adapter / template.FILE) if (adapter / template.FILE).is_file() else template.OWN)
    probes = _probes(config, tokenizer)

    model = methods.load(models.from_folder(base, config.dtype), adapter).eval()
    side_by_side = _scores(model, probes)
    model = model.merge_and_unload(safe_merge=True)
    drift = {"merged": _drift(side_by_side, _scores(model, probes))}
    folder = done.begin_result()
    _save(model, tokenizer, folder)
    del model

    if config.nf4:
        model = methods.load(models.from_folder(base, config.dtype, four_bit=True), adapter).eval()
        drift["adapter_on_nf4"] = _drift(side_by_side, _scores(model, probes))
        del model
        model = models.from_folder(folder, config.dtype, four_bit=True).eval()
        drift["merged_nf4"] = _drift(side_by_side, _scores(model, probes))
        _save(model, tokenizer, done.path / NF4)
        del model

    (folder / "README.md").write_text(_card(config, base_fingerprint(folder), drift), "utf-8")
    done.finish(drift=drift)
    for name, found in drift.items():
        say(f"{name}: {found['same_choice']:.2%} same next tokens, mean KL {found['mean_kl']:.2e}")
    say(f"done: {done.result}")
    return done


def _probes(config: MergeConfig, tokenizer: Any) -> list[tuple[list[int], list[int]]]:
    """Return (ids, labels): real conversations judged on their answers, else random tokens judged on all."""
    if config.drift_data:
        found: list[Any] = list(read(rows.places(config.drift_data), RowKind.CHAT)[: config.drift_rows])
        data = chats(tokenizer, found, DataConfig(train=("-",), max_tokens=8192, too_long="drop"))
        return list(zip(data["input_ids"], data["labels"], strict=True))
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(len(tokenizer), (config.drift_rows, 64), generator=draw).tolist()
    return [(row, row) for row in ids]


@torch.inference_mode()
def _scores(model: Any, probes: Sequence[tuple[list[int], list[int]]]) -> list[torch.Tensor]:
    """Return the log-probabilities [labelled tokens, vocabulary] of each probe, on the CPU."""
    found = []
    for ids, labels in probes:
        logits = model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0, :-1]
        wanted = torch.tensor([label != -100 for label in labels[1:]])
        found.append(logits[wanted.to(logits.device)].float().log_softmax(-1).cpu())
    return found


def _drift(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> dict[str, float]:
    """Return how far apart two models are: share of equal first choices, mean KL (nats), largest log difference."""
    kl = [(one.exp() * (one - other)).sum(-1) for one, other in zip(before, after, strict=True)]
    same = [(one.argmax(-1) == other.argmax(-1)).float() for one, other in zip(before, after, strict=True)]
    far = [(one - other).abs().max() for one, other in zip(before, after, strict=True)]
    return {
        "tokens": float(sum(map(len, kl))),
        "same_choice": round(float(torch.cat(same).mean()), 6),
        "mean_kl": float(torch.cat(kl).mean()),
        "largest_log_difference": float(torch.stack(far).max()),
    }


def _save(model: Any, tokenizer: Any, folder: Any) -> None:
    ends = {template.end_of_turn(tokenizer), tokenizer.eos_token_id, *_listed(model.generation_config.eos_token_id)}
    model.generation_config.eos_token_id = sorted(ends)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / template.FILE).write_text(tokenizer.chat_template, "utf-8")


def _listed(value: Any) -> list[int]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _card(config: MergeConfig, fingerprint: str, drift: Any) -> str:
    from medllm_ros.bedside.prompt import LAYOUT
    from training.cards import NOTICE

    names = " ".join(str(resolve(path).parent / resolve(path).name) for path in (config.base, config.adapter))
    lines = [
        f"# {config.out.rstrip('/').rpartition('/')[2]}", "",
        "An adapter merged into its base by medllm_ros. It is no source of medical knowledge.", "",
        "| | |", "|---|---|", f"| fingerprint | `{fingerprint}` |", f"| prompt layout | {LAYOUT} |",
        f"| number type | {config.dtype} |", "", "Drift against base and adapter side by side:", "",
        "```json", json.dumps(drift, indent=2), "```", "",
    ]  # fmt: skip
    return "\n".join([*lines, NOTICE, ""] if "llama" in names.lower() else lines)
