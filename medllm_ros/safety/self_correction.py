"""Self-corrections: "十二月一號 啊不是 十二月二號", "March 3rd, no wait, March 2nd". The last value counts."""

from __future__ import annotations

import re

from medllm_ros.safety.folding import fold_characters

# 不是 corrects after a pause, an interjection or a date; "我不是…" and 對不對 / 是不是 do not.
_CHINESE = (
    r"(?:(?<=[\s,.。、;!?啊欸哎唉诶喔哦呃嗯齁号日年月])(?:不是|毋是)(?![^,。我]{2,20}是)|(?<!对)不对|[讲说记念](?:错|毋着|不对)|弄错|错了|更正|应该是"
    r"|[啊喔哦噢呃嗯欸诶唉哎]\s*不(?=[\s,]*[0-9零〇一二三四五六七八九十廿两]))"
    r"(?:不对|不是|毋是|毋着|[讲说记]错|应该是|了|啦|啊|喔|哦|我)*"
)
_NUMBERS = (
    "(?:first|second|third|four|fifth|six|eighth|ninth|tenth|eleventh|twelfth|twent|thirt|fort|fift|nine|seven|eigh"
    "|ten|eleven|twelve|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
)
_ENGLISH = (
    r"\b(?:no+[ ,]+(?:wait|no|sorry|it'?s|its|i mean)|oh no|wait[ ,]+no|wait|scratch that|correction|i mean|excuse me|"
    r"sorry|make that|i misspoke|actually|rather)\b"
    rf"|\bno+(?= (?:the )?(?:[0-9]|{_NUMBERS}))"
)
_SAID = re.compile(r"[0-9]|[a-z]{3}|[^\W啊欸哎唉诶喔哦呃嗯齁a-z]{2}")
_MARK = re.compile(f"{_CHINESE}|{_ENGLISH}", re.ASCII)


def pieces(text: str) -> list[str]:
    """Return ``text`` (characters folded, blanks kept) cut at each self-correction; one piece where there is none.

    Nothing is corrected before something was said: "不是王春嬌" at the start denies.
    """
    folded = fold_characters(text)
    cuts, start = [], 0
    for found in _MARK.finditer(folded):
        if _SAID.search(folded[start : found.start()]):
            cuts.append(folded[start : found.start()])
            start = found.end()
    return [*cuts, folded[start:]]
