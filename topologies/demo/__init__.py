"""The demo: four cameras of the video world, one of them broken, narrated live and checked.

cameras.py   what the cameras show and send
faults.py    what a broken camera sends besides its frames
play.py      the play from first to last: services up, topology, cameras, narrations, checks, services down
verify.py    nothing lost, nothing doubled, how right, how soon
kill.py      kills one actor's process in the middle
"""
