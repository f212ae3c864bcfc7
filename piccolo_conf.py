"""Engine and apps for Piccolo's own commands in this repository, such as `piccolo migrations new piccobase --auto`."""

from piccolo.conf.apps import AppRegistry

import piccobase

DB = piccobase.engine()
APP_REGISTRY = AppRegistry(apps=["piccobase_migrations.core.piccolo_app"])
