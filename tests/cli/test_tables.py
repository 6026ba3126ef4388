"""A stranger's table: what is plain is read, what could mean two things is asked about."""

from __future__ import annotations

import os
import re

import pandas as pd
import pytest

from backpain_risk.cli.tables import read_table, refuse_text

pytestmark = pytest.mark.contract

PLAIN = "y,risk,sex\n0,0.1,f\n1,0.25,m\n"
EXPECTED = pd.DataFrame({"y": [0, 1], "risk": [0.1, 0.25], "sex": ["f", "m"]})
COMMAS = "y;risk;sex\n0;0,1;f\n1;0,25;m\n"


def written(tmp_path, content):
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        COMMAS,
        COMMAS.replace(";", "\t"),
        'y,risk,sex\n0,"0,1",f\n1,"0,25",m\n',
        "\n" + PLAIN,
    ],
)
def test_what_can_mean_one_thing_only_is_read(tmp_path, content):
    pd.testing.assert_frame_equal(read_table(written(tmp_path, content)), EXPECTED)


def test_rows_beyond_those_looked_at_are_read_as_the_first_are(tmp_path):
    rows = "\n".join(f"{i % 2};0,{i % 7 + 1};é" for i in range(20_000))
    table = read_table(written(tmp_path, "y;risk;note\n" + rows + "\n"))
    assert len(table) == 20_000
    assert table.risk.iloc[-1] == pytest.approx((19_999 % 7 + 1) / 10)
    assert set(table.note) == {"é"}


@pytest.mark.parametrize(
    ("content", "options", "column", "expected"),
    [
        ("y;risk\n0;1,234\n1;2,345\n", {"decimal": ","}, "risk", [1.234, 2.345]),
        ("y,a;b\n0,1;2\n", {"sep": ";", "decimal": "."}, "y,a", ["0,1"]),
        ("y\ta;b\n0\t1;2\n", {"sep": "tab"}, "y", [0]),
        ("name\nRenée\n".encode("latin-1"), {"encoding": "latin-1"}, "name", ["Renée"]),
        (PLAIN.encode("utf-16-le"), {"encoding": "utf-16-le"}, "y", [0, 1]),
    ],
)
def test_options_decide_what_the_file_leaves_open(tmp_path, content, options, column, expected):
    assert read_table(written(tmp_path, content), **options)[column].tolist() == expected


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", {}, "is empty"),
        (" \n\n", {}, "is empty"),
        (
            "name\nRenée\n".encode("latin-1"),
            {},
            "holds the byte 0xe9, which is none. Pass its encoding",
        ),
        (b"y\n" + b"0\n" * 40_000 + b"\xe9\n", {}, "holds the byte 0xe9"),
        (PLAIN.encode("utf-16-le"), {}, "holds zero bytes"),
        (b"PK\x03\x04" + bytes(range(256)), {}, "holds zero bytes"),
        ("y,a;b\n0,1;2\n", {}, "it may be ',' and ';'. Pass --sep"),
        ("y;risk\n0;1,234\n1;2,345\n", {}, "holds '1,234' in risk. Pass --decimal ','"),
        ("y;risk;b\n0;0,1;0.5\n1;0,2;0.7\n", {}, "must show what its commas mean"),
        ("y,risk,risk\n0,1,2\n", {}, "has 'risk' 2 times"),
        ("y,risk\n0,1,5\n1,2,6\n", {}, "has 2 names for 3 columns"),
        ("y,risk\n0,1\n1,2,6\n", {}, "Expected 2 fields in line 3, saw 3"),
        ("y,risk\n0,1,5\n1,2\n", {}, "as many values in each row as names"),
        ('y,risk\n"0,1\n', {}, "as many values in each row as names"),
        (PLAIN, {"encoding": "latin-99"}, "encoding must be one that Python knows; got 'latin-99'"),
        (PLAIN, {"sep": "::"}, "sep must be one sign; got '::'"),
        (PLAIN, {"decimal": "x"}, "decimal must be '.' or ','; got 'x'"),
        (PLAIN, {"sep": ",", "decimal": ","}, "sep and decimal must differ"),
    ],
)
def test_what_is_no_table_or_could_mean_two_things_is_refused_in_one_line(
    tmp_path, content, options, message
):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_table(written(tmp_path, content), **options)
    assert "\n" not in str(caught.value)


def test_folders_and_absent_files_are_named_and_pipes_are_read(tmp_path):
    with pytest.raises(ValueError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match="does not exist"):
        read_table(tmp_path / "none.csv")
    reading, writing = os.pipe()
    os.write(writing, PLAIN.encode())
    os.close(writing)
    with os.fdopen(reading):
        pd.testing.assert_frame_equal(read_table(type(tmp_path)(f"/dev/fd/{reading}")), EXPECTED)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("8.5%", "Write a fraction, 0.085 for 8.5%."), ("high", "Write yes and no as 1 and 0")],
)
def test_text_where_numbers_belong_is_named_with_its_remedy(text, remedy):
    table = pd.DataFrame({"risk": ["0.1", text], "sex": ["f", "m"]})
    with pytest.raises(
        ValueError,
        match=f"risk must hold numbers; got 1 of 2 as text .first '{text}' at row 1.. {remedy}",
    ):
        refuse_text(table, ["risk"])
