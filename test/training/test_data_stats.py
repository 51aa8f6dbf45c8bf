"""The numbers that a data card states."""

from __future__ import annotations

import json

import pytest
import yaml
from data_rows import chat, pair, taiwanese, text
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from training.data import DataError
from training.data.report import ABOUT, DataFile, about, card, histogram
from training.data.self_bleu import scores, self_bleu
from training.data.stats import stats
from training.data.wording import ngrams, skeleton, tokens


def test_names_numbers_times_and_citations_leave_the_skeleton():
    names = ("華法林", "Warfarin", "樂脈寧")
    one = skeleton("[F1] 這是華法林（Warfarin），早上八點吃 3 mg。", names)
    other = skeleton("[F12]這是樂脈寧，晚上 10:30 吃兩顆！", names)
    assert one == other != skeleton("[F1] 這是華法林，飯後吃 3 mg。", names)


def test_two_scripts_have_one_skeleton():
    assert skeleton("請問飯後吃嗎？") == skeleton("请问饭后吃吗?")


def test_dialogues_are_counted_by_line_and_by_sort():
    rows = [
        chat("甲", "乙", "one", "m:1", tags=taiwanese()), chat("丙", "丁", "one", "m:1", tags=taiwanese()),
        chat("What is it", "A pill", "two", "m:2"), pair("a", "b", "c", "three", "d:1", kind="unsafe"),
    ]  # fmt: skip
    found = stats(rows)
    assert (found.rows, found.dialogues, found.groups) == (4, 3, 3)
    assert found.counts["origin"] == {"-": 2, "written": 1}
    assert found.counts["locale"] == {"en_US": 2, "zh_TW": 1}
    assert found.counts["kind"] == {"chat": 2, "unsafe": 1}


def test_the_share_of_one_template_is_seen():
    names = ("甲乙", "丙丁", "戊己")
    rows = [chat(f"請問藥{name}要飯後吃嗎", f"{name}飯後吃。", tags=taiwanese(name)) for name in names]
    rows.append(chat("這是什麼", "我看看。", tags=taiwanese()))
    found = stats(rows).skeletons["dialogues"]
    assert (found.texts, found.distinct, found.share_distinct, found.largest_share) == (4, 2, 0.5, 0.75)
    assert not any(name in found.largest for name in names) and "吃" in found.largest


def test_lengths_count_with_the_given_tokenizer():
    found = stats([text("abc"), text("abcde")], count_tokens=lambda words: len(words) * 2, tokenizer="double")
    assert (found.characters.total, found.characters.longest) == (8, 5)
    assert (found.tokens.total, found.tokens.median, found.tokenizer) == (16, 8, "double")


def test_self_bleu_tells_repetition_from_variety_in_chinese():
    same = ["請在飯後半小時吃這個藥，不要配茶。"] * 5
    varied = ["飯後吃就可以。", "這個藥會讓您想睡，別開車。", "放在陰涼的地方，不用冰。", "忘了就跳過這一次。"]
    assert self_bleu(same) == pytest.approx(100)
    assert self_bleu(varied) < 20
    assert self_bleu(["一句"]) is None


@pytest.mark.parametrize(
    "texts",
    [
        ["飯後吃就可以，飯後吃。", "飯後吃這個藥，不要配茶。", "放冰箱。", "飯後。", "請飯後吃這個藥，不要配茶。"],
        ["Take it with food.", "Take it with water, not with milk.", "Keep it cold.", "Take it with food, please."],
    ],
)
def test_self_bleu_is_sacrebleus_own_number(texts):
    bleu = BLEU(tokenize="zh" if "飯" in texts[0] else "13a", effective_order=True)
    wanted = [bleu.sentence_score(text, [other for other in texts if other is not text]).score for text in texts]
    assert scores(texts) == pytest.approx(wanted)


def test_self_bleu_is_the_same_for_the_same_seed():
    texts = [f"這是第{number}句話，請您飯後再吃這個藥。" for number in range(50)]
    assert self_bleu(texts, sample=10, seed=3) == self_bleu(texts, sample=10, seed=3)


@given(st.text(max_size=40), st.integers(1, 9))
def test_ngrams_cover_a_text_of_any_length(words, size):
    found = tokens(words)
    assert all(len(gram) == min(size, len(found)) for gram in ngrams(found, size))
    assert {token for gram in ngrams(found, size) for token in gram} == set(found)


ROWS = [chat("這個藥飯後吃嗎", "飯後吃。", "g", f"m:{number}", tags=taiwanese()) for number in range(3)]


def test_a_card_states_the_numbers_and_what_a_person_wrote(tmp_path):
    path = tmp_path / "about.yaml"
    path.write_text(yaml.safe_dump({key: f"about {key}" for key in ABOUT}), encoding="utf-8")
    text = card(stats(ROWS), about(path), [DataFile("m.jsonl", "ab" * 32, 3)])
    assert all(f"about {key}" in text for key in ABOUT)
    assert f"| `m.jsonl` | 3 | `{'ab' * 32}` |" in text and "| dialogues | 3 | 1 | 33.3% | 100.00% |" in text
    assert "answers: zh_TW 100.0" in text and "\n\n\n" not in text


@pytest.mark.parametrize("content", ["[]", "title: x", "title: ''\nmade: a\nsources: a\nlicence: a\nuse: a\nlimits: a"])
def test_a_card_without_its_texts_is_refused(tmp_path, content):
    path = tmp_path / "about.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=str(path)):
        about(path)


def test_the_numbers_are_plain_json():
    assert json.loads(json.dumps(stats(ROWS).plain()))["skeletons"]["answers"]["distinct"] == 1


def test_a_histogram_is_a_png(tmp_path):
    path = tmp_path / "out" / "lengths.png"
    histogram(stats(ROWS), path)
    assert path.read_bytes().startswith(b"\x89PNG")
