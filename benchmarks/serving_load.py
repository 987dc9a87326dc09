"""Clients that search, for Locust: each asks, reads the answer, and asks again, without a pause.

Run by `benchmarks.serving_runs` in the environment of Locust; it imports nothing of mmsearch. SERVING_QUERIES names a
JSON list of queries, SERVING_REQUESTS says after how many answers it ends, SERVING_OUT where the figures go.
"""

import json
import os
from itertools import cycle
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # in the environment of Locust
from locust import FastHttpUser, constant, events, task

ASKED = cycle(json.loads(Path(os.environ["SERVING_QUERIES"]).read_text()))
LAST = int(os.environ["SERVING_REQUESTS"])


class Searching(FastHttpUser):
    """One client."""

    wait_time = constant(0)

    @task
    def search(self) -> None:
        with self.client.get("/v1/search", params={"q": next(ASKED)}, name="search", catch_response=True) as answer:
            if answer.status_code != 200 or not (answer.json() or {}).get("results"):
                answer.failure(f"{answer.status_code}: {(answer.text or '')[:200]}")


def ends_after_the_last(environment: Any) -> None:
    """Ends the run when so many requests were answered."""

    quitting: list[gevent.Greenlet] = []

    @environment.events.request.add_listener
    def count(**_: Any) -> None:
        if environment.stats.total.num_requests >= LAST and not quitting:
            quitting.append(gevent.spawn(environment.runner.quit))  # a client that ends them all would wait for itself

    @environment.events.quit.add_listener
    def tell(**_: Any) -> None:
        total = environment.stats.total
        told = {
            "requests": total.num_requests,
            "failures": total.num_failures,
            "errors": [str(error.error) for error in environment.stats.errors.values()][:3],
            "seconds": total.last_request_timestamp - total.start_time,
            "p50_ms": total.get_response_time_percentile(0.5),
            "p99_ms": total.get_response_time_percentile(0.99),
        }
        Path(os.environ["SERVING_OUT"]).write_text(json.dumps(told))


@events.init.add_listener
def begin(environment: Any, **_: Any) -> None:
    ends_after_the_last(environment)
