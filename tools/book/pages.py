"""The pages of the website, laid out in one folder for Sphinx, links and all.

Nothing is written twice: README is the first page, the lectures are the stored notebooks, the
results are the stored report, and the interface is what the docstrings say.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import types
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import minigrad
from minigrad_course.series import SERIES, Lecture
from tools.book.notebooks import Notebook
from tools.book.slides import add_reveal, write_slides

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")
REPORT = "data/results/reproduce/report.html"
SOLUTIONS = "notebooks/solutions"
SLIDES = "slides"
# What stands elsewhere in the website than in the repository.
MOVED = {
    "README.md": "index.md",
    "notebooks": "index.md",
    SOLUTIONS: f"{SOLUTIONS}/index.md",
    REPORT: "results.md",
    posixpath.dirname(REPORT): "results.md",
}
BESIDE = ("KERAS.md", "CONTRIBUTING.md", "CHANGELOG.md")  # pages as they stand in the repository
ORPHAN = "---\norphan: true\n---\n\n"


class Source:
    """The folder that Sphinx reads.

    Args:
        folder: Where it is; made anew.

    Attributes:
        pages: For the documents: Markdown and notebooks.
        site: For what is copied to the website as it is: the notebooks' pictures, and slides.
        static: For what pages load: MathJax, reveal.js.
    """

    def __init__(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.pages, self.site, self.static = folder / "pages", folder / "site", folder / "static"
        for part in (self.pages, self.site, self.static):
            part.mkdir(parents=True)

    def lay_out(self) -> None:
        """Write every page."""
        self.add("index.md", read("README.md") + contents())
        for name in BESIDE:
            self.add(name, read(name))
        self.add("results.md", results())
        for lecture in lectures():
            self.add_notebooks(lecture)
        self.add(f"{SOLUTIONS}/index.md", solutions())
        self.add(f"{SLIDES}/index.md", slides())
        modules = public_modules()
        self.add("interface/index.md", interface(modules))
        for module in modules:
            self.add(f"interface/{module}.md", documented(module))
        self.add_mathjax()
        add_reveal(self.static)

    def add(self, page: str, text: str) -> None:
        """Write a page, its links as they are in the website; what they lead to comes along."""
        folder = posixpath.dirname(page)

        def settle(found: re.Match[str]) -> str:
            path = posixpath.normpath(posixpath.join(folder, found[1]))
            return posixpath.relpath(self.bring(path), folder or ".")

        file = self.pages / page
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(LINK.sub(settle, text), encoding="utf-8")

    def bring(self, path: str) -> str:
        """Where a link to a file of the repository leads; other files are brought along."""
        if path in MOVED:
            return MOVED[path]
        if (ROOT / path).is_dir():
            return self.bring(f"{path}/README.md")
        own = path in BESIDE or path.endswith(".ipynb") or (self.pages / path).exists()
        if not own and (ROOT / path).exists():
            if path.endswith(".md"):
                self.add(path, ORPHAN + read(path))
            else:
                (self.pages / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, self.pages / path)
        return path

    def add_notebooks(self, lecture: Lecture) -> None:
        """Write a lecture, its slides, and its solutions where it has any."""
        page, solved = f"notebooks/{lecture.file}.ipynb", set()
        answers = f"{SOLUTIONS}/{lecture.file}.ipynb"
        if (ROOT / answers).exists():
            notebook = Notebook(ROOT / answers, answers, self.site)
            solved = notebook.solutions()
            self.add(answers, notebook.text(set()))
        notebook = Notebook(ROOT / page, page, self.site)
        self.add(page, notebook.text(solved))
        write_slides(notebook, self.site / SLIDES / f"{lecture.file}.html")

    def add_mathjax(self) -> None:
        """Copy what sets formulas from the package that brings it: no page asks a network."""
        for file in files("sphinx-mathjax-offline") or ():
            part = file.as_posix().partition("static/mathjax/")[2]
            if part == "tex-chtml.js" or part.startswith("output/chtml/fonts/"):
                place = self.static / "mathjax" / part
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), place)


def read(name: str) -> str:
    """The text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def lectures() -> Iterator[Lecture]:
    """Those lectures of the series that are there."""
    return (each for each in SERIES if (ROOT / f"notebooks/{each.file}.ipynb").exists())


def tree(caption: str, *entries: str) -> str:
    """A part of the table of contents, shown beside every page."""
    return "\n".join(
        ["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    )


def entry(lecture: Lecture, folder: str = "") -> str:
    """A lecture's line in a table of contents: its number and title, not its question."""
    return f"{lecture.number} {lecture.title} <{folder}{lecture.file}>"


def contents() -> str:
    """The table of contents of the website."""
    return tree(
        "Lectures",
        *(entry(lecture, "notebooks/") for lecture in lectures()),
        f"Solutions <{SOLUTIONS}/index>",
        f"Slides <{SLIDES}/index>",
    ) + tree(
        "Reference",
        "Results <results>",
        "Interface <interface/index>",
        "What is covered of Keras <KERAS>",
        "Contributing <CONTRIBUTING>",
        "Changes <CHANGELOG>",
    )


def solutions() -> str:
    """The page that lists the solutions."""
    solved = [each for each in lectures() if (ROOT / SOLUTIONS / f"{each.file}.ipynb").exists()]
    lines = [f"- [{each.number} {each.title}]({each.file}.ipynb)" for each in solved]
    intro = "# Solutions\n\nOne notebook for each lecture. Try first: the checks say what is off.\n"
    return "\n".join([intro, *lines, tree("Solutions", *map(entry, solved))])


def slides() -> str:
    """The page that lists the slides."""
    lines = [f'- <a href="{each.file}.html">{each.number} {each.title}</a>' for each in lectures()]
    intro = "# Slides\n\nArrows turn the pages, **S** opens the notes, **Esc** shows them all.\n"
    return "\n".join([intro, *lines, ""])


def results() -> str:
    """The stored benchmark, and the stored report of the paper's studies, as one page."""
    benchmark = re.search(
        r"<!-- benchmark: begin -->\n(.+?)<!-- benchmark: end -->", read("README.md"), re.S
    )
    report = re.search(r"<body>\s*<h1>(.*?)</h1>(.*)</body>", read(REPORT), re.S)
    if benchmark is None or report is None:
        raise ValueError(f"README.md has no benchmark, or {REPORT} no body")
    text = re.sub(r"<h2[^>]*>(.*?)</h2>", r"\n\n### \1\n\n", report[2])
    return f"# Results\n\n## Speed and memory\n\n{benchmark[1]}\n## {report[1]}\n\n{text}\n"


def public_modules() -> list[str]:
    """The modules that ``minigrad`` offers, but for the package itself under Keras's name."""
    found = {each: getattr(minigrad, each) for each in sorted({*minigrad.__all__, *minigrad.LAZY})}
    modules = {each: it for each, it in found.items() if isinstance(it, types.ModuleType)}
    return [each for each, it in modules.items() if it.__all__ is not minigrad.__all__]


def documented(module: str) -> str:
    """The page of a module: what it offers, as its docstrings say."""
    name = f"minigrad.{module}"
    whole = f"# `{name}`\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n"
    part, losses = getattr(minigrad, module), minigrad.losses
    # a loss that serves as a metric as well is described among the losses
    lent = [
        n
        for n in losses.__all__
        if part is not losses and getattr(part, n, 0) is getattr(losses, n)
    ]
    return whole + (f"   :exclude-members: {', '.join(lent)}\n" if lent else "") + "```\n"


def offers(module: str, name: str) -> bool:
    """Whether a module offers, under the same name, what the package does."""
    part = getattr(minigrad, module)
    return name in part.__all__ and getattr(part, name) is getattr(minigrad, name)


def interface(modules: list[str]) -> str:
    """The page of the interface: the package's own names, and the list of its modules.

    What the package and a module both offer is documented with the module.
    """
    shared = {each: [name for name in minigrad.__all__ if offers(each, name)] for each in modules}
    own = (
        set(minigrad.__all__) - set(modules) - {name for names in shared.values() for name in names}
    )
    lines = [
        "# Interface",
        "\n```{eval-rst}\n.. automodule:: minigrad",
        f"   :members: {', '.join(sorted(own))}\n```\n",
        "## Modules\n\n| `minigrad.` | what is there | in `minigrad` as well |\n|---|---|---|",
    ]
    for module, names in shared.items():
        head = (getattr(minigrad, module).__doc__ or "").splitlines()[0].replace("``", "`")
        lines.append(
            f"| [`{module}`]({module}.md) | {head} | {', '.join(map('`{}`'.format, names))} |"
        )
    return "\n".join(lines) + "\n" + tree("Modules", *(f"{each} <{each}>" for each in modules))
