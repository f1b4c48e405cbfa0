-- The canonical lines of orders.
SELECT md5({content} || l._row) AS event_id, f.source, NULL AS source_id, f.occurred_at, {received_at}::TIMESTAMP AS received_at,
       f.customer_key, f.day, f.shown_id AS order_id, l.sku, l.product, l.category, l.quantity, l.unit_price, l.line_total AS amount,
       coalesce(l.unit_cost, {known_cost}) AS unit_cost, coalesce(f.currency, 'unspecified') AS currency
FROM {lines} l JOIN {facts} f USING (fact_id) {products}
WHERE f.kind = 'sale' AND f.destination NOT IN ('merged', 'quarantined')
