"""Who speaks after the match: another name given unasked, or the recorded one told of as of somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medllm_ros.safety.other_name import other_name

SURNAMES, GIVEN = "陳林黃張李王吳劉蔡楊", ("美玉", "志明", "淑芬", "國強", "秀英")
LATIN = ("Margaret Olsen", "Carlos Rivera", "Geoff Harrison", "Kayla Jensen", "Mary-Ann O'Neill")


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("李金水", "你說金水伯喔 他昨晚就換去窗邊那床了 我姓蔡"),
        ("陳秀鳳", "蛤 什麼秀鳳 我姓謝啦"),
        ("周寶珠", "寶珠姨佇隔壁間啦"),
        ("洪志偉", "志偉是我雙胞胎弟弟 他去復健了"),
        ("林美玉", "我其實叫王淑芬，這藥是給我的嗎"),
        ("罗美云", "您找罗美云吧，我们屋没有姓罗的"),
        ("郑晓东", "行行行今天我就是郑晓东 快给我"),
        ("Geoff Harrison", "Hang on, you said Harrison? I'm Harris."),
        ("Marcus Bell", "who's marcus, im terrence, they moved us at lunch"),
        ("Margaret Olsen", "Oh honey, Margaret's the lady by the door. What did you bring her?"),
        ("Frank Delgado", "Frank got moved up to the ICU, poor guy"),
        ("Kayla Jensen", "so I'm Kayla today, hand it over"),
        ("Maria Santos", "You're looking at the wrong Maria"),
        ("David Kim", "Kim? No, it's Kemp"),
        ("程丽娟", "你喊的程丽娟啊?我姓陈,陈丽娟,耳东陈,是不是他们给打错了"),
        ("Padraig Foley", "No no, I'm Padraig senior, it'd be my young lad you're after, we've the same name"),
    ],
)
def test_somebody_else_is_heard(recorded: str, said: str) -> None:
    assert other_name(said, recorded)


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ("陳秋月", "對啦我就是秋月，這粒紅的是治什麼的？"),
        ("謝金花", "著啦，金花就是我，啊這愛食幾工？"),
        ("郭振東", "叫我郭老師吧，退休十年了還是聽這個習慣"),
        ("曾麗雪", "我媳婦叫雅婷，她下午會來"),
        ("鄭雅文", "我金牛座的，很固執，沒問清楚我不吃喔"),
        ("塗金水", "這顆粉紅色的叫什麼名字 再講一遍我抄下來"),
        ("許清河", "我叫看護幫我磨粉半稀飯"),
        ("程丽娟", "我姓陈"),  # a recogniser writes one for the other
        ("Padraig Foley", "I'm Padraig, who are you looking for"),
        ("Padraig Foley", "Padraig you're looking for? That's me"),
        ("Sarah Collins", "Just call me Sadie, everybody does."),
        ("Theresa Quinn", "Friends call me Terry, enemies call me Mrs. Quinn. Is it once a day?"),
        ("Raymond Fox", "Dr. Harris told me I'd be off the blue ones by now"),
        ("Elaine Poole", "what's the name of this one so I can write it down"),
        ("Robert Hill", "it's Bob, and my wife Carol is taking notes"),
        ("", "I'm Terrence"),  # nothing is recorded to differ from
    ],
)
def test_the_patient_is_not_taken_for_somebody_else(recorded: str, said: str) -> None:
    assert not other_name(said, recorded)


@given(st.sampled_from(SURNAMES), st.sampled_from(GIVEN), st.sampled_from(["我叫{}", "我是{}啦", "我姓{}", "{}就是我"]))
def test_a_chinese_name_of_ones_own_is_never_another(surname: str, given_name: str, frame: str) -> None:
    name = surname + given_name
    assert not other_name(frame.format(surname if "姓" in frame else name), name)


@given(st.sampled_from(LATIN), st.sampled_from(["I'm {}.", "my name is {}", "it's {}, dear", "this is {} speaking"]))
def test_a_latin_name_of_ones_own_is_never_another(name: str, frame: str) -> None:
    assert not other_name(frame.format(name), name)


@given(st.text(max_size=400), st.sampled_from([*LATIN, "陳美玉", ""]))
def test_any_words_are_taken(said: str, recorded: str) -> None:
    assert other_name(said, recorded) in (True, False)
