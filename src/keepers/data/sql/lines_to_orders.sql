-- One row an order: its own values from the first line that has them, its money from its lines where it has none itself.
SELECT min(_row) AS _row, true AS line_class_known, NULL::VARCHAR AS problem, count(*) AS line_count, order_id, type,
       {first_values},
       sum(line_total) FILTER (line_class = 'product') AS product_total,
       sum(line_total) FILTER (line_class = 'shipping') AS shipping_total,
       sum(line_total) FILTER (line_class = 'fee') AS fee_total,
       sum(line_total) AS lines_total,
       sum(quantity * unit_cost) FILTER (line_class = 'product') AS cost_total,
       bool_and(unit_cost IS NOT NULL) FILTER (line_class = 'product') AS cost_known,
       sum(quantity) FILTER (line_class = 'product') AS quantity,
       sum(contribution) AS line_contribution,
       arg_max(product, line_total) FILTER (line_class = 'product') AS product,
       arg_max(sku, line_total) FILTER (line_class = 'product') AS sku,
       arg_max(category, line_total) FILTER (line_class = 'product') AS category
FROM {lines}
GROUP BY {group_by}
