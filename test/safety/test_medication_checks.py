"""Checks on ATC class, before the first word about the medicine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from medllm_ros.delivery import Delivery, Medication, PatientProfile
from medllm_ros.formulary import Formulary
from medllm_ros.safety.folding import DATA
from medllm_ros.safety.medication_checks import Severity, check_delivery, reported_allergy, reported_medicine

FORMULARY = Formulary.load()


def delivery(*names: str, **patient: Any) -> Delivery:
    medications = tuple(Medication(name=name) for name in names)
    return Delivery(delivery_id="d1", medications=medications, patient=PatientProfile(**patient))


def worst(*names: str, **patient: Any) -> tuple[str, str]:
    found = check_delivery(delivery(*names, **patient), FORMULARY)
    return (found[0].rule, found[0].severity.value) if found else ("", "")


@pytest.mark.parametrize(
    ("name", "allergy", "severity"),
    [
        ("Amoxicillin", "盤尼西林", "hold"),
        ("Amoxicillin", "penicillin (rash)", "hold"),
        ("Amoxicillin", "青霉素", "hold"),
        ("Amoxicillin", "Augmentin", "hold"),
        ("Amoxicillin", "cephalosporin", "hold"),
        ("Ceftriaxone", "penicillin", "caution"),
        ("Ceftriaxone", "penicillin anaphylaxis", "hold"),
        ("Cefazolin", "penicillin", "hold"),
        ("Ibuprofen", "aspirin", "hold"),
        ("Aspirin", "NSAIDs", "hold"),
        ("Ibuprofen", "消炎止痛藥", "hold"),
        ("Furosemide", "sulfa", "caution"),
        ("Baktar", "磺胺類", "hold"),
        ("Morphine", "codeine", "hold"),
        ("Enalapril", "captopril", "hold"),
        ("Phenytoin", "carbamazepine", "hold"),
        ("Warfarin", "warfarin", "hold"),
        ("Amlodipine", "某種叫不出名字的藥", "caution"),
    ],
)
def test_allergies_are_found_across_the_class(name: str, allergy: str, severity: str) -> None:
    rule, found = worst(name, allergies=(allergy,))
    assert rule.startswith("check.allergy.")
    assert found == severity


@pytest.mark.parametrize(
    "allergy", ["無", "NKDA", "no known drug allergies", "無已知藥物過敏", "花生", "latex", "海鮮", "penicillin"]
)
def test_an_allergy_that_does_not_concern_the_medicine_is_no_finding(allergy: str) -> None:
    assert not [
        f
        for f in check_delivery(delivery("Amlodipine", allergies=(allergy,)), FORMULARY)
        if f.severity != Severity.INFO
    ]


@pytest.mark.parametrize(
    ("name", "current", "rule"),
    [
        ("Warfarin", "阿斯匹靈 100 mg QD", "check.interaction.vitamin_k_antagonist_nsaid"),
        ("Ibuprofen", "可邁丁", "check.interaction.vitamin_k_antagonist_nsaid"),
        ("Nitroglycerin", "威而鋼", "check.interaction.nitrate_pde5"),
        ("Enalapril", "potassium chloride", "check.interaction.ras_potassium"),
        ("Methotrexate", "ibuprofen", "check.interaction.methotrexate_nsaid"),
        ("Methotrexate", "Bactrim", "check.interaction.methotrexate_trimethoprim"),
        ("Simvastatin", "clarithromycin", "check.interaction.simvastatin_cyp3a4"),
        ("Simvastatin", "伊曲康唑", "check.interaction.simvastatin_cyp3a4"),
        ("Sertraline", "phenelzine", "check.interaction.maoi_serotonergic"),
        ("Lithium", "ibuprofen", "check.interaction.lithium_nsaid"),
        ("Lithium", "hydrochlorothiazide", "check.interaction.lithium_thiazide"),
        ("Lithium", "enalapril", "check.interaction.lithium_ras"),
        ("Morphine", "Xanax", "check.interaction.opioid_benzodiazepine"),
        ("Digoxin", "amiodarone", "check.interaction.digoxin_level"),
        ("Allopurinol", "azathioprine", "check.interaction.allopurinol_thiopurine"),
        ("Rivaroxaban", "warfarin", "check.interaction.two_anticoagulants"),
        ("Ibuprofen", "naproxen", "check.duplicate.M01AE"),
        ("Ibuprofen", "celecoxib", "check.duplicate.nsaids"),
        ("Paracetamol", "普拿疼", "check.duplicate.ingredient"),
        ("Atorvastatin", "simvastatin", "check.duplicate.C10AA"),
        ("Amlodipine", "Norvasc 5mg", "check.duplicate.ingredient"),
        ("Omeprazole", "esomeprazole", "check.duplicate.A02BC"),
    ],
)
def test_duplicates_and_interactions_are_held(name: str, current: str, rule: str) -> None:
    assert worst(name, current_medications=(current,)) == (rule, "hold")


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("Omeprazole", "clopidogrel"),
        ("Clopidogrel", "aspirin"),
        ("Insulin glargine", "insulin aspart"),
        ("Amlodipine", "metformin"),
        ("Digoxin", "furosemide"),
        ("Metformin", "atorvastatin"),
        ("Amlodipine", "losartan"),
        ("Bisoprolol", "furosemide"),
    ],
)
def test_usual_combinations_are_not_held(name: str, current: str) -> None:
    found = check_delivery(delivery(name, current_medications=(current,)), FORMULARY)
    assert not [f for f in found if f.severity is Severity.HOLD]


def test_two_medicines_of_one_delivery_are_checked_against_each_other() -> None:
    found = check_delivery(delivery("Warfarin", "Ibuprofen"), FORMULARY)
    held = {(f.medication, f.rule) for f in found if f.severity is Severity.HOLD}
    assert {index for index, _ in held} == {0, 1}


@pytest.mark.parametrize(
    ("name", "patient", "rule", "severity"),
    [
        ("Warfarin", {"pregnant": True}, "check.pregnancy.warfarin", "hold"),
        ("Methotrexate", {"conditions": ("懷孕 12 週",)}, "check.pregnancy.methotrexate", "hold"),
        ("Simvastatin", {"pregnant": True}, "check.pregnancy.statins", "hold"),
        ("Losartan", {"conditions": ("pregnant",)}, "check.pregnancy.ras", "hold"),
        ("Valproate", {"pregnant": True}, "check.pregnancy.valproate", "hold"),
        ("Aspirin", {"age_years": 8}, "check.age.aspirin_child", "hold"),
        ("Metformin", {"egfr": Decimal(25)}, "check.renal.metformin_stop", "hold"),
        ("Metformin", {"egfr": Decimal(40)}, "check.renal.metformin_reduce", "caution"),
        ("Metformin", {"conditions": ("洗腎",)}, "check.renal.metformin_stop", "hold"),
        ("Ibuprofen", {"conditions": ("胃潰瘍",)}, "check.condition.ulcer_nsaid", "hold"),
        ("Lactulose", {"conditions": ("半乳糖血症",)}, "check.condition.galactosaemia", "hold"),
    ],
)
def test_what_speaks_against_it_in_this_patient(name: str, patient: dict[str, Any], rule: str, severity: str) -> None:
    assert worst(name, **patient) == (rule, severity)


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("Metformin", {"egfr": Decimal(30)}),
        ("Aspirin", {"age_years": 16}),
        ("Warfarin", {"pregnant": False}),
        ("Losartan", {"conditions": ("not pregnant",)}),
        ("Losartan", {"conditions": ("未懷孕",)}),
        ("Losartan", {}),
    ],
)
def test_the_limits_are_where_the_sources_put_them(name: str, patient: dict[str, Any]) -> None:
    assert not [f for f in check_delivery(delivery(name, **patient), FORMULARY) if f.severity is Severity.HOLD]


def test_high_alert_medicines_are_marked() -> None:
    assert ("check.high_alert", Severity.INFO) in [
        (f.rule, f.severity) for f in check_delivery(delivery("Warfarin"), FORMULARY)
    ]


def test_a_medicine_outside_the_formulary_is_still_checked_by_its_atc_code() -> None:
    medication = Medication(name="Foobarcillin", atc="J01CA99")
    patient = PatientProfile(allergies=("penicillin",))
    found = check_delivery(Delivery(delivery_id="d", medications=(medication,), patient=patient), FORMULARY)
    assert found[0].severity is Severity.HOLD
    unknown = check_delivery(delivery("Foozumab", allergies=("penicillin",)), FORMULARY)
    assert unknown[0].rule == "check.allergy.unknown_drug"


@pytest.mark.parametrize("file", ["interactions.yaml", "cross_reactivity.yaml", "patient_cautions.yaml"])
def test_every_entry_names_its_source_and_status(file: str) -> None:
    def entries(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, dict):
            own = [node] if "severity" in node and ("id" in node or "from" in node) else []
            return own + [e for value in node.values() for e in entries(value)]
        return [e for value in node for e in entries(value)] if isinstance(node, list) else []

    found = entries(yaml.safe_load((DATA / file).read_text("utf-8")))
    assert found
    for entry in found:
        assert entry["source"]["publisher"], entry
        assert entry["source"]["document"], entry
        assert entry["status"] in ("recall", "source_opened")


@pytest.mark.parametrize(
    ("text", "name", "severity"),
    [
        ("我對盤尼西林過敏", "Amoxicillin", "hold"),
        ("我吃這個會起疹子", "Amlodipine", "hold"),
        ("上次吃這個全身起疹子", "Ibuprofen", "hold"),
        ("我阿斯匹靈過敏", "Ibuprofen", "hold"),
        ("我會過敏", "Ibuprofen", "hold"),
        ("我對青霉素过敏", "Amoxicillin", "hold"),
        ("I'm allergic to this", "Amlodipine", "hold"),
        ("I am allergic to penicillin", "Amoxicillin", "hold"),
        ("this gives me hives", "Ibuprofen", "hold"),
        ("I had a bad reaction to amoxicillin", "Amoxicillin", "hold"),
        ("我對盤尼西林過敏，可以吃嗎", "Amoxicillin", "hold"),
        ("我對盤尼西林過敏", "Amlodipine", "caution"),
        ("我花粉過敏跟盤尼西林過敏", "Amoxicillin", "hold"),
        ("我吃盤尼西林鼻子會過敏", "Amoxicillin", "hold"),
        ("隔壁醫院那邊上次打盤尼西林我過敏", "Amoxicillin", "hold"),
        ("sulfa broke me out head to toe when I was little", "Sulfamethoxazole/Trimethoprim", "hold"),
        ("last time I'd a sulfa drug me skin came up in blisters", "Sulfamethoxazole/Trimethoprim", "hold"),
    ],
)
def test_an_allergy_reported_now_is_taken_seriously(text: str, name: str, severity: str) -> None:
    found = reported_allergy(text, delivery(name), FORMULARY)
    assert found is not None
    assert found.severity.value == severity


@pytest.mark.parametrize(
    "text",
    [
        "我沒有過敏",
        "會過敏嗎",
        "吃這個會不會過敏",
        "我對海鮮過敏",
        "這是過敏的藥嗎",
        "Am I allergic to it?",
        "no allergies",
        "我不會過敏",
        "can it cause a rash?",
        "I take it for my allergies",
        "I'm not allergic to anything",
        "好",
        "What are the side effects?",
        "",
        "我大舅子吃痛風藥吃到全身脫皮，二十年前了",
        "喘起來的時候臨時吃一片可以嗎",
        "吃了這個腳踝都腫起來",
    ],
)
def test_denials_and_questions_are_no_report(text: str) -> None:
    assert reported_allergy(text, delivery("Ibuprofen"), FORMULARY) is None


@pytest.mark.parametrize(
    ("text", "name", "severity"),
    [
        ("我以前打盤尼西林休克過耶 這個可以吃嗎", "Amoxicillin", "hold"),
        ("我青霉素皮试阳性的啊", "Amoxicillin", "hold"),
        ("我不能打盤尼西林", "Amoxicillin", "hold"),
        ("盤尼西林我碰不得", "Amoxicillin", "hold"),
        ("阿斯匹靈我不能吃 吃了會喘", "Ibuprofen", "hold"),
        ("打了盤尼西林差點死掉 送急診", "Amoxicillin", "hold"),
        ("医生说我不能用头孢", "Cefazolin", "hold"),
        ("I can't have penicillin", "Amoxicillin", "hold"),
        ("penicillin nearly killed me", "Amoxicillin", "hold"),
        ("my skin test for penicillin was positive", "Amoxicillin", "hold"),
        ("I was told never to take NSAIDs, is this one?", "Ibuprofen", "hold"),
        ("盤尼西林會讓我全身起疹子 這個有含嗎", "Amoxicillin", "hold"),
        ("我不能吃阿斯匹靈", "Amlodipine", "caution"),
    ],
)
def test_what_somebody_cannot_have_is_a_report_with_or_without_a_question(text: str, name: str, severity: str) -> None:
    found = reported_allergy(text, delivery(name), FORMULARY)
    assert found is not None
    assert found.severity.value == severity


@pytest.mark.parametrize(
    "text",
    [
        "我不能吃辣",
        "這個能不能吃",
        "阿斯匹靈能不能一起吃",
        "我不能吃阿斯匹靈嗎",
        "對青黴素過敏的人可以吃嗎",
        "皮試是什麼",
        "I don't take ibuprofen",
        "我鼻子過敏啦哈啾",
        "隔壁林太太三年前吃止痛藥吃到胃出血",
        "I can't swallow",
        "can I have ibuprofen",
        "never taken ibuprofen before",
        "我室友說吃類固醇會變月亮臉又會骨頭壞掉死掉",
    ],
)
def test_a_food_a_question_or_a_habit_is_no_allergy(text: str) -> None:
    assert reported_allergy(text, delivery("Ibuprofen"), FORMULARY) is None


@pytest.mark.parametrize(
    ("text", "name", "severity"),
    [
        ("我昨天有吃威而鋼", "Nitroglycerin", "hold"),
        ("我昨天晚上有吃威而鋼 要緊嗎", "Nitroglycerin", "hold"),
        ("威而鋼我昨天有吃", "Nitroglycerin", "hold"),
        ("早上吃了伟哥", "Nitroglycerin", "hold"),
        ("I take Viagra", "Nitroglycerin", "hold"),
        ("I took a Viagra last night, is that a problem?", "Nitroglycerin", "hold"),
        ("我都有吃丹參", "Warfarin", "hold"),
        ("我一直吃着丹参片 能一块儿吃吗", "Warfarin", "hold"),
        ("I've been taking ginkgo and fish oil", "Warfarin", "hold"),
        ("我有在吃紅麴", "Atorvastatin", "hold"),
        ("我膝蓋痛都自己買布洛芬吃", "Warfarin", "hold"),
        ("my wife gives me aspirin every morning", "Warfarin", "hold"),
        ("每天喝葡萄柚汁", "Simvastatin", "caution"),
        ("I take vitamin C, calcium and naproxen", "Warfarin", "hold"),
    ],
)
def test_a_medicine_taken_lately_is_checked_against_the_delivered_one(text: str, name: str, severity: str) -> None:
    found = reported_medicine(text, delivery(name), FORMULARY)
    assert found is not None
    assert found.rule.startswith("check.reported_medicine.")
    assert found.severity.value == severity


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("可以吃威而鋼嗎", "Nitroglycerin"),
        ("我沒吃威而鋼", "Nitroglycerin"),
        ("我朋友吃威而鋼", "Nitroglycerin"),
        ("能一起吃丹參嗎", "Warfarin"),
        ("如果我吃了丹參會怎樣", "Warfarin"),
        ("我以前吃過阿斯匹靈", "Warfarin"),
        ("我阿斯匹靈已經停了", "Warfarin"),
        ("我都有吃 warfarin", "Warfarin"),
        ("I stopped taking aspirin", "Warfarin"),
        ("I'm not on aspirin", "Warfarin"),
        ("can I take aspirin with this", "Warfarin"),
        ("我有在吃鈣片", "Amlodipine"),
        ("網路說吃鐵劑便便會黑黑的 真的嗎", "Ferrous sulfate"),
        ("the midwife said I'm running on empty so iron it is", "Ferrous sulfate"),
        ("my late wife was on warfarin", "Apixaban"),
        ("", "Warfarin"),
    ],
)
def test_a_wish_a_denial_or_long_ago_is_no_medicine_taken(text: str, name: str) -> None:
    assert reported_medicine(text, delivery(name), FORMULARY) is None


@pytest.mark.parametrize("text", ["我家裡還有在吃鐵劑", "I take an iron pill at home too"])
def test_another_medicine_of_the_delivered_kind_is_a_duplicate(text: str) -> None:
    found = reported_medicine(text, delivery("Ferrous sulfate"), FORMULARY)
    assert found is not None and "duplicate" in found.rule


def test_a_medicine_that_staff_have_recorded_is_not_reported_again() -> None:
    recorded = delivery("Warfarin", current_medications=("aspirin",))
    assert reported_medicine("我有在吃阿斯匹靈", recorded, FORMULARY) is None


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_words_make_the_reports_raise(text: str) -> None:
    reported_medicine(f"我有吃{text}阿斯匹靈{text}", delivery("Warfarin"), FORMULARY)
    reported_allergy(f"我不能吃{text}盤尼西林{text}", delivery("Warfarin"), FORMULARY)


@pytest.mark.parametrize(
    ("name", "allergy"),
    [
        ("Penicillin", "盤尼西林"),
        ("盤尼西林注射", "penicillin"),
        ("Penicillin", "amoxicillin (rash)"),
        ("Penicillin V", "penicillin"),
        ("Sulfa", "磺胺"),
        ("Foozumab 20 mg", "foozumab"),
    ],
)
def test_an_order_outside_the_formulary_that_is_the_allergy_is_held(name: str, allergy: str) -> None:
    assert worst(name, allergies=(allergy,))[1] == "hold"


def test_an_order_outside_the_formulary_is_not_held_for_another_allergy() -> None:
    assert worst("Penicillin", allergies=("aspirin",))[1] != "hold"


@pytest.mark.parametrize(
    "text",
    [
        "我家裡還有別家醫院開的可邁丁，每天晚上都有吃",
        "there is some warfarin from another hospital, I take it every night",
    ],
)
def test_a_medicine_named_in_one_clause_and_taken_in_the_next_is_taken(text: str) -> None:
    found = reported_medicine(text, delivery("Aspirin"), FORMULARY)
    assert found is not None and found.severity is Severity.HOLD


@pytest.mark.parametrize("text", ["家裡有可邁丁，可是都沒吃", "可邁丁，那個我已經停了", "可邁丁，可以每天吃嗎"])
def test_a_medicine_denied_or_asked_about_in_the_next_clause_is_not_taken(text: str) -> None:
    assert reported_medicine(text, delivery("Aspirin"), FORMULARY) is None


@pytest.mark.parametrize("text", ["小時候對盤尼西林過敏", "as a kid I was allergic to penicillin"])
def test_an_allergy_of_long_ago_still_holds_the_medicine(text: str) -> None:
    found = reported_allergy(text, delivery("Amoxicillin"), FORMULARY)
    assert found is not None and found.severity is Severity.HOLD


def test_an_interaction_fact_that_names_atc_classes_is_a_check_of_its_own(tmp_path):
    from medllm_ros.formulary import PACKAGED

    (tmp_path / "cetirizine.yaml").write_text(
        "id: cetirizine\n"
        "sources:\n  page: {publisher: A hospital, address: 'https://example.org/x', date: not shown}\n"
        "facts:\n"
        "- id: cetirizine.interaction.90\n"
        "  zh_TW: 如果您在吃安眠藥，請告訴護理師。\n  zh_CN: 如果您在吃安眠药，请告诉护士。\n"
        "  en_US: Tell the nurse if you take a sleeping tablet.\n"
        "  against: [N05CF]\n  severity: caution\n"
        "  status: source_opened\n  source: page\n  section: Other medicines\n",
        encoding="utf-8",
    )
    formulary = Formulary.load(PACKAGED, tmp_path)
    found = check_delivery(delivery("Cetirizine 10 mg", current_medications=("zolpidem",)), formulary)
    (finding,) = [f for f in found if f.rule.startswith("check.fact")]
    assert finding.rule == "check.fact.cetirizine.interaction.90"
    assert finding.severity is Severity.CAUTION and finding.fact == "cetirizine.interaction.90"
    other = check_delivery(delivery("Cetirizine 10 mg", current_medications=("amlodipine",)), formulary)
    assert not [f for f in other if f.fact]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我從小就對盤尼西林 過敏", "Amoxicillin"), ("吃阿斯匹靈的時候 全身起疹子", "Aspirin"),
        ("我不能打盤尼西林也不能吃香蕉", "Amoxicillin"), ("我不能吃阿斯匹靈跟香蕉", "Aspirin"),
    ],
)  # fmt: skip
def test_neither_a_pause_nor_a_food_beside_it_hides_a_report(text: str, name: str) -> None:
    assert reported_allergy(text, delivery(name), FORMULARY) is not None


@pytest.mark.parametrize(
    ("text", "name"), [("我不能吃布洛芬", "Ibuprofen"), ("I must not take amoxicillin", "Amoxicillin")]
)
def test_a_report_of_the_delivered_medicine_is_never_doubted(text: str, name: str) -> None:
    found = reported_allergy(text, delivery(name), FORMULARY, believed=lambda words: False)
    assert found is not None and found.severity is Severity.HOLD
