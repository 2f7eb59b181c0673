import io

import pytest
from pypdf import PdfReader

from common.pdf import html_to_pdf, static_path

HTML = """<html lang="ja"><head><title>会議資料</title></head><body>
<p class="pdf-running">まちの保健室 つつじが丘</p><h1>支援会議</h1><p>髙橋さん 𠮷田さん</p>%s</body></html>"""


def text_of(data):
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def test_paper_is_a4_with_page_numbers_and_the_mark():
    data = html_to_pdf(HTML % "")
    page = PdfReader(io.BytesIO(data)).pages[0]
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    text = text_of(data)
    for part in ("取扱注意", "1 / 1", "支援会議", "髙橋さん", "まちの保健室"):
        assert part in text


@pytest.mark.parametrize(
    "url", ["http://example.invalid/x.png", "https://kyosei.invalid/static/css/base.css", "file:///etc/passwd",
            "http://kyosei.invalid/etc/passwd", "http://kyosei.invalid/static/../manage.py",
            "http://kyosei.invalid/static/%2e%2e/%2e%2e/etc/passwd", "http://kyosei.invalid/static/none.css"],
)  # fmt: skip
def test_nothing_but_static_files_is_read(url):
    with pytest.raises(ValueError, match="static"):
        static_path(url)


def test_static_file_is_found():
    assert static_path("http://kyosei.invalid/static/css/print-pdf.css").name == "print-pdf.css"


def test_foreign_addresses_leave_no_trace_in_the_paper(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    links = '<img src="http://example.invalid/a.png"><img src="file:///etc/passwd"><link rel="stylesheet" href="//example.invalid/a.css">'
    assert "支援会議" in text_of(html_to_pdf(HTML % links))
