-- Purchases that were cancelled later, less what of them was given back anyway, by currency.
SELECT o.currency, count(*), sum(o.amount - coalesce(r.amount, 0))
FROM {orders} o
LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM {refunds} GROUP BY 1) r USING (order_id)
WHERE o.counted AND o.customer_key IS NOT NULL AND o.voided_on IS NOT NULL
GROUP BY 1
