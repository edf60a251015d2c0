"""Processes write to a SQLite file one after the other, and nobody is starved."""

import multiprocessing
import time

from loyalty_app.core.turns import Turns


def hog(path, began, ended):
    turns = Turns()
    while not ended.is_set():
        with turns.of(path):
            began.set()
            time.sleep(0.02)


def start_hog(path):
    context = multiprocessing.get_context("spawn")
    began, ended = context.Event(), context.Event()
    other = context.Process(target=hog, args=(path, began, ended))
    other.start()
    began.wait(30)
    return other, ended


def test_who_writes_step_by_step_lets_others_in_between(tmp_path):
    path = str(tmp_path / "loyalty.db")
    other, ended = start_hog(path)

    turns, taken = Turns(), 0
    for _ in range(20):  # without a queue the other process has its lock again before this one has woken up
        with turns.of(path):
            taken += 1

    ended.set()
    other.join(30)
    assert (taken, other.exitcode) == (20, 0)


def count_up(path, file):
    turns = Turns()
    for _ in range(200):
        with turns.of(path):
            file.write_text(str(int(file.read_text()) + 1))


def test_two_processes_never_have_the_turn_at_once(tmp_path):
    path, file = str(tmp_path / "loyalty.db"), tmp_path / "count"
    file.write_text("0")
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=count_up, args=(path, file)) for _ in range(3)]
    for other in others:
        other.start()
    for other in others:
        other.join(60)

    assert file.read_text() == "600"


def test_a_process_that_dies_loses_its_turn(tmp_path):
    path = str(tmp_path / "loyalty.db")
    other, _ = start_hog(path)
    other.kill()
    other.join(30)

    with Turns().of(path):
        pass
