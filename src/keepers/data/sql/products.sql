-- Articles; what a product's first row says holds for its variants.
WITH filled AS (
    SELECT _row, sku, unit_price, unit_cost,
           coalesce(product, last_value(product IGNORE NULLS) OVER (PARTITION BY order_id ORDER BY _row)) AS product,
           coalesce(category, last_value(category IGNORE NULLS) OVER (PARTITION BY order_id ORDER BY _row)) AS category
    FROM {stage}
    WHERE problem IS NULL
)
SELECT coalesce(sku, product) AS sku, arg_min(product, _row) AS product, arg_min(category, _row) AS category,
       arg_min(unit_price, _row) AS price, arg_min(unit_cost, _row) AS unit_cost
FROM filled
WHERE coalesce(sku, product) IS NOT NULL
GROUP BY 1
