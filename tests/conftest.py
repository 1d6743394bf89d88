"""How hypothesis looks for cases.

A plain run tries the same cases every time, so that it fails only where the code has changed. ``.ci/run`` repeats the
tests with ``--hypothesis-profile=other-cases`` and a seed, which gives other cases than the plain run.
"""

from hypothesis import settings

settings.register_profile("same-cases", deadline=None, derandomize=True)
settings.register_profile("other-cases", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("same-cases")
