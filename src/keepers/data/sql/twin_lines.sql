-- Lines that are identical to another line of the same order, the first of each not counted; and lines that cannot be read.
WITH lines AS (
    SELECT *, coalesce(line_amount, quantity * unit_price - coalesce(line_discount, 0), unit_price)::DECIMAL(18, 4) AS worth FROM {stage} s
)
SELECT coalesce(sum(n - 1), 0)::BIGINT, coalesce(sum((n - 1) * amount), 0)::DECIMAL(18, 4),
       (SELECT count(*) FROM lines WHERE problem IS NOT NULL), (SELECT coalesce(sum(worth), 0) FROM lines WHERE problem IS NOT NULL)
FROM (
    SELECT count(*) AS n, any_value(worth) AS amount
    FROM lines s
    WHERE problem IS NULL AND order_id IS NOT NULL
    GROUP BY {twins}
    HAVING count(*) > 1
)
