"""What keeps JupyterLab from warning a beginner, for `make lab`.

No remark is hidden: the cause of each is taken away.
"""

import zmq
from jupyter_client.manager import KernelManager

c = get_config()  # noqa: F821 -- Jupyter defines it

# "Kernel is running over TCP without encryption": then encrypt, also on this machine. (Sockets in
# files would do as well, but their paths are too long where the home folder's is.)
if zmq.has("curve") and hasattr(KernelManager, "transport_encryption"):
    c.KernelManager.transport_encryption = "auto"

# "Skipped non-installed server(s)", and nineteen names: do not look for servers of other languages.
c.LanguageServerManager.autodetect = False

# "websocket_ping_timeout cannot be longer than …": as long as the interval, then.
c.ServerApp.tornado_settings = {"ws_ping_timeout": 30_000}

# No network for news.
c.LabApp.news_url = None
