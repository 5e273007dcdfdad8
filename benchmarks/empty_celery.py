"""A Celery as it comes, with an empty task: celery -A benchmarks.empty_celery worker, with ECABINET_REDIS."""

import os

from celery import Celery

QUEUE = "empty"
app = Celery("empty", broker=os.environ.get("ECABINET_REDIS", ""))
app.conf.update(task_default_queue=QUEUE, task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(ignore_result=True)
def nothing(number: int) -> None:
    """Nothing."""
