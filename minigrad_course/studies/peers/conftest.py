# Doctest would import every module here, and with them three frameworks that need not be there.
collect_ignore_glob = ["*_peer.py"]
