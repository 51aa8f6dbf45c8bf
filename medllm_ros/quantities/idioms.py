"""Words that hold a numeral but state no number: 一起, 十分, 千萬, "no one", "half-life".

A number is dropped only where it lies wholly inside one of these; "十分鐘" reaches past "十分" and stays.
Every entry lets a numeral through, so add words only that can never state an amount.
"""

from __future__ import annotations

import re
from typing import Final

# One, as a part of a word
_ONE: Final = """
一起 一樣 一样 一定 一下 一下子 一般 一點 一点 一些 一直 一旦 一切 一致 一邊 一边 一面 一向 一律 一時 一时 一會
一会 一同 一併 一并 一方面 一旁 一連 一连 一再 一共 一概 一生 一帶 一带 一線 一线 一系列 一部分 一部份 一陣 一阵
一貫 一贯 一經 一经 一味 一路 一般人 一般性 一次性 一開始 一开始 一覺 一觉 一早 一人 一家 一身 一手 一口氣
一口气 一心 一眼 一舉 一举 一流 一來 一来 一個人 一个人 一有 一出現 一出现 一發現 一发现 一不舒服 一感到 一想到
一看 一聽 一听 一吃 一用 一忘 一停 萬一 万一 唯一 惟一 統一 统一 單一 单一 之一 任一 不一 同一 合一 專一 专一
逐一 進一步 进一步 有一點 有一点 說一聲 说一声 一聲 一声 一句 一件 一位 一名 一種 一种 一類 一类 一項 一项 一步
一家人 一張 一张 一番 一層 一层 一趟 每一個 每一个 另一個 另一个 下一個 下一个 上一個 上一个 同一個 同一个
某一個 某一个 這一個 这一个 哪一個 哪一个 其中一個 其中一个 一個問題 一个问题 一個重要 一個小 一個很 一份資料
一份资料 一份說明 一份说明 一份文件 苯二氮 老一代 新一代 下一代 上一代 下一次 上一次 每一次 這一次 这一次 哪一次
下一餐 每一餐 下一頓 每一天 有一天 某一天 哪一天 下一劑 下一剂 下一針 下一针 另一種 另一种 另一位
"""
# Other numerals, as a part of a word
_OTHER: Final = """
十分 十足 百分 百分百 千萬 千万 千萬不 万万 萬萬 萬全 万全 萬能 万能 百般 千金 再三 三思 不三不四 亂七八糟
乱七八糟 七上八下 四肢 五官 五臟 五脏 六腑 二手 二手菸 二手烟 三明治 三高 三軍總醫院 三總 四處 四处 四季 兩側
两侧 兩旁 两旁 兩者 两者 兩邊 两边 兩眼 两眼 兩手 两手 兩腳 两脚 三叉 三尖瓣 二尖瓣 五花 丟三落四 接二連三
一五一十 一來一往 一清二楚 不管三七二十一 零食 零錢 零钱 零件 零星 零售 歸零 归零 零下
"""
# Names of drugs and substances
_NAMES: Final = """
二甲雙胍 二甲双胍 二甲 一氧化碳 一氧化氮 二氧化碳 二氧化硫 三酸甘油酯 三酸甘油 三硝酸甘油 三环 三環 四環 四环
四環素 四环素 三碘 四碘 五加 八角 百憂解 百忧解 千憂解 千忧解 萬古黴素 万古霉素 萬艾可 万艾可 百多邦 百服寧
二磷酸鹽 雙磷酸鹽 二氫吡啶 二氢吡啶 二硝酸 單硝酸 五羥 六味 四物 八仙 十全 百日咳 三合一 二合一 四合一 五合一
一氫 二氫 二氢 二肽 三磷酸 二價 三價 人參 人参 丹參 丹参 海參 海参 苦參 苦参 玄參 玄参 黨參 党参 參考 参考 參加
参加 參與 参与 參照 参照 參閱 参阅 參數 参数 陸續 陆续 大陸 大陆 登陸 收拾 拾起 放肆 肆意 入伍 隊伍 队伍 半夜
半途 半身 大半 多半 半衰期 半路 老半天
"""
# Names of weekdays in a running text
_WEEKDAYS: Final = """
星期一 星期二 星期三 星期四 星期五 星期六 禮拜一 禮拜二 禮拜三 禮拜四 禮拜五 禮拜六 礼拜一 礼拜二 礼拜三 礼拜四
礼拜五 礼拜六 週一 週二 週三 週四 週五 週六 周一 周二 周三 周四 周五 周六
"""
CHINESE: Final[tuple[str, ...]] = tuple(" ".join((_ONE, _OTHER, _NAMES, _WEEKDAYS)).split())

ENGLISH: Final[tuple[str, ...]] = (
    "no one",
    "someone",
    "anyone",
    "everyone",
    "one of",
    "one another",
    "this one",
    "that one",
    "which one",
    "the one",
    "each one",
    "one by one",
    "one day",
    "one time only",
    "half-life",
    "half life",
    "half-lives",
    "half way",
    "halfway",
    "better half",
    "one-way",
    "one on one",
    "two-way",
    "one or the other",
    "number one",
    "one more thing",
    "one thing",
    "at one point",
    "one's",
    "any one",
    "every one",
    "one place",
    "one side",
)

# 第一, 第三天, 第2型: an order, not an amount. 第二顆 (a second tablet) is an amount and stays.
_ORDINAL = (
    r"第\s?(?:[零一二三四五六七八九十百兩两廿]{1,5}|\d{1,4})\s?"
    r"(?:次|天|日|週|周|個月|个月|個|个|年|型|級|级|期|線|线|代|類|类|種|种|者|步|位|名|項|项|點|点)?"
)
_ENGLISH_ORDINAL = r"(?<![a-z])\d{1,3}(?:st|nd|rd|th)(?![a-z])"
# A page, a label or a step: "step 2", "type 2 diabetes" name a thing.
_LABEL = r"(?<![a-z])(?:type|step|stage|grade|class|phase)\s+(?:\d|one|two|three|four|five)(?![a-z0-9.])"


# 2 型糖尿病 and ATC codes such as C08CA01 are names.
_NAMED = r"[12一二]\s?型|(?<![a-z0-9])[a-dghjlmnprsv]\d\d[a-z]{2}\d\d(?!\d)"


def _compile() -> re.Pattern[str]:
    chinese = "|".join(sorted({re.escape(word) for word in CHINESE}, key=len, reverse=True))
    english = "|".join(sorted((re.escape(word).replace(r"\ ", r"\s+") for word in ENGLISH), key=len, reverse=True))
    return re.compile(
        f"(?=({_ORDINAL}|{chinese}|(?<![a-z])(?:{english})(?![a-z])|{_ENGLISH_ORDINAL}|{_LABEL}|{_NAMED}))"
    )


_IDIOM: Final = _compile()


def idiom_spans(folded: str) -> list[tuple[int, int]]:
    """Return the spans of a folded text that hold numerals without stating a number; they may overlap."""
    return [found.span(1) for found in _IDIOM.finditer(folded)]
