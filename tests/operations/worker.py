"""A Celery worker with the settings of a production and nothing to do, so that somebody is there to answer."""

from celery import Celery

import config

app = Celery("nothing")
app.conf.update(config.CELERY)
