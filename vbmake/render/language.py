"""Language tags as mp4 wants them: ISO 639-2/T, three letters."""

from __future__ import annotations

_TABLE = (
    "af:afr am:amh ar:ara az:aze be:bel bg:bul bn:ben bo:bod br:bre bs:bos ca:cat cs:ces cy:cym da:dan de:deu "
    "el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas fi:fin fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gu:guj "
    "ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye ia:ina id:ind ig:ibo is:isl it:ita ja:jpn jv:jav ka:kat "
    "kk:kaz km:khm kn:kan ko:kor ku:kur ky:kir la:lat lb:ltz lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal "
    "mn:mon mr:mar ms:msa mt:mlt my:mya nb:nob ne:nep nl:nld nn:nno no:nor oc:oci om:orm or:ori pa:pan pl:pol "
    "ps:pus pt:por qu:que ro:ron ru:rus rw:kin sd:snd si:sin sk:slk sl:slv so:som sq:sqi sr:srp su:sun sv:swe "
    "sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn tr:tur tt:tat ug:uig uk:ukr ur:urd uz:uzb "
    "vi:vie wo:wol xh:xho yi:yid yo:yor zh:zho zu:zul"
)
_CODES = dict(pair.split(":") for pair in _TABLE.split())


def iso639_2(tag: str) -> str:
    """The three letters for a language tag such as "en", "pt-BR" or "deu"; "" when it names no known language."""
    primary = tag.replace("_", "-").partition("-")[0].strip().lower()
    if len(primary) == 3 and primary.isascii() and primary.isalpha():
        return primary
    return _CODES.get(primary, "")
