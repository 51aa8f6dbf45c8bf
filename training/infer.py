"""``medllm-train infer``: talk to a result, with and without its adapter, to try it.

    medllm-train infer --model models/Llama-3.1-8B-Instruct --adapter runs/llama31-8b-robot-dpo --nf4 --compare
    medllm-train infer --model runs/nano-sft --system "..." --ask "這個藥是做什麼的？"

The bare model answers: no facts, no guard. For the whole robot use ``medllm chat``. Greedy unless ``--temperature``.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from medllm_ros.bedside.chat import ChatMessage, Role
from training.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator


def add(parsers: Any) -> None:
    """Add the sub-command."""
    parser = parsers.add_parser("infer", help="talk to a result, with and without its adapter")
    add_model(parser, max_new_tokens=200)
    parser.add_argument("--ask", action="append", default=[], help="ask this and stop; again for another turn")


def add_model(parser: argparse.ArgumentParser, *, max_new_tokens: int) -> None:
    """Add what :class:`Talk` reads."""
    parser.add_argument("--model", required=True, help="model folder, or a run that trained a whole model")
    parser.add_argument("--adapter", help="adapter folder, or a run that trained one")
    parser.add_argument("--template", help="chat template; default: the adapter's, else the model's")
    parser.add_argument("--system", default="", help="system message")
    parser.add_argument("--compare", action="store_true", help="answer without the adapter too")
    parser.add_argument("--nf4", action="store_true", help="hold the model in 4 bit")
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="bfloat16")
    parser.add_argument("--max-new-tokens", type=int, default=max_new_tokens)
    parser.add_argument("--temperature", type=float, default=0.0)


def run(args: argparse.Namespace) -> int:
    """Answer the questions given, or those typed until the end of input."""
    talk = Talk(args)
    for question in args.ask or _typed():
        for name, answer in talk.ask(question):
            print(f"{name}: {answer}" if name else answer, flush=True)
    return 0


class Talk:
    """A conversation of several turns; with ``--compare`` two of them, each with its own answers."""

    def __init__(self, args: argparse.Namespace) -> None:
        if args.compare and not args.adapter:
            raise TrainingError("--compare needs --adapter: without one there is nothing to compare.")
        import torch

        from training import methods, models, template
        from training.config import Dtype
        from training.run_folder import resolve

        place = models.folder(args.model)
        adapter = resolve(args.adapter) if args.adapter else None
        self._tokenizer = models.plain_tokenizer(place)
        name = args.template or str(adapter / template.FILE if adapter and (adapter / template.FILE).is_file() else "")
        template.install(self._tokenizer, name or template.OWN)
        dtype = Dtype(args.dtype)
        self._models = {}
        if adapter is None or args.compare:
            self._models["base" if adapter else ""] = models.from_folder(place, dtype, four_bit=args.nf4)
        if adapter is not None:
            base = models.from_folder(place, dtype, four_bit=args.nf4)
            self._models["tuned" if args.compare else ""] = methods.load(base, adapter)
        for model in self._models.values():
            model.eval()
        self._end = [template.end_of_turn(self._tokenizer), self._tokenizer.eos_token_id]
        self._args, self._no_grad = args, torch.inference_mode
        self.said: dict[str, list[ChatMessage]] = {name: [] for name in self._models}

    def forget(self) -> None:
        """Begin anew."""
        for said in self.said.values():
            said.clear()

    def ask(self, question: str) -> Iterator[tuple[str, str]]:
        """Yield (name, answer) of each model."""
        from medllm_ros.engine.prompt_tokens import PromptEncoder

        for name, model in self._models.items():
            said = self.said[name]
            said.append(ChatMessage(Role.USER, question))
            system = [ChatMessage(Role.SYSTEM, self._args.system)] if self._args.system else []
            ids = PromptEncoder(self._tokenizer).encode((*system, *said), reply=True)
            answer = self._generate(model, ids)
            said.append(ChatMessage(Role.ASSISTANT, answer))
            yield name, answer

    def _generate(self, model: Any, ids: list[int]) -> str:
        import torch

        batch = torch.tensor([ids], device=model.device)
        sampling = {"do_sample": True, "temperature": self._args.temperature} if self._args.temperature > 0 else {}
        with self._no_grad():
            found = model.generate(
                input_ids=batch, attention_mask=torch.ones_like(batch), max_new_tokens=self._args.max_new_tokens,
                eos_token_id=self._end, pad_token_id=self._tokenizer.pad_token_id, **(sampling or {"do_sample": False}),
            )  # fmt: skip
        return str(self._tokenizer.decode(found[0, len(ids) :], skip_special_tokens=True)).strip()


def _typed() -> Iterator[str]:
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line:
            yield line


