"""Finding a drug by the name in an order, and drugs named in running text."""

from __future__ import annotations

import time
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.formulary import Formulary
from medllm_ros.formulary.names import fold, same_length

FORMULARY = Formulary.load()
NAMES = sorted({name for drug in FORMULARY.drugs.values() for names in drug.names.values() for name in names})
BRANDS = sorted({brand for drug in FORMULARY.drugs.values() for brand in drug.brands})


@pytest.mark.parametrize(
    ("written", "drug"),
    [
        ("amlodipine", "amlodipine"),
        ("  AmLodipine  ", "amlodipine"),
        ("ＡＭＬＯＤＩＰＩＮＥ", "amlodipine"),
        ("Amlodipine 5 mg tab", "amlodipine"),
        ("Amlodipine Besylate 5MG F.C. Tablets", "amlodipine"),
        ("amlodipine besylate (Norvasc) 5mg", "amlodipine"),
        ("Norvasc®", "amlodipine"),
        ("脈優", "amlodipine"),
        ("脈優錠", "amlodipine"),
        ("脈優錠5毫克", "amlodipine"),
        ("脈優5mg錠", "amlodipine"),
        ("norvasc錠", "amlodipine"),
        ("脈 優 錠", "amlodipine"),
        ("「脈優」錠 5 毫克", "amlodipine"),
        ("苯磺酸氨氯地平片", "amlodipine"),
        ("鹽酸二甲雙胍", "metformin"),
        ("盐酸二甲双胍缓释片", "metformin"),
        ("Metformin HCl 500 mg", "metformin"),
        ("losartan potassium 50 mg", "losartan"),
        ("potassium chloride ER 10 mEq", "potassium_chloride"),
        ("華法林鈉", "warfarin"),
        ("阿托伐他汀鈣", "atorvastatin"),
        ("heparin sodium 5,000 IU/mL inj", "heparin"),
        ("Inj. Vancomycin 1 g", "vancomycin"),
        ("諾和瑞注射液", "insulin_aspart"),
        ("NovoRapid FlexPen 100 U/mL", "insulin_aspart"),
        ("Ventolin Evohaler 100 mcg/dose", "salbutamol"),
        ("可滅喘都保", "budesonide_inh"),
        ("lithium carbonate 300 mg", "lithium"),
        ("Aspirin EC 100mg", "aspirin"),
        ("Tylenol Extended-Release 650 mg", "paracetamol"),
        ("acetylsalicylic acid", "aspirin"),
        ("Nifedipine controlled-release 30 mg", "nifedipine"),
        ("Ondansetron ODT", "ondansetron"),
        ("alendronate sodium 70 mg", "alendronate"),
        ("對乙酰氨基酚", None),
        ("对乙酰氨基酚片", "paracetamol"),
        ("硫酸嗎啡注射液", "morphine"),
    ],
)
def test_a_name_as_written_in_an_order_finds_its_drug(written: str, drug: str | None) -> None:
    found = FORMULARY.find(written)

    assert (found.id if found else None) == drug


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "(", "5 mg", "mg", "tablet", "錠", "potassium", "sodium chloride", "insulin", "血壓藥", "類固醇",
        "Amlodipine/Valsartan 5/80 mg", "amlodipine + atorvastatin", "ampicillin sulbactam",
        "Norvasc (warfarin)", "betamethasone", "倍他米松", "低分子肝素", "low molecular weight heparin",
        "左氧丙嗪", "levodropropizine", "cerivastatin", "isosorbide", "prednisolone eye drops",
        "salbutamol tablets 2 mg", "budesonide capsule 3 mg", "heparin inhaler", "amlodipin", "aspirin12",
        "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_a_name_of_one_drug_finds_none(written: str) -> None:
    assert FORMULARY.find(written) is None


@given(st.text())
def test_find_answers_any_text(text: str) -> None:
    found = FORMULARY.find(text)

    assert found is None or found.id in FORMULARY.drugs


@given(
    st.sampled_from(NAMES + BRANDS),
    st.sampled_from(["", " 5 mg", " 0.25mg", " 100 毫克", "錠", " tab", " 5 mg tab", "（本院）"]),
    st.booleans(),
)
def test_find_ignores_case_width_and_what_stands_behind_a_name(name: str, tail: str, wide: bool) -> None:
    written = name.upper() + tail
    if wide:
        written = "".join(chr(ord(char) + 0xFEE0) if 0x21 <= ord(char) <= 0x7E else char for char in written)
    expected = FORMULARY.find(name)
    found = FORMULARY.find(written)

    assert expected is not None
    assert found is expected or (found is None and expected.route == "INH")  # a tablet of an inhaled drug is another


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我有吃阿斯匹靈跟Amlodipine5mg。", [("aspirin", "阿斯匹靈"), ("amlodipine", "Amlodipine")]),
        ("阿斯匹 靈可以嗎", [("aspirin", "阿斯匹 靈")]),
        ("ＷＡＲＦＡＲＩＮ華法林", [("warfarin", "ＷＡＲＦＡＲＩＮ"), ("warfarin", "華法林")]),
        ("insulin  glargine?", [("insulin_glargine", "insulin  glargine")]),
        ("insulin-aspart", [("insulin_aspart", "insulin-aspart")]),
        ("左旋甲狀腺素和副甲狀腺素", [("levothyroxine", "左旋甲狀腺素")]),
        ("低分子肝素、左氧丙嗪、倍他米松", []),
        ("apomorphine, morphinelike, premetformin", []),
        ("lithium carbonate", [("lithium", "lithium carbonate")]),
        ("血壓藥和胰島素", []),
        ("", []),
    ],
)  # fmt: skip
def test_drugs_in_running_text_are_found_whole_and_longest(text: str, found: list[tuple[str, str]]) -> None:
    mentions = FORMULARY.mentioned(text)

    assert [(mention.drug.id, mention.text) for mention in mentions] == found


@given(st.lists(st.one_of(st.sampled_from(NAMES + BRANDS), st.text(max_size=8)), max_size=8).map("".join))
def test_a_mention_lies_inside_the_text_and_says_what_stands_there(text: str) -> None:
    end = 0
    for mention in FORMULARY.mentioned(text):
        assert end <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text
        end = mention.end


@given(st.text())
def test_lowering_keeps_every_position(text: str) -> None:
    assert len(same_length(text)) == len(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_sentence_is_searched_in_less_than_a_millisecond() -> None:
    sentence = "我早上吃了脈優還有立普妥，可不可以跟葡萄柚一起吃？ I also take warfarin and vitamins in the evening."
    assert len(FORMULARY.mentioned(sentence)) == 3

    assert min(timeit.repeat(lambda: FORMULARY.mentioned(sentence), number=100, repeat=3)) / 100 < 0.001  # s; 0.00008


def test_a_hostile_name_is_answered_at_once() -> None:
    started = time.perf_counter()
    for hostile in ("5 " * 90, "(" * 190, "鹽酸" * 90, "1/" * 95 + "mg", "a" * 190 + " tab"):
        FORMULARY.find(hostile)

    assert time.perf_counter() - started < 0.1  # seconds


@pytest.mark.parametrize(
    ("written", "route", "drug"),
    [
        ("Fentanyl", "TD", "fentanyl_patch"),
        ("吩坦尼", "TD", "fentanyl_patch"),
        ("Levofloxacin", "OPH", "levofloxacin_eye"),
        ("Levofloxacin", "PO", "levofloxacin"),
        ("Fluticasone", "NAS", "fluticasone_nasal"),
        ("Diclofenac", "TOP", "diclofenac_gel"),
        ("Hydrocortisone", "TOP", "hydrocortisone_cream"),
        ("Amlodipine", "OPH", "amlodipine"),  # there are no such drops: the name alone counts
    ],
)
def test_what_the_route_says_the_name_need_not(written: str, route: str, drug: str) -> None:
    found = FORMULARY.find(written, route)
    assert found is not None and found.id == drug


def test_fentanyl_into_a_vein_is_not_the_patch() -> None:
    assert FORMULARY.find("Fentanyl", "IV") is None
