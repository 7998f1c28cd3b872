"""Where each delivery of the demo is: what the ledger says, and what has really arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin.cli.demo.script import NOTHING, REACHED, RETRYING, End, Play, Scene
from tocsin.deliveries import story
from tocsin.deliveries.states import FINAL, State
from tocsin.events.models import Event
from tocsin.tenants.scope import OPERATOR

if TYPE_CHECKING:
    from tocsin.cli.demo.places import Arrival
    from tocsin.deliveries.story import Line

PLACES = {
    "message": "in the inbox", "header_message": "in the banner", "alert": "in the modal",
    "email": "in the mailbox", "webhook": "at the webhook, verified", "pager": "by the plugin",
    "action": "by the registration",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One delivery as it is shown. `state` is "" until there is something to say; `ms` the time it took."""

    scene: Scene
    end: End
    state: str = ""
    words: str = ""
    ms: float | None = None

    @property
    def is_settled(self) -> bool:
        """It ended as it should."""
        return self.state == self.end.how

    @property
    def is_decided(self) -> bool:
        """It ended, be it as it should or not."""
        return self.is_settled or self.state in FINAL


class Watch:
    """Looks at the ledger and at the places."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self._settled: dict[str, list[Row]] = {}

    def rows(self) -> list[Row]:
        """One row for each end of each scene, in their order. What is settled is not looked at again."""
        found = []
        for name, scene in self.play.scenes.items():
            rows = self._settled.get(name) or self._rows_of(scene)
            if all(row.is_settled for row in rows):
                self._settled[name] = rows
            found += rows
        return found

    def _rows_of(self, scene: Scene) -> list[Row]:
        if not scene.ends:
            return [self._nothing(scene)]
        event = Event.objects.filter(pk=scene.id).first() if scene.id else None
        if event is None:
            return [Row(scene, end) for end in scene.ends]
        lines = story.lines(OPERATOR, event=event, limit=50).items
        return [self._row(Row(scene, end), event, self._line(lines, end)) for end in scene.ends]

    def _nothing(self, scene: Scene) -> Row:
        """The row of what was rolled back: settled once it was tried, unless it is there after all."""
        end = End("", "", NOTHING)
        if not scene.created:
            return Row(scene, end)
        there = Event.objects.filter(title=scene.title).exists()
        return Row(scene, end, "", "stored") if there else Row(scene, end, NOTHING, "nothing was sent")

    def arrivals(self, scene: Scene, end: End) -> list[Arrival]:
        """What has come for this end at the mail server or the webhook."""
        if end.channel == "email":
            address = self._address(end)
            return [one for one in self.play.stage.mailbox.arrivals
                    if one.address == address and one.title.endswith(scene.title)]  # fmt: skip
        if end.channel == "webhook" and end.how == REACHED:
            return [one for one in self.play.stage.echo.arrivals if one.event_id == str(scene.id)]
        return []

    def _address(self, end: End) -> str:
        return end.who if "@" in end.who else f"{end.who}@example.com"

    def _line(self, lines: list[Line], end: End) -> Line | None:
        user = self.play.cast.users.get(end.who)
        for line in lines:
            owner = line.user_id == user.pk if user else line.user_id is None and line.address == end.who
            if owner and line.channel == end.channel:
                return line
        return None

    def _row(self, row: Row, event: Event, line: Line | None) -> Row:
        scene, end = row.scene, row.end
        if line is None:
            return row
        if line.state == State.SENT:
            at = self._reached_at(scene, end, line)
            start = max(event.created_at, event.due_at).timestamp()
            return Row(scene, end, REACHED, PLACES[end.channel], max(0.0, at - start) * 1000) if at else row
        if line.state == State.RETRYING:
            cause = line.attempts[-1].cause if line.attempts else ""
            return Row(scene, end, RETRYING, f"will be retried: {cause}")
        if line.state in (State.PENDING, State.SENDING):
            return row
        return Row(scene, end, line.state, f"{line.state}: {line.reason.replace('_', ' ')}")

    def _reached_at(self, scene: Scene, end: End, line: Line) -> float | None:
        if end.channel not in ("email", "webhook"):
            return (line.finished_at or line.created_at).timestamp()
        arrivals = self.arrivals(scene, end)
        return arrivals[0].at if arrivals else None
