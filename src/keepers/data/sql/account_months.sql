-- By month and currency: purchases of known customers, and what was given back or cancelled in that month.
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
    UNION ALL
    SELECT date_trunc('month', o.voided_on)::DATE, o.currency, 0, 0, sum(o.amount - coalesce(r.amount, 0))
    FROM {orders} o
    LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM {refunds} GROUP BY 1) r USING (order_id)
    WHERE o.counted AND o.customer_key IS NOT NULL AND o.voided_on IS NOT NULL
    GROUP BY 1, 2
)
GROUP BY 1, 2
ORDER BY 1, 2
