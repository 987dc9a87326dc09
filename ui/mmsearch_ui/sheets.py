"""The pages beside the search: plain HTML from templates that escape every value."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader("mmsearch_ui"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_html(template: str, **values: Any) -> str:
    """The page that the template makes of the values."""
    return _templates.get_template(template).render(**values)
