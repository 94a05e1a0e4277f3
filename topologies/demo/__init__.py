"""The demo: four cameras of the video world, one of them broken, narrated live and checked.

settings.py  what is run, and where
system.py    Kafka, Redis, Ray and the topology: up and down
cameras.py   what the cameras show and send
faults.py    what a broken camera sends besides its frames
play.py      the play from first to last
verify.py    nothing lost, nothing doubled, how right, how soon
films.py     the captioned videos
screen.py    what is shown of all that
"""
