"""The website of the series: whole, without a dead link, each picture described, no network."""

import subprocess
import sys
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import extras
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the tools belong to no package

from minigrad_course.series import SERIES  # noqa: E402

LOADED = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}


class Page(HTMLParser):
    """What a page has: anchors, links, what it loads, pictures, headings' text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors, self.links, self.loads, self.pictures = {""}, [], [], []
        self.opened: dict[str, int] = defaultdict(int)
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.opened[tag] += 1
        self.anchors |= {attributes.get("id"), attributes.get("name")}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "img":
            self.pictures.append(attributes)
        if attributes.get(LOADED.get(tag, "")):
            self.loads.append(attributes[LOADED[tag]])

    def handle_endtag(self, tag):
        self.opened[tag] -= 1


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """The website, built as `make book` does: what Sphinx warns of is an error."""
    extras.need("book", "myst_nb")
    extras.need("book", "sphinx_revealjs")
    folder = tmp_path_factory.mktemp("book")
    built = "from pathlib import Path; from tools.book.build import build; import sys; "
    built += "sys.exit(build(*map(Path, sys.argv[1:])))"
    command = [sys.executable, "-c", built, folder / "site", folder / "work"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(book) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(book.rglob("*.html"))}


def leads_somewhere(pages: dict[Path, Page], page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True  # elsewhere in the world
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if file.suffix != ".html":
        return file.is_file()
    return file in pages and unquote(parts.fragment) in pages[file].anchors


def test_no_link_is_dead(pages):
    dead = [
        (path.name, link)
        for path, page in pages.items()
        for link in page.links + page.loads
        if not link.startswith("data:") and not leads_somewhere(pages, path, link)
    ]
    assert dead == []


def test_every_picture_is_described(pages):
    pictures = [(path.name, p) for path, page in pages.items() for p in page.pictures]
    assert len(pictures) > 50
    assert [(name, p["src"][:60]) for name, p in pictures if not (p.get("alt") or "").strip()] == []


def test_no_page_asks_a_network(pages):
    asked = {load for page in pages.values() for load in page.loads if urlsplit(load).netloc}
    assert asked == set()


def test_formulas_are_set_by_a_program_that_is_there(book):
    page = (book / "notebooks" / "02_graph_nodes.html").read_text(encoding="utf-8")
    assert "mathjax/tex-chtml.js" in page
    assert (book / "_static" / "mathjax" / "tex-chtml.js").stat().st_size > 1_000_000
    assert list((book / "_static" / "mathjax").rglob("*.woff"))


@pytest.mark.parametrize("lecture", SERIES, ids=lambda lecture: lecture.number)
def test_each_lecture_is_there_its_exercises_folded_and_solved(lecture, book, pages):
    page = pages[book / "notebooks" / f"{lecture.file}.html"]
    assert page.opened["details"] == page.opened["figure"] == 0  # each is closed again
    assert page.text.count('<details class="exercise">') == page.text.count("<p>Solution: ")
    if lecture.number != "00":
        assert page.text.count('<details class="exercise">') >= 3
        assert f'href="solutions/{lecture.file}.html#solution-{lecture.number}-1"' in page.text


@pytest.mark.parametrize("lecture", SERIES, ids=lambda lecture: lecture.number)
def test_each_lecture_has_slides_whose_program_lies_beside_them(lecture, book, pages):
    page = pages[book / "slides" / f"{lecture.file}.html"]
    assert page.text.count("<section") > 5 and page.opened["section"] == 0
    assert "../_static/revealjs/dist/reveal.js" in page.loads  # which test_no_link_is_dead finds
    assert f'href="{lecture.file}.html"' in pages[book / "slides" / "index.html"].text


def test_explorers_stand_still_and_say_so(book, pages):
    page = pages[book / "notebooks" / "02_graph_nodes.html"]
    assert page.text.count('<figure class="explorer">') == 2
    assert "widget" not in page.text.partition("<article")[2].partition("</article>")[0]


def test_the_interface_is_all_there(book):
    import minigrad

    documented = "".join(p.read_text(encoding="utf-8") for p in (book / "interface").glob("*.html"))
    modules = {name for name in dir(minigrad) if f'id="module-minigrad.{name}"' in documented}
    assert {"layers", "graph", "interop", "symbolic"} & modules == {"layers", "interop", "symbolic"}
    for name in set(minigrad.__all__) - modules:
        thing, places = getattr(minigrad, name), {f"minigrad.{name}"}
        for module in (getattr(minigrad, each) for each in modules):
            if name in module.__all__ and getattr(module, name) is thing:
                places.add(f"{module.__name__}.{name}")
        assert any(f'id="{place}"' in documented for place in places), name
    for name in minigrad.layers.__all__:
        assert f'id="minigrad.layers.{name}"' in documented, name


def test_the_verdicts_and_charts_are_there(book, pages):
    page = pages[book / "results.html"]
    assert page.text.count('class="verdict"') == 9
    assert len(page.pictures) >= 10


def test_it_can_be_searched(book):
    index = (book / "searchindex.js").read_text(encoding="utf-8")
    assert '"notebooks/02_graph_nodes"' in index and "topological" in index


def test_a_table_that_a_cell_has_printed_is_a_table(book, pages):
    text = pages[book / "notebooks" / "06_experiments.html"].text
    assert "seconds of fit</p></th>" in text and "| seconds of fit" not in text
