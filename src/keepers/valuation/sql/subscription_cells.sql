-- Distinct situations of customers' last subscriptions with their prices; whoever left is told apart by how long ago.
SELECT
    plan,
    state,
    CASE WHEN ended THEN 0 ELSE periods END AS periods,
    CASE WHEN ended THEN 0 ELSE tenure END AS tenure,
    CASE WHEN ended THEN 1 ELSE next_renewal END AS next_renewal,
    CASE WHEN ended THEN {gone} ELSE 0 END AS gone,
    CASE WHEN ended THEN 0 ELSE on_free END AS on_free,
    count(*) AS customers,
    coalesce(sum(mrr), 0) AS mrr_sum,
    coalesce(sum(mrr * mrr), 0) AS mrr_squares,
    sum(CASE WHEN {free} THEN 1 ELSE 0 END) AS free{known}
FROM {latest} AS latest
GROUP BY 1, 2, 3, 4, 5, 6, 7{places}
ORDER BY 1, 2, 3, 4, 5, 6, 7{places}
