-- Subscriptions by month of their start: how many whole months each was seen, and how many it outlasted.
WITH aged AS (
    SELECT
        CAST(date_trunc('month', started_on) AS DATE) AS month,
        ended,
        {seen} AS seen,
        {lasted} AS whole,
        started_on,
        ended_on
    FROM {summary}
    WHERE entry = 0
)
SELECT
    month,
    ended,
    CAST(seen AS BIGINT) AS seen,
    CAST(CASE
        WHEN NOT ended THEN seen
        WHEN CAST(started_on + to_months(CAST(whole AS INTEGER)) AS DATE) >= ended_on THEN greatest(whole - 1, 0)
        ELSE whole
    END AS BIGINT) AS lasted,
    count(*) AS contracts
FROM aged
GROUP BY ALL
ORDER BY ALL
