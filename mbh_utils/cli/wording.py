"""Times and sizes in words."""


def span(seconds: float) -> str:
    """Seconds in the unit that reads best.

    Examples
    --------
    >>> span(9.94), span(150), span(9000)
    ('9.9 s', '2 min', '2.5 h')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def megabytes(n_bytes: float) -> str:
    """Bytes in megabytes or gigabytes: of an estimate, smaller units say nothing.

    Examples
    --------
    >>> megabytes(2.5e6), megabytes(25e6), megabytes(2.5e9)
    ('2.5 MB', '25 MB', '2.5 GB')
    """
    if n_bytes >= 1e9:
        return f"{n_bytes / 1e9:.1f} GB"
    if n_bytes >= 1e7:
        return f"{n_bytes / 1e6:.0f} MB"
    return f"{n_bytes / 1e6:.1f} MB"


def size(n_bytes: int) -> str:
    """Bytes in the unit that reads best.

    Examples
    --------
    >>> size(125), size(1250), size(2_500_000)
    ('125 B', '1.2 kB', '2.5 MB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} B"
    if n_bytes < 1_000_000:
        return f"{n_bytes / 1000:.1f} kB"
    return megabytes(n_bytes)
