"""The truth of many videos, checked against what their pictures show."""

import time

import pytest

from operators.datasets.world import all_texts, generate
from operators.datasets.world.vocabulary import CONTAINERS, THINGS

SEEDS = range(24)
DURATION_S = 180.0


@pytest.fixture(scope="module")
def videos():
    return [generate(seed, DURATION_S) for seed in SEEDS]


def _thing_in(text):
    return next((index for index, name in enumerate(THINGS) if f" {name}" in text), None)


def _container_in(text):
    named = text.replace("wiped before", "")
    return next((name for name in CONTAINERS if f" the {name}" in named), None)


def test_activities_follow_one_another_within_the_video(videos):
    for video in videos:
        end_s = 0.0
        for narration in video.narrations:
            assert narration.start_s >= end_s
            assert 1.5 <= narration.end_s - narration.start_s <= 8.0
            end_s = narration.end_s
        assert end_s <= DURATION_S


def test_most_videos_end_with_their_last_activity(videos):
    late = [video for video in videos if DURATION_S - video.narrations[-1].end_s < 0.5]
    assert len(late) >= len(videos) * 0.6


def test_pauses_differ_and_sometimes_there_is_none(videos):
    pauses = [
        following.start_s - narration.end_s
        for video in videos
        for narration, following in zip(video.narrations, video.narrations[1:], strict=False)
    ]
    assert sum(pause < 0.05 for pause in pauses) > len(pauses) * 0.1
    assert sum(pause > 2.0 for pause in pauses) > len(pauses) * 0.05


def test_every_sentence_is_in_the_vocabulary(videos):
    texts = all_texts()
    for video in videos:
        assert video.opening in texts
        assert {narration.text for narration in video.narrations} <= texts


def test_many_verbs_and_sentences_occur(videos):
    seen = {narration.text for video in videos for narration in video.narrations}
    assert len({text.split()[0] for text in seen}) >= 10
    assert len(seen) >= 300


def test_a_quarter_of_the_narrations_needs_memory(videos):
    narrations = [narration for video in videos for narration in video.narrations]
    share = sum(narration.needs_memory for narration in narrations) / len(narrations)
    assert 0.25 <= share <= 0.35


def test_short_videos_need_memory_too():
    narrations = [n for seed in range(40) for n in generate(200_000 + seed, 60.0).narrations]
    assert sum(narration.needs_memory for narration in narrations) >= 0.25 * len(narrations)


def test_what_needs_memory_is_neither_visible_nor_told(videos):
    """Nothing in its own segment nor in earlier sentences tells the thing, but an earlier picture does."""
    checked = 0
    for video in videos:
        for number, narration in enumerate(video.narrations):
            container, thing = _container_in(narration.text), _thing_in(narration.text)
            if not narration.needs_memory or container is None:
                continue
            segment_start_s = video.narrations[number - 1].end_s if number else 0.0
            hidden_s = _hidden_since(video, container, thing, narration.end_s)
            assert hidden_s < segment_start_s
            for time_s in _times(segment_start_s, narration.end_s):
                labels = video.labels(time_s)
                shown = [
                    labels[name] for name in labels if name.endswith("_thing") or name.startswith("slot_")
                ]
                assert 1 + thing not in shown
            told = [n for n in video.narrations[:number] if n.end_s > hidden_s]
            assert not [n for n in told if _thing_in(n.text) == thing and _container_in(n.text) == container]
            _check_shown_going_in(video, container, thing, hidden_s)
            checked += 1
    assert checked > 150


def _hidden_since(video, container, thing, end_s):
    time_s = end_s
    while time_s > 0 and video.memory_labels(time_s)[f"{container}_contents"] == 1 + thing:
        time_s -= 0.05
    return time_s


def _check_shown_going_in(video, container, thing, hidden_s):
    target = 1 + CONTAINERS.index(container)
    seen = [video.labels(hidden_s - step * 0.1) for step in range(30)]
    together = [
        labels
        for labels in seen
        if labels["other_thing"] == 1 + thing
        and labels["other_target"] == target
        and labels.get(f"{container}_open", 1) == 1
    ]
    assert len(together) >= 10, "thing, hand and open container are seen together for a second"


def _times(start_s, end_s):
    return [start_s + step * 0.25 for step in range(int((end_s - start_s) / 0.25) + 1)]


def test_what_needs_no_memory_is_visible_or_told(videos):
    for video in videos:
        for number, narration in enumerate(video.narrations):
            thing = _thing_in(narration.text)
            if narration.needs_memory or thing is None:
                continue
            segment_start_s = video.narrations[number - 1].end_s if number else 0.0
            labels = [video.labels(time_s) for time_s in _times(segment_start_s, narration.end_s)]
            visible = any(1 + thing in {value["main_thing"], value["other_thing"]} for value in labels)
            told = any(_thing_in(n.text) == thing for n in video.narrations[:number])
            assert visible or told


def test_of_two_equal_things_the_wiped_one_is_only_remembered(videos):
    checked = 0
    for video in videos:
        for number, narration in enumerate(video.narrations):
            if "wiped before" in narration.text or "picks up the other" in narration.text:
                segment_start_s = video.narrations[number - 1].end_s
                assert video.memory_labels(segment_start_s)["wiped_slot"] > 0
                assert narration.needs_memory
                labels = video.labels(narration.start_s)
                slots = [labels[f"slot_{slot}"] for slot in range(3)]
                assert slots.count(1 + _thing_in(narration.text)) == 2
                checked += 1
    assert checked >= 3


def test_two_hours_are_written_quickly():
    start = time.process_time()
    video = generate(11, 7200.0)
    assert time.process_time() - start < 20.0
    assert video.narrations[-1].end_s > 7180.0
