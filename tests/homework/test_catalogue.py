"""What each submission of the catalogue earns, and what it is told; the guide has the table."""

import pytest

from . import catalogue, submissions

MISTAKES = [(name, *entry) for name in catalogue.NAMES for entry in catalogue.of(name).MISTAKES]
UNUSUAL = [(name, *entry) for name in catalogue.NAMES for entry in catalogue.of(name).UNUSUAL]


def named(entries):
    return {"argvalues": entries, "ids": [f"{name}: {text}" for name, text, *_ in entries]}


@pytest.mark.parametrize("name, thought, change, says, lost", **named(MISTAKES))
def test_a_mistake_costs_its_own_checks_which_name_the_idea(name, thought, change, says, lost):
    report = catalogue.report(name, change, submissions.in_this_process(name))
    assert submissions.lost(report) == lost
    told = {}
    for verdict in report.verdicts:
        if not verdict.earned:
            title = verdict.check.replace("_", " ")
            told[verdict.cell] = told.get(verdict.cell, "") + f"{title}: {verdict.message}\n"
    assert says in "".join(told.values())
    for cell, text in told.items():
        for word in catalogue.of(name).TELLS.get(cell, []):
            assert word not in text


@pytest.mark.parametrize("name, done, change", **named(UNUSUAL))
def test_what_is_unusual_and_right_loses_nothing(name, done, change):
    report = catalogue.report(name, change, submissions.in_this_process(name))
    assert submissions.lost(report) == set()


def test_there_are_twelve_of_each_for_each_assignment():
    for name in catalogue.NAMES:
        assert len(catalogue.of(name).MISTAKES) >= 12
        assert len(catalogue.of(name).UNUSUAL) >= 12


def test_each_check_is_lost_by_a_mistake():
    for name in catalogue.NAMES:
        lost = set().union(*(lost for *_, lost in catalogue.of(name).MISTAKES))
        assert lost == {check.name for check in submissions.checks(name)}


def test_the_guide_has_the_table():
    """After a change of the catalogue: python -m tests.homework.catalogue"""
    assert catalogue.in_guide() == catalogue.table(catalogue.expected())
