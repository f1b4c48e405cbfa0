-- Contracts that ran at the cut, by plan and age, and how many renewals followed in the holdout: contracts that were
-- known then and still ran so many whole periods later.
SELECT
    known.plan,
    known.periods,
    known.tenure,
    CAST(CASE
        WHEN later.ended_on IS NULL OR later.ended_on > {end} THEN {periods}
        WHEN {cut} + to_{unit}s(CAST({whole} AS INTEGER)) >= later.ended_on THEN greatest({whole} - 1, 0)
        ELSE {whole}
    END AS BIGINT) AS lasted{further},
    count(*) AS contracts
FROM {known} AS known
JOIN {later} AS later ON later.customer_key = known.customer_key AND later.started_on = known.started_on
WHERE NOT known.ended
GROUP BY ALL
ORDER BY ALL
