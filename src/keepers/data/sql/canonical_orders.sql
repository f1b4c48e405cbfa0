-- The canonical orders: what was sold, how it stands, and with whose key.
SELECT {content} AS event_id, f.source, CASE WHEN f.numbered THEN f.order_id END AS source_id,
       f.occurred_at, {received_at}::TIMESTAMP AS received_at, f.customer_key, f.day, f.shown_id AS order_id, f.state AS status,
       f.state = 'paid' AS counted, f.voided_on, coalesce(f.currency, 'unspecified') AS currency,
       f.gross, f.tax, f.shipping, f.discount, f.amount, f.contribution,
       f.channel, f.campaign, f.product, f.category, f.country, f.discount_code
FROM {facts} f
WHERE f.kind = 'sale' AND f.destination NOT IN ('merged', 'quarantined', 'other')
