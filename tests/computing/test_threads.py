"""How many threads the libraries of a process may use."""

import os
import subprocess
import sys

#: numba is there, and has started its threads, before the process is told to compute on one.
LATE = """
import numba
numba.set_num_threads(1)
from mbh_utils.computing.threads import limit_libraries_to_come
limit_libraries_to_come()
print(numba.njit(lambda x: x + 1)(1))
"""


def test_a_worker_compiles_though_the_script_it_reads_has_loaded_numba():
    several = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", LATE], env=several, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "2", done.stderr
