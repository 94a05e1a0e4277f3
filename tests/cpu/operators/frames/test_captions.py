"""WebVTT and SubRip text."""

from pathlib import Path

from operators.frames.captions import Caption, format_webvtt, srt_cue, webvtt_cue, write_webvtt


def test_a_webvtt_document() -> None:
    document = format_webvtt([Caption(0, 1.5, "opens the box"), Caption(3661.25, 3662.0, "shuts it")])
    assert document == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\nopens the box\n\n"
        "01:01:01.250 --> 01:01:02.000\nshuts it\n\n"
    )


def test_a_cue_always_ends_after_its_start() -> None:
    assert webvtt_cue(Caption(2, 2, "a bench")).startswith("00:00:02.000 --> 00:00:02.001\n")
    assert srt_cue(1, Caption(-1, -1, "a bench")).startswith("1\n00:00:00,000 --> 00:00:00,001\n")


def test_text_cannot_break_out_of_its_cue() -> None:
    cue = webvtt_cue(Caption(0, 1, "a <b> & c\n\n00:00 --> 00:01\nfake", speaker="cam<1>"))
    assert cue.splitlines()[1:] == ["<v cam&lt;1&gt;>a &lt;b&gt; &amp; c 00:00 --&gt; 00:01 fake", ""]
    cue = srt_cue(7, Caption(0, 1, "one\n\ntwo", speaker="cam"))
    assert cue == "7\n00:00:00,000 --> 00:00:01,000\n[cam] one two\n\n"


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "captions.vtt"
    write_webvtt(path, [Caption(0, 1, "grün")])
    assert path.read_text(encoding="utf-8").endswith("grün\n\n")
