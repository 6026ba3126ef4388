"""The page in a real browser: its sums, its controls, its looks. Run by ``make browser``."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pandas as pd
import pytest

from backpain_risk import assess, export_scenario, load_scenario, vocabulary, write_explorer
from backpain_risk.report.explorer.page import _script

pytestmark = [pytest.mark.browser, pytest.mark.contract]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
INTERVAL = "document.getElementById('interval').textContent"
SETTINGS = tuple(vocabulary.SETTINGS)


@pytest.fixture(scope="session")
def browser():
    if BROWSER is None:
        pytest.skip("NO BROWSER: the explorer was not tried; install Debian's chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="NO PLAYWRIGHT")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    write_explorer([load_scenario(name) for name in SETTINGS], path)
    assert path.stat().st_size < 1_500_000
    return path


@pytest.fixture
def opened(browser, page_file):
    """Opens the page with a link's end, and gathers what it complains of or asks for."""
    contexts = []

    def at(link="", width=1280, scheme="light", file=page_file):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "blob:", "data:"))
                else page.complaints.append(request.url)
            ),
        )
        page.goto(file.as_uri() + link)
        return page

    yield at
    for context in contexts:
        context.close()


def finished(page):
    page.wait_for_function(f"{INTERVAL}.includes('200')")
    return page


def patients(n, seed):
    """Patients of whom anything may be unknown."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        patient = {}
        if rng.random() < 0.6:
            patient["age_years"] = int(rng.integers(18, 96))
        if rng.random() < 0.6:
            patient["male"] = int(rng.integers(2))
        for key in vocabulary.RESPONDING:
            if rng.random() < 0.5:
                patient[key] = int(rng.random() < 0.4)
        for key, test in vocabulary.LABORATORY.items():
            if rng.random() < 0.4:
                patient[key] = test.bands[rng.integers(len(test.bands))]
        found.append(patient)
    return found


@pytest.fixture
def engine(browser, tmp_path):
    """The engine alone, with one scenario."""
    contexts = []

    def of(scenario, n_draws):
        export_scenario(scenario, tmp_path / "scenario.json", n_draws, dependences=(0.0, 0.5))
        html = tmp_path / "engine.html"
        program = _script("engine.js") + "globalThis.engine = {readModel, riskOf, riskDraws};"
        html.write_text(f'<script type="module">{program}</script>', "utf-8")
        context = browser.new_context()
        contexts.append(context)
        page = context.new_page()
        page.goto(html.as_uri())
        page.evaluate(
            "text => { globalThis.model = engine.readModel(JSON.parse(text)); }",
            (tmp_path / "scenario.json").read_text("utf-8"),
        )
        return page

    yield of
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", SETTINGS)
def test_the_page_sums_what_the_scenario_sums(engine, name):
    """200 patients: the risk to 1e-9; limits from the same 20 draws of 16 of them to 1e-6."""
    scenario = load_scenario(name)
    page = engine(scenario, 20)
    asked = patients(200, seed=3)
    found = page.evaluate("all => all.map(one => engine.riskOf(model, one))", asked)
    wanted = [assess(patient, scenario=scenario, n_draws=0).risk.value for patient in asked]
    np.testing.assert_allclose(found, wanted, atol=1e-9, rtol=0)
    few = asked[:16]
    drawn = page.evaluate("all => all.map(one => engine.riskDraws(model, one, 0, 20))", few)
    draws = scenario.draws(20, rng=0)
    told = [assess(patient, scenario=draws).risk for patient in few]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
    np.testing.assert_allclose(low, [risk.low for risk in told], atol=1e-6, rtol=0)
    np.testing.assert_allclose(high, [risk.high for risk in told], atol=1e-6, rtol=0)


def test_other_dependences_and_base_rates(engine):
    scenario = load_scenario("primary_care")
    page = engine(scenario, 0)
    asked = patients(20, seed=4)
    found = page.evaluate(
        "all => all.map(one => engine.riskOf(model, one, {at: 1, baseRate: 0.003}))", asked
    )
    other = scenario.replace(dependence=0.5, base_rate=0.003)
    wanted = [other.risk(pd.DataFrame([patient]))[0] for patient in asked]
    np.testing.assert_allclose(found, wanted, atol=1e-9, rtol=0)


def test_a_link_restores_the_state_and_the_numbers_agree(opened):
    link = "#setting=spine_clinic&threshold=2&age_years=67&history_of_cancer=1&esr_mm_h=50-99"
    page = finished(opened(link))
    page.click("#copy-json")
    page.wait_for_function("document.getElementById('copied').textContent !== ''")
    text = page.input_value("#copy") or page.evaluate("navigator.clipboard.readText()")
    copied = json.loads(text)
    scenario = load_scenario("spine_clinic")
    row = {"age_years": 67, "history_of_cancer": 1, "esr_mm_h": "50-99"}
    assessed = assess(row, scenario=scenario)
    told = assessed.risk
    assert copied["multiplied"] == pytest.approx(assessed.multiplied.value, abs=1e-9)
    assert copied["findings"] == row
    assert copied["digest"] == scenario.digest
    assert copied["risk"] == pytest.approx(told.value, abs=1e-9)
    assert copied["low"] == pytest.approx(told.low, abs=1e-6)
    assert copied["high"] == pytest.approx(told.high, abs=1e-6)
    assert copied["notice"] == vocabulary.NOTICE
    assert page.evaluate("location.hash") == link
    assert page.complaints == []


def test_number_sentence_icons_and_label_say_the_same(opened):
    page = finished(opened("#age_years=80&history_of_cancer=1"))
    count = round(10 * float(page.inner_text("#probability").removesuffix(" %")))
    assert page.inner_text("#frequency").startswith(f"{count} of 1 000")
    squares = page.get_attribute("#icons path.having", "d").count("M")
    assert squares == count
    assert page.get_attribute("#icons svg", "aria-label").startswith(f"{count} of 1 000")


def test_every_control_by_keyboard(opened):
    page = opened()
    page.focus("#setting")
    seen = []
    for _ in range(60):
        seen.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.name"
                " || document.activeElement.tagName"
            )
        )
        page.keyboard.press("Tab")
    controls = {"setting", "base-rate", "dependence", "hide", "age", "male", "threshold"}
    controls |= set(vocabulary.RESPONDING) | set(vocabulary.LABORATORY)
    controls |= {"copy-text", "copy-json", "reset"}
    assert controls <= set(seen)
    page.focus("#age")
    page.keyboard.type("70")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.focus("input[name=history_of_cancer]:checked")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "age_years=70" in page.evaluate("location.hash")
    assert "history_of_cancer=1" in page.evaluate("location.hash")
    assert "male=0" in page.evaluate("location.hash")
    page.focus("#reset")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == ""


def test_the_live_region_speaks_once(opened):
    page = opened()
    finished(page)
    page.evaluate(
        "() => { globalThis.spoken = [];"
        " new MutationObserver(() => spoken.push(document.getElementById('spoken').textContent))"
        ".observe(document.getElementById('spoken'), {childList: true}); }"
    )
    page.click("label:has(input[name=night_pain][value='1'])")
    finished(page)
    page.wait_for_function("spoken.length > 0")
    assert len(page.evaluate("spoken")) == 1


def test_wrong_entries_get_a_sentence_and_no_number(opened):
    page = opened("#age_years=7")
    assert page.inner_text("#age-problem") == "Age must be a whole number from 18 to 95."
    assert page.inner_text("#probability") == "–"
    page.fill("#age", "70")
    page.fill("#base-rate", "abc")
    assert "base rate must lie between" in page.inner_text("#base-rate-problem")
    page.fill("#base-rate", "0,5")
    assert page.inner_text("#base-rate-problem") == ""
    assert page.inner_text("#probability") != "–"


def test_what_is_assumed_can_be_hidden(opened):
    page = opened("#fever_or_night_sweats=1&history_of_cancer=1&hide=assumed")
    assert page.query_selector("input[name=fever_or_night_sweats]") is None
    assert page.query_selector("input[name=history_of_cancer]") is not None
    assert "fever_or_night_sweats" not in page.evaluate("location.hash")
    assert "stays assumed" in page.inner_text("form")


def test_damage_is_one_sentence(opened, page_file, tmp_path):
    text = page_file.read_text("utf-8")
    place = text.index('"pool":["') + 2_000
    other = "A" if text[place] != "A" else "B"
    broken = tmp_path / "broken.html"
    broken.write_text(text[:place] + other + text[place + 1 :], "utf-8")
    page = opened(file=broken)
    assert "damaged" in page.inner_text("main")
    assert page.query_selector("#probability") is None


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_axe_and_no_scrolling_sideways(opened, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = finished(opened("#age_years=67&history_of_cancer=1&esr_mm_h=50-99", width, scheme))
    found = axe.Axe().run(page).response["violations"]
    serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []


def test_speed_is_told(opened, capsys):
    """No gate: a table in the log."""
    page = opened()
    finished(page)
    rows = []
    for what, link in (
        ("age known, ESR", "#age_years=67&history_of_cancer=1&esr_mm_h=50-99"),
        ("age unknown, nine flags", "#" + "&".join(f"{k}=0" for k in vocabulary.RESPONDING[:8])),
    ):
        begin = time.perf_counter()
        page.evaluate("link => { location.hash = link; }", link)
        page.wait_for_function(f"location.hash && !{INTERVAL}.includes('200')")
        risk = time.perf_counter() - begin
        finished(page)
        rows.append((what, 1000 * risk, 1000 * (time.perf_counter() - begin)))
    with capsys.disabled():
        print("\nexplorer, milliseconds: risk shown, limits of 200 draws shown")  # noqa: T201
        for what, risk, limits in rows:
            print(f"  {what:<28}{risk:8.0f}{limits:8.0f}")  # noqa: T201
