"""Extension objects, created once and bound in create_app()."""
from celery import Celery
from flask_appbuilder import Model
from flask_appbuilder.models.sqla.base import SQLA
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

db = SQLA(model_class=Model)  # one metadata: without it Alembic would drop FAB's tables
migrate = Migrate(render_as_batch=True)
csrf = CSRFProtect()
talisman = Talisman()
socketio = SocketIO()
celery = Celery("ecabinet")
