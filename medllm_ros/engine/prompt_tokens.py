"""From messages to token ids, so that nobody's words can become control tokens."""

from __future__ import annotations

from typing import Any

from medllm_ros.engine.chat import ChatMessage, EngineError


class PromptEncoder:
    """Encode messages with the tokenizer's chat template.

    Control tokens inside a message's content are encoded as plain text; afterwards the ids are compared with those of
    the same prompt with harmless content, so that a template or tokenizer with a hole in it is noticed.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(
            index for index, token in tokenizer.added_tokens_decoder.items() if token.special
        ) | frozenset(tokenizer.all_special_ids)

    def encode(self, messages: tuple[ChatMessage, ...], *, reply: bool) -> list[int]:
        """Return the prompt's ids; ``reply`` adds the header after which the model writes."""
        chat = [{"role": str(message.role), "content": whole(message.content)} for message in messages]
        ids = self._apply(chat, reply)
        harmless = self._apply([{"role": entry["role"], "content": "x"} for entry in chat], reply)
        if self._control(ids) != self._control(harmless):
            raise EngineError(
                "A message would have become control tokens in the prompt; it was refused. Check the chat template."
            )
        return ids

    def count(self, text: str) -> int:
        """Return the number of tokens of a text."""
        return len(self._tokenizer.encode(whole(text), add_special_tokens=False))

    def _control(self, ids: list[int]) -> list[int]:
        return [index for index in ids if index in self._special]

    def _apply(self, chat: list[dict[str, str]], reply: bool) -> list[int]:
        import jinja2

        try:
            ids = self._tokenizer.apply_chat_template(
                chat, tokenize=True, add_generation_prompt=reply, return_dict=False, sanitize_control_tokens=True
            )
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise EngineError(f"The chat template does not take these messages: {error}.") from error
        return [int(index) for index in ids]


def whole(text: str) -> str:
    """Return the text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
