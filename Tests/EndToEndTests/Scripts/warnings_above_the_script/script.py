# Above a script's top level there is nothing, and a warning that points there says so.
import warnings

warnings.simplefilter("always")
warnings.warn("here")
warnings.warn("above", stacklevel=2)
warnings.warn("above, too", UserWarning, 3)


def outdated():
    warnings.warn("is outdated", DeprecationWarning, stacklevel=2)


for number in range(3):
    outdated()
