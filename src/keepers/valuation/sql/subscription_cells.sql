-- Distinct situations of customers' last subscriptions; whoever left is told apart by how long ago.
SELECT DISTINCT
    plan,
    state,
    CASE WHEN ended THEN 0 ELSE periods END AS periods,
    CASE WHEN ended THEN 0 ELSE tenure END AS tenure,
    CASE WHEN ended THEN 1 ELSE next_renewal END AS next_renewal,
    CASE WHEN ended THEN {gone} ELSE 0 END AS gone
FROM {summary}
WHERE latest
ORDER BY ALL
