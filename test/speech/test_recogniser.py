"""What vosk answers becomes text as people write it. Decoding itself needs a model and is not tested here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from medllm_ros.speech.errors import RecogniserError
from medllm_ros.speech.recogniser import (
    UNKNOWN_CONFIDENCE,
    VoskRecogniser,
    check_model_folder,
    read_alternatives,
    read_final,
    read_partial,
    written_text,
)

# samples of the three kinds of results, in the form that vosk 0.3.45 documents
FINAL = """{
  "result" : [{
      "conf" : 1.000000, "end" : 0.510000, "start" : 0.120000, "word" : "我"
    }, {
      "conf" : 0.532100, "end" : 0.960000, "start" : 0.510000, "word" : "头晕"
    }, {
      "conf" : 0.100000, "end" : 1.200000, "start" : 0.960000, "word" : "[unk]"
    }],
  "text" : "我 头晕 [unk]"
}"""
EMPTY = '{\n  "text" : ""\n}'
PARTIAL = '{\n  "partial" : "我 头"\n}'
ALTERNATIVES = """{
  "alternatives" : [{
      "confidence" : 231.5, "result" : [{"end" : 0.5, "start" : 0.1, "word" : "我"}], "text" : "我 头晕"
    }, {
      "confidence" : 229.1, "text" : "我 偷 云"
    }, {
      "confidence" : 228.0, "text" : "我 头晕 "
    }, {
      "confidence" : 227.0, "text" : ""
    }]
}"""


def test_a_final_has_the_lowest_and_the_mean_confidence_of_its_words() -> None:
    heard = read_final(FINAL, "zh_TW", read_alternatives(ALTERNATIVES, "zh_TW"))
    assert (heard.text, heard.final) == ("我頭暈", True)
    assert heard.confidence_min == pytest.approx(0.5321)
    assert heard.confidence_mean == pytest.approx((1 + 0.5321) / 2)
    assert heard.alternatives == ("我偷雲",)


def test_silence_has_no_text_and_no_confidence() -> None:
    heard = read_final(EMPTY, "zh_TW")
    assert (heard.text, heard.confidence_min, heard.confidence_mean) == ("", UNKNOWN_CONFIDENCE, UNKNOWN_CONFIDENCE)
    assert read_alternatives('{"alternatives" : [{"confidence" : 1.0, "text" : ""}]}', "zh_TW") == ()


def test_a_partial_is_read() -> None:
    assert read_partial(PARTIAL, "zh_CN") == "我头"
    assert read_partial('{"partial" : ""}', "zh_CN") == ""


@pytest.mark.parametrize(
    ("recognised", "locale", "written"),
    [
        ("我 今天 头晕", "zh_TW", "我今天頭暈"),
        ("我 今天 头晕", "zh_CN", "我今天头晕"),
        ("这 个 软件 和 信息", "zh_TW", "這個軟體和資訊"),
        ("吃 了 amlodipine 两 颗", "zh_TW", "吃了 amlodipine 兩顆"),
        ("my chest hurts", "en_US", "my chest hurts"),
        ("[unk] hello [unk]", "en_US", "hello"),
        ("", "zh_TW", ""),
    ],
)
def test_words_are_joined_and_converted(recognised: str, locale: str, written: str) -> None:
    assert written_text(recognised, locale) == written


@pytest.mark.parametrize("result", ["", "nonsense", "[1]"])
def test_a_result_that_is_no_object_is_a_sentence(result: str) -> None:
    with pytest.raises(RecogniserError, match="check the version of vosk"):
        read_partial(result, "zh_TW")


def test_the_text_stays_out_of_logs() -> None:
    assert "頭暈" not in repr(read_final(FINAL, "zh_TW", read_alternatives(ALTERNATIVES, "zh_TW")))
    assert json.loads(FINAL)["text"]


def test_a_missing_model_says_where_to_put_it(tmp_path: Path) -> None:
    for folder in ("", tmp_path / "missing", tmp_path):
        with pytest.raises(RecogniserError, match=r"Unpack a vosk model .* set the parameter model to it"):
            VoskRecogniser(folder)


def test_a_model_one_level_deeper_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "vosk-model-small-cn" / "conf").mkdir(parents=True)
    with pytest.raises(RecogniserError, match=r"one level deeper, in .*vosk-model-small-cn"):
        check_model_folder(tmp_path)


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    for name in ("am/final.mdl", "conf/model.conf"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    return tmp_path


def test_a_complete_folder_is_accepted(model_folder: Path) -> None:
    assert check_model_folder(model_folder) == model_folder


def test_a_broken_model_is_a_sentence(model_folder: Path) -> None:
    pytest.importorskip("vosk")
    with pytest.raises(RecogniserError, match="cannot be loaded"):
        VoskRecogniser(model_folder)
