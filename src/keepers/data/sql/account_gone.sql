-- Purchases of known customers that are none any more: cancelled, or wholly given back; by currency.
SELECT o.currency, count(*)
FROM {orders} o
LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM {refunds} WHERE order_id IS NOT NULL GROUP BY 1) r USING (order_id)
WHERE o.counted AND o.customer_key IS NOT NULL AND (o.voided_on IS NOT NULL OR r.amount >= o.amount)
GROUP BY 1
