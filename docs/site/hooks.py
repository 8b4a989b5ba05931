"""What MkDocs calls while it builds the site: links out of docs/, and what the marks of fences say to a reader."""

import re
import sys
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

from outside_docs import DOCS, REPOSITORY, as_page, for_the_site, outside_files

ROOT: Final = Path(__file__).parents[2]
FENCES: Final = {
    "local": "",
    "aws": 'title="needs an AWS account or a cluster"',
    "output": 'title="what it prints"',
}
"""Mark of a fence → what the site adds to it."""
_FOR_TESTS = re.compile(r"^<!-- (?:needs|takes|run by): .*-->\n", re.MULTILINE)
SEARCH: Final = 'data-md-component="search" role="dialog"'
"""The theme's search box, which has no name for who listens to the page."""
_FENCE = re.compile(rf"^( *)```(\w+) ({'|'.join(FENCES)})$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Adds the files beside docs/ that pages link to."""
    pages = [f"{DOCS}/{file.src_uri}" for file in files.documentation_pages()]
    for path in outside_files(ROOT, pages):
        name = f"{REPOSITORY}/{path}" if path.endswith(".md") else f"{REPOSITORY}/{path}.md"
        files.append(File.generated(config, name, content=as_page(ROOT, path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Makes links and fences what the site needs."""
    source = page.file.src_uri
    if not source.startswith(f"{REPOSITORY}/"):
        markdown = for_the_site(markdown, f"{DOCS}/{source}")
    markdown = _FOR_TESTS.sub("", markdown)
    return _FENCE.sub(lambda found: f"{found[1]}```{found[2]} {FENCES[found[3]]}".rstrip(), markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Names the search box."""
    return output.replace(SEARCH, f'{SEARCH} aria-label="Search"')
