"""The words of a cited fact are favoured, and only they."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import torch  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from medllm_ros.bedside.chat import ChatMessage, Role  # noqa: E402
from medllm_ros.engine.chat import ChatRequest, ReplyEnd  # noqa: E402
from medllm_ros.engine.cited_fact import BONUS, Alike, CitedFact  # noqa: E402
from medllm_ros.engine.decoder import Decoder  # noqa: E402
from medllm_ros.engine.local import LocalEngine  # noqa: E402
from medllm_ros.paths import bundled_model  # noqa: E402

FACTS = {
    "F5": "You may feel dizzy or light-headed when you get up. Sit down first.",
    "F6": "limit alcohol; it can irritate the stomach",
    "F7": "頭暈、口乾，起身要慢",
}
BUNDLED = bundled_model()


@pytest.fixture(scope="module")
def alike() -> Alike:
    assert BUNDLED is not None
    return Alike(transformers.AutoTokenizer.from_pretrained(BUNDLED[0], local_files_only=True))


def _written(alike: Alike, reply: str, facts: dict[str, str] = FACTS) -> set[str]:
    """Return the words that are favoured after a reply has come so far."""
    cited = CitedFact(alike, facts)
    for token in alike._tokenizer.encode(reply, add_special_tokens=False):
        cited.push(token)
    return {alike.text([index]) for index in cited.favoured()}


def _after(alike: Alike, reply: str, facts: dict[str, str] = FACTS) -> set[str]:
    """Return the same in small letters and without spaces."""
    return {word.strip().lower() for word in _written(alike, reply, facts)}


@pytest.mark.parametrize(
    ("reply", "following"),
    [
        ("[F5] You may feel dizzy or light-", "headed"),
        ("[F5] As listed, you may feel", "dizzy"),  # words before the fact, another letter
        ("[F5]", "you"),
        ("[F5][F6] limit", "alcohol"),  # of two facts the one that is being said
        ("[F6] Limit alcohol, it can irritate", "the"),  # a mark is a mark
        ("[F5] You may feel dizzy or light-headed when you get up; sit down", "first"),
        ("[F7] 頭暈、口", "乾"),
        ("[F5] You may feel dizzy. [F6] Limit", "alcohol"),
    ],
)
def test_what_follows_in_the_fact_is_favoured(alike: Alike, reply: str, following: str) -> None:
    assert _after(alike, reply) == {following}


@pytest.mark.parametrize(
    "reply",
    [
        "You may feel",  # nothing is cited
        "[F9] You may feel",  # no such fact
        "[F6] You may feel",  # words of another fact
        "[F5] It lowers",
        "[F6] limit alcohol; it can irritate the stomach",  # its end
        "[F6] limit alcohol",  # how it ends a clause is its own choice
        "",
    ],
)
def test_nothing_is_favoured_where_the_reply_follows_no_fact(alike: Alike, reply: str) -> None:
    assert not _after(alike, reply)


def test_of_places_alike_the_next_one_is_taken(alike: Alike) -> None:
    facts = {"F1": "take it with water or take it before meals"}
    assert _after(alike, "[F1] take it", facts) == {"with"}
    assert _after(alike, "[F1] take it with water or take it", facts) == {"before"}


def test_a_fact_may_begin_with_another_letter_and_goes_on_as_it_stands(alike: Alike) -> None:
    facts = {"F1": "You may keep the keep Keep"}
    assert {" You", " you"} <= _written(alike, "[F1]", facts)
    assert _written(alike, "[F1] you may keep the", facts) == {" keep"}


@given(st.text(max_size=60), st.dictionaries(st.sampled_from(["F1", "F2", "F12"]), st.text(max_size=60), max_size=3))
def test_any_fact_and_any_reply_are_taken(alike: Alike, reply: str, facts: dict[str, str]) -> None:
    cited = CitedFact(alike, facts)
    words = {alike.key[index] for text in facts.values() for index in alike.ids_of(text)}
    ids = alike._tokenizer.encode(reply.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False)
    for token in [*alike._tokenizer.encode("[F1]", add_special_tokens=False), *ids]:
        cited.push(token)
        assert {alike.key[index] for index in cited.favoured()} <= words


class _Flat(torch.nn.Module):
    """A counterpart that finds token 5 most likely, then all others alike."""

    def forward(self, input_ids: torch.Tensor, **_: object) -> object:
        logits = torch.zeros(1, input_ids.shape[1], 10)
        logits[..., 5] = 2.0
        return type("Output", (), {"logits": logits})


@pytest.mark.parametrize(("bonus", "token"), [(0.0, 5), (1.0, 5), (3.0, 7)])
def test_the_bonus_makes_likelier_and_forces_nothing(bonus: float, token: int) -> None:
    assert Decoder(_Flat(), torch.device("cpu"), bonus).step([1], favoured=[7]) == token


def test_the_bundled_model_says_a_seldom_word_of_the_fact_beside_the_question() -> None:
    assert BUNDLED is not None
    engine = LocalEngine(*BUNDLED, device="cpu")
    engine.load()
    assert getattr(engine._loaded.model.config, BONUS) > 0  # type: ignore[union-attr]
    fact = "You may notice a metallic aftertaste, gingivitis or photophobia."
    asked = f"Related facts:\nF8 side_effect: {fact}\n「what are the side effects」"
    messages = (ChatMessage(Role.SYSTEM, "Facts you may say:\nF1 name: Claboban"), ChatMessage(Role.USER, asked))
    *deltas, end = engine.stream(ChatRequest(request_id="r", messages=messages), lambda: False)
    assert isinstance(end, ReplyEnd)
    assert "a metallic aftertaste, gingivitis or photophobia" in "".join(delta.text for delta in deltas)  # type: ignore[union-attr]
    engine.close()
