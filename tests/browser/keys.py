"""A page that is used by its keys alone: every stop on the way can be seen, comes in order, and can be left again."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.test_household_keyboard import SAID

# What is wrong with the place that has the focus, after ``back`` had it; an empty string if nothing is.
FAULT = """() => {
    const on = document.activeElement, before = window.stopBefore;
    window.stopBefore = on;
    if (!on || on === document.body) return "";
    const box = on.matches("input[type=radio], input[type=checkbox]") ? on.closest("label") ?? on : on;
    const rect = box.getBoundingClientRect();
    const said = `${on.tagName} ${on.name || ""} ${(on.innerText || on.value || "").slice(0, 30)}`;
    if (rect.width < 1 || rect.height < 1) return `nothing of it is on the page: ${said}`;
    const [x, y] = [rect.left + Math.min(rect.width / 2, 20), rect.top + Math.min(rect.height / 2, 12)];
    if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return `out of sight: ${said}`;
    const top = document.elementFromPoint(x, y);
    if (top && !box.contains(top) && !top.contains(box)) return `covered by ${top.className || top.tagName}: ${said}`;
    const rings = [on, box].some((part) => {
        const style = getComputedStyle(part);
        return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    });
    if (!rings) return `no ring: ${said}`;
    if (on.tabIndex > 0) return `out of order by tabindex: ${said}`;
    if (before === on) return `a trap: ${said}`;
    if (before && before !== document.body && before.isConnected
        && !(before.compareDocumentPosition(on) & Node.DOCUMENT_POSITION_FOLLOWING)) return `backwards: ${said}`;
    return "";
}"""
FORGET = "() => { window.stopBefore = null; }"


def reach(page: Page, what: str, *, most: int = 150) -> int:
    """Tab until what has the focus says ``what`` (its name, value, label, words or address); how many keys that took."""
    page.evaluate(FORGET)
    seen: list[str] = []
    for keys in range(most):
        said = page.evaluate(SAID)
        if re.search(what, said):
            return keys
        seen.append(said[-30:])
        page.keyboard.press("Tab")
        fault = page.evaluate(FAULT)
        assert fault == "", (page.url, fault)
    raise AssertionError(f"{what} was not reached: {seen}")


def settle(page: Page, address: str) -> None:
    page.wait_for_url(re.compile(address))
    page.wait_for_load_state("networkidle")


def press(page: Page, what: str, address: str, *, key: str = "Enter") -> None:
    """Reach it and press it; the page at ``address`` is whole afterwards."""
    reach(page, what)
    page.keyboard.press(key)
    settle(page, address)


def write(page: Page, what: str, words: str) -> None:
    """Into the field that is reached, over what stands there."""
    reach(page, what)
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def save(page: Page, address: str) -> None:
    """Ctrl+Enter out of the field that has the cursor; the page that answers says what was done."""
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    page.wait_for_load_state("networkidle")
    refused = page.locator("main [role=alert]").all_inner_texts()
    assert re.search(address, page.url), (page.url, refused)
