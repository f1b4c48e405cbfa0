-- The lines of a file whose rows are lines of orders: what each is worth, and whether it is a product at all.
SELECT *, {source_no}::INT AS source_no,
       coalesce(line_amount, quantity * unit_price - coalesce(line_discount, 0), unit_price)::DECIMAL(18, 4) AS line_total,
       CASE
           WHEN regexp_matches(lower(coalesce(product, '') || ' | ' || coalesce(sku, '')), '{shipping_words}') THEN 'shipping'
           WHEN regexp_matches(lower(coalesce(product, '') || ' | ' || coalesce(sku, '')), '{fee_words}') THEN 'fee'
           ELSE 'product'
       END AS line_class
FROM {stage}
WHERE problem IS NULL AND order_id IS NOT NULL
