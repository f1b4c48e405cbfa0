-- Rows that are orders themselves, with what the lines of others would say.
SELECT *, 1 AS line_count, false AS line_class_known,
       {total} AS product_total, NULL::DECIMAL(18, 4) AS shipping_total, NULL::DECIMAL(18, 4) AS fee_total, {total} AS lines_total,
       quantity * unit_cost AS cost_total, unit_cost IS NOT NULL AS cost_known, NULL::DECIMAL(18, 4) AS line_contribution
FROM {stage}
