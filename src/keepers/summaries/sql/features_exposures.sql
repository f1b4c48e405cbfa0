-- Variants of pages that were shown to each customer.
SELECT
    customer_key,
    count(*) AS variants_shown, -- variants shown so far [times] zero
    count(DISTINCT decision_point) AS decision_points, -- pages or slots where a variant was shown [places] zero
    date_diff('day', max(day), max(cut)) AS days_since_variant -- time since a variant was last shown [days]
FROM {exposures} AS exposure
GROUP BY customer_key
