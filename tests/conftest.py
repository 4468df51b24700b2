"""What all tests share."""

from hypothesis import settings

# A machine that is busy is not a test that fails; and the same examples for everybody, so
# that a failure seen once can be seen again.
settings.register_profile("minigrad", deadline=None, derandomize=True)
settings.load_profile("minigrad")
