"""What makes pages of the notebooks, beyond a stock Jupyter Book; and the order in which it works.

`problems` is an extension of its own, loaded first, for it tells what all others warn of.
"""

from sphinx.config import ENUM

from . import (
    equations,
    figures,
    homework,
    hover,
    launch,
    lite,
    mathml,
    search,
    structure,
    styles,
    terms,
)

SET_UP = (figures, homework, launch, lite, mathml)
# A page that has been read, before Sphinx collects its titles and its pictures.
WHEN_READ = (
    figures.inline_figures,
    figures.require_text,
    structure.mark_up,
    equations.number_equations,
)
# A page whose links lead somewhere, when all pages have been read.
WHEN_RESOLVED = (equations.link_elsewhere, terms.link_terms)
# A page that is about to be written.
WHEN_WRITTEN = (
    figures.add_scripts,
    hover.add_notes,
    launch.add_buttons,
    mathml.keep_together,
    styles.name_sheet,
)
# The site that has been written: the search gets the texts of its pages, the one style sheet what
# they name, with typefaces of their characters. JupyterLite has been built meanwhile.
WHEN_BUILT = (
    homework.write_homework,
    search.write_search,
    styles.write_styles,
    lite.write_lite,
    launch.tell_colab,
)
# Priorities of Sphinx's own steps, and of the theme's, which writes the colours of code at the end.
COLLECTS, WRITES, COLOURS = 500, 500, 500


def when_built(app, error):
    """Finish the site, unless something has gone wrong or it is not a site that is made."""
    if error is None and app.builder.format == "html":
        for step in WHEN_BUILT:
            if step.__name__ not in app.config.steps_left_out:
                step(app)


def setup(app):
    for part in SET_UP:
        part.setup(app)
    for position, step in enumerate(WHEN_READ):
        app.connect("doctree-read", step, priority=COLLECTS - len(WHEN_READ) + position)
    for step in WHEN_RESOLVED:
        app.connect("doctree-resolved", step)
    for step in WHEN_WRITTEN:
        app.connect("html-page-context", step, priority=WRITES + 2)  # a button of the theme's: 501
    app.connect("build-finished", when_built, priority=COLOURS + 1)
    steps = ENUM(*(step.__name__ for step in WHEN_BUILT))
    app.add_config_value("steps_left_out", [], "", steps)  # for a quick look
    app.add_config_value("comments_config", {}, "")  # which Jupyter Book sets, for all that
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
