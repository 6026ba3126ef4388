"""The Word document that lends its styles: pandoc's own, on A4, with small tables and captions."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pypandoc

_STYLES = "word/styles.xml"
_DOCUMENT = "word/document.xml"
_A4 = (
    '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1304" w:right="1247" w:bottom="1304" '
    'w:left="1247" w:header="624" w:footer="624" w:gutter="0"/>'
)
_WHEN = (2000, 1, 1, 0, 0, 0)
_SIZES = {  # half points
    "Normal": 21,
    "BodyText": 21,
    "Compact": 15,
    "Caption": 17,
    "TableCaption": 17,
    "ImageCaption": 17,
    "Title": 36,
    "Subtitle": 19,
    "Heading1": 29,
    "Heading2": 24,
    "Heading3": 21,
}


def write_reference(target: Path) -> None:
    """Write the document that ``--reference-doc`` takes, the same bytes on every run."""
    pandoc = pypandoc.get_pandoc_path()
    original = target.with_suffix(".original.docx")
    arguments = [pandoc, f"--output={original}", "--print-default-data-file=reference.docx"]
    subprocess.run(arguments, check=True)
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _WHEN)
            made.writestr(entry, _changed(name, source.read(name)))
    original.unlink()


def _changed(name: str, content: bytes) -> bytes:
    if name == _STYLES:
        return _restyled(content.decode("utf-8")).encode("utf-8")
    if name == _DOCUMENT:
        return re.sub(
            r"(<w:sectPr>.*?)</w:sectPr>", _on_a4, content.decode(), flags=re.DOTALL
        ).encode()
    return content


def _on_a4(section: re.Match[str]) -> str:
    return f"{section[1]}{_A4}</w:sectPr>"


def _restyled(styles: str) -> str:
    def sized(match: re.Match[str]) -> str:
        return match[1] + _sized(match[3], _SIZES[match[2]]) + match[4]

    names = "|".join(_SIZES)
    one = rf'(<w:style [^>]*w:styleId="({names})"[^>]*>)(.*?)(</w:style>)'
    narrow = styles.replace('w:w="108" w:type="dxa"', 'w:w="50" w:type="dxa"')  # cells' margins
    return re.sub(one, sized, narrow, flags=re.DOTALL)


def _sized(style: str, size: int) -> str:
    properties = f'<w:sz w:val="{size}"/><w:szCs w:val="{size}"/>'
    without = re.sub(r"<w:sz(?:Cs)? [^>]*/>", "", style)
    if "<w:rPr>" in without:
        return without.replace("</w:rPr>", f"{properties}</w:rPr>", 1)
    return without.replace("<w:rPr/>", "").replace("<w:rPr />", "") + f"<w:rPr>{properties}</w:rPr>"
