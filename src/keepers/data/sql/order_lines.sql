-- The lines of a file whose rows are lines of orders: what each is worth, and whether it is a product at all.
SELECT s.*, {source_no}::INT AS source_no, coalesce(c.line_class, 'product') AS line_class,
       coalesce(line_amount, quantity * unit_price - coalesce(line_discount, 0), unit_price)::DECIMAL(18, 4) AS line_total
FROM {stage} s
LEFT JOIN {classes} c ON c.product IS NOT DISTINCT FROM s.product AND c.sku IS NOT DISTINCT FROM s.sku
WHERE problem IS NULL AND order_id IS NOT NULL {only_once}
