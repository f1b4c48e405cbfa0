-- Every source's facts together, with a number each, the last day its source knows of, and what makes one unusable.
SELECT (source_no::BIGINT << 40) + row_number AS fact_id,
       CASE
           WHEN problem IS NOT NULL THEN 'problem'
           WHEN day IS NULL THEN 'no date'
           WHEN {future} THEN 'future'
           WHEN amount IS NULL AND {money} AND (kind = 'sale' OR kind = 'refund' AND reference IS NULL AND NOT same_order) THEN 'no amount'
       END AS missing,
       {last_day} AS last_day, *
FROM ({union})
