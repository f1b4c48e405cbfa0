-- Payments that failed.
SELECT
    customer_key,
    count(*) AS failed_payments, -- orders whose payment failed [orders] zero needs failed
    sum(CASE WHEN date_diff('day', day, cut) < {window} THEN 1 ELSE 0 END) AS failed_payments_{window}d, -- orders whose payment failed in the last {window} days [orders] zero needs failed
    date_diff('day', max(day), max(cut)) AS days_since_failed_payment -- time since a payment failed [days] needs failed
FROM {orders} AS placed
WHERE status = 'failed'
GROUP BY customer_key
