"""Chaos: processes killed and paused, services restarted, networks cut, while cameras are narrated; then the truth.

proxy.py   a network that can be cut, on loopback
"""
