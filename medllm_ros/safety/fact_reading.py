"""A fact as the guard reads it: its sentences as rows of words, in every order that says the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from medllm_ros.formulary.sheet import NAME, ORDER
from medllm_ros.safety.clauses import guard_words, sentences
from medllm_ros.safety.folding import fold, is_cjk
from medllm_ros.safety.lexicon import IF, WHEN, Row, Word, read_row, steers
from medllm_ros.safety.word_lists import Gap

_MOST_ORDERS = 16


@dataclass(frozen=True)
class Fact:
    """A fact, read once. ``sentences[i]`` holds the rows that say sentence ``i``; ``wholes`` those of all together."""

    sentences: tuple[tuple[Row, ...], ...]
    wholes: tuple[Row, ...]
    vocabulary: frozenset[str]


@lru_cache(maxsize=2048)
def read_fact(text: str, key: str, names: tuple[str, ...], by_mouth: bool) -> Fact:
    """Return a fact's text as rows; ``names`` are the folded names of its medicine, ``by_mouth`` its route."""
    pieces = [text] if key in (NAME, ORDER) else sentences(text)
    rows = [row for piece in pieces if (row := read_row(fold(piece), names, by_mouth))] or [()]
    english = not any(map(is_cjk, text))
    if key in guard_words()["loose"]:
        rows = [_with_lists(row, english, key) for row in rows]
    orders = tuple(tuple(dict.fromkeys(_orders(row, key, english))) for row in rows)
    wholes = tuple(_joined(chosen) for chosen in list(product(*orders))[:_MOST_ORDERS])
    return Fact(orders, wholes, frozenset(word.text for row in wholes for word in row))


def joined(fact: Fact, first: int, last: int) -> list[Row]:
    """Return the rows that say the sentences ``first`` up to and without ``last``."""
    return [_joined(chosen) for chosen in list(product(*fact.sentences[first:last]))[:_MOST_ORDERS]]


def _joined(rows: tuple[Row, ...]) -> Row:
    whole: list[Word] = []
    for row in rows:
        if not row:
            continue
        whole += [Word(row[0].text, Gap.STOP, True), *row[1:]] if whole else row
    return tuple(whole)


def _with_lists(row: Row, english: bool, key: str) -> Row:
    """Return a sentence with the commas of its lists as list marks.

    In Chinese a comma belongs to a list where a later item comes after "，或"; in English wherever a later one comes
    after "or" or "and", in a list of side effects or behind "tell the nurse if".
    """
    listed: list[Word] = []
    behind_if = False
    for at, word in enumerate(row):
        behind_if = behind_if or (word.text == IF and at > 0)
        may_list = word.gap is Gap.COMMA and (not english or key == "side_effect" or behind_if)
        listed.append(replace(word, gap=Gap.LIST) if may_list and _list_goes_on(row[at:], english) else word)
    return tuple(listed)


def _list_goes_on(rest: Row, english: bool) -> bool:
    for word in rest:
        if steers(word.text) or word.gap is Gap.STOP:
            return False
        if word.gap in (Gap.OR, Gap.AND) and (english or word.paused):
            return True
    return False


def _orders(row: Row, key: str, english: bool) -> list[Row]:
    """Return a sentence with its condition at either end: "tell the nurse if ..." and "if ..., tell the nurse"."""
    found = [row]
    steering = [at for at, word in enumerate(row) if word.text == IF]
    if english and not steering:
        steering = [at for at, word in enumerate(row) if word.text == WHEN]
    if len(steering) == 1 and steering[0] > 0:
        found.append(_turned(row, steering[0]))
    elif len(steering) == 1:
        cuts = [at for at, word in enumerate(row) if at and word.gap is Gap.COMMA]
        if len(cuts) == 1:
            found.append(_turned(row, cuts[0]))
    elif not steering and key == "red_flag":
        found += _with_condition(row)
    return found


def _turned(row: Row, at: int) -> Row:
    """Return the row from ``at`` on, then what stood before it."""
    return (Word(row[at].text, Gap.NONE), *row[at + 1 :], Word(row[0].text, Gap.COMMA, True), *row[1:at])


def _with_condition(row: Row) -> list[Row]:
    """Return "chest pain: call" and "call for chest pain" with the "if" that they mean."""
    calls = frozenset(guard_words()["calls"])
    found = []
    head = next((at for at, word in enumerate(row) if word.text not in calls), len(row))
    tail = next((at for at in range(len(row), 0, -1) if row[at - 1].text not in calls), 0)
    if 0 < head < len(row):
        rest = head + 1 if row[head].text in ("for", "about", "with") else head
        if rest < len(row):
            symptoms = (Word(IF, Gap.NONE), Word(row[rest].text, Gap.NONE), *row[rest + 1 :])
            found += [(*row[:head], *symptoms), (*symptoms, Word(row[0].text, Gap.COMMA, True), *row[1:head])]
    elif 0 < tail < len(row):
        found.append((Word(IF, Gap.NONE), *row))
    return found
