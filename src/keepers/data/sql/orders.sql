-- The canonical orders of a reading: what was sold, paid or not, with whose key.
SELECT md5(concat_ws('|', f.system, f.order_id, f.customer_key, f.occurred_at, f.amount)) || '-' || f.occurrence AS event_id,
       f.source, f.source_id, f.occurred_at, {received_at} AS received_at,
       f.customer_key, f.day, f.order_id, f.state AS status,
       f.state = 'paid' AS counted, f.voided_on, f.currency,
       f.gross, f.tax, f.shipping, f.discount, f.amount, f.contribution,
       f.channel, f.campaign, f.product, f.category, f.country, f.discount_code
FROM {facts} f
WHERE f.kind = 'sale'
