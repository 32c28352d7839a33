"""The helpers of browser tests tell what they are there to tell."""

import numpy as np
from browser import axe, needs_chromium, opened, outside_requests, run_node, sideways

from mbh_utils.explorers.packing import pack

BAD = """<!doctype html><html><head><title>Bad</title></head><body><main>
<img src="http://127.0.0.1:9/x.png"><div style="width: 3000px">wide</div><input>
<script>console.error("said aloud"); throw new Error("thrown");</script></main></body></html>"""


@needs_chromium
def test_a_bad_page_is_reported(tmp_path):
    file = tmp_path / "bad.html"
    file.write_text(BAD)
    with opened(file, width=390, height=700) as page:
        assert outside_requests(page) == ["http://127.0.0.1:9/x.png"]
        assert {"said aloud", "thrown"} <= set(page.errors)
        assert sideways(page) > 1000
        broken = [line.split()[0] for line in axe(page)]
        assert {"html-has-lang", "image-alt", "label"} <= set(broken)


@needs_chromium
def test_a_good_page_is_not_reported(tmp_path):
    file = tmp_path / "good.html"
    words = "matchMedia('(prefers-color-scheme: dark)').matches"
    file.write_text(
        '<!doctype html><html lang="en"><head><link rel="icon" href="data:,"><title>Good</title>'
        f"</head><body><main><h1>Good</h1><p></p></main><script>document.querySelector('p')."
        f"textContent = {words} + location.hash</script></body></html>"
    )
    with opened(file, dark=True, fragment="class=3") as page:
        assert page.errors == [] and axe(page) == [] and sideways(page) == 0
        assert outside_requests(page) == []
        assert page.locator("p").inner_text() == "true#class=3"


def test_node_reads_what_python_packed(tmp_path):
    array = np.arange(12, dtype=np.uint16).reshape(3, 4) * 1000
    script = """import { unpack } from "./common.js";
    tell(Array.from(await unpack(given.entry)));"""
    found = run_node(script, tmp_path, entry=pack(array))
    assert found == array.ravel().tolist()
