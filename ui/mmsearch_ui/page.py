"""Puts the page together."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by Gradio when it is imported

import gradio as gr
from fastapi import FastAPI

from mmsearch.client import Client
from mmsearch.errors import MMSearchError
from mmsearch.keys import NOBODY
from mmsearch.server.doors import asker
from mmsearch_ui.asked import COUNTS, Asked
from mmsearch_ui.cards import answer_html, error_html, welcome_html
from mmsearch_ui.finding import Media, find
from mmsearch_ui.formats import is_playable
from mmsearch_ui.guard import Guard
from mmsearch_ui.judging import judging_routes
from mmsearch_ui.keeping import keeping_routes
from mmsearch_ui.media import media_routes
from mmsearch_ui.narrowing import OnlyNeeded
from mmsearch_ui.quality import quality_routes
from mmsearch_ui.seeing import seen_with
from mmsearch_ui.sheets import page_html
from mmsearch_ui.suggesting import suggesting_routes
from mmsearch_ui.transcripts import transcript_routes

MAX_PICTURE = "20mb"
UPLOADS_KEPT_S = 3600
SCRIPTS = ("answer.js", "judging.js", "viewing.js", "keys.js", "suggesting.js", "transcripts.js")
HERE = Path(__file__).parent
Followed = tuple[dict[str, Any], int, list[str], bool, str]
"""What the address of a page asks: the box, the number of results, the spaces, each copy by itself; and the answer."""
THEME = gr.themes.Base(
    font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
    font_mono=["ui-monospace", "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "monospace"],
)


def mount(client: Client, app: FastAPI) -> None:
    """Put the page into the application: the search at `/`, the files of the library below `/media`."""
    app.include_router(media_routes(client))
    app.include_router(judging_routes(client))
    app.include_router(suggesting_routes(client))
    app.include_router(transcript_routes(client))
    app.include_router(keeping_routes(client, app))
    app.include_router(quality_routes(client))
    app.add_middleware(OnlyNeeded)
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
    examples = seen_with(client, NOBODY).examples()
    sounds = "audio" in _answered(client)
    blocks = gr.Blocks(title="mmsearch", analytics_enabled=False, delete_cache=(UPLOADS_KEPT_S, UPLOADS_KEPT_S))
    with blocks:
        gr.HTML(page_html("masthead.html", page="Search"), elem_id="masthead")
        box = gr.MultimodalTextbox(
            label="Search",
            show_label=False,
            placeholder=f"Ask in plain words, or paste a picture{', or record a sound' if sounds else ''}",
            file_types=["image", "audio"] if sounds else ["image"],
            sources=["upload", "microphone"] if sounds else ["upload"],
            max_lines=4,
            submit_btn=True,
            autofocus=True,
            elem_id="box",
            html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
        )
        with gr.Accordion("More options", open=False, elem_id="more"), gr.Row():
            count = gr.Radio(list(COUNTS), value=COUNTS[0], label="Results", elem_id="count")
            spaces = gr.CheckboxGroup(_open_spaces(client), label="Spaces", elem_id="spaces")
            all_copies = gr.Checkbox(label="Each copy by itself", container=False, elem_id="copies")
        address = gr.Textbox(visible=False)
        answer = gr.HTML(
            welcome_html(examples),
            elem_id="answer",
            apply_default_css=False,
            js_on_load="\n".join((HERE / script).read_text("utf-8") for script in SCRIPTS),
        )

        def search(
            typed: dict[str, Any], top_k: int, names: Sequence[str], each: bool, narrowed: str, request: gr.Request
        ) -> str:
            """The answer to what stands in the box, narrowed as the address says."""
            asked = replace(
                Asked.read(narrowed), words=typed["text"].strip(), count=top_k, spaces=tuple(names), all_copies=each
            )
            return _answer(_seen(client, request), asked, _media(typed["files"]), examples)

        def follow(event: gr.EventData, typed: dict[str, Any], request: gr.Request) -> Followed:
            """The box, the options and the answer for an address of the page; what is in the box may be kept."""
            asked = Asked.read(str(event.address), _open_spaces(client))
            files = typed["files"] if event.keep else []
            said = {"text": asked.words, "files": files}
            return (
                said,
                asked.count,
                list(asked.spaces),
                asked.all_copies,
                _answer(_seen(client, request), asked, _media(files), examples),
            )

        given = [box, count, spaces, all_copies]
        one_at_a_time: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "library", "show_progress": "hidden"}
        gr.on(
            [box.submit, count.input, spaces.input, all_copies.input],
            search,
            [*given, address],
            answer,
            js=(HERE / "remember.js").read_text("utf-8"),
            api_name="search",
            trigger_mode="always_last",
            **one_at_a_time,
        )
        answer.select(follow, box, [*given, answer], api_visibility="private", **one_at_a_time)
    return blocks


def _open_spaces(client: Client) -> list[str]:
    return list(client.app.searcher.spaces)


def _answered(client: Client) -> set[str]:
    """The kinds of query that an open space answers."""
    return {kind for opened in client.app.searcher.spaces.values() for kind in opened.space.answers}


def _media(files: Sequence[str]) -> Media:
    """The first file in the box: a picture, or a sound by its ending."""
    if not files:
        return Media()
    content = Path(files[0]).read_bytes()
    return Media(audio=content) if is_playable(files[0]) else Media(image=content)


def _seen(client: Client, request: gr.Request) -> Client:
    """The library as the key of whoever asks sees it; Gradio hands on the request that joined its queue."""
    return seen_with(client, asker(request.request) if request.request else NOBODY)


def _answer(client: Client, asked: Asked, media: Media, examples: Sequence[str]) -> str:
    if not asked.words and not asked.like and media == Media():
        return welcome_html(examples)
    try:
        found = find(client, asked, media)
        words = found.ranking.query.text
        search = client.app.note(found.ranking)
        judged = {one.document_id: one.grade for one in client.judgements(words)} if words else {}
    except MMSearchError as error:
        return error_html(str(error))
    return answer_html(
        found.ranking,
        asked,
        judged,
        search=search,
        lanes=found.lanes,
        nearest=found.nearest,
        facets=found.facets,
        keep=media != Media(),
        by_picture="image" in _answered(client),
    )
