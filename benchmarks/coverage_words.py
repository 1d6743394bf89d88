"""Words of the tables on coverage."""


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"
