"""What stands around a drug's name in an order: salt, dose form, strength. Vocabulary and patterns only.

Salts and esters follow the INN (Modified) list (WHO, 2006); the Chinese ones are the names used on
Taiwan and Mainland labels. Forms for eye, ear, nose and skin are left out on purpose: facts about
a swallowed or inhaled medicine must not be spoken of an eye drop.
"""

from __future__ import annotations

import re


def _any(words: str) -> str:
    found = [word.replace("_", " ") for word in words.split()]  # as a folded name has it: a space, no hyphen
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))


_SALTS = _any("""
    hydrochloride dihydrochloride hcl hydrobromide hbr besylate besilate mesylate mesilate maleate fumarate
    hemifumarate tartrate hemitartrate bitartrate bisulfate bisulphate hydrogensulfate sulfate sulphate phosphate
    acetate citrate succinate sodium disodium potassium calcium magnesium carbonate chloride monohydrate dihydrate
    trihydrate hydrate anhydrous axetil proxetil medoxomil etexilate hyclate tosylate tosilate oxalate pamoate embonate
    xinafoate
""")
_SALTS_ZH = _any("""
    鹽酸 鹽酸鹽 苯磺酸 苯磺酸鹽 馬來酸 馬來酸鹽 富馬酸 富馬酸鹽 反丁烯二酸 酒石酸 酒石酸鹽 硫酸 硫酸鹽 硫酸氫 硫酸氫鹽
    磷酸 磷酸鹽 醋酸 碳酸 碳酸鹽 鈉 鉀 鈣 鎂
    盐酸 盐酸盐 苯磺酸盐 马来酸 马来酸盐 富马酸 富马酸盐 酒石酸盐 硫酸盐 硫酸氢 硫酸氢盐 磷酸盐 碳酸盐 钠 钾 钙 镁
""")
_SWALLOWED = """
    tablet tablets tab tabs capsule capsules cap caps pill pills sachet sachets syrup po
    錠 錠劑 膜衣錠 腸溶錠 腸溶膜衣錠 長效錠 緩釋錠 持續釋放錠 持續性藥效錠 持續性藥效膜衣錠
    舌下錠 舌下片 發泡錠 咀嚼錠 口溶錠
    膠囊 膠囊劑 腸溶膠囊 腸溶微粒膠囊 糖漿 糖漿劑 口服液 內服液 散劑
    片 片剂 肠溶片 缓释片 舌下含片 胶囊 胶囊剂 肠溶胶囊 糖浆
"""
_INJECTED = """
    injection injections inj vial vials ampoule ampoules ampule amp amps flexpen solostar kwikpen penfill iv im
    注射 注射液 注射劑 注射筆 針劑 針 注射剂 针剂
"""
_INHALED = """
    inhaler inhalers nebule nebules nebulizer nebuliser turbuhaler accuhaler respules evohaler mdi dpi hfa
    吸入劑 吸入液 吸入器 定量噴霧劑 都保 吸入剂 气雾剂 吸入气雾剂
"""
_OTHER = """
    suspension oral solution powder pen pens prefilled cartridge film_coated f.c fc enteric_coated
    extended_release sustained_release modified_release controlled_release prolonged_release delayed_release
    immediate_release chewable effervescent orodispersible odt dispersible xr sr er cr mr dr ir ec xl gits oros
    retard sc sl 懸液 粉末 顆粒 混悬液 颗粒
"""
_UNITS = "mg mcg ug µg μg g kg ml l iu u unit units meq mmol % 毫克 公克 微克 毫升 公升 克 國際單位 單位 单位"
_PER = "tab cap dose puff h hr hour day 錠 片 顆 粒 次 天 日"

_FORMS = _any(_SWALLOWED + _INJECTED + _INHALED + _OTHER)
_NUMBER = r"\d[\d,]{0,9}(?:\.\d{1,6})?"
_AMOUNT = rf"{_NUMBER}(?:\s?[/+-]\s?{_NUMBER})?"
_PER_AMOUNT = rf"\s?/\s?(?:{_NUMBER}\s?)?(?:{_any(f'{_UNITS} {_PER}')})"
_WITH_UNIT = rf"(?<![\d.,/+]){_AMOUNT}\s?(?:{_any(_UNITS)})(?:{_PER_AMOUNT})?"
_BARE_NUMBER = rf"(?<![\d.,/+a-z]){_AMOUNT}(?:{_PER_AMOUNT})?"  # not the 12 of "b12"
_START = "(?:(?<![a-z0-9])|(?![a-z]))"  # Latin words stand apart; Chinese parts follow directly

# One part at the end of a folded name, and one in front of it ("Inj. heparin", "鹽酸二甲雙胍").
TAIL = re.compile(rf"(?:{_START}(?:{_SALTS}|{_FORMS})\.?|{_SALTS_ZH}|{_WITH_UNIT}|{_BARE_NUMBER})$")
HEAD = re.compile(rf"^(?:(?:tab|cap|inj|syr|sol)s?\.?\s|半?(?:{_SALTS_ZH}))")

_NOT_INHALED = re.compile(rf"{_START}(?:{_any(_SWALLOWED + _INJECTED)})(?![a-z])")
_ONLY_INHALED = re.compile(rf"{_START}(?:{_any(_INHALED)})(?![a-z])")


# What an order leaves out of the name because its route says it.
FORMS_OF_ROUTE = {
    "OPH": ("eye drops", "眼藥水", "滴眼液"),
    "TD": ("patch", "貼片", "贴剂"),
    "NAS": ("nasal spray", "鼻噴劑", "鼻喷雾剂"),
    "TOP": ("gel", "cream", "凝膠", "乳膏", "凝胶"),
}


def fits_route(folded_name: str, route: str) -> bool:
    """Return False where the form in the name is inhaled and the formulary's drug is not, or the reverse."""
    inhaled = "INH" in route.upper()
    return not (_NOT_INHALED if inhaled else _ONLY_INHALED).search(folded_name)
