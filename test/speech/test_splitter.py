"""The splitter never cuts where a cut could change a dose, and cuts the same way however the text arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.speech.splitter import SentenceSplitter

# each entry is a text and the sentences it must become
GOLDEN: list[tuple[str, list[str]]] = [
    ("Take 0.125 mg. Then rest.", ["Take 0.125 mg.", "Then rest."]),
    ("Give 1,000 units. Call me.", ["Give 1,000 units.", "Call me."]),
    ("Take it p.o. t.i.d. with water. Good.", ["Take it p.o. t.i.d. with water.", "Good."]),
    ("Take it P.O. T.I.D. with water. Good.", ["Take it P.O. T.I.D. with water.", "Good."]),
    ("One tablet q.6h. as needed. Good.", ["One tablet q.6h. as needed.", "Good."]),
    ("Take it at 8 a.m. every day. Good.", ["Take it at 8 a.m. every day.", "Good."]),
    ("You may take max. 4 g per day. Not more.", ["You may take max. 4 g per day.", "Not more."]),
    ("Dr. Lin will come. Please wait.", ["Dr. Lin will come.", "Please wait."]),
    ("This is medicine no. 5 of today. Please wait.", ["This is medicine no. 5 of today.", "Please wait."]),
    ("Give 2.5–5 mg daily. Good.", ["Give 2.5–5 mg daily.", "Good."]),
    ("每日 0.5 毫克。飯後吃。", ["每日 0.5 毫克。", "飯後吃。"]),
    ("每日0.5毫克。 飯後吃。", ["每日0.5毫克。", "飯後吃。"]),
    ("請記得吃（飯後）。謝謝。", ["請記得吃（飯後）。", "謝謝。"]),
    ("請記得吃（飯後。不要空腹。）謝謝。", ["請記得吃（飯後。不要空腹。）", "謝謝。"]),
    ("請稍等…我看一下。", ["請稍等…", "我看一下。"]),
    ("真的嗎?! 是的。", ["真的嗎?!", "是的。"]),
    ("他說「請慢慢喝…。」我懂了。", ["他說「請慢慢喝…。」", "我懂了。"]),
    ('She said "Drink water." Then she left.', ['She said "Drink water."', "Then she left."]),
    ('She left. "Drink water," she said.', ["She left.", '"Drink water," she said.']),
    ("[F3] 這是降血壓藥。[F1,F3] 飯後吃。", ["[F3] 這是降血壓藥。", "[F1,F3] 飯後吃。"]),
    (
        "[F3] It lowers blood pressure.[F1] Take it after meals.",
        ["[F3] It lowers blood pressure.", "[F1] Take it after meals."],
    ),
    ("**很重要。** 請喝水。", ["**很重要。**", "請喝水。"]),
    ("1. First drink water. 2. Then rest.", ["1. First drink water.", "2. Then rest."]),
    ("- 飯後吃\n- 多喝水", ["- 飯後吃", "- 多喝水"]),
    ("飯後吃\n\n[F2] 多喝水", ["飯後吃", "[F2] 多喝水"]),
    ("The dose is\n5 mg today.", ["The dose is\n5 mg today."]),
    ("每天吃 5\n毫克。好的。", ["每天吃 5\n毫克。", "好的。"]),
    ("Take 0. 125 mg now. Good.", ["Take 0. 125 mg now.", "Good."]),
    ("Take .5 mg now. Good.", ["Take .5 mg now.", "Good."]),
    ("You take it now. .5 mg is enough.", ["You take it now.", ".5 mg is enough."]),
    ("每日0。125毫克。好的。", ["每日0。125毫克。", "好的。"]),
    ("Some drugs, e.g. aspirin, thin the blood. Good.", ["Some drugs, e.g. aspirin, thin the blood.", "Good."]),
    ("Mr. J. Lin is here. Hello.", ["Mr. J. Lin is here.", "Hello."]),
    ("Take 5 mg. Take it now.", ["Take 5 mg.", "Take it now."]),
    ("It has 3 uses. 2 of them matter.", ["It has 3 uses.", "2 of them matter."]),
    ("早上 08:00 吃。晚上 8:30 p.m. 再吃。", ["早上 08:00 吃。", "晚上 8:30 p.m. 再吃。"]),
    ("血壓 120/80 mmHg。正常。", ["血壓 120/80 mmHg。", "正常。"]),
    ("吃 1/2 顆。好。", ["吃 1/2 顆。", "好。"]),
    ("Take 5 mg b.i.d. after meals! Good.", ["Take 5 mg b.i.d. after meals!", "Good."]),
    ("hello", ["hello"]),
    ("", []),
    (" \n ", []),
]


def whole(text: str) -> list[str]:
    """Feed a text in one piece."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.flush()


@pytest.mark.parametrize(("text", "sentences"), GOLDEN)
def test_golden_list(text: str, sentences: list[str]) -> None:
    assert whole(text) == sentences


@pytest.mark.parametrize(("text", "sentences"), GOLDEN)
def test_golden_list_character_by_character(text: str, sentences: list[str]) -> None:
    splitter = SentenceSplitter()
    assert [sentence for char in text for sentence in splitter.feed(char)] + splitter.flush() == sentences


def test_nothing_is_emitted_before_the_next_character_is_known() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Take 0.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("125 mg") == []
    assert splitter.feed(". ") == []
    assert splitter.feed("Now") == ["Take 0. 125 mg."]


def test_a_sentence_is_emitted_as_soon_as_the_next_one_begins() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("這是降血壓藥。") == []
    assert splitter.feed("飯") == ["這是降血壓藥。"]


def test_an_opening_bracket_that_never_closes_does_not_hold_back_the_reply() -> None:
    assert len(whole("請看（這裡。" + "今天天氣很好。" * 60)) > 10


def test_flush_starts_afresh() -> None:
    splitter = SentenceSplitter()
    splitter.feed("Take 5")
    assert splitter.flush() == ["Take 5"]
    assert splitter.flush() == []
    assert splitter.feed("mg. Good.") == ["mg."]


WORDS = """
    0 1 5 12 .125 0.5 1,000 , . 。 … ! ？ mg 毫克 g p.o. t.i.d. q.6h. a.m. Dr. no. max. e.g. Lin Take take 每日 飯後
    [F3] [F1,F2] ( ) （ ） 「 」 " ** * - – 08:00 早上八點 mL 半 顆 % # 5. J. ~
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", " ", "  "])
TEXTS = st.one_of(
    st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map(" ".join), st.text(max_size=60)
)


@given(TEXTS, st.data())
def test_any_chunking_gives_the_same_sentences(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    splitter = SentenceSplitter()
    sentences: list[str] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        sentences += splitter.feed(text[start:end])
    assert sentences + splitter.flush() == whole(text)


@given(TEXTS)
def test_nothing_is_lost_or_reordered(text: str) -> None:
    assert "".join("".join(whole(text)).split()) == "".join(text.split())


@given(
    st.decimals(min_value="0.001", max_value="9999", places=3).map(lambda value: f"{value.normalize():f}"),
    st.sampled_from(["", " "]),
    st.sampled_from(["mg", "mcg", "毫克", "mL", "units", "顆", "mEq"]),
    st.sampled_from(["Take ", "每日 ", "[F3] 每次", "- ", "血壓。吃 "]),
    st.sampled_from([". Then", "。然後", "，飯後。好", "! Now"]),
)
def test_a_number_and_its_unit_are_never_parted(number: str, gap: str, unit: str, before: str, after: str) -> None:
    assert any(f"{number}{gap}{unit}" in sentence for sentence in whole(f"{before}{number}{gap}{unit}{after}"))
