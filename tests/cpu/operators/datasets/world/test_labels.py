from operators.datasets.world import LABEL_SIZES, MEMORY_LABEL_SIZES, generate
from operators.datasets.world.vocabulary import CONTAINERS, THINGS


def test_labels_have_the_promised_keys_and_ranges():
    for seed in range(6):
        video = generate(seed, 60.0)
        for step in range(120):
            for labels, sizes in (
                (video.labels(step * 0.5), LABEL_SIZES),
                (video.memory_labels(step * 0.5), MEMORY_LABEL_SIZES),
            ):
                assert labels.keys() == sizes.keys()
                assert all(-1 <= value < sizes[name] for name, value in labels.items())


def test_labels_name_the_containers_of_the_opening():
    video = generate(2, 30.0)
    names = [CONTAINERS[video.labels(0.0)[f"place_{place}"]] for place in range(4)]
    assert video.opening == f"a bench with a {names[0]}, a {names[1]}, a {names[2]} and a {names[3]}"


def test_absent_containers_have_no_contents():
    video = generate(2, 30.0)
    for kind, name in enumerate(CONTAINERS[:-1]):
        present = kind in {video.labels(0.0)[f"place_{place}"] for place in range(4)}
        assert (video.memory_labels(0.0)[f"{name}_contents"] == -1) != present


def test_a_thing_taken_out_is_remembered_until_its_narration_is_over():
    checked = 0
    for seed in range(6):
        for narration in (video := generate(seed, 120.0)).narrations:
            if narration.needs_memory and narration.text.startswith("takes"):
                thing, container = narration.text[len("takes the ") :].split(" out of the ")
                known = video.memory_labels(narration.end_s + 0.5)[f"{container}_contents"]
                assert known == 1 + THINGS.index(thing)
                checked += 1
    assert checked > 10


def test_every_visible_act_and_target_occurs():
    seen: dict[str, set[int]] = {name: set() for name in LABEL_SIZES}
    for seed in range(30):
        video = generate(seed, 120.0)
        for step in range(240):
            for name, value in video.labels(step * 0.5).items():
                seen[name].add(value)
    assert len(seen["main_act"]) >= 14
    assert len(seen["main_target"]) == LABEL_SIZES["main_target"]
    assert {len(seen[name] - {-1}) for name in ("drawer_open", "box_open", "pot_open", "chest_open")} == {2}
    assert len(seen["other_thing"]) == LABEL_SIZES["other_thing"]


def test_a_thing_was_seen_going_in_before_it_is_remembered():
    checked = 0
    for seed in range(6):
        video = generate(seed, 120.0)
        inside = dict.fromkeys(CONTAINERS[:-1], 0)
        for step in range(1200):
            time_s = step * 0.1
            for name in inside:
                before, inside[name] = inside[name], video.memory_labels(time_s)[f"{name}_contents"]
                if inside[name] > 0 and inside[name] != before:
                    seen = {video.labels(time_s - 0.1 * back)[f"{name}_exchange"] for back in range(15)}
                    assert inside[name] in seen
                    checked += 1
    assert checked > 20
