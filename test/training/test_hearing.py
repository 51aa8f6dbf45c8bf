"""Fitting the nets of the robot's hearing: parts for cross-validation, and what a fit on few sentences can do."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("torch")

from training.hearing.corpus import CALM, Utterance, open_cases, read, rehearsed, together
from training.hearing.train import FOLDS, crossed, emergency_samples, folds

UTTERANCES = read()


def few(of_each: int) -> list[Utterance]:
    """Return the first sentences of every label, emergencies and wishes."""
    by_label: dict[str, list[Utterance]] = defaultdict(list)
    for utterance in UTTERANCES:
        if not utterance.made_the_lists:
            by_label[utterance.labels[0]].append(utterance)
    return list(chain.from_iterable(found[:of_each] for found in by_label.values()))


@pytest.mark.parametrize("unseen_authors", [False, True])
def test_every_sentence_is_in_one_part(unseen_authors: bool) -> None:
    parts = folds(UTTERANCES, 1, unseen_authors=unseen_authors)
    assert len(parts) == FOLDS and all(parts)
    assert sorted(u.text for u in chain.from_iterable(parts)) == sorted(u.text for u in UTTERANCES)


def test_no_author_is_in_two_parts_where_authors_must_be_unseen() -> None:
    groups = [{u.group for u in part} for part in folds(UTTERANCES, 1, unseen_authors=True)]
    assert not any(one & other for place, one in enumerate(groups) for other in groups[:place])


def test_of_the_open_cases_only_what_calls_nobody_is_learned_as_calm() -> None:
    critical = [case["utterances"] for _, case in open_cases() if case["expect"].get("severity") == "critical"]
    urgent = {utterances[0].strip() for utterances in critical if len(utterances) == 1}
    calm = rehearsed()
    assert len(calm) > 1000 and {utterance.emergency for utterance in calm} == {CALM}
    assert not urgent & {utterance.text for utterance in calm} - {"你好"}
    assert len({utterance.text for utterance in together()}) == len(together()) > len(UTTERANCES)


def test_sentences_that_would_make_the_net_miss_emergencies_are_left_out_of_it() -> None:
    texts = {sample.text for sample in emergency_samples(UTTERANCES)}
    assert texts.isdisjoint(u.text for u in UTTERANCES if u.group == "bedside_wishes")


@pytest.mark.slow
def test_nets_fitted_to_a_few_sentences_know_more_than_chance_of_others() -> None:
    measured = crossed(folds(few(9), 0), 0)
    assert measured["sentences"] == len(few(9))
    assert measured["intent_right"] > 0.2  # of some fifty
    shares = measured["by_threshold"]["0.5"]
    assert shares["emergencies_found"] > shares["everyday_taken"] + 0.3
