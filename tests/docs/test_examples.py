"""What the documentation shows runs, and says what the documentation says that it says."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sansmcp_asyncio

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")


def run(name):
    """Run an example as a reader would, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", name],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_quickstart_prints_what_its_page_shows():
    (shown,) = re.findall(r"\$ python quickstart_client\.py\n(.*?)```", QUICKSTART, re.DOTALL)
    assert run("quickstart_client.py") == shown


def test_the_weather_client_answers_the_question_and_hears_of_progress():
    question, *progress, result = run("weather_client.py").splitlines()
    assert question == "the server asks: Which Valencia?"
    # The first report may have been overtaken by the second before it left.
    assert progress in (["1 of 2", "2 of 2"], ["2 of 2"])
    assert result == "{'country': 'Spain', 'highs': [20.0, 21.0]}"


def test_the_library_has_its_books_and_its_prompt():
    async def read():
        command = [sys.executable, str(EXAMPLES / "library_server.py")]
        async with sansmcp_asyncio.connect(command) as client:
            books = await client.read_resource("books://list")
            review = await client.get_prompt("review", {"title": "Emma", "words": "20"})
            return books.contents[0].text, review.messages[0].content.text

    assert asyncio.run(read()) == ("Moby-Dick\nEmma", "Review Emma in 20 words.")


def test_the_blocking_binding_adds():
    assert run("blocking_client.py") == "3\n"


@pytest.mark.parametrize("name", ["quickstart_server.py", "quickstart_client.py"])
def test_the_readme_shows_the_examples_as_they_are(name):
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert f"```python\n{source}```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_example_is_on_a_page():
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in re.findall(r"examples/(\w+\.py)", page)}
    assert shown == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize(
    ("page", "example"),
    [
        ("client", "following_client.py"),
        ("client-handlers", "answering_client.py"),
        ("handlers-and-rerunning", "orders_client.py"),
        ("hooks-and-middleware", "guarded_server.py"),
        ("lifespan", "counter_server.py"),
        ("progress-and-logging", "import_client.py"),
        ("several-servers", "several_servers.py"),
        ("types-and-schemas", "schemas.py"),
    ],
)
def test_an_example_of_the_guide_prints_what_its_page_shows(page, example):
    text = (ROOT / "docs" / "guide" / f"{page}.md").read_text(encoding="utf-8")
    (shown,) = re.findall(rf"\$ python {re.escape(example)}\n(.*?)```", text, re.DOTALL)
    assert run(example) == shown


def test_a_cart_is_kept_from_call_to_call():
    async def shop():
        command = [sys.executable, str(EXAMPLES / "carts_server.py")]
        async with sansmcp_asyncio.connect(command) as client:
            cart = (await client.call_tool("new_cart")).content[0].text
            await client.call_tool("add_to_cart", {"cart": cart, "item": "milk"})
            added = await client.call_tool("add_to_cart", {"cart": cart, "item": "tea"})
        async with sansmcp_asyncio.connect(command) as client:
            lost = await client.call_tool("add_to_cart", {"cart": cart, "item": "tea"})
            return added.structured_content, lost.is_error

    assert asyncio.run(shop()) == (["milk", "tea"], True)
