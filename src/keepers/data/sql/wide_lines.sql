-- Lines that stand side by side in the rows of their orders, one below the other.
WITH cells AS ({cells}),
bare AS (SELECT *, {bare_quantity} AS bare_quantity, {bare_amount} AS bare_amount FROM cells),
typed AS (
    SELECT _row, {product} AS product, {sku} AS sku, {quantity} AS quantity, {amount} AS line_total FROM bare
)
SELECT t._row, {source_no}::INT AS source_no, s.order_id, s.type, t.sku, t.product, NULL::VARCHAR AS category, t.quantity,
       CASE WHEN t.quantity <> 0 THEN (t.line_total / t.quantity)::DECIMAL(18, 4) END AS unit_price,
       t.line_total, NULL::DECIMAL(18, 4) AS unit_cost, 'product' AS line_class
FROM typed t
JOIN {stage} s ON s._row = t._row
WHERE coalesce(t.product, t.sku) IS NOT NULL AND s.problem IS NULL AND s.order_id IS NOT NULL
