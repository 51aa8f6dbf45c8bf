"""Evaluation: dialogues played through the real session; what counts as right, and what is written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medllm_ros.bedside.context import SessionContext
from medllm_ros.engine.chat import ChatMessage, ChatRequest, ReplyEnd, StopReason, TextDelta
from training.cli import main
from training.data.medllm_format import Dialogue, dialogue
from training.evaluate.overlap import overlap
from training.evaluate.play import Answer, play
from training.evaluate.report import guard_hash, summary

LINE = {
    "id": "t-1", "group": "cell-01", "locale": "zh_TW", "order": "amlodipine PO QD",
    "turns": [{"user": "這個藥是做什麼的", "facts": [], "assistant": "-"}],
}  # fmt: skip


class FakeEngine:
    """An engine that says what a function makes of the request. Not a model."""

    name = "fake"

    def __init__(self, words: Callable[[ChatRequest], str]) -> None:
        self.words = words
        self.prepared: list[tuple[ChatMessage, ...]] = []

    def prepare(self, messages: tuple[ChatMessage, ...]) -> int:
        self.prepared.append(messages)
        return 1

    def stream(self, request: ChatRequest, cancelled: Callable[[], bool]) -> Iterator[TextDelta | ReplyEnd]:
        text = self.words(request)
        yield TextDelta(text, len(text))
        yield ReplyEnd(
            reason=StopReason.COMPLETE, prompt_tokens=9, completion_tokens=len(text), first_token_s=0.1, total_s=0.2
        )


@pytest.fixture(scope="module")
def context() -> SessionContext:
    return SessionContext.load()


def said(context: SessionContext, words: Callable[[ChatRequest], str]) -> Answer:
    line: Dialogue = dialogue(LINE)
    (answer,) = play(line, context, FakeEngine(words))  # type: ignore[arg-type]
    return answer


def fact(request: ChatRequest) -> str:
    """Return the last fact that stands beside the question, word for word."""
    line = [line for line in request.messages[-1].content.splitlines() if line.startswith("F")][-1]
    return f"[{line.split()[0]}] {line.partition(': ')[2]}"


def test_the_fact_with_its_label_is_right(context: SessionContext) -> None:
    answer = said(context, fact)
    assert answer.right and answer.owed and not answer.refused and not answer.missing
    assert 0 < answer.first_sentence_s <= 5


def test_a_deferral_states_nothing_and_is_a_miss(context: SessionContext) -> None:
    answer = said(context, lambda request: "這個我不知道，請您問藥師。")
    assert not answer.refused and answer.missing == answer.owed and not answer.right


def test_an_invented_dose_is_refused_and_its_fact_does_not_count_as_stated(context: SessionContext) -> None:
    answer = said(context, lambda request: fact(request).rstrip("。") + "，一天吃三顆。")
    assert answer.refused and answer.missing and not answer.right


def test_another_language_is_seen(context: SessionContext) -> None:
    assert said(context, lambda request: "这个药请问药师。").foreign


def test_the_system_part_is_read_before_the_question(context: SessionContext) -> None:
    engine = FakeEngine(fact)
    list(play(dialogue(LINE), context, engine))  # type: ignore[arg-type]
    ((system,),) = engine.prepared
    assert system.role == "system"


def test_intervals_hold_the_share_and_the_difference_is_paired(context: SessionContext) -> None:
    good, bad = said(context, fact), said(context, lambda request: "這個我不知道，請您問藥師。")
    found = summary({"one": [bad], "two": [good]})
    assert found["one"]["all"]["right"] == 0 and found["two"]["all"]["right"] == 1
    assert found["two"]["all"]["better_than_first_by_95"] == [1.0, 1.0]
    assert "invented" not in found["one"]


def test_the_command_writes_report_plot_and_a_sheet_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "test.jsonl"
    data.write_text(json.dumps(LINE, ensure_ascii=False) + "\n", encoding="utf-8")
    assert main(["evaluate", str(data), "--system", "none", "--out", str(tmp_path / "out"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["systems"]["none"]["all"]["right"] == 1
    assert report["guard_sha256"] == guard_hash()
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == report
    assert (tmp_path / "out" / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "out" / "answers.csv").open(encoding="utf-8-sig") as stream:
        (row,) = csv.DictReader(stream)
    assert row["question"] == LINE["turns"][0]["user"] and row["warm 1-5"] == ""  # type: ignore[index]


def test_a_system_that_is_none_of_both_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "shipped:test_dataset.jsonl", "--system", "nano"]) == 1
    assert "NAME=MODEL" in capsys.readouterr().err


@pytest.mark.parametrize(
    "reference", ["[F3] 用來治療高血壓，也用來預防心絞痛。", "[F3] It treats high blood pressure and angina."]
)
def test_overlap_is_full_for_the_reference_itself_and_falls_with_other_words(reference: str) -> None:
    same = overlap([(reference, reference)])
    assert same["bleu"] == same["rouge_l"] == 100
    assert same["meteor"] > 99  # its formula never gives the whole hundred
    half = overlap([(reference[: len(reference) // 2], reference)])
    other = overlap([("請問護理師。" if "用" in reference else "Please ask the nurse.", reference)])
    for name in same:
        assert other[name] < half[name] < same[name]


def test_a_citation_counts_for_nothing_in_overlap() -> None:
    assert overlap([("可能會頭暈。", "[F3] 可能會頭暈。")]) == overlap([("[F9] 可能會頭暈。", "可能會頭暈。")])
