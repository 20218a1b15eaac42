"""Sessions of DinoAI agents, neighbours of Paradime's custom integrations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.conftest import EmulatorUnderTest
from tests.sample_calls import query

TRIGGER = """mutation TriggerDinoaiAgentRun($agent: String, $message: String, $slack: DinoAiAgentSlackInput,
    $baseBranch: String, $modelFamily: String) {
    triggerDinoaiAgentRun(agent: $agent, message: $message, slack: $slack, baseBranch: $baseBranch,
        modelFamily: $modelFamily) { ok agentSessionId status warning }
}"""
RUN = """query DinoaiAgentRun($id: String!) {
    dinoaiAgentRun(agentSessionId: $id) { ok status messages { ts role content } childSessionIds workspaceUid }
}"""
SEND = """mutation SendDinoaiAgentMessage($id: String!, $message: String!) {
    sendDinoaiAgentMessage(agentSessionId: $id, message: $message) { ok agentSessionId status }
}"""
STOP = "mutation Stop($id: String!) { stopDinoaiAgentRun(agentSessionId: $id) { ok status } }"
NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


@pytest.fixture(autouse=True)
def _frozen(emulator: EmulatorUnderTest) -> None:
    emulator.clock.set(NOON, frozen=True)


def asked(emulator: EmulatorUnderTest, document: str, **variables: Any) -> Any:
    found = query(emulator, document, **variables)
    assert "errors" not in found, found
    (value,) = found["data"].values()
    return value


def triggered(emulator: EmulatorUnderTest, **variables: Any) -> str:
    started = asked(emulator, TRIGGER, **({"message": "Check stg_orders"} | variables))
    assert (started["ok"], started["status"]) == (True, "queued")
    id: str = started["agentSessionId"]
    return id


def run(emulator: EmulatorUnderTest, id: str) -> dict[str, Any]:
    found: dict[str, Any] = asked(emulator, RUN, id=id)
    return found


def test_agent_works_by_the_clock_and_delivers_a_message(emulator: EmulatorUnderTest) -> None:
    id, seen = triggered(emulator, agent="data-quality-checker"), []
    for _ in range(3):
        found = run(emulator, id)
        seen.append((found["status"], [message["role"] for message in found["messages"]]))
        emulator.clock.advance(5)
    assert seen == [("QUEUED", ["user"]), ("RUNNING", ["user"]), ("COMPLETED", ["user", "agent"])]
    assert found["ok"] is True
    assert found["childSessionIds"] == []
    assert found["workspaceUid"] == "wsp-emulator"


def test_named_agent_needs_no_message(emulator: EmulatorUnderTest) -> None:
    assert run(emulator, triggered(emulator, agent="data-quality-checker", message=None))["messages"] == []


def test_agent_without_name_and_message_is_refused(emulator: EmulatorUnderTest) -> None:
    assert "at least one" in query(emulator, TRIGGER)["errors"][0]["message"]
    assert len(emulator.records("paradime.dinoai_sessions")) == 1


def test_session_keeps_where_it_answers(emulator: EmulatorUnderTest) -> None:
    slack = {"channel": "C0123456789", "threadTs": "1714142436.001200"}
    triggered(emulator, slack=slack, baseBranch="main")
    kept = emulator.records("paradime.dinoai_sessions")[-1]
    assert (kept["slack"], kept["baseBranch"]) == (slack, "main")


def test_unknown_model_family_is_a_warning(emulator: EmulatorUnderTest) -> None:
    assert asked(emulator, TRIGGER, message="Help")["warning"] is None
    assert "'fast'" in asked(emulator, TRIGGER, message="Help", modelFamily="fast")["warning"]


@pytest.mark.parametrize("seconds", [5, 20])
def test_further_message_begins_a_turn(emulator: EmulatorUnderTest, seconds: int) -> None:
    id = triggered(emulator)
    emulator.clock.advance(seconds)
    assert asked(emulator, SEND, id=id, message="And stg_customers") == {
        "ok": True,
        "agentSessionId": id,
        "status": "queued",
    }
    assert run(emulator, id)["status"] == "QUEUED"
    emulator.clock.advance(10)
    found = run(emulator, id)
    assert found["status"] == "COMPLETED"
    assert [one["content"] for one in found["messages"] if one["role"] == "user"] == [
        "Check stg_orders",
        "And stg_customers",
    ]


def test_messages_of_one_moment_have_different_times(emulator: EmulatorUnderTest) -> None:
    id = triggered(emulator)
    for _ in range(3):
        asked(emulator, SEND, id=id, message="More")
    assert len({message["ts"] for message in run(emulator, id)["messages"]}) == 4


@pytest.mark.parametrize("seconds", [1, 60])
def test_stopped_agent_says_no_more_until_the_next_message(emulator: EmulatorUnderTest, seconds: int) -> None:
    id = triggered(emulator)
    emulator.clock.advance(seconds)
    before = run(emulator, id)["messages"]
    assert asked(emulator, STOP, id=id) == {"ok": True, "status": "stopped"}
    emulator.clock.advance(60)
    assert (run(emulator, id)["status"], run(emulator, id)["messages"]) == ("STOPPED", before)
    asked(emulator, SEND, id=id, message="Go on")
    emulator.clock.advance(60)
    assert run(emulator, id)["status"] == "COMPLETED"


def test_agent_that_never_started_takes_no_message(emulator: EmulatorUnderTest) -> None:
    emulator.switch("paradime.dinoai_outcome", "EXPIRED")
    id = triggered(emulator)
    emulator.clock.advance(60)
    assert run(emulator, id)["status"] == "EXPIRED"
    assert "EXPIRED" in query(emulator, SEND, id=id, message="Hello?")["errors"][0]["message"]


@pytest.mark.parametrize(("document", "more"), [(RUN, {}), (STOP, {}), (SEND, {"message": "Hello"})])
def test_unknown_session_is_a_graphql_error(emulator: EmulatorUnderTest, document: str, more: dict[str, str]) -> None:
    assert "nobody" in query(emulator, document, id="nobody", **more)["errors"][0]["message"]


def test_steps_are_refused_with_the_name_of_the_field(emulator: EmulatorUnderTest) -> None:
    found = query(emulator, 'query { dinoaiAgentRun(agentSessionId: "a") { steps { index } } }')
    assert found["errors"][0]["message"].startswith("Cannot query field 'steps'")


def test_journal_shows_the_id_of_a_session_which_is_no_credential(emulator: EmulatorUnderTest) -> None:
    id = triggered(emulator)
    asked(emulator, STOP, id=id)
    started, stopped = emulator.exchanges()
    assert started.reply is not None
    assert f'"agentSessionId":"{id}"'.encode() in started.reply.body.replace(b" ", b"")
    assert id.encode() in stopped.call.body
