from lungrt.benchmark.spread import Spread


def test_median_and_range() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)
    assert Spread.of([4.0, 1.0]) == Spread(2.5, 1.0, 4.0, 2)


def test_of_nothing() -> None:
    assert Spread.of([]) is None
