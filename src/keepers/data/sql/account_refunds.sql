-- Where the revenue in rows of refunds went: below zero, by currency.
SELECT coalesce(r.currency, 'unspecified'),
       CASE
           WHEN o.destination = 'counted' THEN 'set against orders'
           WHEN p.order_fact IS NOT NULL THEN 'set against unknown'
           WHEN r.customer_key IS NOT NULL THEN 'no order'
           ELSE 'no order, unknown'
       END,
       count(DISTINCT p.refund_fact), -sum(p.amount)
FROM {parts} p
JOIN {facts} r ON r.fact_id = p.refund_fact
LEFT JOIN {facts} o ON o.fact_id = p.order_fact
WHERE r.kind = 'refund' AND p.amount <> 0
GROUP BY 1, 2
