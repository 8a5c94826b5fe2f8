"""Pages in headless Chromium: they load without a complaint, and what is pressed and dragged changes what is seen."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from changen_cli.reports.pictures import write_picture
from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.page import write_page
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.series import open_series
from changen_cli.types import UInt8Array
from tests.commands import Changen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip

pytestmark = pytest.mark.slow

# It looks again until it is so, or a while has passed: a page draws when it finds the time.
expect = pytest.importorskip("playwright.sync_api").expect
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright; skipped where there is none, which .ci/run says aloud."""
    found = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Opens a page; what it complains of, and what it asks the network for, fails the test."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})

    def open_page(path: Path) -> Page:
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.extend(outside(asked.url)))
        page.goto(path.as_uri())
        return page

    yield open_page
    context.close()
    assert wrong == []


def outside(address: str) -> list[str]:
    return [] if address.startswith(("data:", "file:")) else [address]


def seen(page: Page, what: str) -> UInt8Array:
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    return np.asarray(Image.open(io.BytesIO(page.locator(what).screenshot())).convert("RGB"))


def differ(one: UInt8Array, other: UInt8Array) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture
def page(
    changen: Changen,
    visit: Callable[[Path], Page],
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
    tmp_path: Path,
) -> Page:
    """The page of an output of three series."""
    run_store("zarr", tmp_path / "out", spec, outcomes)
    done = changen("preview", tmp_path / "out", "-o", tmp_path / "page.html", "-q")
    assert done.code == 0, done.err
    return visit(tmp_path / "page.html")


def test_the_slider_and_the_swipe_change_what_is_seen(page: Page) -> None:
    page.locator(".card").first.click()
    page.locator("#outlines").uncheck()
    page.locator("#time").fill("0")
    first = seen(page, "#stage")
    page.locator("#time").fill("2")
    last = seen(page, "#stage")
    assert differ(first, last) > 10

    page.locator("#swipe").check()
    page.locator("#from").select_option("first")
    page.locator("#edge").fill("50")
    both = seen(page, "#stage")
    left, right = np.s_[40:, 20 : both.shape[1] // 2 - 20], np.s_[40:, both.shape[1] // 2 + 20 : -20]
    assert differ(both[left], first[left]) < 1
    assert differ(both[right], last[right]) < 1
    box = page.locator("#stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 200)
    page.mouse.up()
    assert float(page.locator("#edge").input_value()) == pytest.approx(90, abs=1)
    dragged = seen(page, "#stage")
    assert differ(dragged[right], last[right]) > 5


def test_overlays_and_events(page: Page) -> None:
    page.locator(".card").first.click()
    page.locator("#time").fill("1")
    page.locator("#outlines").uncheck()
    plain = seen(page, "#stage")
    for what in ("#masks", "#changed", "#outlines"):
        page.locator(what).check()
        assert differ(seen(page, "#stage"), plain) > 0.5, what
        page.locator(what).uncheck()
    page.locator("#outlines").check()
    expect(page.locator("#stage path")).to_have_count(3)  # before and after the relocation, and what was created
    expect(page.locator("#list li:not(.step)")).to_have_text(["relocate 2, 5 m²", "create 4, 7.5 m²", "remove 3, 6 m²"])
    page.locator("#list li", has_text="remove").click()
    expect(page.locator("#time")).to_have_value("2")
    expect(page.locator("#stage path.chosen")).to_have_count(1)
    expect(page.locator("#stage path.chosen")).to_have_attribute("stroke", "#eb4646")


def test_keys(page: Page) -> None:
    page.locator(".card").first.focus()
    page.keyboard.press("Enter")
    name, time = page.locator("#name"), page.locator("#time")
    expect(name).to_have_text("kampala__r0_c0")
    expect(time).to_have_value("2")
    page.keyboard.press("ArrowLeft")
    expect(time).to_have_value("1")
    for key, box in {"s": "#swipe", "m": "#masks", "c": "#changed"}.items():
        page.keyboard.press(key)
        expect(page.locator(box), key).to_be_checked()
    page.keyboard.press("[")
    expect(page.locator("#edge")).to_have_value("45")
    page.keyboard.press("ArrowDown")
    expect(name).to_have_text("jinja__r1_c0")
    page.keyboard.press(" ")
    page.wait_for_function("() => document.getElementById('time').value !== '2'")
    page.keyboard.press(" ")
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("jinja")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 of 3 shown")


def test_filters_leave_what_they_say(page: Page) -> None:
    expect(page.locator(".card")).to_have_count(3)
    page.locator("#events label", has_text="create").locator("input").uncheck()
    expect(page.locator(".card")).to_have_count(2)  # the series in which nothing changed is gone
    expect(page.locator("#charts")).to_contain_text("4 changes")
    page.locator("#splits label", has_text="test").locator("input").uncheck()
    expect(page.locator(".card .say").first).to_contain_text("kampala__r0_c0")
    page.locator("#splits label", has_text="train").locator("input").uncheck()
    expect(page.locator("#none")).to_be_visible()


def test_the_map_has_tiles_and_changes_and_a_tile_opens(page: Page) -> None:
    page.locator("#map-part summary").click()
    expect(page.locator("#map .tile")).to_have_count(3)
    expect(page.locator("#map .change")).to_have_count(6)
    page.locator("#map-images").check()
    expect(page.locator("#map image")).to_have_count(3)
    expect(page.locator("#map text")).to_have_text("10 m")  # a hundred metres lie there
    page.locator("#map .tile").nth(1).click()
    expect(page.locator("#name")).to_have_text("jinja__r1_c0")


def test_only_what_is_near_has_pictures(page: Page) -> None:
    page.evaluate("() => { document.getElementById('gallery').style.gridTemplateColumns = '100%'; }")
    page.evaluate("() => { document.getElementById('gallery').style.rowGap = '3000px'; }")
    page.wait_for_function("() => document.querySelectorAll('.card img').length === 1")
    page.locator(".card").last.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('.card:last-child img')?.naturalWidth > 0")
    page.wait_for_function("() => document.querySelector('.card:first-child img') === null")


def test_a_thousand_series_do_not_choke_it(
    visit: Callable[[Path], Page],
    run_store: Callable[..., None],
    spec: StoreSpec,
    outcomes: list[Outcome],
    tmp_path: Path,
) -> None:
    run_store("zarr", tmp_path / "out", spec, outcomes)
    write_page(tmp_path / "page.html", Chosen(open_series(tmp_path / "out"), [0, 1, 2, 0] * 250), 256)
    page = visit(tmp_path / "page.html")
    page.wait_for_function("() => document.querySelector('.card img') !== null")
    expect(page.locator(".card")).to_have_count(1000)
    assert page.locator(".card img").count() < 100
    page.locator("#find").fill("jinja")
    expect(page.locator(".card")).to_have_count(250)
    page.locator(".card").last.click()
    expect(page.locator("#name")).to_have_text("jinja__r1_c0")


def test_the_address_of_a_series_opens_it(page: Page) -> None:
    page.goto(page.url.split("#")[0] + "#jinja__r1_c0")
    page.reload()
    expect(page.locator("#name")).to_have_text("jinja__r1_c0")


def test_the_report_of_a_run_leafs_through_its_sheets(
    changen: Changen, visit: Callable[[Path], Page], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    for number in (0, 100, 200):
        write_picture(run / f"sheets/{number:06d}.png", np.full((80, 120, 3), number, np.uint8))
    rows = "".join(f"{n},{n},5,{1 / n:.4f}\n" for n in range(10, 210, 10))
    (run / "losses.csv").write_text("iteration,seconds,images_per_second,g_loss\n" + rows)
    assert changen("report", run).code == 0
    page = visit(run / "report.html")
    expect(page.locator("#said")).to_have_text("200")
    last = seen(page, "#sheet")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#said")).to_have_text("100")
    assert last.mean() - seen(page, "#sheet").mean() == pytest.approx(100, abs=5)
    x = float(page.locator("line.now").first.get_attribute("x1") or 0)
    assert x == pytest.approx(58 + 300 * 100 / 200)
