-- The same numbered row twice in one file.
SELECT f.fact_id, 'the same row twice in one file' AS why,
       first_value(f.fact_id) OVER (PARTITION BY f.source_no, f.alike ORDER BY o.occurrence) AS by_fact
FROM {facts} f JOIN {occurrences} o USING (fact_id)
WHERE f.numbered AND f.line_count = 1 AND f.missing IS NULL AND f.kind <> 'other'
QUALIFY o.occurrence > 1
