-- Facts that are alike within their source, counted: the second of two equal rows is another row, not the same one.
WITH alike AS (SELECT source_no, alike FROM {facts} GROUP BY ALL HAVING count(*) > 1)
SELECT fact_id, row_number() OVER (PARTITION BY f.source_no, f.alike ORDER BY row_number) AS occurrence
FROM {facts} f JOIN alike USING (source_no, alike)
