"""A Celery worker with nothing to do, so that somebody is there to answer."""

from celery import Celery

from app.doctor.background import PREFIX

app = Celery("nothing")
app.conf.update(broker_transport_options={"global_keyprefix": PREFIX}, task_create_missing_queues=True)
