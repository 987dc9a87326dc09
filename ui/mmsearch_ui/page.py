"""Puts the page together."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by Gradio when it is imported

import gradio as gr
from fastapi import FastAPI

from mmsearch.client import Client
from mmsearch.errors import MMSearchError
from mmsearch.types import MODALITIES, Modality
from mmsearch_ui.asked import COUNTS, Asked
from mmsearch_ui.cards import answer_html, error_html, welcome_html
from mmsearch_ui.guard import Guard
from mmsearch_ui.media import media_routes

PLURALS = {"text": "Texts", "table": "Tables", "image": "Pictures", "audio": "Recordings"}
MAX_PICTURE = "20mb"
UPLOADS_KEPT_S = 3600
HERE = Path(__file__).parent
THEME = gr.themes.Base(
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
    font_mono=["ui-monospace", "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "monospace"],
)


def mount(client: Client, app: FastAPI) -> None:
    """Put the page into the application: the search at `/`, the files of the library below `/media`."""
    app.include_router(media_routes(client))
    app.add_middleware(Guard)
    gr.mount_gradio_app(
        app,
        _blocks(client),
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=MAX_PICTURE,
        ssr_mode=False,
        favicon_path=str(HERE / "favicon.png"),
        theme=THEME,
        css=(HERE / "style.css").read_text("utf-8"),
        head='<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
    )


def _blocks(client: Client) -> gr.Blocks:
    """The visible parts and what they do. All searches wait in one queue: the models answer one at a time."""
    examples = client.examples()
    blocks = gr.Blocks(title="mmsearch", analytics_enabled=False, delete_cache=(UPLOADS_KEPT_S, UPLOADS_KEPT_S))
    with blocks:
        gr.HTML((HERE / "templates" / "masthead.html").read_text("utf-8"), elem_id="masthead")
        box = gr.MultimodalTextbox(
            label="Search",
            show_label=False,
            placeholder="Ask in plain words, or paste a picture",
            file_types=["image"],
            sources=["upload"],
            max_lines=4,
            submit_btn=True,
            autofocus=True,
            elem_id="box",
            html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
        )
        with gr.Row(elem_id="limits"):
            modalities = gr.CheckboxGroup(
                [(PLURALS[modality], modality) for modality in MODALITIES], label="Only", elem_id="modalities"
            )
            count = gr.Radio(list(COUNTS), value=COUNTS[0], label="Results", elem_id="count")
        with gr.Accordion("More options", open=False, elem_id="more"), gr.Row():
            spaces = gr.CheckboxGroup(_open_spaces(client), label="Spaces", elem_id="spaces")
            all_copies = gr.Checkbox(label="Each copy by itself", container=False, elem_id="copies")
        answer = gr.HTML(
            welcome_html(examples),
            elem_id="answer",
            apply_default_css=False,
            js_on_load=(HERE / "answer.js").read_text("utf-8"),
        )

        def search(
            typed: dict[str, Any], wanted: Sequence[Modality], top_k: int, names: Sequence[str], each: bool
        ) -> str:
            """The answer to what stands in the box."""
            picture = Path(typed["files"][0]).read_bytes() if typed["files"] else None
            asked = Asked(typed["text"].strip(), tuple(wanted), top_k, tuple(names), each)
            return _answer(client, asked, picture, examples)

        def follow(event: gr.EventData) -> tuple[dict[str, Any], list[Modality], int, list[str], bool, str]:
            """The box, the limits, the options and the answer for an address of the page."""
            asked = Asked.read(dict(parse_qsl(str(event.address).removeprefix("?"))), _open_spaces(client))
            typed = {"text": asked.words, "files": []}
            limits = list(asked.modalities), asked.count, list(asked.spaces), asked.all_copies
            return typed, *limits, _answer(client, asked, None, examples)

        given = [box, modalities, count, spaces, all_copies]
        one_at_a_time: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "library", "show_progress": "hidden"}
        gr.on(
            [box.submit, modalities.input, count.input, spaces.input, all_copies.input],
            search,
            given,
            answer,
            js=(HERE / "remember.js").read_text("utf-8"),
            api_name="search",
            trigger_mode="always_last",
            **one_at_a_time,
        )
        answer.select(follow, None, [*given, answer], api_visibility="private", **one_at_a_time)
    return blocks


def _open_spaces(client: Client) -> list[str]:
    return [state.name for state in client.spaces() if not state.closed]


def _answer(client: Client, asked: Asked, picture: bytes | None, examples: Sequence[str]) -> str:
    if not asked.words and picture is None:
        return welcome_html(examples)
    try:
        found = client.search(
            asked.words,
            image=picture,
            modalities=asked.modalities,
            top_k=asked.count,
            spaces=asked.spaces,
            all_copies=asked.all_copies,
        )
    except MMSearchError as error:
        return error_html(str(error))
    return answer_html(found, asked)
