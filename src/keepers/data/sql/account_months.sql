-- By month and currency: purchases of known customers, and what was given back of them in that month.
SELECT month, currency, sum(orders), sum(revenue), sum(refunds)
FROM (
    SELECT date_trunc('month', day)::DATE AS month, currency, count(*) AS orders, coalesce(sum(amount), 0) AS revenue,
           0::DECIMAL(18, 4) AS refunds
    FROM {orders}
    WHERE counted AND customer_key IS NOT NULL
    GROUP BY 1, 2
    UNION ALL
    SELECT date_trunc('month', day)::DATE, currency, 0, 0, sum(amount)
    FROM {refunds}
    WHERE order_id IS NOT NULL AND customer_key IS NOT NULL
    GROUP BY 1, 2
)
GROUP BY 1, 2
ORDER BY 1, 2
