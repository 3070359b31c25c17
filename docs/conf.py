"""How Sphinx makes the site (`bin/docs`): of this folder, and of the documents beside it that its pages link to."""

project = "tfinfra"
project_copyright = "the authors of tfinfra, Apache-2.0"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "bench/README.md"]
exclude_patterns = [".*", "tests", "tfinfra", "examples", "deploy", "runs", "dist"]
html_theme = "furo"
html_title = "tfinfra"
html_show_sphinx = False
html_copy_source = False
html_show_search_summary = False  # would fetch each page found, which a browser refuses of files
html_extra_path = ["_site/index.html"]
myst_heading_anchors = 4  # links to headings are those of the code host
highlight_language = "none"  # a block without a language is output, not Python
