-- Numbers that several sales share: the first keeps it, the others have a count behind.
WITH shared AS (SELECT {number} AS number_shown FROM {facts} f WHERE kind = 'sale' GROUP BY 1 HAVING count(*) > 1),
ranked AS (
    SELECT f.fact_id, {number} AS number_shown,
           row_number() OVER (PARTITION BY {number} ORDER BY s.fact_id IS NOT NULL, f.missing IS NOT NULL, f.fact_id) AS copy
    FROM {facts} f LEFT JOIN {superseded} s USING (fact_id)
    WHERE f.kind = 'sale' AND {number} IN (SELECT number_shown FROM shared)
)
SELECT fact_id, number_shown || ' (' || copy || ')' AS shown_id FROM ranked WHERE copy > 1
