"""What there is to tell about a stream besides its narrations, in words."""

from datetime import datetime

from pipeline.messages.events import Fault, Gap, GapKind, Shed, StreamEvent
from pipeline.wire.times import NS_PER_S


def notice_text(content: StreamEvent) -> str:
    """One line for people, without the stream and without a full stop."""
    if isinstance(content, Gap):
        return _gap_text(content)
    return _shed_text(content) if isinstance(content, Shed) else _fault_text(content)


def _gap_text(gap: Gap) -> str:
    match gap.kind:
        case GapKind.MISSING_SEQUENCE:
            return f"{_span(gap.sequences, 'record')} never arrived"
        case GapKind.CLOCK_JUMP:
            return f"clock jumped{_jump(gap)}"
        case GapKind.SILENT:
            return "silent" if gap.before_ns is None else f"silent since {_clock(gap.before_ns)}"
        case GapKind.BACK:
            return f"back{_pause(gap)}"
        case GapKind.NEW_EPOCH:
            return f"publisher started again{_pause(gap)}"
        case GapKind.DELETED:
            return f"{_span(gap.offsets, 'offset')} deleted before they were narrated"


def _shed_text(shed: Shed) -> str:
    return f"left out {_count(shed.num_frames, 'frame')} ({shed.reason.value})"


def _fault_text(fault: Fault) -> str:
    unnarrated = " (frames went unnarrated)" if fault.through is not None else ""
    return f"{fault.kind.value.replace('-', ' ')}: {fault.message}{unnarrated}"


def _jump(gap: Gap) -> str:
    if gap.before_ns is None or gap.after_ns is None:
        return ""
    jump_s = (gap.after_ns - gap.before_ns) / NS_PER_S
    return f" {'back' if jump_s < 0 else 'ahead'} by {abs(jump_s):.1f} s"


def _pause(gap: Gap) -> str:
    if gap.before_ns is None or gap.after_ns is None:
        return ""
    return f" after {(gap.after_ns - gap.before_ns) / NS_PER_S:.1f} s"


def _span(bounds: tuple[int, int] | None, noun: str) -> str:
    if bounds is None:
        return f"{noun}s"
    first, last = bounds
    return f"{_count(last - first + 1, noun)} ({first if first == last else f'{first} to {last}'})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _clock(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / NS_PER_S).astimezone():%H:%M:%S}"
