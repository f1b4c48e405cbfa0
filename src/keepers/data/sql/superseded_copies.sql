-- The same row without a number in another file; equal rows of one file are counted against equal rows of the other.
SELECT f.fact_id, 'the same row in another file' AS why, first_value(f.fact_id) OVER w AS by_fact
FROM {facts} f LEFT JOIN {occurrences} o USING (fact_id)
WHERE NOT f.numbered AND f.missing IS NULL AND f.kind <> 'other'
WINDOW w AS (PARTITION BY f.system, f.alike, coalesce(o.occurrence, 1) ORDER BY f.source_no)
QUALIFY row_number() OVER w > 1
