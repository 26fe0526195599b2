"""The lab's fixtures, for the commands that work on it."""

from ...lab.carry.conftest import file as file
from ...lab.carry.conftest import here as here
from ...lab.carry.conftest import started as started
from ...lab.carry.conftest import there as there
from ...lab.conftest import cache as cache
from ...lab.conftest import host_with as host_with
from ...lab.conftest import pretend as pretend
from ...lab.store.conftest import filled as filled
