

def __runsurge_write_rows(rows: object) -> None:
    """Added by RunSurge: the rows in `output` are the result when there is no other."""
    import csv
    if not isinstance(rows, list) or not rows:
        return
    with open(".runsurge-output.csv", "w", encoding="utf-8", newline="") as file:
        if all(isinstance(row, dict) for row in rows):
            table = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
            table.writeheader()
            table.writerows(rows)
        else:
            csv.writer(file).writerows(row if isinstance(row, (list, tuple)) else [row] for row in rows)


try:
    output  # type: ignore[name-defined]  # noqa: B018, F821
except NameError:
    pass
else:
    __runsurge_write_rows(output)  # type: ignore[name-defined]  # noqa: F821
