-- How many customers have a mean spend, and the logarithms of the smallest and largest.
SELECT
    count({mean}) AS customers,
    ln(min(CASE WHEN {mean} > 0 THEN {mean} END)) AS low,
    ln(max(CASE WHEN {mean} > 0 THEN {mean} END)) AS high
FROM {summary}
