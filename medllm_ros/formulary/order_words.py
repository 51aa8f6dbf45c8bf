"""How the closed codes of an order are said to a patient. A code that is not listed is not spoken."""

from __future__ import annotations

from medllm_ros.delivery import Locale

FREQUENCY: dict[str, dict[Locale, str]] = {
    "QD": {Locale.ZH_TW: "每天一次", Locale.ZH_CN: "每天一次", Locale.EN_US: "once a day"},
    "BID": {Locale.ZH_TW: "每天兩次", Locale.ZH_CN: "每天两次", Locale.EN_US: "twice a day"},
    "TID": {Locale.ZH_TW: "每天三次", Locale.ZH_CN: "每天三次", Locale.EN_US: "three times a day"},
    "QID": {Locale.ZH_TW: "每天四次", Locale.ZH_CN: "每天四次", Locale.EN_US: "four times a day"},
    "QOD": {Locale.ZH_TW: "每兩天一次", Locale.ZH_CN: "每两天一次", Locale.EN_US: "every other day"},
    "QW": {Locale.ZH_TW: "每週一次", Locale.ZH_CN: "每周一次", Locale.EN_US: "once a week"},
    "QAM": {Locale.ZH_TW: "每天早上", Locale.ZH_CN: "每天早上", Locale.EN_US: "every morning"},
    "QPM": {Locale.ZH_TW: "每天晚上", Locale.ZH_CN: "每天晚上", Locale.EN_US: "every evening"},
    "BIW": {Locale.ZH_TW: "每週兩次", Locale.ZH_CN: "每周两次", Locale.EN_US: "twice a week"},
    "TIW": {Locale.ZH_TW: "每週三次", Locale.ZH_CN: "每周三次", Locale.EN_US: "three times a week"},
    "Q2W": {Locale.ZH_TW: "每兩週一次", Locale.ZH_CN: "每两周一次", Locale.EN_US: "every two weeks"},
    "QMO": {Locale.ZH_TW: "每個月一次", Locale.ZH_CN: "每个月一次", Locale.EN_US: "once a month"},
    "ONCE": {Locale.ZH_TW: "只用一次", Locale.ZH_CN: "只用一次", Locale.EN_US: "once only"},
    "CC": {Locale.ZH_TW: "隨餐", Locale.ZH_CN: "随餐", Locale.EN_US: "with meals"},
    "HS": {Locale.ZH_TW: "睡前", Locale.ZH_CN: "睡前", Locale.EN_US: "at bedtime"},
    "AC": {Locale.ZH_TW: "飯前", Locale.ZH_CN: "饭前", Locale.EN_US: "before meals"},
    "PC": {Locale.ZH_TW: "飯後", Locale.ZH_CN: "饭后", Locale.EN_US: "after meals"},
    "PRN": {Locale.ZH_TW: "需要時才用", Locale.ZH_CN: "需要时才用", Locale.EN_US: "only when needed"},
    "Q4H": {Locale.ZH_TW: "每四小時一次", Locale.ZH_CN: "每四小时一次", Locale.EN_US: "every four hours"},
    "Q6H": {Locale.ZH_TW: "每六小時一次", Locale.ZH_CN: "每六小时一次", Locale.EN_US: "every six hours"},
    "Q8H": {Locale.ZH_TW: "每八小時一次", Locale.ZH_CN: "每八小时一次", Locale.EN_US: "every eight hours"},
    "Q12H": {Locale.ZH_TW: "每十二小時一次", Locale.ZH_CN: "每十二小时一次", Locale.EN_US: "every twelve hours"},
    "Q24H": {Locale.ZH_TW: "每二十四小時一次", Locale.ZH_CN: "每二十四小时一次", Locale.EN_US: "every 24 hours"},
    "Q48H": {Locale.ZH_TW: "每四十八小時一次", Locale.ZH_CN: "每四十八小时一次", Locale.EN_US: "every 48 hours"},
    "Q72H": {Locale.ZH_TW: "每七十二小時一次", Locale.ZH_CN: "每七十二小时一次", Locale.EN_US: "every 72 hours"},
}

ROUTE: dict[str, dict[Locale, str]] = {
    "PO": {Locale.ZH_TW: "口服", Locale.ZH_CN: "口服", Locale.EN_US: "by mouth"},
    "SL": {Locale.ZH_TW: "含在舌下", Locale.ZH_CN: "含在舌下", Locale.EN_US: "under the tongue"},
    "IV": {Locale.ZH_TW: "靜脈注射", Locale.ZH_CN: "静脉注射", Locale.EN_US: "into a vein"},
    "IM": {Locale.ZH_TW: "肌肉注射", Locale.ZH_CN: "肌肉注射", Locale.EN_US: "into a muscle"},
    "SC": {Locale.ZH_TW: "皮下注射", Locale.ZH_CN: "皮下注射", Locale.EN_US: "under the skin"},
    "INH": {Locale.ZH_TW: "吸入", Locale.ZH_CN: "吸入", Locale.EN_US: "inhaled"},
    "TOP": {Locale.ZH_TW: "外用", Locale.ZH_CN: "外用", Locale.EN_US: "on the skin"},
    "PR": {Locale.ZH_TW: "肛門塞劑", Locale.ZH_CN: "直肠给药", Locale.EN_US: "rectally"},
    "BUC": {Locale.ZH_TW: "含在頰側", Locale.ZH_CN: "含在颊侧", Locale.EN_US: "inside the cheek"},
    "NAS": {Locale.ZH_TW: "噴鼻", Locale.ZH_CN: "喷鼻", Locale.EN_US: "in the nose"},
    "OTIC": {Locale.ZH_TW: "點耳朵", Locale.ZH_CN: "滴耳", Locale.EN_US: "in the ear"},
    "TD": {Locale.ZH_TW: "貼在皮膚上", Locale.ZH_CN: "贴在皮肤上", Locale.EN_US: "as a skin patch"},
    "VAG": {Locale.ZH_TW: "陰道給藥", Locale.ZH_CN: "阴道给药", Locale.EN_US: "vaginally"},
    "NG": {Locale.ZH_TW: "由鼻胃管給", Locale.ZH_CN: "由鼻胃管给", Locale.EN_US: "through the feeding tube"},
    "OPH": {Locale.ZH_TW: "點眼睛", Locale.ZH_CN: "滴眼", Locale.EN_US: "in the eye"},
}


def say(codes: str, table: dict[str, dict[Locale, str]], locale: Locale) -> str:
    """Return the words for blank-separated ``codes`` ("TID PC"), unknown ones left out."""
    words = [table[code][locale] for code in codes.upper().split() if code in table]
    return (", " if locale is Locale.EN_US else "，").join(words)
