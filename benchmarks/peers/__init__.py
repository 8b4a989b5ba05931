"""The servers that ours is compared with, and how a side is started, loaded, checked and weighed."""
