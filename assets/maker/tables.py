"""The tables that are computed or need a binary format; the small ones are kept by hand in the library."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from maker import figures

WRITTEN = datetime(2024, 9, 2, 9, 0, 0)


def swell(hours: float, width: float) -> float:
    """How strong the January storm was, 0 to 1, so many hours from its height at four in the morning."""
    return math.exp(-((hours / width) ** 2))


def storm_buoy() -> pd.DataFrame:
    """The wave buoy's hourly record from noon on 13 January 2024 to noon the next day."""
    rows = []
    for step in range(25):
        moment = datetime(2024, 1, 13, 12) + timedelta(hours=step)
        away = step - 16.0
        waves = swell(away, 7.5 if away < 0 else 4.5)
        wind = swell(away + 1, 8.5 if away < -1 else 4.0)
        jitter = math.sin(step * 2.3) * 0.12
        rows.append(
            {
                "time_utc": f"{moment:%Y-%m-%d %H:%M}",
                "significant_wave_height_m": round(1.5 + 5.3 * waves + jitter * 0.6, 1),
                "highest_wave_m": round(2.4 + 8.9 * waves + (jitter if step != 16 else 0.0), 1),
                "wave_period_s": round(6.2 + 5.1 * waves + jitter, 1),
                "wind_speed_kn": round(14 + 40 * wind + 8 * jitter),
                "gust_kn": round(19 + 52 * wind + 8 * (jitter if step != 15 else 0.0)),
                "wind_from": "SE" if step < 7 else "E" if step < 20 else "SW",
                "air_pressure_hpa": round(996 - 38 * swell(away + 0.5, 9.0 if away < 0 else 7.0), 1),
            }
        )
    return pd.DataFrame(rows)


def tides_october() -> pd.DataFrame:
    """High and low waters of October 2024, a day a row (invented harbour, plausible tides)."""
    days: dict[int, list[tuple[str, str, float]]] = {day: [] for day in range(1, 32)}
    moment = datetime(2024, 9, 30, 20, 32)
    half = timedelta(hours=6, minutes=12, seconds=37)
    for step in range(128):
        if moment.month == 10:
            spring = math.cos(2 * math.pi * ((moment - datetime(2024, 10, 4)).total_seconds() / 86400) / 14.77)
            height = 4.5 + 0.8 * spring if step % 2 else 1.5 - 0.8 * spring
            kind = "high" if step % 2 else "low"
            days[moment.day].append((kind, f"{moment:%H:%M}", round(height + 0.05 * math.sin(step), 1)))
        moment += half
    rows = []
    for day, events in days.items():
        row: dict[str, object] = {"date": f"2024-10-{day:02}"}
        for kind in ("high", "low"):
            for number in (1, 2):
                hits = [event for event in events if event[0] == kind]
                hit = hits[number - 1] if len(hits) >= number else None
                row[f"{kind}_water_{number}_time"] = hit[1] if hit else None
                row[f"{kind}_water_{number}_m"] = hit[2] if hit else None
        row["moon"] = {2: "new", 10: "first quarter", 17: "full", 24: "last quarter"}.get(day)
        rows.append(row)
    return pd.DataFrame(rows)


def workbook(path: Path, sheets: dict[str, pd.DataFrame]) -> None:
    """Write the frames as the sheets of one Excel workbook with a fixed date."""
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        writer.book.set_properties({"author": "Port Skerrin Harbour Trust", "created": WRITTEN})
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
            writer.sheets[name].autofit()


def write_tables(library: Path) -> None:
    """Write every computed table into the library."""
    storm_buoy().to_csv(library / "weather/storm_buoy.csv", index=False, lineterminator="\n")
    tides_october().to_csv(library / "weather/tides_october_2024.csv", index=False, lineterminator="\n")
    boats = pd.DataFrame(figures.BOATS, columns=figures.BOATS_HEAD)
    dues = pd.DataFrame(figures.DUES, columns=figures.DUES_HEAD)
    workbook(library / "harbour/berths.xlsx", {"Boats": boats, "Berth dues": dues})
    income = pd.DataFrame(figures.INCOME, columns=figures.MONEY_HEAD)
    spending = pd.DataFrame(figures.SPENDING, columns=figures.MONEY_HEAD)
    workbook(library / "festival/accounts_2024.xlsx", {"Income": income, "Spending": spending})
    herring = pd.DataFrame(figures.HERRING, columns=figures.HERRING_HEAD)
    herring.to_parquet(library / "history/herring_exports.parquet", index=False)
    log = [dict(zip(figures.LAMP_HEAD, row, strict=True)) for row in figures.LAMP]
    text = "[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in log) + "\n]\n"
    (library / "lighthouse/lamp_log.json").write_text(text, encoding="utf-8", newline="\n")
