-- Equal rows of one delivery are counted, so that they meet the equal rows of another: the second is another order.
UPDATE {fresh} AS fresh
SET ref = md5_number_lower(concat_ws('|', fresh.ref, twin.copy))
FROM (
    SELECT ref, shown, row_number() OVER (PARTITION BY ref ORDER BY shown) AS copy
    FROM {fresh}
    WHERE ref IN (SELECT ref FROM {fresh} GROUP BY ref HAVING count(*) > 1)
) AS twin
WHERE twin.ref = fresh.ref AND twin.shown = fresh.shown AND twin.copy > 1
