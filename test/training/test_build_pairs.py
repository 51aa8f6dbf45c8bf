"""Preference pairs: the better answer passes the guard, the worse one does not, and length does not tell them apart."""

from __future__ import annotations

import pytest

from medllm_ros.delivery import Locale
from medllm_ros.safety.guard import citations
from training.data import gate, medllm_format
from training.data.build.dialogues import Builder
from training.data.build.making import PAIR_LOCALES
from training.data.build.pairs import pair
from training.data.build.worse import Kind
from training.data.script import foreign
from training.data.wording import plain

pytestmark = pytest.mark.slow  # many visits are played


MANY = 16


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder.load()


@pytest.fixture(scope="module", params=list(Kind))
def made(builder: Builder, request: pytest.FixtureRequest) -> tuple[Kind, list[dict]]:
    found = [pair(builder, number, 5, request.param, PAIR_LOCALES[number % 4]) for number in range(MANY)]
    return request.param, [record for record in found if record is not None]


def test_a_pair_is_found_for_nearly_every_number(made: tuple[Kind, list[dict]]) -> None:
    assert len(made[1]) >= MANY - 1


def test_chosen_and_rejected_are_about_as_long(made: tuple[Kind, list[dict]]) -> None:
    kind, records = made
    chosen, rejected = (sum(len(record[side]) for record in records) for side in ("chosen", "rejected"))
    assert abs(chosen - rejected) <= (0.5 if kind is Kind.LANGUAGE else 0.15) * chosen


def test_the_gate_takes_the_chosen_answers(made: tuple[Kind, list[dict]]) -> None:
    rows = [row for number, record in enumerate(made[1]) for row in medllm_format.rows(record, f"t:{number}")]
    findings = [found for found in gate.inspect(rows).findings if found.check is not gate.Check.DUPLICATE]
    assert len(findings) <= 1, [str(found.problem) for found in findings]  # making.py leaves those out


def test_a_pair_shows_the_fault_that_its_kind_names(made: tuple[Kind, list[dict]]) -> None:
    kind, records = made
    for record in records:
        (*_, row), locale = medllm_format.rows(record, "t:1"), Locale(record["locale"])
        chosen, rejected = row.chosen, row.rejected
        cited, others = ({label for s in medllm_format.spoken_sentences(text) for label in citations(s)[0]}
                         for text in (chosen, rejected))  # fmt: skip
        match kind:
            case Kind.CITATION:
                assert chosen != rejected and plain(citations(chosen)[1]) == plain(citations(rejected)[1])
            case Kind.LANGUAGE:
                assert foreign(rejected, locale) or (locale is not Locale.EN_US and rejected.isascii())
            case Kind.INVENTED | Kind.COLD:
                assert cited == others
            case Kind.INJECTION:
                assert not cited <= others
            case Kind.UNSAFE:
                assert others <= cited
