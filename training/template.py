"""Chat templates: one file for training, judging and serving, with marks around what the model itself writes.

A template is saved beside the adapter as ``chat_template.jinja``; the robot gives it to its tokenizer unchanged
(``medllm_ros/engine/folders.py``). ``{% generation %}`` marks what carries loss, its end-of-turn token included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medllm_ros.bedside.chat import ChatMessage, Role
from medllm_ros.engine.chat import EngineError
from medllm_ros.engine.prompt_tokens import PromptEncoder
from training.errors import TrainingError

FOLDER = Path(__file__).parent / "chat_templates"
OWN = "model"  # the template that the model's folder brings
FILE = "chat_template.jinja"
# What a tokenizer made for `plain` needs as special tokens: bos, eos (the end of a turn), padding, the three speakers.
PLAIN_TOKENS = ("<|begin|>", "<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>")
_PADDING = ("<|pad|>", "<|finetune_right_pad_id|>")  # ours and Llama 3.1's, for tokenizers that name none
_CONTROL = re.compile(r"<\|[A-Za-z0-9_]+\|>|\[gMASK\]|<sop>")


@dataclass(frozen=True)
class Turns:
    """A conversation as token ids; ``answer`` says of each whether the model is to write it."""

    ids: list[int]
    answer: list[bool]


def text(name: str) -> str:
    """Return the text of a shipped template, or of a file; raise :class:`TrainingError` where there is none."""
    for path in (FOLDER / f"{name}.jinja", Path(name).expanduser()):
        if path.is_file():
            return path.read_text("utf-8")
    known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.jinja")))
    raise TrainingError(f"There is no chat template {name}; use {OWN} (the model's own), a .jinja file or {known}.")


def install(tokenizer: Any, name: str) -> None:
    """Give the tokenizer a template and a padding token, and check that the two work together.

    Raises :class:`TrainingError` where a control token is unknown to the tokenizer, where nothing is marked as the
    model's own, where the end of a turn carries no loss, or where an answer changes how its prompt is encoded.
    """
    if name != OWN:
        tokenizer.chat_template = text(name)
    if not tokenizer.chat_template:
        raise TrainingError(
            "The model brings no chat template. Set model.template to one of "
            f"{', '.join(sorted(path.stem for path in FOLDER.glob('*.jinja')))}."
        )
    vocabulary = tokenizer.get_vocab()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = next((token for token in _PADDING if token in vocabulary), tokenizer.eos_token)
    missing = sorted(set(_CONTROL.findall(_code(tokenizer.chat_template))) - set(vocabulary))
    if missing:
        raise TrainingError(
            f"The chat template {name} writes {', '.join(missing)}, which the tokenizer does not know. "
            "Choose the model's own template (model.template: model) or another model."
        )
    _check(tokenizer, name)


def end_of_turn(tokenizer: Any) -> int:
    """Return the token that ends the model's turn."""
    probe = encode(tokenizer, (ChatMessage(Role.USER, "a"), ChatMessage(Role.ASSISTANT, "b")))
    return [index for index, own in zip(probe.ids, probe.answer, strict=True) if own][-1]


def encode(tokenizer: Any, messages: tuple[ChatMessage, ...]) -> Turns:
    """Return a conversation as the robot encodes it: control tokens in somebody's words stay plain text.

    Slow (two passes an answer); :func:`encode_all` is for data sets. Raises :class:`TrainingError`.
    """
    encoder = PromptEncoder(tokenizer)
    try:
        whole = encoder.encode(messages, reply=False)
        answer = [False] * len(whole)
        for place, message in enumerate(messages):
            if message.role is not Role.ASSISTANT:
                continue
            prompt = encoder.encode(messages[:place], reply=True)
            until = encoder.encode(messages[: place + 1], reply=False)
            if whole[: len(prompt)] != prompt or whole[: len(until)] != until:
                raise TrainingError(
                    "The chat template or the tokenizer encodes a prompt otherwise once an answer follows; the model "
                    "would learn on prompts that it never meets. Use another template."
                )
            end = len(until)
            while end > len(prompt) and not _closes(tokenizer, until, end):
                end -= 1  # a line break after the end-of-turn token belongs to the template
            answer[len(prompt) : end] = [True] * (end - len(prompt))
    except EngineError as error:
        raise TrainingError(str(error)) from error
    return Turns(whole, answer)


def encode_all(tokenizer: Any, conversations: list[tuple[ChatMessage, ...]], batch: int = 256) -> list[Turns]:
    """Return what :func:`encode` returns of each, many at a time; they are compared on the first ones."""
    special = [token.content for token in tokenizer.added_tokens_decoder.values()]
    found: list[Turns | None] = [None] * len(conversations)
    easy = []
    for place, messages in enumerate(conversations):
        if any(token in message.content for message in messages for token in special):
            found[place] = encode(tokenizer, messages)
        else:
            easy.append(place)
    for start in range(0, len(easy), batch):
        places = easy[start : start + batch]
        chats = [[{"role": str(m.role), "content": m.content} for m in conversations[place]] for place in places]
        out = tokenizer.apply_chat_template(chats, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
        for place, ids, mask in zip(places, out["input_ids"], out["assistant_masks"], strict=True):
            found[place] = Turns(list(ids), [bool(bit) for bit in mask])
    for place in easy[:16]:
        if found[place] != encode(tokenizer, conversations[place]):
            raise TrainingError(
                "The marks of the chat template and the prompt that the robot writes differ. "
                "Close the marks around the answer and its end-of-turn token, and nothing else."
            )
    return [turns for turns in found if turns is not None]


def _check(tokenizer: Any, name: str) -> None:
    dialogue = (
        ChatMessage(Role.SYSTEM, "資料：F1 name: Aa 5 mg"), ChatMessage(Role.USER, "「這是什麼？」"),
        ChatMessage(Role.ASSISTANT, "[F1] 這是 Aa。"), ChatMessage(Role.USER, "Thanks"),
        ChatMessage(Role.ASSISTANT, "Bye."),
    )  # fmt: skip
    slow = encode(tokenizer, dialogue)
    chat = [{"role": str(message.role), "content": message.content} for message in dialogue]
    try:
        out = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    except ValueError as error:  # a tokenizer without offsets
        raise TrainingError(f"The tokenizer cannot mark answers ({error}); use a fast tokenizer.") from error
    mask = [bool(bit) for bit in out["assistant_masks"]]
    if not any(mask):
        raise TrainingError(
            f"The chat template {name} marks nothing as the model's own words, so nothing would be learned. "
            "Choose one of ours with model.template, or put {% generation %} and {% endgeneration %} around the answer."
        )
    last = max(place for place, own in enumerate(mask) if own)
    if out["input_ids"][last] not in _ends(tokenizer):
        raise TrainingError(
            f"The chat template {name} leaves the end of a turn outside its marks, so the model would never learn to "
            "stop. Put the end-of-turn token before {% endgeneration %}."
        )
    if mask != slow.answer or list(out["input_ids"]) != slow.ids:
        raise TrainingError(
            f"The chat template {name} marks other tokens than the answers. Close its marks around the answer and its "
            "end-of-turn token, and nothing else."
        )


def _ends(tokenizer: Any) -> set[int]:
    return set(tokenizer.added_tokens_decoder) | set(tokenizer.all_special_ids)


def _closes(tokenizer: Any, ids: list[int], end: int) -> bool:
    return ids[end - 1] in _ends(tokenizer)


def _code(template: str) -> str:
    return re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
