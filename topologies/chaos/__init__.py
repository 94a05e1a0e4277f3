"""Chaos: processes killed, services restarted, networks cut while cameras are narrated; then the truth.

checker/   what the topics say about lost, doubled and changed narrations; knows nothing of the pipeline
proxy.py   a network that can be cut, on loopback
"""
