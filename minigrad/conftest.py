# The examples of the bridge to Keras cross it, so they run where Keras is installed.
import importlib.util

collect_ignore = [] if importlib.util.find_spec("keras") else ["interop.py"]
