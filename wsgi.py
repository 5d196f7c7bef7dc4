import os

from engage.app import create_app
from engage.config import Settings

app = create_app(Settings.from_env(os.environ))
